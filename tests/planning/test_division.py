"""One total over clusters."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gala.planning.division import Part, divide, webster

FREE = 1_000_000


def part(cluster: str, share: int, cap: int = FREE, **more: int) -> Part:
    return Part(cluster, share, cap, **more)


def even(*shares: int, **more: int) -> list[Part]:
    return [part(name, share, **more) for name, share in zip("abcdefgh", shares, strict=False)]


@pytest.mark.parametrize(
    ("total", "parts", "want"),
    [
        pytest.param(10, even(1, 1), [5, 5], id="equal shares get equal parts"),
        pytest.param(10, even(6, 6, 2), [4, 4, 2], id="ten seats by six, six and two"),
        pytest.param(11, even(6, 6, 2), [5, 4, 2], id="eleven seats take none from the small one"),
        pytest.param(10, even(0, 0), [0, 0], id="without shares nobody gets anything"),
        pytest.param(5, even(1, 0), [5, 0], id="a share of zero gets nothing"),
        pytest.param(1, even(1, 1), [1, 0], id="a tie goes to the first name"),
        pytest.param(
            1, [part("a", 1), part("b", 1, current=3)], [0, 1], id="a tie goes to who runs it already"
        ),
        pytest.param(
            3,
            [part("a", 2, current=9), part("b", 1)],
            [2, 1],
            id="an exact share is given whatever runs",
        ),
        pytest.param(2, even(1, 1, 1, 1), [1, 1, 0, 0], id="rounding up all is corrected downwards"),
    ],
)
def test_webster(total: int, parts: list[Part], want: list[int]) -> None:
    assert webster(total, parts) == want


@pytest.mark.parametrize(
    ("total", "parts", "qps", "want", "short"),
    [
        pytest.param(
            10,
            even(1, 1, 1, 1, 1, 1, 1),
            91,
            dict.fromkeys("abcdefg", 2),
            0,
            id="ten over seven equal clusters starve none of them",
        ),
        pytest.param(
            10, [part("a", 1), part("b", 0, minimum=3)], 0, {"a": 10, "b": 3}, 0, id="a minimum is on top"
        ),
        pytest.param(
            10,
            [part("a", 1, cap=2, minimum=5), part("b", 1)],
            0,
            {"a": 2, "b": 8},
            0,
            id="a cap beats a minimum, and the excess goes to the next cluster",
        ),
        pytest.param(
            20,
            [
                part("a", 1, cap=3),
                part("b", 0, cap=4, fill_order=2),
                part("c", 0, cap=5, fill_order=1),
            ],
            0,
            {"a": 3, "b": 4, "c": 5},
            8,
            id="the excess goes once through the fill order, and the rest is a shortfall",
        ),
        pytest.param(
            10,
            [part("a", 1, cap=0), part("b", 0, weight=1), part("c", 0, weight=2)],
            0,
            {"a": 0, "b": 0, "c": 10},
            0,
            id="within a fill order the heavier cluster takes the excess",
        ),
        pytest.param(4, even(0, 0), 0, {"a": 4, "b": 0}, 0, id="without shares everything is overflow"),
        pytest.param(7, [], 0, {}, 7, id="without clusters everything is short"),
    ],
)
def test_divide(total: int, parts: list[Part], qps: int, want: dict[str, int], short: int) -> None:
    got = divide(total, parts, qps=qps, per_replica=10)
    assert (dict(got.counts), got.short) == (want, short)


def test_a_capped_cluster_gets_back_what_its_cap_leaves_of_the_excess() -> None:
    got = divide(10, [part("a", 0, cap=9), part("b", 1, cap=6)])
    assert (dict(got.counts), got.short) == ({"a": 4, "b": 6}, 0)


PARTS = st.lists(
    st.tuples(
        st.integers(0, 50),
        st.integers(0, 200),
        st.sampled_from([0, 0, 0, 5, 40]),
        st.integers(0, 3),
        st.integers(0, 3),
        st.integers(0, 20),
    ),
    max_size=8,
).map(lambda rows: [Part(name, *row) for name, row in zip("abcdefgh", rows, strict=False)])


@given(st.integers(0, 400), PARTS, st.integers(0, 3000), st.integers(1, 20))
def test_nothing_is_lost(total: int, parts: list[Part], qps: int, per_replica: int) -> None:
    got = divide(total, parts, qps=qps, per_replica=per_replica)
    assert sum(got.counts.values()) + got.short >= total
    assert got.short >= 0
    assert all(0 <= got.counts[p.cluster] <= p.cap for p in parts)
    if not qps and not any(p.minimum for p in parts):
        assert sum(got.counts.values()) + got.short == total


@given(st.integers(0, 400), PARTS, st.randoms(use_true_random=False))
def test_the_order_of_the_clusters_changes_nothing(total: int, parts: list[Part], rng: random.Random) -> None:
    mixed = list(parts)
    rng.shuffle(mixed)
    assert divide(total, mixed, qps=total, per_replica=2) == divide(total, parts, qps=total, per_replica=2)


@given(st.integers(0, 400), st.integers(1, 30), PARTS)
def test_a_higher_total_lowers_no_cluster_that_has_room(total: int, more: int, parts: list[Part]) -> None:
    free = [p._replace(cap=FREE) for p in parts]
    low, high = (divide(t, free, qps=t, per_replica=3).counts for t in (total, total + more))
    assert all(high[c] >= low[c] for c in low)


@given(st.integers(0, 400), st.integers(1, 30), PARTS)
def test_a_higher_total_never_lowers_the_sum(total: int, more: int, parts: list[Part]) -> None:
    low, high = (divide(t, parts, qps=t, per_replica=3) for t in (total, total + more))
    assert sum(high.counts.values()) >= sum(low.counts.values())


@given(st.integers(0, 10**6), PARTS)
def test_a_part_is_never_further_than_the_clusters_from_its_exact_share(
    total: int, parts: list[Part]
) -> None:
    whole = sum(p.share for p in parts)
    for p, seats in zip(parts, webster(total, parts), strict=True):
        if whole:
            assert abs(seats - total * p.share / whole) <= len(parts)
