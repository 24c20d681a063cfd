"""Step 1 of a pass: facts from everywhere into one snapshot.

What could not be read is missing with its reason, never a zero and never an exception; an
event that is not where it should be is in doubt, never gone.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from gala.api.cluster import GalaCluster
from gala.api.event import Tier, Workload
from gala.engine.desired import Desired
from gala.engine.existence import Existence
from gala.engine.ports import Ask, Barrier, Fleet, Signals, Wanted
from gala.engine.store import LedgerStore
from gala.engine.wanted import WantedCluster, WantedEvent
from gala.fleet.admission import admissions
from gala.planning.facts import ClusterFacts, EventKey, TargetKey, Traffic
from gala.planning.grants import highest_tier
from gala.planning.ledger import ClusterLedger
from gala.planning.sites import selects, target_key
from gala.planning.snapshot import Snapshot
from gala.settings import Settings
from gala.signals.query import asks

_log = logging.getLogger(__name__)

HUB_KINDS = ("galaevents", "galaclusters")
"""The kinds that intake hands over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gathered:
    """A snapshot, and the objects that it was made from."""

    snapshot: Snapshot
    events: tuple[WantedEvent, ...]
    clusters: tuple[WantedCluster, ...]
    strays: tuple[WantedCluster, ...] = ()
    """GalaClusters outside of the fleet namespace: nothing in them counts."""
    revision: int = 0
    """Of what people want, as it was when this was read."""
    vanished: frozenset[EventKey] = frozenset()
    """Events that dropped out of a list together with most others; they are held until asked for by name."""


class Gatherer:
    """Reads; keeps nothing but what the rooms behind it keep."""

    def __init__(
        self,
        *,
        desired: Desired,
        fleet: Fleet,
        signals: Signals,
        store: LedgerStore,
        existence: Existence,
        settings: Settings,
    ) -> None:
        self._desired = desired
        self._fleet = fleet
        self._signals = signals
        self._store = store
        self._existence = existence
        self._settings = settings
        self._wishes = _Wishes()

    async def gather(
        self,
        barrier: Barrier,
        now: float,
        *,
        reasserted: Mapping[tuple[str, TargetKey], float],
        doubt: bool = False,
    ) -> Gathered:
        """One snapshot; ``doubt`` puts every event in doubt, so that nothing is lowered.

        Raises:
            BarrierTimeout: intake or a cache did not catch up.
            RequestFailed: the ledger could not be read; nothing may be decided without it.
        """
        for kind in HUB_KINDS:
            await self._desired.reached(kind, barrier.get(("hub", kind), 0))
        records, ledgers = await self._store.load()
        revision = self._desired.revision
        events = self._desired.events()
        members = self._desired.clusters()
        clusters = tuple(c.cluster for c in members if c.cluster is not None)
        wishes = self._wishes.of(events, clusters, ledgers, self._settings)
        await self._fleet.sync(clusters, wishes.wanted)
        facts = dict(await self._fleet.observe(barrier))
        traffic = await self._traffic(clusters, wishes.asks)
        present = {event.key for event in events if not event.missing}
        absent = ({key for key, _ in ledgers} | set(records) | self._desired.missing()) - present
        deleted = await self._existence.believed(absent, now)
        self._desired.forget(deleted)
        doubts = self._store.doubts.keys()
        snapshot = Snapshot(
            events=tuple(
                replace(e.facts, doubt=doubt or e.missing or e.key in doubts)
                for e in events
                if e.facts is not None and e.key not in deleted
            ),
            clusters=_with_traffic(facts, clusters, traffic),
            records=records,
            ledgers=ledgers,
            reasserted=reasserted,
            deleted=frozenset() if doubt else deleted - doubts,
        )
        return Gathered(
            snapshot=snapshot,
            events=events,
            clusters=members,
            strays=self._desired.strays(),
            revision=revision,
            vanished=self._desired.vanished(),
        )

    async def _traffic(
        self, clusters: Sequence[GalaCluster], asked: Sequence[Ask]
    ) -> Mapping[str, Mapping[tuple[EventKey, str], Traffic]]:
        """What Prometheus says; a fault of our own in there is no traffic, and no reason to stop scaling."""
        try:
            return await self._signals.refresh(clusters, asked)
        except Exception:  # noqa: BLE001 (the schedule's floors need no metrics)
            _log.exception("Prometheus was not asked")
            return {}


