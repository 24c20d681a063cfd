"""The way down."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gala.planning.handback import may_step, next_step
from planning_values import NOW, SETTINGS, an_entry, running


@pytest.mark.parametrize(
    ("value", "original", "goal", "percent", "want"),
    [
        pytest.param(100, 10, 10, 50, 55, id="half of what is above the original"),
        pytest.param(100, 10, 80, 50, 80, id="never under the goal"),
        pytest.param(11, 10, 10, 1, 10, id="at least one"),
        pytest.param(100, 0, 0, 100, 0, id="all at once"),
        pytest.param(13, 10, 10, 50, 11, id="a part is rounded up"),
    ],
)
def test_next_step(value: int, original: int, goal: int, percent: int, want: int) -> None:
    assert next_step(value, original=original, goal=goal, percent=percent) == want


@pytest.mark.parametrize(
    ("pods", "waited", "want"),
    [
        pytest.param(10, 0, True, id="when the pods are gone the next step comes at once"),
        pytest.param(11, 29, False, id="while pods are still there it waits"),
        pytest.param(11, 30, True, id="after thirty seconds it waits no longer"),
    ],
)
def test_may_step(pods: int, waited: float, want: bool) -> None:
    entry = an_entry(since=NOW - waited)
    assert may_step(entry, running(10, pods=pods), now=NOW, settings=SETTINGS) is want


@given(st.integers(0, 2000), st.integers(0, 2000), st.integers(1, 100))
def test_every_way_down_ends_at_the_original(above: int, original: int, percent: int) -> None:
    value, steps = original + above, 0
    while value > original:
        lower = next_step(value, original=original, goal=original, percent=percent)
        assert original <= lower < value
        value, steps = lower, steps + 1
    assert steps <= above
