"""Which events the metrics tell of one by one, so that nobody can make them endless.

Whoever may write GalaEvents decides how many there are, and each brings series of its own. So
there is a budget. What holds capacity comes first, then who has a place to grow in, then whose
round is next; the rest is counted in ``gala_events_untold``, and served like any other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import inf
from typing import Final

from gala.planning.facts import EventKey
from gala.planning.outcome import EventPlan
from gala.report.reporter import Passed

MOST_SERIES: Final = 30_000
"""Of all events together: about 3 MB of text, which takes one CPU half a second."""

FOR_EVENT: Final = 128
"""Series of an event whatever it holds: ten conditions in three states, one for each round that is over (64
at most), findings and missing signals by reason, and a few figures."""

FOR_WORKLOAD: Final = 4
FOR_CLUSTER: Final = 5
FOR_ROUND: Final = 8


def told(passed: Passed, *, most: int = MOST_SERIES) -> frozenset[EventKey]:
    """The events whose series fit into ``most`` together; one that does not fit leaves room to the next."""
    plans, held = passed.plan.events, _held(passed)
    chosen: set[EventKey] = set()
    for key in sorted(known(passed), key=lambda key: _turn(key, plans.get(key), passed.now)):
        price = series_of(plans.get(key), held.get(key, ()))
        if price <= most:
            chosen.add(key)
            most -= price
    return frozenset(chosen)


def _held(passed: Passed) -> Mapping[EventKey, Collection[str]]:
    """The clusters of each event's ledgers, which may not be in its plan any more."""
    held: dict[EventKey, set[str]] = {}
    for key, cluster in passed.snapshot.ledgers:
        held.setdefault(key, set()).add(cluster)
    return held


def known(passed: Passed) -> frozenset[EventKey]:
    """Every event of a pass: wanted, planned, or refused."""
    return frozenset({one.key for one in passed.events} | passed.plan.events.keys())


def series_of(plan: EventPlan | None, held: Collection[str] = ()) -> int:
    """How many series an event has at most; ``plan`` is None for one that was never planned.

    ``held`` are the clusters of its ledgers.
    """
    if plan is None:
        return FOR_EVENT
    places = plan.floors.keys() | plan.ready.keys()
    workloads, clusters = {place[0] for place in places}, {place[1] for place in places}.union(held)
    rounds = {segment.round for segment in plan.segments}
    return FOR_EVENT + FOR_WORKLOAD * len(workloads) + FOR_CLUSTER * len(clusters) + FOR_ROUND * len(rounds)


def _turn(key: EventKey, plan: EventPlan | None, now: float) -> tuple[bool, bool, float, EventKey]:
    if plan is None:
        return (True, True, inf, key)
    ahead = (segment.ready_by for segment in plan.segments if segment.latest_end > now)
    return (not plan.open_entries, not plan.ready, min(ahead, default=inf), key)
