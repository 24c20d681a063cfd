"""What is played: targets, and the night's segments, worked out once for every way to scale."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil, floor
from typing import NamedTuple

from gala.api.event import Mode, Tier, Workload
from gala.planning.books import Books
from gala.planning.division import Part, divide
from gala.planning.facts import ClusterFacts, EventFacts, EventKey, TargetFacts, TargetKey
from gala.planning.outcome import SegmentPlan
from gala.planning.plan import plan
from gala.planning.sites import sites
from gala.planning.snapshot import Snapshot
from gala.settings import Settings

BEFORE = 1800.0
"""Seconds of calm before the first round: longer than any lead."""

AFTER = 900.0
"""Seconds from the last cooldown to the end: everything has to be back by then."""

_GRAIN = 60.0
_NO_CAP = 1_000_000_000


class Flow(NamedTuple):
    """One workload of one event: a name for its traffic."""

    event: EventKey
    workload: str


class Place(NamedTuple):
    """One target in one cluster, and the workload whose traffic it serves."""

    flow: Flow
    cluster: str
    target: TargetKey
    tier: Tier
    per_replica: int
    """QPS that a warm replica serves; 0 where no capacity is stated: its traffic is not known."""
    headroom: int
    """Percent."""
    warmup: float
    window: float
    """Seconds over which its rate is taken."""
    original: int
    share: float
    """Of its workload's traffic."""
    least: int
    """In every cluster, while a round holds."""

    @property
    def target_qps(self) -> float:
        """What one replica is meant to carry, its headroom left free."""
        return self.per_replica * 100.0 / (100 + self.headroom)

    def replicas(self, qps: float) -> int:
        """Replicas that serve this rate."""
        return ceil(qps / self.per_replica) if self.per_replica else 0


class Stretch(NamedTuple):
    """A round, or the scene after it, as it is planned; times are seconds since the epoch."""

    event: EventKey
    name: str
    is_round: bool
    start: float
    ready_by: float
    prepare_at: float
    earliest_end: float
    latest_end: float
    required: Mapping[str, int]
    """Replicas by workload, in the whole fleet, headroom included."""
    qps: Mapping[str, int]
    """The forecast by workload; 0 where replicas are stated."""


@dataclass(frozen=True, kw_only=True)
class Night:
    """Everything that a simulation is made of, beside its traffic."""

    snapshot: Snapshot
    """Before anything is held; its events are carried out, whatever their mode."""
    settings: Settings
    seed: int

    @cached_property
    def stretches(self) -> tuple[Stretch, ...]:
        """The segments of every event, by ``ready_by``, as the plan before the night has them."""
        far = min(part.start for event in self.snapshot.events for part in event.spec.rounds) - 86_400.0
        made = plan(self.snapshot, far, self.settings)
        found = [_stretch(key, segment) for key, event in made.events.items() for segment in event.segments]
        return tuple(sorted(found, key=lambda s: (s.ready_by, s.event, s.name)))

    @cached_property
    def start(self) -> float:
        """Of the night, on a full minute."""
        first = min(part.start for event in self.snapshot.events for part in event.spec.rounds)
        earliest = min((s.prepare_at for s in self.stretches), default=first)
        return floor((min(earliest, first) - BEFORE) / _GRAIN) * _GRAIN

    @cached_property
    def end(self) -> float:
        """Of the night, on a full minute."""
        last = max(s.latest_end for s in self.stretches)
        cooldown = max(event.spec.handback.cooldown for event in self.snapshot.events)
        return ceil((last + cooldown + AFTER) / _GRAIN) * _GRAIN

    @cached_property
    def places(self) -> tuple[Place, ...]:
        """Every target that the events may grow, once each, by cluster and target.

        A target of several workloads belongs to the first of them.
        """
        found: dict[tuple[str, TargetKey], Place] = {}
        books = Books(self.snapshot)
        for event in sorted(self.snapshot.events, key=lambda e: e.key):
            placed, _ = sites(event, self.snapshot, books)
            admitted: dict[str, dict[str, TargetFacts]] = {}
            keys: dict[str, TargetKey] = {}
            for (name, cluster), site in placed.items():
                if site.admitted and isinstance(site.facts, TargetFacts):
                    admitted.setdefault(name, {})[cluster] = site.facts
                    keys[name] = site.key
            for workload in event.spec.workloads:
                running = admitted.get(workload.name, {})
                for place in _places(event, workload, keys, running, self.snapshot.clusters):
                    found.setdefault((place.cluster, place.target), place)
        return tuple(found[key] for key in sorted(found))

    @cached_property
    def clusters(self) -> Mapping[str, tuple[Place, ...]]:
        """Places by cluster, in order of their names."""
        found: dict[str, list[Place]] = {name: [] for name in sorted(self.snapshot.clusters)}
        for place in self.places:
            found[place.cluster].append(place)
        return {name: tuple(here) for name, here in found.items()}

    @cached_property
    def asked(self) -> Mapping[str, Mapping[Flow, tuple[tuple[Stretch, int], ...]]]:
        """By cluster and workload: each segment with the part of its total that falls there, room or not."""
        found: dict[str, dict[Flow, list[tuple[Stretch, int]]]] = {name: {} for name in self.clusters}
        for stretch in self.stretches:
            for workload, total in stretch.required.items():
                flow = Flow(stretch.event, workload)
                for cluster, count in self._divided(flow, total, stretch.qps.get(workload, 0)).items():
                    found[cluster].setdefault(flow, []).append((stretch, count))
        return {name: {flow: tuple(all_) for flow, all_ in here.items()} for name, here in found.items()}

    def scheduled(self, stretch: Stretch) -> tuple[float, float]:
        """Start and end of a round, or of the scene after it, by the clock and without any window."""
        event = next(event for event in self.snapshot.events if event.key == stretch.event)
        part = next(part for part in event.spec.rounds if part.name == stretch.name.partition("/")[0])
        end = part.start + part.duration
        return (part.start, end) if stretch.is_round else (end, end + part.after_duration)

    def _divided(self, flow: Flow, total: int, qps: int) -> Mapping[str, int]:
        here, facts = self._by_flow.get(flow, ()), self.snapshot.clusters
        parts = [
            Part(
                place.cluster,
                share=round(place.share * 1_000_000),
                cap=_NO_CAP,
                minimum=place.least,
                fill_order=facts[place.cluster].fill_order,
                weight=facts[place.cluster].weight,
            )
            for place in here
        ]
        per_replica = max((place.per_replica for place in here), default=0) or 1
        return divide(total, parts, qps=qps, per_replica=per_replica).counts

    @cached_property
    def _by_flow(self) -> Mapping[Flow, tuple[Place, ...]]:
        found: dict[Flow, list[Place]] = {}
        for place in self.places:
            found.setdefault(place.flow, []).append(place)
        return {flow: tuple(here) for flow, here in found.items()}

    def by_flow(self) -> Mapping[Flow, tuple[Place, ...]]:
        """Places by workload."""
        return self._by_flow


