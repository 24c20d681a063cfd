"""The figures of the event report, each a pure function with its definition beside it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from gala.report.nightlog import FloorLog, NightLog, Place, SegmentLog
from gala.report.series import StepSeries, integrate, pieces


class Short(NamedTuple):
    """Missing replica-seconds, rounded up; ``estimated`` where Ready was not always known."""

    replica_seconds: int
    estimated: bool


class Traffic(NamedTuple):
    """Requests in a span: what arrived, and what warm capacity could serve."""

    offered: int
    served: int

    @property
    def ratio(self) -> float | None:
        """Served part, rounded down to six digits; None where nothing was offered."""
        return math.floor(self.served / self.offered * 1e6) / 1e6 if self.offered else None


def places_of(log: NightLog, workloads: Iterable[str]) -> tuple[Place, ...]:
    """Every recorded place of these workloads, in the log's order."""
    wanted = set(workloads)
    return tuple(place for place in log.ready if place.workload in wanted)


def short_replica_seconds(log: NightLog, segment: SegmentLog, *, until: float = math.inf) -> Short:
    """The sum over places and the round's seconds of ``max(0, floor − Ready)``.

    The round's seconds are ``[actual start, actual start + duration)``.
    The floor is the segment's at its ``readyBy``, less what moves took since; where Ready
    is unknown the last known counts. A part of a second counts as such; the sum is rounded up.
    ``until`` ends it sooner, for a round that is still running.
    """
    missing, estimated = 0.0, False
    for floor in _floors(log, segment):
        ready = log.ready.get(floor.place, StepSeries())
        due = floor.series(segment.ready_by)
        window = (segment.actual_start, min(segment.actual_end, until))
        missing += integrate((due, ready), *window, lambda v: max(0.0, v[0] - v[1]))
        estimated |= any(piece.values[0] is None for piece in ready.pieces(*window))
    return Short(math.ceil(round(missing, 6)), estimated)


def ready_at_start(log: NightLog, segment: SegmentLog) -> int:
    """Ready replicas of the segment's workloads at its actual start.

    What one workload has too much never makes up for another: as soon as one has less than
    it requires, each counts with at most what it requires.
    """
    have = {name: _ready_of(log, name, segment.actual_start) for name in segment.required}
    if any(have[name] < required for name, required in segment.required.items()):
        return sum(min(have[name], required) for name, required in segment.required.items())
    return sum(have.values())


def ready_at(log: NightLog, segment: SegmentLog) -> float | None:
    """Since when everything that the segment asks for had been Ready at its actual start.

    If it was not by then: the first time after; None if never. Not before ``prepareAt``.
    """
    floors = _floors(log, segment)
    places = places_of(log, segment.required)
    series = [log.ready[place] for place in places]
    due = {floor.place: float(floor.at_ready_by) for floor in floors}
    since: float | None = None
    for piece in pieces(series, segment.prepare_at, segment.actual_end):
        if piece.start > segment.actual_start and since is not None:
            return since
        have = dict(zip(places, (value or 0.0 for value in piece.values), strict=True))
        if not _met(have, due, segment.required):
            since = None
        elif since is None:
            since = piece.start
    return since


def _met(have: Mapping[Place, float], due: Mapping[Place, float], required: Mapping[str, int]) -> bool:
    if any(have.get(place, 0.0) < floor for place, floor in due.items()):
        return False
    totals = dict.fromkeys(required, 0.0)
    for place, ready in have.items():
        totals[place.workload] += ready
    return all(totals[name] >= count for name, count in required.items())


def peak_qps(log: NightLog, segment: SegmentLog) -> int:
    """The highest QPS of all workloads and clusters together while the round runs."""
    series = tuple(log.offered.values())
    window = pieces(series, segment.actual_start, segment.actual_end)
    return round(max((math.fsum(value or 0.0 for value in piece.values) for piece in window), default=0.0))


def traffic(log: NightLog, start: float, end: float, *, tier: str | None = None) -> Traffic:
    """Requests of ``[start, end)``, of all workloads (or one tier's) that state a capacity.

    Served is the sum over seconds and clusters of ``min(offered, warm × qpsPerReplica)``:
    traffic stays in the cluster that it came to.
    """
    offered, lost = 0.0, 0.0
    for workload in log.workloads:
        if workload.qps_per_replica is None or tier not in (None, workload.tier):
            continue
        per_replica = float(workload.qps_per_replica)
        for place, arriving in log.offered.items():
            if place.workload != workload.name:
                continue
            pair = (arriving, log.warm.get(place, StepSeries()))
            offered += arriving.integrate(start, end)
            lost += integrate(pair, start, end, lambda v, r=per_replica: max(0.0, v[0] - v[1] * r))  # type: ignore[misc]
    whole = round(offered)
    return Traffic(whole, max(0, whole - math.ceil(round(lost, 6))))


def scene_moves(log: NightLog) -> int:
    """Edges at which capacity passes from one workload to another in at least one cluster.

    An edge is the beginning of a segment. Capacity passes where, of what ran just before its
    ``prepareAt``, one workload has less at some time until the segment's end and another has
    more by its ``readyBy``; however many writes that takes, it is one move.
    """
    return sum(1 for segment in log.segments if _passes(log, segment))


def _passes(log: NightLog, segment: SegmentLog) -> bool:
    for cluster in log.clusters:
        fell, rose = False, False
        for place, spec in log.spec.items():
            before = spec.value_before(segment.prepare_at)
            if place.cluster != cluster or before is None:
                continue
            fell |= _extreme(spec, segment.prepare_at, segment.latest_end, lowest=True) < before
            rose |= _extreme(spec, segment.prepare_at, segment.ready_by, lowest=False) > before
        if fell and rose:
            return True
    return False


def _extreme(series: StepSeries, start: float, end: float, *, lowest: bool) -> float:
    values = [piece.values[0] for piece in series.pieces(start, end) if piece.values[0] is not None]
    if lowest:
        return min(values, default=math.inf)
    return max(values, default=-math.inf)


def quantile(values: Sequence[float], part: float) -> float:
    """The nearest-rank quantile; 0 of nothing."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(part * len(ordered)) - 1)] if ordered else 0.0


def _floors(log: NightLog, segment: SegmentLog) -> list[FloorLog]:
    return [floor for floor in log.floors if floor.segment == segment.name]


def _ready_of(log: NightLog, workload: str, time: float) -> int:
    return sum(int(log.ready[place].last_known_at(time)[0]) for place in places_of(log, (workload,)))
