"""Small values for the table tests of planning: everything has a default that no test is about."""

from __future__ import annotations

from typing import Any

from gala.api.event import GalaEventSpec, Workload
from gala.api.scalars import format_instant
from gala.planning.books import Books
from gala.planning.commitments import Commitments
from gala.planning.facts import (
    Admission,
    ClusterFacts,
    EventFacts,
    EventKey,
    NodeRoom,
    PodStart,
    Sample,
    TargetFacts,
    TargetKey,
    Traffic,
)
from gala.planning.ledger import (
    Allocation,
    Basis,
    ClusterLedger,
    Entry,
    EventRecord,
    Floor,
    GapRule,
    Latched,
    LatchedCluster,
    Move,
    Phase,
    Policy,
    State,
)
from gala.planning.placement import Scene
from gala.planning.segments import Segment
from gala.planning.sites import sites
from gala.planning.snapshot import Snapshot
from gala.planning.timeline import Window
from gala.settings import Settings

NOW = 1_800_000_000.0
"""2027-01-15T08:00:00Z; round ``r`` of ``a_spec`` begins 1000 s later."""

SETTINGS = Settings()
SHOW = EventKey("gala", "show")
BASIS = Basis("uid", 1)


def target(name: str = "web") -> TargetKey:
    return TargetKey("apps/v1", "Deployment", "gala", name)


def at(seconds: float) -> str:
    """RFC 3339 of a time after NOW."""
    return format_instant(NOW + seconds)


def a_round(name: str = "r", start: float = 1000, duration: str = "100s", **more: Any) -> dict[str, Any]:
    late = more.pop("late", "0s")
    window = {"late": late, "early": more.pop("early", "0s")}
    known: dict[str, Any] = {"name": name, "start": at(start), "duration": duration, "window": window}
    if "demand" not in more and "scene" not in more:
        more["demand"] = [{"workload": "web", "replicas": 30}]
    return known | more


def a_workload(name: str = "web", **more: Any) -> dict[str, Any]:
    return {"name": name, "target": {"name": name}} | more


def with_capacity(per_replica: int = 10, headroom: int = 0, warmup: str = "30s") -> dict[str, Any]:
    return {"capacity": {"qpsPerReplica": per_replica, "headroomPercent": headroom, "warmup": warmup}}


def a_spec(*rounds: dict[str, Any], workloads: Any = None, **more: Any) -> GalaEventSpec:
    return GalaEventSpec.model_validate(
        {"rounds": list(rounds) or [a_round()], "workloads": workloads or [a_workload()]} | more
    )


def workload(**more: Any) -> Workload:
    return Workload.model_validate(a_workload(**more))


def an_event(spec: GalaEventSpec | None = None, key: EventKey = SHOW, **more: Any) -> EventFacts:
    known: dict[str, Any] = {"uid": "uid", "generation": 1, "created": 1.0}
    return EventFacts(key=key, spec=spec or a_spec(), **(known | more))


def running(replicas: int = 4, **more: Any) -> TargetFacts:
    known: dict[str, Any] = {
        "uid": "t1",
        "resource_version": "7",
        "pods": replicas,
        "ready": replicas,
        "warm": replicas,
        "manager": "kubectl",
        "cpu": 1000,
        "memory": 1 << 30,
    }
    return TargetFacts(replicas=replicas, **(known | more))


def a_cluster(name: str = "east", targets: Any = None, nodes: Any = 10, **more: Any) -> ClusterFacts:
    """``nodes`` equal ones with room for 10 pods each, or a tuple, or Missing."""
    room = (NodeRoom(nodes, 10_000, 10 << 30, 100),) if isinstance(nodes, int) else nodes
    known: dict[str, Any] = {
        "admits": (Admission(event_namespace="gala", target_namespaces=("*",), max_tier="S"),),
        "targets": {target(): running()} if targets is None else targets,
        "nodes": room,
        "pod_start": PodStart(per_second=10, p95=60.0, slowest=60.0),
        "last_contact": NOW,
    }
    return ClusterFacts(name=name, **(known | more))


def traffic(*qps: float, age: float = 0.0, now: float = NOW) -> Traffic:
    """The latest rate, and the one before it 15 s earlier."""
    latest = Sample(qps[0], now - age)
    return Traffic(latest, Sample(qps[1], now - age - 15) if len(qps) > 1 else None)


