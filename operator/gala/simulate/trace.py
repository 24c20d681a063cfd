"""The traffic of a simulated night, made from its forecast: the same for every way to scale."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from random import Random
from typing import NamedTuple

from gala.sandbox.traffic import Load, Skew, Surge, Traffic, TrafficPlan, Wave, hot
from gala.simulate.night import Flow, Night, Place, Stretch

SAMPLE = 15.0
"""Seconds between two samples of a rate."""

FINE = 1_000
"""Up to so many places every second counts."""

COARSE = 10
"""Seconds that count at once beyond."""

VOICES = 64
"""So many series of noise are shared beyond."""

_BASE_OF_PEAK = 0.05
_CALM = 1.7
"""Originals carry so many times the base: its warm-up, its noise and its skew."""

_HOT = 1.3


@dataclass(frozen=True, slots=True, kw_only=True)
class Weather:
    """How the night differs from its forecast."""

    percent: int = 100
    """What comes, of the forecast."""
    skew: int = 15
    """In each round a cluster's part of the traffic is up to so many percent off."""
    slip: float = 0.0
    """Every round starts so many seconds later than scheduled."""
    signal_age: float = 15.0
    """Seconds by which a sample is older than the moment at which it is read."""


class _Region(NamedTuple):
    """What has the same clusters in the same parts has one traffic."""

    event: str
    shares: tuple[tuple[str, float], ...]


class Trace:
    """Offered QPS by place: step by step, and as somebody sees it who measures."""

    def __init__(self, night: Night, weather: Weather) -> None:
        self.night = night
        self.weather = weather
        large = len(night.places) > FINE
        self.step = COARSE if large else 1
        self._of: dict[Flow, Traffic] = {}
        loads = _loads(night, weather)
        members: dict[_Region, list[Flow]] = {}
        for flow, places in night.by_flow().items():
            if flow in loads:
                shares = tuple((place.cluster, place.share) for place in places if place.share)
                members.setdefault(_Region(str(flow.event), shares), []).append(flow)
        for region, flows in members.items():
            plan = TrafficPlan(
                start=night.start,
                end=night.end,
                loads={flow.workload: loads[flow] for flow in flows},
                shares=dict(region.shares),
                skews=_skews(night, region, weather),
            )
            traffic = Traffic(plan, seed=night.seed, step=self.step, voices=VOICES if large else 0)
            self._of.update(dict.fromkeys(flows, traffic))
        self.count = max(1, int(night.end - night.start) // self.step)
        self._nothing = array("d", bytes(8 * self.count))

    def offered(self, place: Place) -> array[float]:
        """QPS at each step of the night; zeros where none is known or none arrives."""
        traffic = self._of.get(place.flow)
        if traffic is None or not place.per_replica or not place.share:
            return self._nothing
        return traffic.series(place.flow.workload, place.cluster)

    def seen(self, place: Place) -> array[float]:
        """The rate that is known at each multiple of ``SAMPLE`` from the night's start on."""
        series, step = self.offered(place), self.step
        sums = list(accumulate(series, initial=0.0))
        age, window = self.weather.signal_age, max(step, int(place.window))
        wide, last = window // step, len(series)
        found = array("d")
        for number in range(int((self.night.end - self.night.start) // SAMPLE) + 1):
            end = min(last, max(1, int((number * SAMPLE - age) // step)))
            begin = max(0, end - wide)
            found.append((sums[end] - sums[begin]) / (end - begin))
        return found

    def forget(self) -> None:
        """Lets go of what was computed of a large fleet; who asks again gets the same."""
        if self.step > 1:
            for traffic in self._of.values():
                traffic.forget()

    def replicas(self) -> list[tuple[float, float]]:
        """What the traffic needs in the whole fleet, noise left out: every 15 s, with its time."""
        per = {flow: places[0].per_replica for flow, places in self.night.by_flow().items()}
        times = [
            self.night.start + SAMPLE * n for n in range(int((self.night.end - self.night.start) // SAMPLE))
        ]
        loads = [(traffic.plan.loads[flow.workload], per[flow]) for flow, traffic in self._of.items()]
        return [(time, sum(load.at(time) / each for load, each in loads)) for time in times]


def _loads(night: Night, weather: Weather) -> dict[Flow, Load]:
    """By workload; one without a stated capacity has no traffic that is known."""
    found: dict[Flow, Load] = {}
    by_event: dict[Flow, list[tuple[Stretch, float]]] = {}
    capacities = {flow: places[0] for flow, places in night.by_flow().items() if places[0].per_replica}
    for stretch in night.stretches:
        for workload, required in stretch.required.items():
            flow = Flow(stretch.event, workload)
            if flow in capacities:
                forecast = stretch.qps.get(workload) or required * capacities[flow].target_qps
                by_event.setdefault(flow, []).append((stretch, forecast * weather.percent / 100))
    for flow, peaks in by_event.items():
        found[flow] = _load(night, flow, peaks, weather.slip)
    return found


def _load(night: Night, flow: Flow, peaks: Sequence[tuple[Stretch, float]], slip: float) -> Load:
    places = night.by_flow()[flow]
    carried = min(
        (place.original * place.per_replica / place.share for place in places if place.share), default=0.0
    )
    base = min(max(peak for _, peak in peaks) * _BASE_OF_PEAK, carried / _CALM)
    surges, waves = [], []
    for stretch, peak in peaks:
        start, end = night.scheduled(stretch)
        if stretch.is_round:
            surges.append(Surge(start + slip, max(0.0, peak - base), cut=end - start))
        else:
            waves.append(Wave(start + slip, max(0.0, peak - base)))
    return Load(base, tuple(surges), tuple(waves))


def _skews(night: Night, region: _Region, weather: Weather) -> tuple[Skew, ...]:
    """In each round the parts are off; in one round one cluster is much hotter than forecast."""
    shares = dict(region.shares)
    event = next(e for e in night.snapshot.events if str(e.key) == region.event)
    draw = Random(f"{night.seed}/{region.event}/skew")  # noqa: S311 (a model, no secret)
    width = weather.skew / 100
    rounds = sorted(event.spec.rounds, key=lambda part: part.start)
    hottest = draw.randrange(len(rounds))
    able = [name for name, share in shares.items() if share * _HOT < 1.0]
    found = []
    for number, part in enumerate(rounds):
        factors = {name: 1.0 + draw.uniform(-width, width) for name in shares}
        if number == hottest and width and able and len(shares) > 1:
            factors = hot(shares, draw.choice(able), _HOT)
        start = part.start + weather.slip
        found.append(Skew(start, start + part.duration, factors))
    return tuple(found)
