"""A live round of one workload in one cluster, and what a pass makes of it."""

from __future__ import annotations

from typing import Any

from gala.planning.facts import EventKey
from gala.planning.ledger import Allocation
from gala.planning.outcome import EventPlan, Plan
from gala.planning.plan import plan
from gala.planning.snapshot import Snapshot
from gala.settings import MANAGER
from planning_values import (
    NOW,
    SETTINGS,
    SHOW,
    a_cluster,
    a_floor,
    a_ledger,
    a_record,
    a_round,
    a_snapshot,
    a_spec,
    an_entry,
    an_event,
    latched,
    running,
    target,
)

SALE = EventKey("gala", "sale")


def planned(snapshot: Snapshot, now: float = 0) -> Plan:
    return plan(snapshot, NOW + now, SETTINGS)


def writes(made: Plan) -> list[tuple[str, str, int, int]]:
    return [(w.cluster, w.target.name, w.was, w.to) for w in made.writes]


def told(made: Plan, key: EventKey = SHOW) -> EventPlan:
    return made.events[key]


def findings(made: Plan, key: EventKey = SHOW) -> list[str]:
    return [finding.reason for finding in told(made, key).findings]


LATCH = latched(prepare_at=-200, ready_by=-50, end=500, allocations=(Allocation("web", "east", 1, 100),))


def live(
    facts: Any = None, entry: Any = None, *, cluster: Any = None, record: Any = None, **more: Any
) -> Snapshot:
    """A round that needs 30 and runs since 50 s; its hold began 200 s ago."""
    spec = a_spec(a_round(start=-50, duration="550s"), **more.pop("spec", {}))
    held = entry or an_entry(floors=(a_floor(),))
    place = cluster or a_cluster(targets={target(): facts or running(30, manager=MANAGER)})
    return a_snapshot(
        *more.pop("events", (an_event(spec),)),
        clusters=[place],
        records=[record or a_record(LATCH)],
        ledgers=more.pop("ledgers", [a_ledger(held)]),
        **more,
    )
