"""Warm: Ready for a warm-up already."""

from __future__ import annotations

from math import inf

import pytest

from gala.fleet.warm import ReadyHistory
from gala.planning.facts import Missing


@pytest.mark.parametrize(
    ("notes", "now", "want"),
    [
        pytest.param([(0, 5)], 0, None, id="what was Ready before the first look is unknown"),
        pytest.param([(0, 5)], 29.9, None, id="it stays unknown until a warm-up has passed"),
        pytest.param([(0, 5)], 30, 5, id="it is warm once a warm-up has passed"),
        pytest.param([(0, 0)], 0, 0, id="nothing Ready is nothing warm without any history"),
        pytest.param([(0, 5), (10, 8)], 39, 5, id="new pods are not warm before their warm-up"),
        pytest.param([(0, 5), (10, 8)], 40, 8, id="new pods are warm after their warm-up"),
        pytest.param([(0, 8), (40, 3)], 41, 3, id="never more than is Ready now"),
        pytest.param([(0, 8), (40, 3), (45, 8)], 60, 3, id="a dip within the warm-up counts"),
        pytest.param([(0, 8), (40, 3), (45, 8)], 75, 8, id="a dip before the warm-up is forgotten"),
        pytest.param([], 0, None, id="without any look it is unknown"),
    ],
)
def test_warm_is_the_least_that_was_ready_during_the_warm_up(
    notes: list[tuple[float, int]], now: float, want: int | None
) -> None:
    history = ReadyHistory()
    for at, ready in notes:
        history.note(at, ready)

    got = history.warm(now, 30.0)

    assert (None if isinstance(got, Missing) else got) == want


def test_after_a_time_without_contact_the_count_begins_anew() -> None:
    history = ReadyHistory()
    history.note(0, 5)
    assert history.warm(40, 30) == 5

    history.forget()
    history.note(41, 5)

    assert isinstance(history.warm(41, 30), Missing)
    assert history.warm(71, 30) == 5


def test_the_answer_stays_from_a_warm_up_after_the_last_change_on() -> None:
    history = ReadyHistory()
    assert history.stands_from(30) == inf

    history.note(0, 5)
    history.note(10, 8)

    assert history.stands_from(30) == 40
    assert history.warm(40, 30) == history.warm(4_000, 30) == 8
