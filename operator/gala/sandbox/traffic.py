"""Traffic of a night: a pure function of seed, workload, cluster and time.

Shapes and figures: before a round the public warms up (20 to 50 % more over two minutes); at the
cue it rises as ``base + A·(1 − exp(−(t/τ)²))`` with τ of a few seconds, holds for about two
minutes, decays, and is cut; a wave of another kind (shopping after the show) starts with a
factor of two to four and halves every four minutes. Regional shares wobble from round to round,
in one round one region may be much hotter than forecast; AR(1) noise lies over everything.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate
from math import exp, log, sqrt
from operator import mul
from random import Random
from typing import NamedTuple
from zlib import crc32

_PERSISTENCE = 0.9
"""AR(1) from one second to the next: a deviation lasts about ten seconds."""

_RAMP = 30.0
"""Seconds in which a wave comes up."""

_WAVE_LIVES = 8
"""A wave is over after so many half-lives."""


class Surge(NamedTuple):
    """One round as one workload feels it; times in seconds, ``amplitude`` in QPS above base."""

    start: float
    amplitude: float
    rise: float = 8.0
    hold: float = 120.0
    decay: float = 75.0
    cut: float = 300.0
    warm_up: float = 120.0
    warm_part: float = 0.35
    """Of base, at the end of the warm-up."""

    def at(self, time: float, base: float) -> float:
        """QPS above base."""
        t = time - self.start
        if t < -self.warm_up or t >= self.cut:
            return 0.0
        if t < 0:
            return base * self.warm_part * (1.0 + t / self.warm_up)
        risen = self.amplitude * (1.0 - exp(-((t / self.rise) ** 2)))
        fall = t - self.hold
        return risen if fall <= 0 else risen * exp(-fall / self.decay)


class Wave(NamedTuple):
    """What comes after: ``amplitude`` in QPS above base, halved every ``half_life`` seconds."""

    start: float
    amplitude: float
    half_life: float = 240.0

    def at(self, time: float) -> float:
        """QPS above base."""
        t = time - self.start
        if t < 0 or t > _WAVE_LIVES * self.half_life:
            return 0.0
        return self.amplitude * min(1.0, t / _RAMP) * exp(-log(2.0) * max(0.0, t - _RAMP) / self.half_life)


class Skew(NamedTuple):
    """Other shares than usual in [start, end): a factor for each cluster, made to sum to one again."""

    start: float
    end: float
    factors: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Load:
    """One workload over the whole night, all clusters together; ``base`` in QPS."""

    base: float
    surges: tuple[Surge, ...] = ()
    waves: tuple[Wave, ...] = ()

    def at(self, time: float) -> float:
        """QPS without noise."""
        return (
            self.base
            + sum(surge.at(time, self.base) for surge in self.surges)
            + sum(wave.at(time) for wave in self.waves)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class TrafficPlan:
    """Everything that the traffic of a night follows from, beside the seed."""

    start: float
    end: float
    loads: Mapping[str, Load]
    """By workload."""
    shares: Mapping[str, float]
    """By cluster; sums to one."""
    skews: tuple[Skew, ...] = ()
    noise: float = 0.05
    """Standard deviation as a part of the traffic."""


def hot(shares: Mapping[str, float], cluster: str, factor: float) -> dict[str, float]:
    """Factors that make one cluster ``factor`` times as hot while the whole stays what it is."""
    rest = (1.0 - shares[cluster] * factor) / (1.0 - shares[cluster])
    return {name: factor if name == cluster else rest for name in shares}


class Traffic:
    """The plan with its noise, step by step; a series is computed when first asked for."""

    def __init__(self, plan: TrafficPlan, *, seed: int, step: int = 1, voices: int = 0) -> None:
        """``step`` is the seconds between two values.

        With ``voices`` so many series of noise are drawn, and each place listens to one of them from
        another moment on: a million values a second would else be drawn for a large fleet.
        """
        self.plan = plan
        self.step = step
        self._seed = seed
        self._count = max(1, int(plan.end - plan.start) // step)
        self._voices = tuple(self._noise(f"{seed}/voice/{number}") for number in range(voices))
        self._totals: dict[str, list[float]] = {}
        self._series: dict[tuple[str, str], array[float]] = {}
        self._sums: dict[tuple[str, str], array[float]] = {}
        self._shares = self._all_shares()

    def qps(self, workload: str, cluster: str, time: float) -> float:
        """The rate in the step that ``time`` lies in."""
        return self.series(workload, cluster)[self._index(time)]

    def mean(self, workload: str, cluster: str, start: float, end: float) -> float:
        """The mean rate over whole steps of [start, end)."""
        first, last = self._index(start), max(self._index(end), self._index(start) + 1)
        sums = self.sums(workload, cluster)
        return (sums[last] - sums[first]) / (last - first)

    def counter(self, workload: str, cluster: str, time: float) -> float:
        """Requests since the night began."""
        return self.sums(workload, cluster)[self._index(time)] * self.step

    def series(self, workload: str, cluster: str) -> array[float]:
        """QPS of every step from ``plan.start`` on."""
        key = (workload, cluster)
        if key not in self._series:
            self._series[key] = self._compute(workload, cluster)
        return self._series[key]

    def sums(self, workload: str, cluster: str) -> array[float]:
        """The values of ``series`` before each step, added up: one entry more than there."""
        key = (workload, cluster)
        if key not in self._sums:
            self._sums[key] = array("d", accumulate(self.series(workload, cluster), initial=0.0))
        return self._sums[key]

    def forget(self) -> None:
        """Drops every series; who asks again gets the same."""
        self._series.clear()
        self._sums.clear()

    def _index(self, time: float) -> int:
        return min(max(0, int((time - self.plan.start) // self.step)), self._count - 1)

    def _total(self, workload: str) -> list[float]:
        if workload not in self._totals:
            load, start = self.plan.loads[workload], self.plan.start
            times = (start + self.step * number for number in range(self._count))
            self._totals[workload] = [load.at(time) for time in times]
        return self._totals[workload]

    def _all_shares(self) -> dict[str, list[float]]:
        plan = self.plan
        found = {cluster: [share] * self._count for cluster, share in plan.shares.items()}
        for skew in plan.skews:
            weights = {name: share * skew.factors.get(name, 1.0) for name, share in plan.shares.items()}
            whole = sum(weights.values())
            first, last = self._index(skew.start), self._index(skew.end)
            for name, weight in weights.items():
                found[name][first:last] = [weight / whole] * (last - first)
        return found

    def _compute(self, workload: str, cluster: str) -> array[float]:
        name = f"{self._seed}/{workload}/{cluster}"
        noise = self._listen(name) if self._voices else self._noise(name)
        shared = map(mul, self._total(workload), self._shares[cluster])
        return array("d", map(mul, shared, noise))

    def _listen(self, name: str) -> array[float]:
        number = crc32(name.encode())
        voice, first = self._voices[number % len(self._voices)], number // len(self._voices) % self._count
        return voice[first:] + voice[:first]

    def _noise(self, name: str) -> array[float]:
        """Factors around one, each close to the one before it."""
        draw = Random(name).gauss  # noqa: S311 (a model, no secret)
        persistence, width = _PERSISTENCE**self.step, self.plan.noise
        scale = width * sqrt(1.0 - persistence**2)
        now = draw(0.0, width)
        found = array("d")
        for _ in range(self._count):
            found.append(max(0.0, 1.0 + now))
            now = persistence * now + draw(0.0, scale)
        return found
