"""Floors only rise, but for a person's word."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gala.planning.ledger import Basis, Floor
from gala.planning.ratchet import ratchet
from planning_values import BASIS, a_floor

NEWER = Basis("uid", 2)


def floors(old: dict[str, Floor], divisions: dict[str, int], required: int, basis: Basis) -> dict[str, int]:
    order = tuple(sorted({*old, *divisions}, reverse=True))
    found = ratchet(
        "r", old=old, divisions=divisions, required=required, basis=basis, reverse_fill_order=order
    )
    return {c: floor.replicas for c, floor in sorted(found.items())}


def old(**more: Any) -> dict[str, Floor]:
    """a: 30 of 40, b: 10 of 40."""
    return {
        "a": a_floor(replicas=30, required=40, division=30, **more),
        "b": a_floor(replicas=10, required=40, division=10, **more),
    }


@pytest.mark.parametrize(
    ("stored", "divisions", "required", "basis", "want"),
    [
        pytest.param({}, {"a": 3, "b": 2}, 5, BASIS, {"a": 3, "b": 2}, id="a new floor is the division"),
        pytest.param(old(), {"a": 5, "b": 35}, 40, BASIS, {"a": 30, "b": 35}, id="new facts only raise"),
        pytest.param(old(), {}, 40, BASIS, {"a": 30, "b": 10}, id="a cluster without a part keeps its floor"),
        pytest.param(
            old(), {"a": 15, "b": 5}, 20, NEWER, {"a": 15, "b": 5}, id="an edit lowers by the divisions' fall"
        ),
        pytest.param(
            {"a": a_floor(replicas=36, required=40, division=30)},
            {"a": 15},
            25,
            NEWER,
            {"a": 21},
            id="what was added on top of the division stays after an edit",
        ),
        pytest.param(
            old(),
            {"a": 5, "b": 5},
            30,
            NEWER,
            {"a": 25, "b": 5},
            id="all together fall by no more than the total, the last of the fill order first",
        ),
        pytest.param(
            old(),
            {"a": 10, "b": 30},
            40,
            NEWER,
            {"a": 30, "b": 30},
            id="an edit that only moves lowers nothing",
        ),
        pytest.param(
            old(), {"a": 60, "b": 20}, 80, NEWER, {"a": 60, "b": 20}, id="an edit raises to the division"
        ),
        pytest.param(
            old(taken=4),
            {"a": 60, "b": 20},
            80,
            BASIS,
            {"a": 56, "b": 16},
            id="what a move took is not given back by more room",
        ),
        pytest.param(
            old(taken=4),
            {"a": 60, "b": 20},
            80,
            NEWER,
            {"a": 56, "b": 16},
            id="what a move took is not given back by an edit",
        ),
        pytest.param(
            old(), {"a": 15, "b": 5}, 20, Basis("other", 1), {"a": 15, "b": 5}, id="another uid is newer"
        ),
        pytest.param(
            old(basis=NEWER),
            {"a": 15, "b": 5},
            20,
            BASIS,
            {"a": 30, "b": 10},
            id="an older basis lowers nothing",
        ),
    ],
)
def test_ratchet(
    stored: dict[str, Floor],
    divisions: dict[str, int],
    required: int,
    basis: Basis,
    want: dict[str, int],
) -> None:
    assert floors(stored, divisions, required, basis) == want


def test_an_edit_leaves_its_own_figures_behind_so_that_later_facts_lower_nothing() -> None:
    found = ratchet(
        "r",
        old=old(),
        divisions={"a": 15, "b": 5},
        required=20,
        basis=NEWER,
        reverse_fill_order=("b", "a"),
    )
    assert {(f.required, f.division, f.basis) for f in found.values()} == {(20, 15, NEWER), (20, 5, NEWER)}


NUMBERS = st.dictionaries(st.sampled_from("abcd"), st.integers(0, 50))


@given(NUMBERS, NUMBERS, st.integers(0, 150), st.integers(0, 150), st.booleans())
def test_a_fall_is_bounded_twice(
    before: dict[str, int], divisions: dict[str, int], was: int, required: int, edited: bool
) -> None:
    stored = {c: a_floor(replicas=n + 3, required=was, division=n) for c, n in before.items()}
    found = floors(stored, divisions, required, NEWER if edited else BASIS)
    falls = {c: max(0, stored[c].replicas - found[c]) for c in stored}
    assert sum(falls.values()) <= (max(0, was - required) if edited else 0)
    assert all(falls[c] <= max(0, before[c] - divisions.get(c, before[c])) for c in falls)
    assert all(found[c] >= division for c, division in divisions.items())


@pytest.mark.parametrize(
    ("basis", "other", "want"),
    [
        pytest.param(Basis("a", 2), Basis("a", 1), True, id="a later generation is newer"),
        pytest.param(Basis("a", 1, 1), Basis("a", 1), True, id="one cue more is newer"),
        pytest.param(Basis("a", 1), Basis("a", 1), False, id="the same is not newer"),
        pytest.param(Basis("a", 1), Basis("a", 2, 5), False, id="an earlier generation is not newer"),
        pytest.param(Basis("b", 1), Basis("a", 9), True, id="another uid is newer whatever its generation"),
    ],
)
def test_bases(basis: Basis, other: Basis, want: bool) -> None:
    assert basis.newer_than(other) is want
