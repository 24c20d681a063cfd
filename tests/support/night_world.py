"""A tiny pure world to run nights on: it carries out plans, starts pods late, and remembers everything.

No I/O and no planner code: only values in, values out. It is what the property tests of
planning/ run random nights on.
"""

from __future__ import annotations

import random
from bisect import bisect_right, insort
from collections.abc import Callable
from dataclasses import dataclass, field

from gala.api.event import GalaEventSpec
from gala.planning.facts import (
    Admission,
    ClusterFacts,
    EventFacts,
    EventKey,
    Missing,
    NodeRoom,
    PodStart,
    Sample,
    TargetFacts,
    TargetKey,
    Traffic,
)
from gala.planning.ledger import ClusterLedger, EventRecord
from gala.planning.outcome import Guard, Plan, Write
from gala.planning.plan import plan
from gala.planning.snapshot import Snapshot
from gala.settings import Settings


@dataclass
class Scalable:
    """One target in one cluster: its pods by the time at which each is Ready."""

    uid: str
    replicas: int
    cpu: int = 1000
    memory: int = 1 << 30
    manager: str = "kubectl"
    version: int = 1
    pods: list[float] = field(default_factory=list)
    """Sorted times at which each pod is (or was) Ready."""
    leaving: list[float] = field(default_factory=list)

    def ready(self, now: float) -> int:
        return bisect_right(self.pods, now)


@dataclass
class Cluster:
    """One member cluster of the world."""

    name: str
    nodes: int = 20
    node_cpu: int = 32000
    node_memory: int = 128 << 30
    private: bool = True
    fill_order: int = 0
    weight: int = 1
    per_second: int = 30
    reachable: bool = True
    last_contact: float = 0.0
    signal: bool = False
    qps: dict[tuple[EventKey, str], list[Sample | Missing]] = field(default_factory=dict)
    targets: dict[TargetKey, Scalable] = field(default_factory=dict)
    frozen_facts: dict[TargetKey, TargetFacts] = field(default_factory=dict)


@dataclass(frozen=True)
class Change:
    """One write that the world carried out."""

    at: float
    cluster: str
    target: TargetKey
    was: int
    to: int
    reason: str