def a_floor(segment: str = "r", replicas: int = 30, **more: Any) -> Floor:
    known: dict[str, Any] = {"required": replicas, "division": replicas, "basis": BASIS}
    return Floor(segment=segment, replicas=replicas, **(known | more))


def an_entry(workload: str = "web", original: int | None = 4, intended: int = 30, **more: Any) -> Entry:
    known: dict[str, Any] = {
        "target": target(workload),
        "uid": "t1",
        "written": intended,
        "state": State.WRITTEN,
        "since": NOW - 1000,
        "reason": "PreScale",
        "rule": "ratchet",
    }
    return Entry(workload=workload, original=original, intended=intended, **(known | more))


def a_ledger(*entries: Entry, cluster: str = "east", event: EventKey = SHOW, **more: Any) -> ClusterLedger:
    known: dict[str, Any] = {"policy": Policy(), "uid": "uid"}
    return ClusterLedger(event=event, cluster=cluster, entries=entries, **(known | more))


def latched(
    segment: str = "r",
    *,
    ready_by: float = 1000,
    end: float = 1100,
    prepare_at: float = 800,
    clusters: tuple[str, ...] = ("east",),
    gap: GapRule | None = None,
    allocations: tuple[Allocation, ...] = (),
    basis: Basis = BASIS,
    caps_at: float = 0.0,
) -> Latched:
    """Times are seconds after NOW."""
    return Latched(
        segment=segment,
        basis=basis,
        ready_by=NOW + ready_by,
        end=NOW + end,
        clusters=tuple(LatchedCluster(c, NOW + prepare_at, gap) for c in clusters),
        allocations=allocations,
        caps_at=NOW + caps_at,
    )


def a_record(*segments: Latched, event: EventKey = SHOW, **more: Any) -> EventRecord:
    return EventRecord(**({"event": event, "uid": "uid", "policy": Policy(), "latched": segments} | more))


def a_move(phase: Phase = Phase.ADDING, **more: Any) -> Move:
    known: dict[str, Any] = {
        "workload": "web",
        "segment": "r",
        "source": "east",
        "to": "west",
        "count": 5,
        "source_floor": 25,
        "to_floor": 35,
        "at": NOW,
    }
    return Move(phase=phase, **(known | more))


def a_segment(name: str = "r", ready_by: float = 1000, end: float = 1100, **more: Any) -> Segment:
    """Times are seconds after NOW."""
    known: dict[str, Any] = {
        "round": name.removesuffix("/after"),
        "is_round": not name.endswith("/after"),
        "start": NOW + ready_by,
        "earliest_end": NOW + end,
        "demand": a_spec().rounds[0].demand,
    }
    return Segment(name=name, ready_by=NOW + ready_by, latest_end=NOW + end, **(known | more))


def a_window(prepare_at: float = 800, end: float = 1100, gap: GapRule | None = None, **more: Any) -> Window:
    """Times are seconds after NOW; a held gap begins at ``gap_from``."""
    since = more.pop("gap_from", prepare_at)
    return Window(NOW + prepare_at, NOW + end, gap, 0.0, NOW + since, **more)


def a_snapshot(
    *events: EventFacts, clusters: Any = None, ledgers: Any = (), records: Any = (), **more: Any
) -> Snapshot:
    """``clusters``, ``ledgers`` and ``records`` are sequences."""
    return Snapshot(
        events=events,
        clusters={c.name: c for c in (clusters if clusters is not None else [a_cluster()])},
        ledgers={(ledger.event, ledger.cluster): ledger for ledger in ledgers},
        records={record.event: record for record in records},
        **more,
    )


def a_scene(snapshot: Snapshot, *, now: float = NOW) -> Scene:
    """Of the snapshot's only event; its targets are known to the commitments."""
    event = snapshot.events[0]
    places, _ = sites(event, snapshot, Books(snapshot))
    commitments = Commitments()
    for (_, cluster), site in places.items():
        rank = site.workload.tier.rank
        commitments.know(cluster, site.key, rank=rank, size=site.size, original=site.original)
    return Scene(
        event=event, sites=places, last_shares={}, commitments=commitments, now=now, settings=SETTINGS
    )
