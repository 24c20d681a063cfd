"""The planning code under a virtual clock: snapshot, plan, ledger, writes, as in a pass of the engine.

A pass comes at every edge of the timeline and with every sample of the traffic. Those between, which
the engine makes each two seconds, would see other pods and decide the same.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import NamedTuple, TypeVar

from gala.planning.facts import (
    ClusterFacts,
    EventKey,
    Sample,
    TargetFacts,
    TargetKey,
    Traffic,
)
from gala.planning.ledger import ClusterLedger, EventRecord, State
from gala.planning.outcome import Plan, SegmentPlan
from gala.planning.plan import plan
from gala.planning.snapshot import Snapshot
from gala.simulate.cluster import VirtualCluster, VirtualTarget
from gala.simulate.night import Night, Place
from gala.simulate.trace import SAMPLE, Trace

K = TypeVar("K")
V = TypeVar("V")


class Pace(NamedTuple):
    """How often the operator looks, in seconds."""

    tick: float
    """Between two passes while something is prepared, live or given back, beside those at edges."""
    apart: float
    """Between any two passes: edges that are closer together are one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operated:
    """What the operator did with its clusters."""

    clusters: Mapping[str, VirtualCluster]
    passes: int
    handed_back: bool
    """Every entry is closed."""


class Operator:
    """Plans a night pass by pass and carries the plans out in virtual clusters."""

    def __init__(self, trace: Trace, pace: Pace) -> None:
        night = trace.night
        self._night = night
        self._trace = trace
        self._pace = pace
        self._clusters = {
            name: VirtualCluster(facts, seed=night.seed, now=night.start)
            for name, facts in night.snapshot.clusters.items()
        }
        self._facts = {name: _Facts(facts, night) for name, facts in night.snapshot.clusters.items()}
        self._records: dict[EventKey, EventRecord] = {}
        self._ledgers: dict[tuple[EventKey, str], ClusterLedger] = {}
        self._seen: dict[str, list[tuple[Place, array[float]]]] = {}
        for name, places in night.clusters.items():
            if night.snapshot.clusters[name].signal_configured:
                self._seen[name] = [(place, trace.seen(place)) for place in places if place.per_replica]
                trace.forget()

    def run(self) -> Operated:
        """From the night's first second to its last."""
        now, passes = self._night.start, 0
        while now < self._night.end:
            made = self._pass(now)
            passes += 1
            now = self._next(made, now)
        for cluster in self._clusters.values():
            cluster.step(self._night.end)
        return Operated(clusters=self._clusters, passes=passes, handed_back=not self._ledgers)

    def _pass(self, now: float) -> Plan:
        # 1. snapshot
        snapshot = Snapshot(
            events=self._night.snapshot.events,
            clusters={name: self._look(name, now) for name in self._clusters},
            records=dict(self._records),
            ledgers=dict(self._ledgers),
        )
        # 2. plan
        settings = self._night.settings
        made = plan(snapshot, now, settings, ahead=settings.look_ahead)
        # 3. ledger
        _store(self._records, made.records)
        _store(self._ledgers, made.ledgers)
        # 4. apply
        for write in made.writes:
            self._clusters[write.cluster].scale(write.target, write.to, now)
            self._facts[write.cluster].written(write.target, write.manager)
        return made

    def _look(self, name: str, now: float) -> ClusterFacts:
        cluster = self._clusters[name]
        cluster.step(now)
        return self._facts[name].look(cluster, self._seen.get(name, ()), now, self._trace)

    def _next(self, made: Plan, now: float) -> float:
        """The next pass: at the edges that matter, and while something is prepared or live each tick."""
        edge = min(made.wake_at if made.writes or self._rising() else self._edge(made, now), self._night.end)
        if any(s.prepare_at <= now < s.latest_end for s in self._segments(made)) or self._returning():
            edge = min(edge, self._after(now, self._pace.tick))
        return max(edge, now + self._pace.apart)

    @staticmethod
    def _segments(made: Plan) -> Iterator[SegmentPlan]:
        yield from (segment for event in made.events.values() for segment in event.segments)

    def _returning(self) -> bool:
        """Whether something is given back, step by step."""
        return any(e.state is State.RETURNING for ledger in self._ledgers.values() for e in ledger.entries)

    def _rising(self) -> bool:
        """Whether a target is not yet what it is to be: then waves open, and steps follow each other."""
        return any(
            entry.intended != self._clusters[ledger.cluster].targets[entry.target].spec
            for ledger in self._ledgers.values()
            for entry in ledger.entries
        )

    def _edge(self, made: Plan, now: float) -> float:
        """The night's next edge; waves, which open all through a hold, would open nothing."""
        early, ahead = self._night.settings.own_need_early, self._night.settings.look_ahead
        edges = [stretch.ready_by - ahead for stretch in self._night.stretches]
        cooldowns = {event.spec.handback.cooldown for event in self._night.snapshot.events}
        for one in self._segments(made):
            edges += (one.ready_by - early, one.ready_by, one.start, one.earliest_end, one.latest_end)
            for window in one.windows:
                edges += (window.prepare_at, window.end, *(window.end + cooldown for cooldown in cooldowns))
        return min((edge for edge in edges if edge > now), default=inf)

    def _after(self, now: float, period: float) -> float:
        """The first multiple of a period since the night began that is later than ``now``."""
        return self._night.start + ((now - self._night.start) // period + 1) * period


class _Facts:
    """One cluster's facts as its caches would have them; values are made anew only where they change."""

    def __init__(self, facts: ClusterFacts, night: Night) -> None:
        self._facts = facts
        places = night.clusters[facts.name]
        self._warmups = {place.target: place.warmup for place in places}
        self._targets = dict(facts.targets)
        self._managers: dict[TargetKey, str] = {}
        self._open: set[TargetKey] = set(self._warmups)
        self._traffic: Mapping[tuple[EventKey, str], Traffic] = {}
        self._sampled = -inf

    def written(self, target: TargetKey, manager: str) -> None:
        """A write was acknowledged."""
        self._managers[target] = manager
        self._open.add(target)

    def look(
        self,
        cluster: VirtualCluster,
        seen: list[tuple[Place, array[float]]] | tuple[()],
        now: float,
        trace: Trace,
    ) -> ClusterFacts:
        """As read at ``now``."""
        changed = False
        for key in sorted(self._open):
            target = cluster.targets.get(key)
            if target is None:
                self._open.discard(key)
                continue
            changed |= self._count(target, now)
        number = int((now - trace.night.start) // SAMPLE)
        if seen and number != self._sampled:
            self._traffic = _samples(seen, number, trace)
            self._sampled, changed = number, True
        if changed or self._facts.last_contact != now:
            self._facts = replace(
                self._facts,
                last_contact=now,
                targets=dict(self._targets) if changed else self._facts.targets,
                traffic=self._traffic,
            )
        return self._facts

    def _count(self, target: VirtualTarget, now: float) -> bool:
        """Reads one target; it stays open until all of its pods are warm."""
        key, warmup = target.key, self._warmups.get(target.key, 0.0)
        before = self._targets[key]
        assert isinstance(before, TargetFacts)  # noqa: S101 (only such are in a virtual cluster)
        ready, warm = target.ready(now), target.warm(now, warmup)
        pods = target.spec + target.stopping
        if warm == pods:
            self._open.discard(key)
        manager = self._managers.get(key, before.manager)
        counts = (target.spec, pods, ready, warm, manager)
        if counts == (before.replicas, before.pods, before.ready, before.warm, before.manager):
            return False
        self._targets[key] = replace(
            before, replicas=target.spec, pods=pods, ready=ready, warm=warm, manager=manager
        )
        return True


def _samples(
    seen: list[tuple[Place, array[float]]] | tuple[()], number: int, trace: Trace
) -> dict[tuple[EventKey, str], Traffic]:
    at = trace.night.start + number * SAMPLE - trace.weather.signal_age
    found: dict[tuple[EventKey, str], Traffic] = {}
    for place, rates in seen:
        latest = Sample(rates[min(number, len(rates) - 1)], at)
        previous = Sample(rates[number - 1], at - SAMPLE) if 0 < number <= len(rates) else None
        found[place.flow.event, place.flow.workload] = Traffic(latest, previous)
    return found


def _store(kept: dict[K, V], changed: Mapping[K, V | None]) -> None:
    for key, value in changed.items():
        if value is None:
            kept.pop(key, None)
        else:
            kept[key] = value
