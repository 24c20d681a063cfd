"""Builders of nights for the tests of the report: one tiny, one like the demo's seven rounds."""

from __future__ import annotations

import functools
import math
import random

from gala.planning.facts import EventKey
from gala.planning.outcome import Decision
from gala.report.nightlog import (
    FloorLog,
    MoveLog,
    NightLog,
    Place,
    SegmentLog,
    WorkloadLog,
    WriteLog,
)
from gala.report.series import StepSeries

T0 = 1_801_828_800.0
"""2027-02-05T12:00:00Z, which is 20:00 in Beijing."""

EVENT = EventKey("show", "gala")


def steps(*pairs: tuple[float, float | None], base: float = T0) -> StepSeries:
    """A series whose times are seconds after ``base``."""
    return StepSeries((base + time, value) for time, value in pairs)


def segment(name: str = "round-1", **changes: object) -> SegmentLog:
    """A round that starts 100 s after T0 and runs for 60 s; 10 replicas of ``web`` are required."""
    values: dict[str, object] = {
        "name": name,
        "round": name,
        "is_round": True,
        "scheduled_start": T0 + 100,
        "actual_start": T0 + 100,
        "duration": 60.0,
        "prepare_at": T0 + 20,
        "ready_by": T0 + 90,
        "latest_end": T0 + 170,
        "required": {"web": 10},
    }
    return SegmentLog(**(values | changes))  # type: ignore[arg-type]


def night(**changes: object) -> NightLog:
    """One workload, one cluster, one round; Ready at 70 s, given back at 200 s."""
    web = Place("web", "east")
    values: dict[str, object] = {
        "event": str(EVENT),
        "mode": "Enforce",
        "started_at": T0,
        "ended_at": T0 + 300,
        "clusters": ("east",),
        "workloads": (WorkloadLog(name="web", tier="S", qps_per_replica=100),),
        "segments": (segment(),),
        "intended": {web: steps((0, 2), (20, 10), (200, 2))},
        "spec": {web: steps((0, 2), (20, 10), (200, 2))},
        "ready": {web: steps((0, 2), (60, 6), (70, 10), (205, 2))},
        "warm": {web: steps((0, 2), (75, 6), (85, 10), (205, 2))},
        "offered": {web: steps((0, 100), (100, 900), (160, 100))},
        "floors": (FloorLog(segment="round-1", place=web, at_ready_by=10),),
        "writes": (
            WriteLog(T0 + 20, web, 2, 10, "", 0.01),
            WriteLog(T0 + 200, web, 10, 2, "", 0.03),
        ),
        "decisions": (
            Decision(T0 + 20, EVENT, "east", "web", 2, 10, "HoldBegins", "ratchet"),
            Decision(T0 + 200, EVENT, "east", "web", 10, 2, "HandBack", "handback"),
        ),
        "handed_back": True,
    }
    return NightLog(**(values | changes))  # type: ignore[arg-type]


CLUSTERS = {"beijing": 0.5, "shanghai": 0.3, "cloud": 0.2}
WEIGHTS = (0.21, 0.12, 0.12, 0.13, 0.13, 0.14, 0.15)
ROUNDS = tuple(T0 + 1500 + 1740 * index for index in range(7))
ROUND_QPS = 3_000_000.0
SHOP_QPS = 260_000.0
PER_REPLICA = {"red-packet": 1500, "shopping": 500, "login": 800}
ORIGINAL = {"red-packet": 60, "shopping": 90, "login": 40}


@functools.cache
def seven_rounds(seed: int = 1) -> NightLog:
    """Four hours, three clusters, three workloads, seven rounds with a shopping scene after each."""
    draw = random.Random(seed)
    segments = [part for index, start in enumerate(ROUNDS) for part in _segments(index, start)]
    floors = tuple(
        _floor(part, Place(name, cluster))
        for part in segments
        for name in part.required
        for cluster in CLUSTERS
    )
    places = [Place(name, cluster) for name in PER_REPLICA for cluster in CLUSTERS]
    intended = {place: _intended(place, segments) for place in places}
    ready = {place: _delayed(intended[place], draw, spread=55.0) for place in places}
    warm = {place: _shifted(ready[place], 30.0) for place in places}
    decisions, writes = _trail(intended, draw)
    return NightLog(
        event="cctv/spring-festival-gala",
        mode="Enforce",
        started_at=T0,
        ended_at=T0 + 14_400,
        time_zone="Asia/Shanghai",
        clusters=tuple(CLUSTERS),
        workloads=(
            WorkloadLog(name="red-packet", tier="S", qps_per_replica=1500),
            WorkloadLog(name="shopping", tier="A", qps_per_replica=500),
            WorkloadLog(name="login", tier="S", qps_per_replica=800),
        ),
        segments=tuple(segments),
        intended=intended,
        spec=intended,
        ready=ready,
        warm=warm,
        offered={place: _offered(place, draw) for place in places},
        floors=floors,
        writes=tuple(writes),
        decisions=tuple(decisions),
        moves=(MoveLog(ROUNDS[3] + 20, "red-packet", "round-4", "shanghai", "beijing", 40),),
        handed_back=True,
    )


