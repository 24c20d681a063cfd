"""Pods that are late."""

from __future__ import annotations

import pytest

from gala.planning.stragglers import looks_from, made_up


@pytest.mark.parametrize(
    ("floor", "ready", "want"),
    [
        pytest.param(100, 100, 0, id="when all are ready nothing is made up for"),
        pytest.param(100, 120, 0, id="when more are ready nothing is made up for"),
        pytest.param(100, 97, 3, id="a few late pods are made up for one by one"),
        pytest.param(100, 50, 10, id="at most a tenth is made up for"),
        pytest.param(5, 1, 1, id="at least one is made up for"),
    ],
)
def test_made_up(floor: int, ready: int, want: int) -> None:
    assert made_up(floor=floor, ready=ready, percent=10) == want


def test_late_is_who_could_not_be_replaced_in_time_later_on() -> None:
    assert looks_from(ready_by=1000, p95=60, warmup=30) == 910
