"""The recording of the servers as a ``NightLog``, so that the event report is computed from it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest
from typing import NamedTuple

from gala.api.validation import parse_event
from gala.planning.outcome import Decision
from gala.report.nightlog import (
    FloorLog,
    MoveLog,
    NightLog,
    Place,
    SegmentLog,
    Take,
    WorkloadLog,
    WriteLog,
)
from gala.report.series import StepSeries
from gala.sandbox.night import Night
from gala.sandbox.oracle import Verdict
from gala.sandbox.recording import Recording, ScaleWrite, opened
from gala.sandbox.schedule import Stretch, stretches, warmup
from gala.sandbox.traffic import Traffic

_CALM = 15
"""Seconds between two points of traffic outside of rounds; inside, every second counts."""


class Trail(NamedTuple):
    """What only the operator knows: why it decided, what got no answer, and how long each write took."""

    decisions: Sequence[Decision] = ()
    unanswered: Sequence[WriteLog] = ()
    """Writes that no server answered; what a server refused, the server has told."""
    seconds: Sequence[float] = ()
    """Wall seconds of the acknowledged writes, in order."""


def night_log(
    night: Night, seen: Recording, traffic: Traffic, *, verdict: Verdict, trail: Trail | None = None
) -> NightLog:
    """The whole night as the servers saw it; ``trail`` adds what they cannot know."""
    decisions, unanswered, seconds = trail or Trail()
    refused = [WriteLog(at, place, 0, 0, "refused by its server", 0.0) for at, place in seen.refused]
    body = next(one.body for one in reversed(seen.specs) if one.body is not None)
    event = parse_event(body)
    plan = stretches(event.spec)
    places = sorted(seen.spec)
    took = zip_longest(seen.writes, seconds[: len(seen.writes)], fillvalue=0.0)
    done = [WriteLog(w.at, w.place, w.was, w.to, "", s) for w, s in took if isinstance(w, ScaleWrite)]
    return NightLog(
        event=f"{night.namespace}/{night.name}",
        mode=event.spec.mode.value,
        started_at=night.start,
        ended_at=seen.ended,
        time_zone=event.spec.time_zone,
        clusters=tuple(cluster.name for cluster in night.clusters),
        workloads=tuple(
            WorkloadLog(
                name=w.name,
                tier=w.tier.value,
                qps_per_replica=w.capacity.qps_per_replica if w.capacity else None,
            )
            for w in event.spec.workloads
        ),
        segments=tuple(_segment(one, seen) for one in plan),
        intended=seen.intended,
        spec=seen.spec,
        ready=seen.ready,
        warm={p: warm_series(seen.ready[p], warmup(event.spec, p.workload), seen.ended) for p in places},
        offered={p: _offered(traffic, p, plan, seen.ended) for p in places},
        floors=tuple(log for one in plan for log in _floors(one, seen)),
        writes=(*done, *refused, *unanswered),
        decisions=tuple(decisions),
        moves=tuple(MoveLog(m.at, m.workload, m.segment, m.source, m.to, m.pods) for m in opened(seen.moves)),
        wrong_decreases=verdict.wrong_decreases,
        handed_back=verdict.handed_back,
    )


def _segment(one: Stretch, seen: Recording) -> SegmentLog:
    return SegmentLog(
        name=one.name,
        round=one.name.partition("/")[0],
        is_round=one.is_round,
        scheduled_start=one.start,
        actual_start=one.start,
        duration=(one.counted_end if one.is_round else one.end) - one.start,
        prepare_at=min(seen.prepare_at.get(one.name, one.ready_by), one.ready_by),
        ready_by=one.ready_by,
        latest_end=one.end,
        required=one.required,
    )


def _floors(one: Stretch, seen: Recording) -> list[FloorLog]:
    """Each place's floor at ``readyBy``; what appeared only later (cover, own need) does not count."""
    found = []
    for (place, segment), history in sorted(seen.floors.items()):
        before = [floor for floor in history if floor.at <= one.ready_by]
        if segment != one.name or not before:
            continue
        takes, taken = [], before[-1].taken
        for floor in history[len(before) :]:
            if floor.taken > taken:
                takes.append(Take(floor.at, floor.taken - taken))
                taken = floor.taken
        found.append(
            FloorLog(segment=segment, place=place, at_ready_by=before[-1].replicas, takes=tuple(takes))
        )
    return found


def warm_series(ready: StepSeries, warmup_: float, end: float) -> StepSeries:
    """The minimum of Ready over the last ``warmup_`` seconds, at every time up to ``end``."""
    steps = [(time, value or 0.0) for time, value in ready]
    if not steps:
        return StepSeries()
    times = sorted({steps[0][0], *(t for t, _ in steps), *(t + warmup_ for t, _ in steps)})
    found = StepSeries()
    first = 0
    for at in times:
        if at > end:
            break
        while first + 1 < len(steps) and steps[first + 1][0] <= at - warmup_:
            first += 1
        lowest = steps[first][1]
        for time, value in steps[first + 1 :]:
            if time > at:
                break
            lowest = min(lowest, value)
        found.append(at, lowest)
    return found


def _offered(traffic: Traffic, place: Place, plan: Sequence[Stretch], end: float) -> StepSeries:
    series = traffic.series(place.workload, place.cluster)
    start = traffic.plan.start
    busy = [(one.start - 120.0, one.counted_end) for one in plan if one.is_round]
    found = StepSeries()
    for second, qps in enumerate(series):
        at = start + second
        if at >= end:
            break
        if second % _CALM == 0:
            quiet = not any(first <= at < last for first, last in busy)
            found.append(
                at, round(traffic.mean(place.workload, place.cluster, at, at + _CALM), 1) if quiet else qps
            )
        elif any(first <= at < last for first, last in busy):
            found.append(at, round(qps, 1))
    return found