def _segments(index: int, start: float) -> tuple[SegmentLog, SegmentLog]:
    size = WEIGHTS[index] / WEIGHTS[0]
    peak = {
        "red-packet": math.ceil(ROUND_QPS * size * 1.2 / 1500),
        "login": math.ceil(400_000 * size * 1.2 / 800),
    }
    duration, late = 180.0, 120.0
    end = start + late + duration
    first = SegmentLog(
        name=f"round-{index + 1}",
        round=f"round-{index + 1}",
        is_round=True,
        scheduled_start=start,
        actual_start=start,
        duration=duration,
        prepare_at=start - 260,
        ready_by=start - 30,
        latest_end=end,
        required=peak,
    )
    after = SegmentLog(
        name=f"round-{index + 1}/after",
        round=f"round-{index + 1}",
        is_round=False,
        scheduled_start=start + duration - 30,
        actual_start=start + duration - 30,
        duration=600.0 + late,
        prepare_at=start + 20,
        ready_by=start + duration - 30,
        latest_end=end + 600,
        required={"shopping": math.ceil(SHOP_QPS * 3 * 1.2 / 500)},
    )
    return first, after


def _floor(part: SegmentLog, place: Place) -> FloorLog:
    return FloorLog(
        segment=part.name,
        place=place,
        at_ready_by=math.ceil(part.required[place.workload] * CLUSTERS[place.cluster]),
    )


def _intended(place: Place, segments: list[SegmentLog]) -> StepSeries:
    original = math.ceil(ORIGINAL[place.workload] * CLUSTERS[place.cluster])
    edges: list[tuple[float, float]] = [(T0, original)]
    for part in segments:
        if place.workload in part.required:
            floor = max(original, math.ceil(part.required[place.workload] * CLUSTERS[place.cluster]))
            waves = 6
            for wave in range(waves):
                at = part.prepare_at + 10 * wave
                edges.append((at, original + (floor - original) * (wave + 1) // waves))
            edges.append((part.latest_end, original))
    return StepSeries(sorted(edges))


def _delayed(series: StepSeries, draw: random.Random, *, spread: float) -> StepSeries:
    result: list[tuple[float, float]] = []
    have = 0.0
    for time, value in series:
        assert value is not None
        if not result:
            have = value
            result.append((time, have))
            continue
        count = int(abs(value - have))
        sign = 1 if value > have else -1
        delays = sorted(min(75.0, draw.lognormvariate(math.log(20), 0.67)) for _ in range(count))
        span = spread if sign > 0 else 10.0
        result.extend((round(time + (delay if sign > 0 else delay * span / 75), 1), sign) for delay in delays)
        have = value
    total = result[0][1]
    steps_: list[tuple[float, float]] = [result[0]]
    for time, sign in sorted(result[1:]):
        total += sign
        steps_.append((time, total))
    return StepSeries(steps_)


def _shifted(series: StepSeries, seconds: float) -> StepSeries:
    """What was there ``seconds`` ago, never more than is there now."""
    moments = sorted({time for time, _ in series} | {time + seconds for time, _ in series})
    warm = StepSeries()
    for time in moments:
        now, then = series.value_at(time) or 0.0, series.value_at(time - seconds)
        warm.append(time, min(now, now if then is None else then))
    return warm


def _offered(place: Place, draw: random.Random) -> StepSeries:
    share, noise = CLUSTERS[place.cluster], 0.0
    series = StepSeries()
    for second in range(14_400):
        time = T0 + second
        noise = 0.98 * noise + draw.gauss(0, 0.01)
        series.append(time, round(share * _rate(place.workload, time) * (1 + noise), 1))
    return series


def _rate(workload: str, time: float) -> float:
    if workload == "shopping":
        return SHOP_QPS * 0.15 + sum(_after_wave(time - start - 170) for start in ROUNDS)
    peak = ROUND_QPS if workload == "red-packet" else 400_000.0
    base = peak / 40
    return base + sum(
        _wave(time - start) * (peak * weight / WEIGHTS[0] - base)
        for start, weight in zip(ROUNDS, WEIGHTS, strict=True)
    )


def _wave(since: float) -> float:
    if since < -120 or since > 400:
        return 0.0
    if since < 0:
        return 0.04 * (since + 120) / 120
    if since < 120:
        return 0.04 + 0.92 * (1 - math.exp(-((since / 8) ** 2)))
    return 0.96 * math.exp(-(since - 120) / 30)


def _after_wave(since: float) -> float:
    if not 0 <= since < 560:
        return 0.0
    return SHOP_QPS * 2.6 * (1 - math.exp(-since / 40)) * 0.5 ** (since / 240)


def _trail(intended: dict[Place, StepSeries], draw: random.Random) -> tuple[list[Decision], list[WriteLog]]:
    decisions, writes = [], []
    for place, series in intended.items():
        held: float | None = None
        for time, value in series:
            if held is not None and value is not None:
                rises = value > held
                reason, rule = ("WavePlanned", "waves") if rises else ("SegmentEnded", "ratchet")
                decisions.append(
                    Decision(time, EVENT, place.cluster, place.workload, int(held), int(value), reason, rule)
                )
                writes.append(WriteLog(time, place, int(held), int(value), "", draw.uniform(0.004, 0.03)))
            held = value
    decisions.sort(key=lambda one: (one.at, one.workload, one.cluster))
    return decisions, writes