def carried_out(snapshot: Snapshot) -> Snapshot:
    """The same with every event carried out: nothing of a simulation is written anywhere."""
    changed = {"mode": Mode.ENFORCE, "paused": False}
    events = tuple(
        replace(event, spec=event.spec.model_copy(update=changed))
        if event.spec.mode is Mode.OBSERVE or event.spec.paused
        else event
        for event in snapshot.events
    )
    return replace(snapshot, events=events)


def _stretch(key: EventKey, segment: SegmentPlan) -> Stretch:
    return Stretch(
        event=key,
        name=segment.name,
        is_round=segment.is_round,
        start=segment.start,
        ready_by=segment.ready_by,
        prepare_at=segment.prepare_at,
        earliest_end=segment.earliest_end,
        latest_end=segment.latest_end,
        required={need.workload: need.required for need in segment.needs},
        qps={need.workload: need.qps for need in segment.needs},
    )


def _places(
    event: EventFacts,
    workload: Workload,
    keys: Mapping[str, TargetKey],
    running: Mapping[str, TargetFacts],
    clusters: Mapping[str, ClusterFacts],
) -> Iterator[Place]:
    capacity, shares = workload.capacity, _shares(event, running, clusters)
    for cluster, facts in running.items():
        yield Place(
            flow=Flow(event.key, workload.name),
            cluster=cluster,
            target=keys[workload.name],
            tier=workload.tier,
            per_replica=capacity.qps_per_replica if capacity else 0,
            headroom=capacity.headroom_percent if capacity else 0,
            warmup=capacity.warmup if capacity else Settings().warmup_default,
            window=workload.signal.window if workload.signal else 60.0,
            original=facts.replicas,
            share=shares[cluster],
            least=workload.per_cluster.min,
        )


def _shares(
    event: EventFacts, running: Mapping[str, TargetFacts], clusters: Mapping[str, ClusterFacts]
) -> dict[str, float]:
    """Where a workload's traffic arrives: as the event states, else by weight, else by what runs."""
    stated = {share.cluster: share.weight for share in event.spec.division.shares}
    ways = (
        {name: stated.get(name, 0) for name in running},
        {name: clusters[name].weight for name in running},
        {name: facts.replicas for name, facts in running.items()},
        dict.fromkeys(running, 1),
    )
    weights = next((way for way in ways if sum(way.values())), {})
    whole = sum(weights.values())
    return {name: weights[name] / whole for name in running}
