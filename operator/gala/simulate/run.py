"""Every way to scale on one night, side by side on the machine's cores where the fleet is large."""

from __future__ import annotations

import gc
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from gala.planning.snapshot import Snapshot
from gala.settings import Settings
from gala.simulate import baselines
from gala.simulate.baselines import Way
from gala.simulate.night import Night, carried_out
from gala.simulate.outcome import Outcome, Tally
from gala.simulate.passes import Operator, Pace
from gala.simulate.trace import FINE, SAMPLE, Trace, Weather

GALA: Final = "gala"
WAYS: Final[Mapping[str, Way]] = {
    "hpa": baselines.hpa,
    "cron": baselines.cron,
    "static": baselines.static,
    "oracle": baselines.oracle,
}
NAMES: Final = (GALA, *WAYS)
"""In the order in which they are shown."""

_PACE: Final = Pace(tick=SAMPLE, apart=0.001)
"""With every sample, and exactly at every edge."""

_SLOW: Final = Pace(tick=60.0, apart=20.0)
"""Of a large fleet, where a pass costs a second: late by less than the margin of any lead."""

_LOOK_AHEAD: Final = 900.0
"""Seconds of the night that a pass of a large fleet plans: longer than any lead."""

_WORKERS: Final = 2
_COLLECT_AFTER: Final = (100_000, 100, 25)


@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """One night, played in every way."""

    night: Night
    weather: Weather
    step: int
    """Seconds of traffic that count at once."""
    tick: float
    """Seconds between two passes of the operator while something is prepared, live or given back."""
    outcomes: tuple[Outcome, ...]
    demand: tuple[tuple[float, float], ...]
    """Replicas that the traffic needs in the whole fleet, noise left out, with their times."""


def simulate(
    snapshot: Snapshot, *, seed: int, weather: Weather, settings: Settings, fine: int = FINE
) -> Simulated:
    """Plays the night in every way; the same arguments always give the same result.

    More places than ``fine`` are played side by side in two processes, with longer ticks.
    """
    large = len(Night(snapshot=snapshot, settings=settings, seed=seed).places) > fine
    pace = _SLOW if large else _PACE
    used = replace(settings, wave_seconds=pace.apart, look_ahead=_LOOK_AHEAD) if large else settings
    night = Night(snapshot=carried_out(snapshot), settings=used, seed=seed)
    if large:
        with ProcessPoolExecutor(_WORKERS) as pool:
            outcomes = tuple(pool.map(partial(_alone, night, weather, pace), NAMES))
    else:
        shared = Trace(night, weather)
        outcomes = tuple(_play(shared, pace, name) for name in NAMES)
    trace = Trace(night, weather)
    return Simulated(
        night=night,
        weather=weather,
        step=trace.step,
        tick=pace.tick,
        outcomes=outcomes,
        demand=tuple(trace.replicas()),
    )


def _alone(night: Night, weather: Weather, pace: Pace, name: str) -> Outcome:
    """In a process of its own."""
    gc.set_threshold(*_COLLECT_AFTER)
    return _play(Trace(night, weather), pace, name)


def _play(trace: Trace, pace: Pace, name: str) -> Outcome:
    tally = Tally(trace)
    if name == GALA:
        operated = Operator(trace, pace).run()
        for cluster in operated.clusters.values():
            tally.add(cluster)
            trace.forget()
        return tally.outcome(name, passes=operated.passes, closed=operated.handed_back)
    for where in trace.night.clusters:
        tally.add(WAYS[name](trace, where))
        trace.forget()
    return tally.outcome(name)
