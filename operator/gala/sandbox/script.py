"""What happens in a night beside the plan: people, accidents and outages, each at its simulated time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from gala.errors import InvalidInput
from gala.sandbox.apiserver.errors import Json
from gala.sandbox.apiserver.kinds import find_builtin
from gala.sandbox.apiserver.resources import Options
from gala.sandbox.fleet import SandboxFleet
from gala.sandbox.outages import Outage

PERSON = "kubectl-person"
"""Field manager of what people write; the oracle does not blame the operator for it."""

_MERGE = ("application/merge-patch+json", "")
_SCALE = ("application/merge-patch+json", "scale")


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """One thing that happens ``after`` so many seconds of the night."""

    after: float
    what: str
    """One of ``KINDS``."""
    cluster: str = ""
    workload: str = ""
    replicas: int = 0
    count: int = 0
    """Nodes to lose."""
    seconds: float = 0.0
    """How long an outage lasts; 0: for the rest of the night."""
    mode: str = ""
    """An ``Outage``."""
    patch: Json | None = None
    """A merge patch of the event."""


def play(fleet: SandboxFleet, incidents: Sequence[Incident]) -> None:
    """Plans every incident on the fleet's clock.

    Raises:
        InvalidInput: an incident of a kind that is not known.
    """
    for incident in incidents:
        if incident.what not in KINDS:
            known = ", ".join(sorted(KINDS))
            raise InvalidInput(f"{incident.what!r} is no incident; write one of {known}.")
        _plan(fleet, fleet.night.start + incident.after, incident)


def _plan(fleet: SandboxFleet, at: float, incident: Incident) -> None:
    begin, end = KINDS[incident.what]

    async def happen() -> None:
        begin(fleet, incident)

    async def pass_by() -> None:
        if end is not None:
            end(fleet, incident)

    fleet.clock.at(at, happen)
    if end is not None and incident.seconds:
        fleet.clock.at(at + incident.seconds, pass_by)


def _edit_event(fleet: SandboxFleet, incident: Incident) -> None:
    kind = fleet.hub.resources.find("galaevents")
    key = (fleet.night.namespace, fleet.night.name)
    fleet.hub.resources.patch(kind, key, incident.patch or {}, _MERGE, Options(manager=PERSON))


def _delete_event(fleet: SandboxFleet, _incident: Incident) -> None:
    kind = fleet.hub.resources.find("galaevents")
    fleet.hub.resources.delete(kind, (fleet.night.namespace, fleet.night.name), {})


def _replace_event(fleet: SandboxFleet, incident: Incident) -> None:
    """As ``kubectl replace --force``: the same name under another uid."""
    kind = fleet.hub.resources.find("galaevents")
    old = fleet.hub.resources.get(kind, fleet.night.namespace, fleet.night.name)
    _delete_event(fleet, incident)
    meta = {"name": fleet.night.name, "namespace": fleet.night.namespace}
    fleet.apply_event({**old, "metadata": meta})


def _scale(fleet: SandboxFleet, incident: Incident) -> None:
    resources = fleet.worlds[incident.cluster].server.resources
    key = (fleet.night.namespace, incident.workload)
    patch = {"spec": {"replicas": incident.replicas}}
    plural = next(w.plural for w in fleet.night.workloads if w.name == incident.workload)
    resources.patch(find_builtin(plural), key, patch, _SCALE, Options(manager=PERSON))


def _lose_nodes(fleet: SandboxFleet, incident: Incident) -> None:
    world = fleet.worlds[incident.cluster]
    world.lose_nodes(world.nodes.living()[: incident.count])


def _cut(fleet: SandboxFleet, incident: Incident) -> None:
    fleet.worlds[incident.cluster].server.cut()


def _heal(fleet: SandboxFleet, incident: Incident) -> None:
    fleet.worlds[incident.cluster].server.heal()


def _blind(fleet: SandboxFleet, incident: Incident) -> None:
    fleet.prometheus.break_(Outage(incident.mode), cluster=incident.cluster)


def _see(fleet: SandboxFleet, incident: Incident) -> None:
    fleet.prometheus.break_(None, cluster=incident.cluster)


def _empty_lists(fleet: SandboxFleet, _incident: Incident) -> None:
    fleet.hub.faults.empty_lists.add("galaevents")


def _full_lists(fleet: SandboxFleet, _incident: Incident) -> None:
    fleet.hub.faults.empty_lists.discard("galaevents")


_Act = Callable[[SandboxFleet, Incident], None]
KINDS: dict[str, tuple[_Act, _Act | None]] = {
    "EditEvent": (_edit_event, None),
    "DeleteEvent": (_delete_event, None),
    "ReplaceEvent": (_replace_event, None),
    "PersonScales": (_scale, None),
    "LoseNodes": (_lose_nodes, None),
    "ClusterUnreachable": (_cut, _heal),
    "MetricsOutage": (_blind, _see),
    "EmptyEventLists": (_empty_lists, _full_lists),
}
"""By name: what begins, and what ends it after ``seconds``."""


def from_json(items: Sequence[dict[str, Any]]) -> list[Incident]:
    """Incidents as a configuration file lists them: the fields of ``Incident``."""
    return [Incident(**item) for item in items]
