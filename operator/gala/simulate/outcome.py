"""What a night came to under one way to scale, by definitions that are the event report's own."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from math import ceil, fsum, inf
from operator import add, sub

from gala.api.event import Tier
from gala.planning.facts import EventKey
from gala.report.measures import scene_moves
from gala.report.nightlog import NightLog, SegmentLog
from gala.report.nightlog import Place as LogPlace
from gala.report.series import StepSeries
from gala.simulate.cluster import VirtualCluster, VirtualTarget
from gala.simulate.night import Flow, Night, Place, Stretch
from gala.simulate.trace import SAMPLE, Trace

SHORT = 0.001
"""A second is short where more than this part of a tier's requests finds no warm replica."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TierOutcome:
    """One tier's traffic; requests of the whole night, where they arrive: none is steered elsewhere."""

    offered: int
    served: int
    steered: int
    """What would be served if every workload's traffic went wherever it is warm."""
    short_seconds: int
    """In which more than ``SHORT`` of it was not served."""
    worst_percent: float
    """Not served in the worst moment, two digits."""

    @property
    def ratio(self) -> float | None:
        """Served part, rounded down to six digits; None where nothing was offered."""
        return _part(self.served, self.offered)

    @property
    def steered_ratio(self) -> float | None:
        """The same of ``steered``."""
        return _part(self.steered, self.offered)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One way to scale; ``passes`` is 0 for those that make none."""

    name: str
    tiers: Mapping[str, TierOutcome]
    rounds_ready: int
    """Rounds at whose actual start as much was Ready as the forecast and its headroom ask for."""
    rounds: int
    replica_hours: float
    """Of pods that have a node."""
    scene_moves: int
    servers_added: int
    most_waiting: int
    """Pods that had no room at the worst moment, all clusters."""
    handed_back: bool
    """At the night's end every target is what it was."""
    passes: int
    spec: tuple[int, ...]
    """Replicas asked for in the whole fleet, at each ``SAMPLE`` of the night: what is drawn."""
    ready: tuple[int, ...]
    """And those Ready."""


