"""Whole random nights: every pass is judged from outside, and at the end everything is home.

A failure names the seed and the troubles that it takes.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from planning_again import again
from planning_judges import ReadyInTime, everything_is_home, judges
from planning_nights import Trouble, script
from planning_play import play

SEEDS = st.integers(0, 1_000_000)


@settings(max_examples=7)
@given(SEEDS)
def test_a_quiet_night_is_ready_in_time_and_ends_at_home(seed: int) -> None:
    night = script(seed)
    play(night, [*judges(), *again(), ReadyInTime()])
    everything_is_home(night)


@pytest.mark.parametrize(
    ("trouble", "seed"),
    [pytest.param(trouble, 17 * index, id=trouble.value) for index, trouble in enumerate(Trouble)],
)
def test_a_night_with_one_trouble(trouble: Trouble, seed: int) -> None:
    night = script(seed, {trouble})
    play(night, [*judges(), *again()])
    everything_is_home(night)


@settings(max_examples=14)
@given(SEEDS, st.sets(st.sampled_from(sorted(Trouble)), min_size=2, max_size=5))
def test_a_night_with_many_troubles(seed: int, troubles: set[Trouble]) -> None:
    night = script(seed, troubles)
    play(night, [*judges(), *again()])
    everything_is_home(night)
