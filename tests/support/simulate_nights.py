"""Small nights to simulate, of the figures of ``plan_files``: one or two rounds of 120 replicas."""

from __future__ import annotations

from functools import cache

import plan_files as build
from gala.cli.plan_snapshot import snapshot_of
from gala.settings import Settings
from gala.simulate.outcome import Outcome
from gala.simulate.run import Simulated, simulate
from gala.simulate.trace import FINE, Weather

NEXT = "2027-02-05T12:40:00Z"
"""Of a second round: late enough that all is given back before it."""


@cache
def played(
    *, seed: int = 1, cores: int = 1000, rounds: int = 1, fine: int = FINE, weather: Weather | None = None
) -> Simulated:
    """One or two rounds on two clusters with so many cores each."""
    shown = [build.round_(), build.round_("again", NEXT)][:rounds]
    files = build.read([build.event(rounds=shown)], build.fleet(east=cores, north=cores))
    return simulate(
        snapshot_of(files), seed=seed, weather=weather or Weather(), settings=Settings(), fine=fine
    )


def outcomes(simulated: Simulated) -> dict[str, Outcome]:
    """By the name of the way."""
    return {outcome.name: outcome for outcome in simulated.outcomes}
