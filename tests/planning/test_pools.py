"""Free room of which not every pod may use all."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from gala.planning.facts import NodeRoom
from gala.planning.fit import Room, Size
from gala.planning.pools import Pools, empty_room
from gala.planning.quotas import Draw, Purse, Quota

NODES = [NodeRoom(2, 4000, 4000, 10)]
FEW = Purse("gala", "few", "pods")
POD = Size(1000, 1000, (Draw(FEW, 1),))
OTHER = Size(1000, 1000)


def few(pods: int) -> dict[str, tuple[Quota, ...]]:
    return {"gala": (Quota("few", (("pods", pods),)),)}


def test_where_nothing_is_drawn_the_room_is_the_plain_one() -> None:
    assert isinstance(empty_room(NODES, few(1), [OTHER]), Room)
    assert isinstance(empty_room(NODES, few(1), [OTHER, POD]), Pools)


def test_a_quota_bounds_the_pods_that_draw_from_it_and_no_others() -> None:
    room = empty_room(NODES, few(3), [OTHER, POD])
    assert (room.fits(POD), room.place(POD, 5), room.fits(POD), room.fits(OTHER)) == (3, 3, 0, 5)


def test_what_finds_no_node_is_not_drawn() -> None:
    room = empty_room(NODES, few(9), [OTHER, POD])
    assert (room.place(OTHER, 7), room.place(POD, 5)) == (7, 1)
    assert room.lack(POD, 4).reason == "InsufficientRoom"


def test_a_copy_is_filled_on_its_own() -> None:
    room = empty_room(NODES, few(3), [POD])
    copy = room.copy()
    assert (copy.place(POD, 3), room.fits(POD), copy.fits(POD)) == (3, 3, 0)


WISHES = st.lists(st.tuples(st.integers(0, 40), st.sampled_from("abc"), st.integers(0, 30)), max_size=8)


@given(st.integers(0, 30), st.integers(0, 500), WISHES)
def test_no_purse_is_ever_overdrawn(pods: int, cpu: int, wishes: list[tuple[int, str, int]]) -> None:
    quotas = {"a": (Quota("few", (("pods", pods),)), Quota("many", (("cpu", cpu),))), "b": few(pods)["gala"]}
    drawn = {
        "a": lambda c: (Draw(Purse("a", "few", "pods"), 1), Draw(Purse("a", "many", "cpu"), max(1, c))),
        "b": lambda _: (Draw(Purse("b", "few", "pods"), 1),),
        "c": lambda _: (),
    }
    sizes = [Size(c, c, drawn[namespace](c)) for c, namespace, _ in wishes]
    room = empty_room([NodeRoom(3, 100, 100, 20)], quotas, sizes)
    used = {"a": 0, "b": 0, "c": 0}
    spent = 0
    for size, (c, namespace, wanted) in zip(sizes, wishes, strict=True):
        fits = min(wanted, room.fits(size))
        placed = room.place(size, wanted)
        assert fits == placed
        used[namespace] += placed
        spent += placed * max(1, c) if namespace == "a" else 0
    assert (used["a"] <= pods, used["b"] <= pods, spent <= cpu) == (True, True, True)
