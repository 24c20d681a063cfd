"""Ledgers and records for tests, and the objects they are stored as."""

from __future__ import annotations

from typing import Any

from gala.engine import allocations as wire
from gala.planning.facts import EventKey, TargetKey
from gala.planning.ledger import (
    Allocation,
    Basis,
    ClusterLedger,
    Entry,
    EventRecord,
    Floor,
    GapRule,
    LastShares,
    Latched,
    LatchedCluster,
    Move,
    Phase,
    Policy,
    State,
)

EVENT = EventKey("shows", "gala")
BASIS = Basis("event-uid", 3, 1)
AT = 1_800_000_000.25


def an_entry(name: str = "front") -> Entry:
    floor = Floor(segment="one", replicas=12, required=30, division=10, basis=BASIS, taken=1, stragglers=2)
    return Entry(
        workload=name,
        target=TargetKey("apps/v1", "Deployment", "shows", name),
        uid=f"{name}-uid",
        original=4,
        intended=12,
        written=12,
        state=State.WRITTEN,
        floors=(floor,),
        since=AT,
        reason="RoundAhead",
        rule="floors",
    )


def a_ledger(entries: int = 1, cluster: str = "north") -> ClusterLedger:
    rows = [an_entry()] if entries == 1 else [an_entry(f"front-{at:04}") for at in range(entries)]
    return ClusterLedger(
        event=EVENT,
        uid="event-uid",
        cluster=cluster,
        policy=Policy(on_delete="Keep", cooldown=90.0, max_step_percent=25),
        hold_until=AT + 60,
        entries=tuple(rows),
    )


def a_latch(segment: str = "one", allocations: int = 2) -> Latched:
    return Latched(
        segment=segment,
        basis=BASIS,
        ready_by=AT,
        end=AT + 300,
        clusters=(LatchedCluster("north", AT - 120, GapRule.HOLD), LatchedCluster("south", AT - 90)),
        allocations=tuple(Allocation("front", f"c{at}", at, at + 1) for at in range(allocations)),
        caps_at=AT - 120,
    )


def a_record(*segments: Latched) -> EventRecord:
    move = Move(
        workload="front",
        segment="one",
        source="south",
        to="north",
        count=3,
        phase=Phase.WARMING,
        source_floor=7,
        to_floor=13,
        at=AT,
    )
    return EventRecord(
        event=EVENT,
        uid="event-uid",
        policy=Policy(),
        latched=segments or (a_latch(),),
        moves=(move,),
        last_shares=(LastShares("front", AT, (("north", 2), ("south", 1))),),
    )


def as_object(value: ClusterLedger | EventRecord) -> dict[str, Any]:
    """The one object that a small ledger or record is stored as."""
    if isinstance(value, ClusterLedger):
        head = wire.encode_ledger(value)
        content = {"entries": [wire.encode_entry(entry) for entry in value.entries]}
        name = wire.object_name(value.event, value.cluster)
    else:
        head = wire.encode_record(value)
        content = {"latched": [wire.encode_latched(latched) for latched in value.latched]}
        name = wire.object_name(value.event)
    spec = wire.overlay({"schemaVersion": 1}, {**head, **content})
    return {
        "apiVersion": "gala.dev/v1alpha1",
        "kind": "GalaAllocation",
        "metadata": {"name": name, "namespace": "gala-system"},
        "spec": spec,
    }
