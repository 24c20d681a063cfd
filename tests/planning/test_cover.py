"""What others carry in addition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gala.planning.cover import Holder, cover


@pytest.mark.parametrize(
    ("holders", "want", "missing"),
    [
        pytest.param(
            [Holder("a", 10, 10, 0, 0), Holder("b", 20, 20, None, 99)],
            {"b": 30},
            0,
            id="a cluster that has acknowledged nothing is covered whole",
        ),
        pytest.param(
            [Holder("a", 10, 10, 6, 0), Holder("b", 20, 20, None, 99)],
            {"b": 24},
            0,
            id="what it acknowledged counts",
        ),
        pytest.param(
            [Holder("a", 10, 10, 50, 0), Holder("b", 20, 20, None, 99)],
            {},
            0,
            id="more than its floor counts no more than its floor",
        ),
        pytest.param(
            [Holder("a", 10, 10, 0, 0), Holder("b", 20, 30, None, 99)],
            {},
            0,
            id="a cover that was made is not made again",
        ),
        pytest.param(
            [Holder("a", 10, 10, 0, 0), Holder("b", 9, 9, None, 4), Holder("c", 9, 9, None, 99)],
            {"b": 13, "c": 15},
            0,
            id="the next cluster takes what the first has no room for",
        ),
        pytest.param(
            [Holder("a", 10, 10, 0, 0), Holder("b", 9, 9, None, 4)],
            {"b": 13},
            6,
            id="what finds no room anywhere is told",
        ),
        pytest.param([Holder("a", 10, 10, 0, 0)], {}, 10, id="one cluster alone is covered by nobody"),
    ],
)
def test_cover(holders: list[Holder], want: dict[str, int], missing: int) -> None:
    got = cover(holders)
    assert (dict(got.raised), got.missing) == (want, missing)


HOLDERS = st.lists(
    st.builds(
        lambda division, extra, carries, spare: (division, division + extra, carries, spare),
        st.integers(0, 50),
        st.integers(0, 9),
        st.none() | st.integers(0, 50),
        st.integers(0, 60),
    ),
    max_size=5,
).map(lambda rows: [Holder(name, *row) for name, row in zip("abcde", rows, strict=False)])


@given(HOLDERS)
def test_nothing_is_lost_and_nothing_is_covered_twice(holders: list[Holder]) -> None:
    got = cover(holders)
    after = [h._replace(floor=got.raised.get(h.cluster, h.floor)) for h in holders]
    standing = sum(h.floor if h.carries is None else min(h.floor, h.carries) for h in after)
    assert standing + got.missing >= sum(h.division for h in holders)
    assert all(new.floor - old.floor <= old.spare for new, old in zip(after, holders, strict=True))
    again = cover([h._replace(spare=99) for h in after])
    assert sum(again.raised.values()) == 0 or got.missing
