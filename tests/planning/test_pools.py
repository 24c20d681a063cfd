"""Free room of which not every pod may use all."""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gala.planning.eligibility import may_use
from gala.planning.facts import NodeRoom
from gala.planning.fit import Needs, Room, Size
from gala.planning.pools import Pools, empty_room
from gala.planning.quotas import Draw, Purse, Quota
from gala.planning.templates import ANYWHERE, Taint, Term, Toleration, Where

NODES = [NodeRoom(2, 4000, 4000, 10)]
FEW = Purse("gala", "few", "pods")
POD = Size(1000, 1000, Needs((Draw(FEW, 1),)))
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


GPU = (("pool", "gpu"),)
TAINTED = (Taint("pool", "gpu", "NoSchedule"),)
TOLERATES = (Toleration("pool", "Exists"),)
SELECTS = ((Term("pool", "In", ("gpu",)),),)
MIXED = [NodeRoom(1, 4000, 4000, 10), NodeRoom(1, 8000, 8000, 10, GPU, TAINTED)]


def asking(where: Where, cpu: int = 1000) -> Size:
    return Size(cpu, 1000, Needs(where=where))


@pytest.mark.parametrize(
    ("where", "want"),
    [
        pytest.param(ANYWHERE, 4, id="a plain pod keeps off tainted nodes"),
        pytest.param(Where(tolerations=TOLERATES), 12, id="one that tolerates the taint may use all"),
        pytest.param(Where(SELECTS, TOLERATES), 8, id="one that asks for their label too uses them alone"),
        pytest.param(Where(SELECTS), 0, id="one that asks for them and does not tolerate them finds none"),
    ],
)
def test_a_pod_uses_the_nodes_that_take_it(where: Where, want: int) -> None:
    room = empty_room(MIXED, {}, [asking(where), OTHER])
    assert (room.fits(asking(where)), room.place(asking(where), 99)) == (want, want)


def test_nodes_that_no_pod_tolerates_leave_a_plain_room() -> None:
    room = empty_room(MIXED, {}, [OTHER])
    assert (isinstance(room, Pools), room.fits(OTHER)) == (True, 4)


def test_a_pod_takes_first_what_fewer_others_may_use() -> None:
    both, plain = asking(Where(tolerations=TOLERATES)), OTHER
    room = empty_room(MIXED, {}, [both, plain])
    assert (room.place(both, 8), room.fits(plain)) == (8, 4)


def test_where_every_pod_may_use_every_node_the_room_is_the_plain_one() -> None:
    wide = asking(Where(tolerations=TOLERATES))
    assert isinstance(empty_room(NODES, {}, [wide, OTHER]), Room)
    assert isinstance(empty_room([], {}, [wide]), Room)


def test_a_pod_that_no_node_takes_is_told_so() -> None:
    none, tainted = asking(Where(SELECTS)), [NodeRoom(1, 8000, 8000, 10, GPU, TAINTED)]
    assert empty_room(MIXED, {}, [none, OTHER]).lack(none, 1).reason == "NodeSelector"
    assert empty_room(tainted, {}, [OTHER]).lack(OTHER, 1).reason == "NodeSelector"


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
    sizes = [Size(c, c, Needs(drawn[namespace](c))) for c, namespace, _ in wishes]
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


LABELS = st.sampled_from([(), GPU, (("pool", "fast"),)])
TAINTS = st.sampled_from([(), TAINTED, (*TAINTED, Taint("x", "", "NoExecute"))])
POOLED = st.lists(
    st.tuples(st.integers(1, 4), st.integers(0, 90), st.integers(0, 90), st.integers(0, 9), LABELS, TAINTS),
    max_size=5,
).map(lambda rows: [NodeRoom(*row) for row in rows])
WHERES = st.sampled_from(
    [
        ANYWHERE,
        Where(SELECTS),
        Where(SELECTS, TOLERATES),
        Where(tolerations=(Toleration(operator="Exists"),)),
        Where(((Term("pool", "NotIn", ("gpu",)),),)),
    ]
)
ASKED = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), WHERES, st.integers(0, 40)), max_size=8)


@given(POOLED, ASKED)
def test_no_pod_is_placed_where_it_may_not_be(
    nodes: list[NodeRoom], asked: list[tuple[int, int, Where, int]]
) -> None:
    sizes = [Size(c, m, Needs(where=where)) for c, m, where, _ in asked]
    room = empty_room(nodes, {}, [*sizes, asking(Where(SELECTS))])
    assume(isinstance(room, Pools))
    for size, (*_, where, wanted) in zip(sizes, asked, strict=True):
        before = room.left()
        fits, placed = min(wanted, room.fits(size)), room.place(size, wanted)
        assert fits == placed
        after = room.left()
        taken = closed = 0
        for node, sign in (*((n, 1) for n in before), *((n, -1) for n in after)):
            assert min(node.cpu, node.memory, node.pods) >= 0
            slots = sign * node.count * node.pods
            open_to = may_use(dict(node.labels), node.taints, where)
            taken, closed = taken + slots * open_to, closed + slots * (not open_to)
        assert (taken, closed) == (placed, 0)
        if not placed and wanted:
            usable = any(may_use(dict(n.labels), n.taints, where) for n in nodes)
            assert (room.lack(size, wanted).reason == "NodeSelector") == (bool(nodes) and not usable)
