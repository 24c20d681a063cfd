"""An operator whose fleet, Prometheus and time are fakes behind the ports; the hub is a real server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from gala.api.cluster import GalaCluster
from gala.api.meta import CLUSTERS, EVENTS
from gala.api.scalars import parse_instant
from gala.engine.desired import Desired
from gala.engine.existence import Existence
from gala.engine.foresight import Foresight
from gala.engine.gathering import Gatherer
from gala.engine.leadership import Elector
from gala.engine.operator import Operator, Parts
from gala.engine.passes import Done, Pass
from gala.engine.ports import Ask, Barrier, Wanted
from gala.engine.reporting import Telling
from gala.engine.store import LedgerStore
from gala.errors import Unreachable
from gala.fleet.writes import WriteResult
from gala.planning.facts import (
    Admission,
    ClusterFacts,
    EventKey,
    NodeRoom,
    TargetFacts,
    TargetKey,
    Traffic,
)
from gala.planning.outcome import Write
from gala.report.metrics import Metrics
from gala.report.reporter import Reporter
from gala.sandbox.apiserver.faults import Call
from gala.settings import Settings
from hub_server import SHOWS, Hub, Time, a_hub, cluster, event, stored

START = parse_instant("2027-02-05T20:00:00+08:00")
"""Of the round of ``hub_server.event``; it needs 30 replicas of ``front``."""


def front(name: str = "front") -> TargetKey:
    return TargetKey("apps/v1", "Deployment", SHOWS, name)


def running(replicas: int) -> TargetFacts:
    return TargetFacts(
        uid="t1",
        resource_version="7",
        replicas=replicas,
        pods=replicas,
        ready=replicas,
        warm=replicas,
        manager="kubectl",
    )


class FakeFleet:
    """Clusters that do at once what they are told; ``engine.ports.Fleet`` and ``engine.foresight.Rooms``."""

    def __init__(self, journal: list[str]) -> None:
        self.replicas: dict[tuple[str, TargetKey], int] = {}
        self.wanted: Mapping[str, Sequence[Wanted]] = {}
        self.refusing: set[str] = set()
        """Clusters that take no writes."""
        self.fault: Exception | None = None
        """What the next ``observe`` raises."""
        self.refreshed: list[list[str]] = []
        """Clusters whose room was to be read anew, call by call."""
        self._clusters: Sequence[GalaCluster] = ()
        self._journal = journal

    def refresh_room(self, clusters: Collection[str]) -> None:
        self.refreshed.append(sorted(clusters))

    async def sync(self, clusters: Sequence[GalaCluster], wanted: Mapping[str, Sequence[Wanted]]) -> None:
        self._clusters, self.wanted = clusters, wanted

    async def observe(self, barrier: Barrier) -> Mapping[str, ClusterFacts]:
        if self.fault is not None:
            raise self.fault
        return {c.metadata.name: self._facts(c.metadata.name) for c in self._clusters}

    async def apply(self, writes: Sequence[Write]) -> Sequence[WriteResult]:
        return [self._write(write) for write in writes]

    def _facts(self, name: str) -> ClusterFacts:
        return ClusterFacts(
            name=name,
            admits=(Admission(event_namespace=SHOWS, target_namespaces=("*",), max_tier="S"),),
            last_contact=START,
            nodes=(NodeRoom(10, 100_000, 1 << 40, 100),),
            targets={
                want.target: running(self.replicas.get((name, want.target), 4)) for want in self.wanted[name]
            },
        )

    def _write(self, write: Write) -> WriteResult:
        self._journal.append(f"write {write.target.name} in {write.cluster}")
        if write.cluster in self.refusing:
            return WriteResult(write=write, error=Unreachable("no answer"), seconds=0.0)
        self.replicas[write.cluster, write.target] = write.to
        return WriteResult(write=write, error=None, seconds=0.0)


class FakeSignals:
    """A Prometheus that knows nothing; implements ``engine.ports.Signals``."""

    def __init__(self) -> None:
        self.asked: list[Ask] = []
        self.fault: Exception | None = None

    async def refresh(
        self, clusters: Sequence[GalaCluster], asks: Sequence[Ask]
    ) -> Mapping[str, Mapping[tuple[EventKey, str], Traffic]]:
        self.asked = list(asks)
        if self.fault is not None:
            raise self.fault
        return {}


@dataclass
class EngineStage:
    """What a test changes and looks at."""

    hub: Hub
    desired: Desired
    fleet: FakeFleet
    signals: FakeSignals
    store: LedgerStore
    existence: Existence
    gatherer: Gatherer
    elector: Elector
    journal: list[str]
    """``POST galaallocations``, ``write front in north`` … in their order."""
    steady: Time
    """The clock that nobody sets, as the store reads it."""
    leading: bool = True
    jumps: list[float] = field(default_factory=list)
    """What the clock answers when it is asked whether it was set."""
    version: int = 1

    def put_event(self, name: str = "gala", **more: Any) -> None:
        """Somebody applies an event; its target is called like its workload."""
        spec = {"workloads": [{"name": "front", "target": {"name": name}}], **more}
        self._put(EVENTS, event(name, **spec), uid=f"uid-{name}")

    def put_cluster(self, name: str = "north", **spec: Any) -> None:
        self._put(CLUSTERS, cluster(name, **spec), uid=f"uid-{name}")

    def listed(self) -> None:
        """Both kinds have been listed once."""
        self.version += 1
        for kind in (EVENTS, CLUSTERS):
            self.desired.replace(kind, self._raw[kind].values(), str(self.version))

    def a_pass(self) -> Pass:
        return Pass(
            gatherer=self.gatherer,
            store=self.store,
            fleet=self.fleet,
            leads=lambda: self.leading,
            settings=self.hub.settings,
        )

    async def pass_at(self, moment: float, work: Pass | None = None, *, doubt: bool = False) -> Done:
        self.hub.time.value = moment
        return await (work or self.a_pass()).run({}, moment, doubt=doubt)

    def operator(self, **more: Any) -> Operator:
        reporter = Reporter(self.hub.api, self.hub.settings)
        metrics = Metrics(reporter, self.hub.api.counters)
        telling = Telling(reporter=reporter, metrics=metrics, store=self.store, health=dict)
        parts = Parts(
            clock=more.pop("clock", self.hub.time),
            desired=self.desired,
            elector=self.elector,
            store=self.store,
            existence=self.existence,
            work=more.pop("work", None) or self.a_pass(),
            foresight=Foresight(self.fleet, self.hub.settings),
            telling=telling,
            settings=self.hub.settings,
            jumped=lambda: self.jumps.pop() if self.jumps else 0.0,
        )
        return Operator(parts, **more)

    _raw: dict[str, dict[str, dict[str, Any]]] = field(default_factory=lambda: {EVENTS: {}, CLUSTERS: {}})

    def _put(self, kind: str, obj: dict[str, Any], *, uid: str) -> None:
        self.version += 1
        made = stored(obj, version=self.version, uid=uid, generation=self.version)
        self._raw[kind][made["metadata"]["name"]] = made
        self.desired.put(kind, made)


@asynccontextmanager
async def an_engine(settings: Settings | None = None) -> AsyncIterator[EngineStage]:
    """An engine on a hub that writes down what it is asked to change."""
    async with a_hub(settings=settings) as hub:
        journal: list[str] = []

        async def note(call: Call) -> None:
            if call.method != "GET":
                journal.append(f"{call.method} {call.resource}")

        hub.time.value = START - 60.0
        desired = Desired(hub.settings.fleet_namespace)
        fleet, signals = FakeFleet(journal), FakeSignals()
        steady = Time()
        store = LedgerStore(hub.api, hub.settings, steady=steady)
        existence = Existence(hub.api, hub.settings)
        gatherer = Gatherer(
            desired=desired,
            fleet=fleet,
            signals=signals,
            store=store,
            existence=existence,
            settings=hub.settings,
        )
        elector = Elector(hub.api, hub.settings, hub.time, "one")
        hub.server.faults.before = note
        yield EngineStage(hub, desired, fleet, signals, store, existence, gatherer, elector, journal, steady)


def first(entries: Sequence[str], beginning: str) -> int:
    """The place of the first line that begins so."""
    return next(number for number, line in enumerate(entries) if line.startswith(beginning))
