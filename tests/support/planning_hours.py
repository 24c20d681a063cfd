"""A live round in a few clusters, gone through by the rules of the hour."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from gala.planning.books import Books
from gala.planning.facts import ClusterFacts, NodeRoom
from gala.planning.ledger import Allocation, Floor, Move
from gala.planning.projection import project
from gala.planning.snapshot import Snapshot
from gala.planning.stage import Stage, stage
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
    a_workload,
    an_entry,
    an_event,
    latched,
    running,
    target,
    traffic,
    with_capacity,
)

HELD = 30
"""What each of two clusters holds of a round that needs 60."""


def part(name: str, replicas: int = HELD, **more: Any) -> ClusterFacts:
    """A cluster that holds its floor, with room for 100 pods."""
    facts = more.pop("facts", None) or running(replicas, manager="gala-operator")
    return a_cluster(name, targets={target(): facts}, **({"signal_configured": True} | more))


def silent(name: str, seconds: float, **more: Any) -> ClusterFacts:
    return part(name, reachable=False, last_contact=NOW - seconds, **more)


def show(
    *clusters: ClusterFacts,
    floors: dict[str, Floor] | None = None,
    ready_by: float = -50,
    moves: tuple[Move, ...] = (),
    required: int = 60,
    allocations: tuple[Allocation, ...] | None = None,
    **more: Any,
) -> Snapshot:
    """A round of 60 replicas that began 100 s ago and has to be ready ``ready_by`` seconds from now."""
    workload = a_workload(**(with_capacity() | more.pop("workload", {})))
    demand = [{"workload": "web", "qps": required * 10}]
    spec = a_spec(a_round(start=ready_by, duration="500s", demand=demand), workloads=[workload], **more)
    names = [c.name for c in clusters]
    stored = {name: a_floor("r", HELD, required=60) for name in names} | (floors or {})
    given = tuple(Allocation("web", name, 1, 100) for name in names)
    item = latched(
        ready_by=ready_by,
        end=ready_by + 500,
        prepare_at=-100,
        clusters=tuple(names),
        allocations=given if allocations is None else allocations,
    )
    return a_snapshot(
        an_event(spec),
        clusters=list(clusters),
        records=[replace(a_record(item), moves=moves)],
        ledgers=[
            a_ledger(an_entry(original=0, floors=(stored[name],)), cluster=name)
            for name in names
            if stored[name] is not None
        ],
    )


def staged(snapshot: Snapshot, now: float = 0) -> Stage:
    night = project(snapshot, Books(snapshot), NOW + now, SETTINGS)[SHOW]
    return stage(night, snapshot, NOW + now)


def found(snapshot: Snapshot, now: float = 0) -> dict[str, tuple[int, str]]:
    """Floor and reason by cluster; stragglers count."""
    made = staged(snapshot, now)
    return {
        cluster: (by["r"].floor.replicas + by["r"].floor.stragglers, by["r"].reason)
        for (_, cluster), by in sorted(made.by_site.items())
    }


QUIET = {"east": (30, ""), "west": (30, "")}
FULL = (NodeRoom(3, 10_000, 10 << 30, 100),)
"""Room for exactly what is held."""


WEB = (SHOW, "web")


def busy(name: str, *qps: float, **more: Any) -> ClusterFacts:
    return part(name, traffic={WEB: traffic(*qps)}, **more)
