"""How long before its start a hold begins."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gala.planning.facts import PodStart
from gala.planning.lead import Growth, last_pod, lead, shrink_time, wave_time
from planning_values import SETTINGS

START = PodStart(per_second=10, p95=40.0, slowest=60.0)


@pytest.mark.parametrize(
    ("growth", "start", "want"),
    [
        pytest.param(Growth(0), START, 0, id="what does not grow needs no lead"),
        pytest.param(Growth(100), START, 10 + 75 + 30, id="waves, the last pod and the least margin"),
        pytest.param(Growth(100, 0, 15), START, 10 + 75 + 15 + 30, id="the warm-up is added"),
        pytest.param(
            Growth(1000, 0, 30), START, (100 + 75 + 30) * 1.2, id="a long lead has a fifth of margin"
        ),
        pytest.param(Growth(10, 5), START, (5 * 40 + 75) * 1.2, id="ordered pods start one after another"),
        pytest.param(
            Growth(100),
            PodStart(per_second=10, p95=40.0),
            10 + 50 + 30,
            id="without a slowest the p95 counts",
        ),
        pytest.param(
            Growth(100),
            PodStart(per_second=10, p95=80.0, slowest=60.0),
            10 + 100 + 30,
            id="a p95 that is slower than the slowest counts",
        ),
    ],
)
def test_lead(growth: Growth, start: PodStart, want: float) -> None:
    assert lead(growth, start, SETTINGS) == pytest.approx(want, abs=1.0)
    assert lead(growth, start, SETTINGS) >= want


def test_the_last_pod_is_planned_a_quarter_later_than_the_slowest_seen() -> None:
    assert last_pod(START, SETTINGS) == 75


def test_a_rate_of_nothing_counts_as_one_pod_a_second() -> None:
    assert wave_time(30, PodStart(per_second=0)) == 30


@pytest.mark.parametrize(
    ("growth", "percent", "want"),
    [
        pytest.param(0, 50, 0, id="nothing to give back takes no time"),
        pytest.param(-5, 50, 0, id="less than nothing takes no time"),
        pytest.param(1, 50, 30, id="one replica takes one step"),
        pytest.param(8, 50, 4 * 30, id="eight by halves take four steps"),
        pytest.param(100, 100, 30, id="all at once takes one step"),
        pytest.param(5, 1, 5 * 30, id="a step takes at least one"),
    ],
)
def test_shrink_time(growth: int, percent: int, want: float) -> None:
    assert shrink_time(growth, step_percent=percent, settings=SETTINGS) == want


@given(st.integers(0, 5000), st.integers(0, 100), st.floats(0, 300))
def test_more_growth_never_needs_less_time(pods: int, more: int, warmup: float) -> None:
    small, large = (lead(Growth(n, 0, warmup), START, SETTINGS) for n in (pods, pods + more))
    assert small <= large
