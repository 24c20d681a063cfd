"""A rise in waves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gala.planning.facts import PodStart
from gala.planning.waves import Rise, allowance, next_wave, open_wave
from planning_values import SETTINGS

START = PodStart(per_second=5)


@pytest.mark.parametrize(
    ("passed", "want"),
    [
        pytest.param(0, 50, id="the first wave opens at once"),
        pytest.param(9.9, 50, id="within a wave nothing more is asked for"),
        pytest.param(10, 100, id="the second wave opens after ten seconds"),
        pytest.param(-3, 50, id="a begin ahead counts as now"),
    ],
)
def test_allowance(passed: float, want: int) -> None:
    assert allowance(1000, 1000 + passed, START, SETTINGS) == want


def test_the_next_wave_opens_at_the_next_multiple() -> None:
    assert [next_wave(1000, now, SETTINGS) for now in (1000, 1009, 1010)] == [1010, 1010, 1020]


@pytest.mark.parametrize(
    ("allowed", "want"),
    [
        pytest.param(0, {"a": 2, "b": 3, "c": 9}, id="without allowance all stay"),
        pytest.param(5, {"a": 7, "b": 3, "c": 9}, id="who is served first rises first"),
        pytest.param(12, {"a": 10, "b": 7, "c": 9}, id="the next takes the rest"),
        pytest.param(99, {"a": 10, "b": 8, "c": 9}, id="nobody rises over the goal, and none is lowered"),
    ],
)
def test_open_wave(allowed: int, want: dict[str, int]) -> None:
    assert open_wave([Rise("a", 2, 10), Rise("b", 3, 8), Rise("c", 9, 4)], allowed) == want


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=6), st.integers(0, 99))
def test_a_wave_asks_for_no_more_than_it_may(rises: list[tuple[int, int]], allowed: int) -> None:
    named = [Rise(str(index), *rise) for index, rise in enumerate(rises)]
    opened = open_wave(named, allowed)
    assert sum(opened[r.name] - r.start for r in named) <= allowed
    assert all(r.start <= opened[r.name] <= max(r.start, r.goal) for r in named)