class _Wishes:
    """What is asked of clusters and of Prometheus; worked out anew when people or the ledger say so."""

    def __init__(self) -> None:
        self.wanted: Mapping[str, Sequence[Wanted]] = {}
        self.asks: Sequence[Ask] = ()
        self._basis: object = None

    def of(
        self,
        events: Sequence[WantedEvent],
        clusters: Sequence[GalaCluster],
        ledgers: Mapping[tuple[EventKey, str], ClusterLedger],
        settings: Settings,
    ) -> _Wishes:
        """As they are for these events, clusters and entries."""
        basis = ([(event.key, event.facts) for event in events], clusters, ledgers)
        if basis != self._basis:
            self.wanted = wanted(events, clusters, ledgers, settings)
            self.asks = questions(events, clusters)
            self._basis = basis
        return self


def wanted(
    events: Sequence[WantedEvent],
    clusters: Sequence[GalaCluster],
    ledgers: Mapping[tuple[EventKey, str], ClusterLedger],
    settings: Settings,
) -> dict[str, list[Wanted]]:
    """Every target whose facts the plan will ask for, by cluster: of events, and of open entries.

    What a cluster does not let an event grow is not read for it.
    """
    found: dict[str, dict[TargetKey, float]] = {cluster.metadata.name: {} for cluster in clusters}
    for event in events:
        for workload, cluster in granted(event, clusters):
            key = target_key(workload, event.key.namespace)
            warmup = settings.warmup_default if workload.capacity is None else workload.capacity.warmup
            here = found[cluster.metadata.name]
            here[key] = max(warmup, here.get(key, 0.0))
    for (_, name), ledger in ledgers.items():
        for entry in ledger.entries:
            if name in found:
                found[name].setdefault(entry.target, settings.warmup_default)
    return {
        name: [Wanted(target=key, warmup=warmup) for key, warmup in sorted(here.items())]
        for name, here in found.items()
    }


def granted(event: WantedEvent, clusters: Sequence[GalaCluster]) -> Iterator[tuple[Workload, GalaCluster]]:
    """Each workload of an event in each cluster that is selected and lets it grow there."""
    if event.facts is None:
        return
    spec, namespace = event.facts.spec, event.key.namespace
    taking = [c for c in clusters if selects(spec.cluster_selector, c.metadata.labels)]
    admits = {c.metadata.name: admissions(c.spec, (namespace,)) for c in taking}
    highest: dict[tuple[str, str], Tier | None] = {}
    for workload in spec.workloads:
        target = workload.target.namespace or namespace
        for cluster in taking:
            if not selects(workload.cluster_selector, cluster.metadata.labels):
                continue
            place = (cluster.metadata.name, target)
            if place not in highest:
                highest[place] = highest_tier(admits[place[0]], namespace, target)
            tier = highest[place]
            if tier is not None and workload.tier.rank >= tier.rank:
                yield workload, cluster


def questions(events: Sequence[WantedEvent], clusters: Sequence[GalaCluster]) -> list[Ask]:
    """What to ask Prometheus: each measured workload of each event in each cluster that lets it grow."""
    return [
        Ask(event=q.event, workload=q.workload, cluster=q.cluster, query=q.query, interval=q.interval)
        for event in events
        if event.facts is not None
        for q in asks(event.key, granted(event, clusters), interval=event.facts.spec.rebalance.interval)
    ]


def _with_traffic(
    facts: Mapping[str, ClusterFacts],
    clusters: Sequence[GalaCluster],
    traffic: Mapping[str, Mapping[tuple[EventKey, str], Traffic]],
) -> dict[str, ClusterFacts]:
    configured = {c.metadata.name for c in clusters if c.spec.prometheus is not None}
    return {
        name: replace(cluster, traffic=traffic.get(name, {}), signal_configured=name in configured)
        for name, cluster in facts.items()
    }
