"""Step series: what holds when, what is unknown, and sums over time."""

from __future__ import annotations

import pytest

from gala.report.series import Piece, StepSeries, integrate, pieces, total


def series(*pairs: tuple[float, float | None]) -> StepSeries:
    return StepSeries(pairs)


@pytest.mark.parametrize(
    ("time", "want"),
    [
        pytest.param(-1, None, id="before the first step nothing is known"),
        pytest.param(0, 2, id="a step holds from its own time on"),
        pytest.param(9.9, 2, id="a step holds until just before the next"),
        pytest.param(10, None, id="an unknown stretch is None and not zero"),
        pytest.param(99, 4, id="the last step holds for ever"),
    ],
)
def test_value_at(time: float, want: float | None) -> None:
    assert series((0, 2), (10, None), (20, 4)).value_at(time) == want


def test_value_before_is_what_held_until_the_very_moment_of_a_step() -> None:
    assert series((0, 2), (10, 5)).value_before(10) == 2


@pytest.mark.parametrize(
    ("time", "want"),
    [
        pytest.param(-1, (0.0, True), id="nothing was ever known: zero, and said to be an estimate"),
        pytest.param(5, (2.0, False), id="a known value is no estimate"),
        pytest.param(15, (2.0, True), id="in an unknown stretch the last known value counts as an estimate"),
    ],
)
def test_last_known_at(time: float, want: tuple[float, bool]) -> None:
    assert series((0, 2), (10, None), (20, 4)).last_known_at(time) == want


def test_a_step_without_a_change_is_not_kept() -> None:
    assert list(series((0, 2), (1, 2), (2, None), (3, None), (4, 2))) == [(0, 2), (2, None), (4, 2)]


def test_a_step_at_the_same_time_replaces_the_one_before() -> None:
    assert list(series((0, 2), (1, 3), (1, 2), (5, 4))) == [(0, 2), (5, 4)]


def test_a_step_into_the_past_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot follow"):
        series((5, 1), (4, 2))


@pytest.mark.parametrize(
    ("start", "end", "want"),
    [
        pytest.param(0, 10, 20, id="over one step"),
        pytest.param(5, 25, 10 + 20 + 20, id="over an unknown stretch the last known value goes on"),
        pytest.param(20, 20, 0, id="over nothing"),
        pytest.param(30, 20, 0, id="over a window that ends before it begins"),
    ],
)
def test_integrate(start: float, end: float, want: float) -> None:
    assert series((0, 2), (10, None), (20, 4)).integrate(start, end) == want


def test_pieces_are_cut_wherever_one_of_the_series_changes() -> None:
    found = list(pieces((series((0, 1), (4, 2)), series((2, 7))), 0, 6))
    want = [Piece(0, 2, (1, None)), Piece(2, 4, (1, 7)), Piece(4, 6, (2, 7))]
    assert found == want


def test_integrate_takes_a_function_of_several_series() -> None:
    floor, ready = series((0, 10)), series((0, 4), (3, None), (5, 12))
    assert integrate((floor, ready), 0, 10, lambda v: max(0, v[0] - v[1])) == 6 * 5


def test_total_adds_weighted_series_and_counts_an_unknown_part_with_its_last_value() -> None:
    found = total((series((0, 2), (5, None), (7, 4)), series((0, 10), (7, 20))), (1, 0.1))
    assert list(found) == [(0, 3), (7, 6)]


def test_total_of_nothing_is_empty() -> None:
    assert list(total(())) == []


def test_between_keeps_what_holds_at_its_beginning() -> None:
    assert list(series((0, 1), (5, 2), (9, 3)).between(6, 9)) == [(5, 2)]


def test_forgetting_the_past_keeps_what_holds_now() -> None:
    one = series((0, 1), (5, 2), (9, 3))
    one.forget_before(7)
    assert list(one) == [(5, 2), (9, 3)]