class Tally:
    """Adds up cluster after cluster, so that a large fleet need not be held at once."""

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._night = trace.night
        tiers = sorted({place.tier for place in trace.night.places}, key=lambda tier: tier.rank)
        self._offered = {tier: array("d", bytes(8 * trace.count)) for tier in tiers}
        self._lost = {tier: array("d", bytes(8 * trace.count)) for tier in tiers}
        self._spare: dict[Flow, array[float]] = {}
        """By workload: what all its warm replicas could serve beyond what comes, in the whole fleet."""
        samples = int((trace.night.end - trace.night.start) // SAMPLE) + 1
        self._spec, self._ready = [0] * (samples + 1), [0] * (samples + 1)
        self._ready_at: dict[tuple[EventKey, str, str], int] = {}
        self._moved: set[tuple[EventKey, str]] = set()
        self._replica_seconds, self._added, self._waiting = 0.0, 0, 0
        self._home = True

    def add(self, cluster: VirtualCluster) -> None:
        """One cluster at the night's end."""
        places = self._night.clusters[cluster.name]
        for place in places:
            target = cluster.targets[place.target]
            self._measure(place, target)
            self._draw(target)
            self._home &= target.spec == target.original
        self._replica_seconds += cluster.replica_seconds
        self._added += cluster.added
        self._waiting += cluster.most_waiting
        self._moved |= set(_moved(self._night, places, cluster))

    def _measure(self, place: Place, target: VirtualTarget) -> None:
        self._count_ready(place, target)
        if not place.per_replica:
            return
        offered, tier = self._trace.offered(place), place.tier
        served = map(place.per_replica.__mul__, self._warm(place, target))
        left = array("d", map(sub, served, offered))
        nothing = array("d", bytes(8 * self._trace.count))
        spare = self._spare.get(place.flow, nothing)
        self._spare[place.flow] = array("d", map(add, spare, left))
        self._offered[tier] = array("d", map(add, self._offered[tier], offered))
        if min(left) < 0.0:
            lost = self._lost[tier]
            for index, beyond in enumerate(left):
                if beyond < 0.0:
                    lost[index] -= beyond

    def _warm(self, place: Place, target: VirtualTarget) -> Iterator[int]:
        """Warm replicas at each step of the night; a pod counts from the first whole step on."""
        start, step, count = self._night.start, self._trace.step, self._trace.count
        changes = [0] * (count + 1)
        for ready, gone in target.lives():
            warm = ready + place.warmup
            if warm < gone:
                changes[_step(warm, start, step, count)] += 1
                changes[_step(gone, start, step, count)] -= 1
        del changes[count]
        return accumulate(changes)

    def _draw(self, target: VirtualTarget) -> None:
        start, last = self._night.start, len(self._spec) - 1
        for ready, gone in target.lives():
            self._ready[_step(ready, start, SAMPLE, last)] += 1
            self._ready[_step(gone, start, SAMPLE, last)] -= 1
        before = 0
        for at, value in target.specs:
            self._spec[_step(at, start, SAMPLE, last)] += value - before
            before = value

    def _count_ready(self, place: Place, target: VirtualTarget) -> None:
        slip, flow = self._trace.weather.slip, place.flow
        for stretch in self._night.stretches:
            if stretch.is_round and stretch.event == flow.event and flow.workload in stretch.required:
                key, at = (stretch.event, stretch.name, flow.workload), stretch.start + slip
                ready = sum(ready <= at < gone for ready, gone in target.lives())
                self._ready_at[key] = self._ready_at.get(key, 0) + ready

    def outcome(self, name: str, *, passes: int = 0, closed: bool = True) -> Outcome:
        """The sum of what was added; ``closed``: no entry of a ledger is open."""
        rounds = [stretch for stretch in self._night.stretches if stretch.is_round]
        return Outcome(
            name=name,
            tiers={tier.value: self._tier(tier) for tier in self._offered},
            rounds_ready=sum(self._met(stretch) for stretch in rounds),
            rounds=len(rounds),
            replica_hours=round(self._replica_seconds / 3600, 1),
            scene_moves=len(self._moved),
            servers_added=self._added,
            most_waiting=self._waiting,
            handed_back=self._home and closed,
            passes=passes,
            spec=tuple(accumulate(self._spec[:-1])),
            ready=tuple(accumulate(self._ready[:-1])),
        )

    def _met(self, stretch: Stretch) -> bool:
        return all(
            self._ready_at.get((stretch.event, stretch.name, workload), 0) >= required
            for workload, required in stretch.required.items()
        )

    def _tier(self, tier: Tier) -> TierOutcome:
        offered, lost, step = self._offered[tier], self._lost[tier], self._trace.step
        parts = [gone / came if came else 0.0 for came, gone in zip(offered, lost, strict=True)]
        came = round(fsum(offered) * step)
        return TierOutcome(
            offered=came,
            served=max(0, came - _whole(fsum(lost) * step)),
            steered=max(0, came - _whole(self._short_of(tier) * step)),
            short_seconds=sum(part > SHORT for part in parts) * step,
            worst_percent=round(max(parts, default=0.0) * 100, 2),
        )

    def _short_of(self, tier: Tier) -> float:
        """What no replica of the whole fleet could have served, in QPS summed over the steps."""
        tiers = {place.flow: place.tier for place in self._night.places}
        return -sum(
            min(0.0, left) for flow, spare in self._spare.items() if tiers[flow] is tier for left in spare
        )


def _whole(requests: float) -> int:
    return ceil(round(requests, 6))


def _part(some: int, whole: int) -> float | None:
    return int(some / whole * 1e6) / 1e6 if whole else None


def _step(time: float, start: float, step: float, last: int) -> int:
    """The first step that begins at or after a time, kept inside of the night."""
    return last if time == inf else min(last, max(0, ceil((time - start) / step)))


def _moved(night: Night, places: Iterable[Place], cluster: VirtualCluster) -> Iterator[tuple[EventKey, str]]:
    """Segments for which capacity passed from one workload to another in this cluster."""
    by_event: dict[EventKey, dict[LogPlace, StepSeries]] = {}
    for place in places:
        series = StepSeries(cluster.targets[place.target].specs)
        name = LogPlace(place.flow.workload, cluster.name)
        by_event.setdefault(place.flow.event, {})[name] = series
    for stretch in night.stretches:
        spec = by_event.get(stretch.event, {})
        if spec and scene_moves(_log(night, stretch, cluster.name, spec)):
            yield stretch.event, stretch.name


def _log(night: Night, stretch: Stretch, cluster: str, spec: Mapping[LogPlace, StepSeries]) -> NightLog:
    return NightLog(
        event=str(stretch.event),
        mode="Enforce",
        started_at=night.start,
        ended_at=night.end,
        clusters=(cluster,),
        workloads=(),
        segments=(_segment(stretch),),
        intended={},
        spec=spec,
        ready={},
        warm={},
        offered={},
    )


def _segment(stretch: Stretch) -> SegmentLog:
    return SegmentLog(
        name=stretch.name,
        round=stretch.name.partition("/")[0],
        is_round=stretch.is_round,
        scheduled_start=stretch.start,
        actual_start=stretch.start,
        duration=stretch.latest_end - stretch.start,
        prepare_at=stretch.prepare_at,
        ready_by=stretch.ready_by,
        latest_end=stretch.latest_end,
        required=stretch.required,
    )
