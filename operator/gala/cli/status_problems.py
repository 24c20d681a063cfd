"""What is wrong with an event, in the order in which to mend it, and what to do about each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from gala.api.event_status import GalaEventStatus
from gala.api.meta import Condition
from gala.planning.facts import EventKey
from gala.settings import Settings

NOT_LOOKED_AT = "NotLookedAt"
"""Reason where the operator has not judged the spec as it is now."""

BAD_IF_FALSE = ("Valid", "FleetReachable", "PreflightPassed", "CapacitySufficient", "Ready", "SignalsFresh")
BAD_IF_TRUE = ("Stalled", "Contested")
ORDER = ("Valid", "Stalled", "FleetReachable", "PreflightPassed", "CapacitySufficient", "Contested", "Ready",
         "SignalsFresh")  # fmt: skip
"""Causes before what they cause."""

HARMLESS = frozenset({"NotConfigured"})
"""Reasons of ``Unknown`` that nobody has to act on."""


class Place(NamedTuple):
    """What the advice speaks of."""

    event: EventKey
    fleet_namespace: str
    generation: int


class Problem(NamedTuple):
    """One thing that is wrong."""

    condition: str
    """Its type and status, as ``Ready=False``."""
    reason: str
    message: str
    advice: str
    """What to do, with the command where there is one."""


def problems_of(
    status: GalaEventStatus | None,
    place: Place,
    *,
    refusal: str | None,
    unreadable: Iterable[str],
    late: bool,
) -> tuple[Problem, ...]:
    """Everything that is wrong; one cause is told once, however many conditions it spoils.

    ``late`` says that something which had to be Ready by now is not.
    """
    found = [*_unseen(status, place), *_refused(refusal, place)]
    found += [_broken(name, place) for name in unreadable]
    told = {problem.message for problem in found}
    for condition in sorted(_bad(status), key=lambda one: ORDER.index(one.type)):
        if condition.message not in told:
            told.add(condition.message)
            found.append(
                Problem(
                    f"{condition.type}={condition.status}",
                    condition.reason,
                    condition.message,
                    _advice(condition, place, late=late),
                )
            )
    return tuple(found)


def _unseen(status: GalaEventStatus | None, place: Place) -> Iterator[Problem]:
    seen = status.observed_generation if status else 0
    if seen >= max(1, place.generation):
        return
    text = (
        f"the operator has seen generation {seen} of {place.generation}"
        if seen
        else "the operator has not looked at this event"
    )
    advice = f"see that one runs: kubectl get lease {Settings().lease_name} -n {place.fleet_namespace}"
    yield Problem("Ready=Unknown", NOT_LOOKED_AT, text, advice)


def _refused(refusal: str | None, place: Place) -> Iterator[Problem]:
    if refusal is not None:
        yield Problem("Valid=False", "InvalidSpec", refusal, _edit(place))


def _broken(name: str, place: Place) -> Problem:
    return Problem(
        "Ledger",
        "Unreadable",
        f"the GalaAllocation {name} cannot be read, so nothing of this event is lowered",
        f"repair it: kubectl edit galaallocation {name} -n {place.fleet_namespace}",
    )


def _bad(status: GalaEventStatus | None) -> Iterator[Condition]:
    for condition in status.conditions if status else ():
        good = "True" if condition.type in BAD_IF_FALSE else "False"
        known = condition.type in BAD_IF_FALSE or condition.type in BAD_IF_TRUE
        if known and condition.status != good and condition.reason not in HARMLESS:
            yield condition


def _advice(condition: Condition, place: Place, *, late: bool) -> str:
    kind, fleet = condition.type, place.fleet_namespace
    name, namespace = place.event.name, place.event.namespace
    if condition.reason == "InvalidSpec":
        return _edit(place)
    if kind == "Ready" and condition.status == "False" and not late:
        return "it is on its way, and still in time"
    return {
        "Ready": f"look at the pods in those clusters: kubectl get pods -n {namespace}",
        "FleetReachable": f"see what they say: kubectl describe galaclusters -n {fleet}",
        "PreflightPassed": f"see all of it: kubectl describe galaevent {name} -n {namespace}",
        "CapacitySufficient": "add room or ask for less, and try it out: "
        "gala plan -f EVENT.yaml --clusters CLUSTERS.yaml",
        "Contested": f"find who writes: kubectl get deployments -n {namespace} -o yaml --show-managed-fields",
        "SignalsFresh": "nothing is lowered meanwhile; see spec.prometheus: "
        f"kubectl describe galaclusters -n {fleet}",
    }.get(kind, _edit(place))


def _edit(place: Place) -> str:
    return f"mend it: kubectl edit galaevent {place.event.name} -n {place.event.namespace}"
