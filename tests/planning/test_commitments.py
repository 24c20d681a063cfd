"""What every target holds, and when."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gala.planning.commitments import Commitments, Held
from gala.planning.facts import Missing, NodeRoom
from gala.planning.fit import Size
from planning_values import a_cluster, target

WEB, SHOP = target("web"), target("shop")
POD = Size(1000, 1000)
EAST = a_cluster(nodes=(NodeRoom(1, 10_000, 10_000, 50),))


def known(**originals: int) -> Commitments:
    """Targets of one pod size in the given order of their tiers."""
    found = Commitments()
    for rank, (name, original) in enumerate(originals.items()):
        found.know("east", target(name), rank=rank, size=POD, original=original)
    return found


def left(held: Commitments, now: float) -> int:
    """How many pods more find room in the east."""
    packed = held.packed(EAST, now)
    assert packed is not None
    return packed.room.fits(POD)


@pytest.mark.parametrize(
    ("now", "want"),
    [
        pytest.param(5, 2, id="before every floor the original counts"),
        pytest.param(10, 6, id="from its begin a floor counts"),
        pytest.param(15, 8, id="of two floors the higher counts"),
        pytest.param(20, 8, id="at its end a floor counts no more"),
        pytest.param(30, 2, id="after every floor the original counts again"),
    ],
)
def test_state(now: float, want: int) -> None:
    held = known(web=2)
    held.hold("east", WEB, Held(10, 10, 20, 6))
    held.hold("east", WEB, Held(15, 15, 30, 8))
    assert held.state(now) == ((want,),)


def test_a_target_that_nobody_knows_holds_only_its_floors() -> None:
    held = Commitments()
    held.hold("east", WEB, Held(0, 0, 9, 3))
    assert (held.due("east", WEB, 5), held.due("east", WEB, 10)) == (3, 0)


def test_a_target_that_is_heard_of_later_takes_its_room_too() -> None:
    held = known(web=2)
    assert left(held, 5) == 8

    held.know("east", SHOP, rank=1, size=POD, original=3)

    assert (held.state(5), left(held, 5)) == (((2, 3),), 5)


def test_of_two_events_the_higher_tier_says_how_a_target_ranks() -> None:
    held = Commitments()
    held.know("east", SHOP, rank=1, size=POD, original=0)
    held.know("east", WEB, rank=3, size=POD, original=20)
    held.know("east", WEB, rank=0, size=POD, original=20)
    held.know_last("east", WEB, size=Size(1, 1), original=99)
    held.hold("east", SHOP, Held(0, 0, 9, 4))
    assert held.homeless(EAST, SHOP, 5) == 4
    assert held.homeless(EAST, WEB, 5) == 10


def test_room_is_what_all_floors_leave() -> None:
    held = known(web=2, shop=3)
    held.hold("east", WEB, Held(0, 0, 9, 4))
    assert (left(held, 5), left(held, 9)) == (3, 5)


def test_a_room_that_somebody_fills_is_asked_for_anew_by_the_next() -> None:
    held = known(web=2)
    first = held.packed(EAST, 5)
    assert first is not None
    assert first.room.place(POD, 8) == 8
    assert left(held, 5) == 8


def test_a_new_floor_changes_a_room_that_was_asked_for_before() -> None:
    held = known(web=2)
    assert left(held, 5) == 8
    held.hold("east", WEB, Held(0, 0, 9, 7))
    assert left(held, 5) == 3


def test_unknown_nodes_say_nothing_about_room() -> None:
    unknown = a_cluster(nodes=Missing("RoomUnknown", "not read"))
    assert known(web=99).packed(unknown, 5) is None
    assert known(web=99).homeless(unknown, WEB, 5) == 0


def test_what_is_of_a_lesser_tier_loses_its_room_first() -> None:
    held = known(web=8, shop=8)
    assert (held.homeless(EAST, WEB, 5), held.homeless(EAST, SHOP, 5)) == (0, 6)


def test_what_is_prepared_for_later_makes_nobody_homeless() -> None:
    held = known(web=0, shop=8)
    held.hold("east", WEB, Held(0, 50, 99, 8))
    assert left(held, 5) == 0
    assert [held.homeless(EAST, SHOP, now) for now in (5, 50)] == [0, 6]


HOLDS = st.lists(
    st.tuples(st.sampled_from(["web", "shop", "cart"]), st.integers(0, 12), st.integers(0, 3)), max_size=8
)


def filled(holds: list[tuple[str, int, int]]) -> Commitments:
    found = known(web=2, shop=3, cart=1)
    for name, replicas, begin in holds:
        found.hold("east", target(name), Held(begin, begin + 1, 9, replicas))
    return found


def answers(held: Commitments, now: float) -> list[int]:
    names = ("cart", "web", "shop")
    return [*(held.homeless(EAST, target(name), now) for name in names), left(held, now)]


@given(HOLDS)
def test_what_was_asked_before_changes_no_answer(holds: list[tuple[str, int, int]]) -> None:
    asked = filled([])
    for number, (name, replicas, begin) in enumerate(holds, start=1):
        asked.hold("east", target(name), Held(begin, begin + 1, 9, replicas))
        for now in (3, 0, 2):
            assert answers(asked, now) == answers(filled(holds[:number]), now)
