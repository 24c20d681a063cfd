"""Builders of passes for the tests of the report: plans, facts and results as the engine hands them over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gala.api.validation import parse_event
from gala.fleet.amounts import Amount
from gala.fleet.member import ClusterHealth
from gala.fleet.rooms import Reading
from gala.planning.facts import (
    ClusterFacts,
    EventFacts,
    EventKey,
    Missing,
    Sample,
    TargetFacts,
    TargetKey,
    Traffic,
)
from gala.planning.ledger import Basis, ClusterLedger, Entry, Floor, Policy, State
from gala.planning.outcome import (
    ClusterWindow,
    Decision,
    EventPlan,
    Finding,
    Guard,
    Need,
    Placement,
    Plan,
    SegmentPlan,
    Weight,
    Write,
)
from gala.planning.snapshot import Snapshot
from gala.report.reporter import Passed
from report_night import EVENT, T0

TARGET = TargetKey("apps/v1", "Deployment", "show", "web")

READING = Reading(
    rooms=(),
    nodes=4,
    allocatable=Amount(cpu=16_000, memory=64 << 30, pods=440),
    requested=Amount(cpu=5_500, memory=8 << 30, pods=90),
)


def raw_event(**metadata: Any) -> dict[str, Any]:
    """A GalaEvent on the wire: ``web``, 100 QPS per replica, 10 replicas in one round at T0 + 100 s."""
    return {
        "apiVersion": "gala.dev/v1alpha1",
        "kind": "GalaEvent",
        "metadata": {"namespace": "show", "name": "gala", "uid": "u1", "generation": 1, **metadata},
        "spec": {
            "timeZone": "Asia/Shanghai",
            "workloads": [
                {
                    "name": "web",
                    "tier": "S",
                    "target": {"name": "web"},
                    "capacity": {"qpsPerReplica": 100},
                    "signal": {"metric": "http_requests_total"},
                }
            ],
            "rounds": [
                {
                    "name": "round-1",
                    "start": "2027-02-05T12:01:40Z",
                    "duration": "60s",
                    "window": {"early": "10s", "late": "10s"},
                    "demand": [{"workload": "web", "replicas": 10}],
                }
            ],
        },
    }


def facts() -> EventFacts:
    """The event as a plan knows it."""
    return EventFacts(
        key=EVENT, uid="u1", generation=1, created=T0 - 86_400, spec=parse_event(raw_event()).spec
    )


def target(replicas: int, ready: int | Missing | None = None, **changes: Any) -> TargetFacts:
    """A Deployment; as many Ready and warm as it has, unless said otherwise."""
    have = replicas if ready is None else ready
    values: dict[str, Any] = {
        "uid": "t1",
        "resource_version": "7",
        "replicas": replicas,
        "pods": replicas,
        "ready": have,
        "warm": have,
        "manager": "kubectl",
    }
    return TargetFacts(**(values | changes))


def cluster(name: str = "east", *, web: TargetFacts | Missing | None = None, **changes: Any) -> ClusterFacts:
    """A reachable cluster that runs ``web``."""
    values: dict[str, Any] = {"name": name, "targets": {TARGET: web or target(2)}, "last_contact": T0}
    return ClusterFacts(**(values | changes))


def traffic(qps: float | Missing, *, at: float = T0) -> dict[tuple[EventKey, str], Traffic]:
    """The traffic of ``web``."""
    return {(EVENT, "web"): Traffic(qps if isinstance(qps, Missing) else Sample(qps, at))}


def segment(**changes: Any) -> SegmentPlan:
    """The round of ``raw_event``, all of it in ``east``."""
    values: dict[str, Any] = {
        "name": "round-1",
        "round": "round-1",
        "is_round": True,
        "start": T0 + 100,
        "ready_by": T0 + 90,
        "earliest_end": T0 + 150,
        "latest_end": T0 + 170,
        "latched": False,
        "windows": (ClusterWindow("east", T0 + 20, T0 + 170, "", 0.0),),
        "needs": (Need("web", 10, 0, "", 0),),
        "placements": (Placement("web", "east", 1, 100, 10, 10, 2),),
        "weights": (Weight("web", "east", 100),),
    }
    return SegmentPlan(**(values | changes))


def event_plan(phase: str = "Planned", **changes: Any) -> EventPlan:
    """What a plan says of the event."""
    values: dict[str, Any] = {
        "key": EVENT,
        "phase": phase,
        "segments": (segment(),),
        "ready": {("web", "east"): 2},
    }
    return EventPlan(**(values | changes))


def finding(reason: str = "NotAdmitted", message: str = "east does not admit it") -> Finding:
    """Something a person should know."""
    return Finding(reason, message, "east", "web")


def ledger(intended: int, *floors: Floor, state: State = State.WRITTEN) -> ClusterLedger:
    """The ledger of ``east`` with one entry."""
    entry = Entry(
        workload="web",
        target=TARGET,
        uid="t1",
        original=2,
        intended=intended,
        written=intended,
        state=state,
        floors=floors,
    )
    return ClusterLedger(event=EVENT, uid="u1", cluster="east", policy=Policy(), entries=(entry,))


def floor(replicas: int = 10, *, generation: int = 1, taken: int = 0) -> Floor:
    """The floor of the round in one cluster."""
    return Floor(
        segment="round-1",
        replicas=replicas,
        required=10,
        division=10,
        basis=Basis("u1", generation),
        taken=taken,
    )


def write(was: int, to: int, reason: str = "PreScale") -> Write:
    """A change of ``web`` in ``east``."""
    return Write(
        cluster="east",
        target=TARGET,
        uid="t1",
        resource_version="7",
        was=was,
        to=to,
        guard=Guard.VALUE,
        manager="gala-operator",
        event=EVENT,
        workload="web",
        reason=reason,
        rule="standing",
    )


@dataclass(frozen=True)
class Done:
    """What became of a write."""

    write: Write
    error: Exception | None = None
    seconds: float = 0.01


def decision(at: float, was: int, to: int, reason: str = "PreScale") -> Decision:
    """A line of the audit trail."""
    return Decision(at, EVENT, "east", "web", was, to, reason, "standing")


def snapshot(**changes: Any) -> Snapshot:
    """The event and one cluster."""
    values: dict[str, Any] = {"events": (facts(),), "clusters": {"east": cluster()}}
    return Snapshot(**(values | changes))


def plan(one: EventPlan | None = None, **changes: Any) -> Plan:
    """A pass that decided nothing beside what it says of the event."""
    return Plan(**({"events": {EVENT: one or event_plan()}} | changes))


@dataclass
class Hub:
    """An API server that takes everything, or refuses everything."""

    error: Exception | None = None
    requests: list[tuple[str, str, Any]] = field(default_factory=list)

    async def request(
        self, method: str, path: str, *, body: object = None, content_type: str = "application/json"
    ) -> dict[str, Any]:
        """Remembers what was asked."""
        self.requests.append((method, path, body))
        if self.error is not None:
            raise self.error
        return {}

    def statuses(self, path: str) -> list[Mapping[str, Any]]:
        """The status patches that an object was sent."""
        return [body["status"] for method, where, body in self.requests if (method, where) == ("PATCH", path)]

    @property
    def changes(self) -> list[tuple[str, str, Any]]:
        """What was asked beside reading."""
        return [request for request in self.requests if request[0] != "GET"]


def health(**changes: Any) -> ClusterHealth:
    """A cluster that is well."""
    values: dict[str, Any] = {
        "reachable": True, "reason": "Reachable", "message": "east answers.", "unauthorized": "",
        "last_contact": T0, "version": "v1.31.2", "caches": 3, "caches_current": 3, "restarts": 0,
        "consecutive_write_failures": 0, "room": READING,
    }  # fmt: skip
    return ClusterHealth(**(values | changes))


@dataclass
class Event:
    """A GalaEvent as the engine hands it over."""

    key: EventKey = EVENT
    uid: str = "u1"
    generation: int = 1
    raw: dict[str, Any] = field(default_factory=raw_event)
    facts: EventFacts | None = field(default_factory=facts)
    problems: tuple[str, ...] = ()
    unsupported: tuple[str, ...] = ()
    missing: bool = False


@dataclass
class Cluster:
    """A GalaCluster as the engine hands it over."""

    name: str = "east"
    uid: str = "c1"
    generation: int = 1
    raw: dict[str, Any] = field(default_factory=lambda: {"metadata": {"namespace": "gala-system"}})
    problems: tuple[str, ...] = ()


def passed(at: float = 0, phase: str = "Planned", **changes: Any) -> Passed:
    """A pass over the event, ``at`` so many seconds after T0."""
    values: dict[str, Any] = {
        "now": T0 + at,
        "snapshot": snapshot(),
        "plan": plan(event_plan(phase)),
        "events": (Event(),),
    }
    return Passed(**(values | changes))