@dataclass
class World:
    """Everything outside the planner."""

    clusters: dict[str, Cluster]
    now: float
    seed: int = 0
    settings: Settings = field(default_factory=Settings)
    events: dict[EventKey, EventFacts] = field(default_factory=dict)
    deleted: set[EventKey] = field(default_factory=set)
    hidden: set[EventKey] = field(default_factory=set)
    """Events that a list has lost: neither there nor known to be deleted."""
    withdrawn: set[str] = field(default_factory=set)
    """Clusters whose GalaCluster is gone."""
    records: dict[EventKey, EventRecord] = field(default_factory=dict)
    ledgers: dict[tuple[EventKey, str], ClusterLedger] = field(default_factory=dict)
    reasserted: dict[tuple[str, TargetKey], float] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    conflicts: int = 0
    start_time: Callable[[random.Random], float] = lambda r: min(75.0, r.lognormvariate(3.0, 0.668))

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        for cluster in self.clusters.values():
            cluster.last_contact = self.now
            for target in cluster.targets.values():
                target.pods = [self.now - 3600.0] * target.replicas

    def apply_event(self, key: EventKey, spec: GalaEventSpec, *, uid: str = "u1") -> None:
        old = self.events.get(key)
        generation = old.generation + 1 if old is not None and old.uid == uid else 1
        self.events[key] = EventFacts(key=key, uid=uid, generation=generation, created=1.0, spec=spec)
        self.deleted.discard(key)

    def delete_event(self, key: EventKey) -> None:
        self.events.pop(key, None)
        self.deleted.add(key)

    def scale(self, cluster: str, key: TargetKey, replicas: int, manager: str) -> None:
        """Anybody's write: changes the object and its pods."""
        target = self.clusters[cluster].targets[key]
        target.version += 1
        if replicas != target.replicas:
            target.manager = manager
        target.replicas = replicas
        while len(target.pods) > replicas:
            target.pods.pop()
            target.leaving.append(self.now + 5)
        started = 0
        while len(target.pods) < replicas:
            delay = started / self.clusters[cluster].per_second
            insort(target.pods, self.now + delay + self.start_time(self.random))
            started += 1

    def facts(self, cluster: Cluster) -> ClusterFacts:
        if cluster.reachable:
            cluster.last_contact = self.now
            cluster.frozen_facts = {k: self.target_facts(t) for k, t in cluster.targets.items()}
        return ClusterFacts(
            name=cluster.name,
            private=cluster.private,
            fill_order=cluster.fill_order,
            weight=cluster.weight,
            admits=(Admission(event_namespace="gala", target_namespaces=("*",), max_tier="S"),),
            reachable=cluster.reachable,
            last_contact=cluster.last_contact,
            targets=dict(cluster.frozen_facts),
            nodes=(NodeRoom(cluster.nodes, cluster.node_cpu, cluster.node_memory, 250),),
            pod_start=PodStart(per_second=cluster.per_second, p95=60.0, slowest=75.0),
            signal_configured=cluster.signal,
            traffic={key: traffic(samples) for key, samples in cluster.qps.items()},
        )

    def target_facts(self, target: Scalable) -> TargetFacts:
        target.leaving = [at for at in target.leaving if at > self.now]
        ready = target.ready(self.now)
        warm = min(ready, target.ready(self.now - 30))
        return TargetFacts(
            uid=target.uid,
            resource_version=str(target.version),
            replicas=target.replicas,
            pods=len(target.pods) + len(target.leaving),
            ready=ready,
            warm=warm,
            manager=target.manager,
            cpu=target.cpu,
            memory=target.memory,
        )

    def snapshot(self) -> Snapshot:
        return Snapshot(
            events=tuple(event for key, event in self.events.items() if key not in self.hidden),
            clusters={
                name: self.facts(cluster)
                for name, cluster in self.clusters.items()
                if name not in self.withdrawn
            },
            records=dict(self.records),
            ledgers=dict(self.ledgers),
            reasserted=dict(self.reasserted),
            deleted=frozenset(self.deleted),
        )

    def step(
        self,
        *,
        store: Callable[[object], bool] = lambda _: True,
        write: Callable[[Write], bool] = lambda _: True,
    ) -> Plan:
        """One pass: plan, store, write.

        ``store`` says which records and ledgers reach the hub: after the first that does not,
        nothing further of this pass happens, as when the process dies there. ``write`` says
        which writes reach their server.
        """
        made = plan(self.snapshot(), self.now, self.settings)
        for key, record in made.records.items():
            if not store(key):
                return made
            _store(self.records, key, record)
        for place, ledger in made.ledgers.items():
            if not store(place):
                return made
            _store(self.ledgers, place, ledger)
        for item in made.writes:
            if self.clusters[item.cluster].reachable and write(item):
                self._carry_out(item)
        return made

    def _carry_out(self, item: Write) -> None:
        target = self.clusters[item.cluster].targets[item.target]
        fresh = str(target.version) == item.resource_version
        same = target.uid == item.uid and target.replicas == item.was
        if not (fresh if item.guard is Guard.RESOURCE_VERSION else same):
            self.conflicts += 1
            return
        if item.reason == "Contested":
            self.reasserted[item.cluster, item.target] = self.now
        self.scale(item.cluster, item.target, item.to, item.manager)
        if item.was == item.to:
            target.manager = item.manager
        self.changes.append(Change(self.now, item.cluster, item.target, item.was, item.to, item.reason))

    def run(
        self, until: float, *, each: Callable[[World, Plan], None] = lambda *_: None, most: int = 20_000
    ) -> Plan:
        """Passes until a time: 2 s apart while busy, 15 s otherwise, and at every edge."""
        made = self.step()
        each(self, made)
        for _ in range(most):
            tick = self.settings.tick_live if made.busy else self.settings.tick_idle
            self.now = min(self.now + tick, max(made.wake_at, self.now + 0.001), until)
            made = self.step()
            each(self, made)
            if self.now >= until:
                return made
        raise AssertionError(f"the night did not end within {most} passes")


def _store(where: dict, key: object, value: object) -> None:
    if value is None:
        where.pop(key, None)
    else:
        where[key] = value


def traffic(samples: list[Sample | Missing]) -> Traffic:
    """The two latest samples, as the signals room would hand them over."""
    known = [sample for sample in samples if isinstance(sample, Sample)]
    if not samples or isinstance(samples[-1], Missing):
        return Traffic(Missing("NoData", "nothing was measured"), known[-1] if known else None)
    return Traffic(known[-1], known[-2] if len(known) > 1 else None)
