"""Free room of which not every pod may use all."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from gala.planning.eligibility import may_use
from gala.planning.facts import NodeRoom
from gala.planning.fit import Needs, Room, Size
from gala.planning.pools import Pools, empty_room
from gala.planning.quotas import Draw, Purse, Quota
from gala.planning.shortfall import CAME_FREE, FRAGMENTED, Lack
from gala.planning.templates import ANYWHERE, Spread, Taint, Term, Toleration, Where

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
    assert room.lack(POD, 4).reason == "InsufficientCPU"


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


DEVICE = "nvidia.com/gpu"
ON_DEVICES = Size(1000, 1000, Needs(extended=((DEVICE, 2),)))


def test_a_pod_that_asks_for_devices_uses_the_nodes_that_have_them() -> None:
    nodes = [NodeRoom(1, 9000, 9000, 10), NodeRoom(2, 9000, 9000, 10, extended=((DEVICE, 5),))]
    room = empty_room(nodes, {}, [ON_DEVICES, OTHER])
    assert (room.fits(ON_DEVICES), room.place(ON_DEVICES, 3), room.fits(ON_DEVICES)) == (4, 3, 1)
    assert (room.fits(OTHER), room.place(ON_DEVICES, 9)) == (24, 1)
    assert room.lack(ON_DEVICES, 2) == Lack("InsufficientResource", f"not enough {DEVICE} is free")
    assert room.lack(ON_DEVICES, 1) == FRAGMENTED


@pytest.mark.parametrize(
    ("nodes", "want"),
    [
        pytest.param([NodeRoom(1, 9000, 9000, 10)], "InsufficientResource", id="no node has such a device"),
        pytest.param(
            [NodeRoom(1, 9000, 9000, 10, (), TAINTED, ((DEVICE, 5),))], "NodeSelector", id="a tainted one has"
        ),
        pytest.param(
            [NodeRoom(1, 900, 9000, 10, extended=((DEVICE, 5),)), NodeRoom(1, 9000, 9000, 10)],
            "InsufficientCPU",
            id="where the devices are there is no CPU",
        ),
        pytest.param([], "InsufficientPods", id="there is no node at all"),
    ],
)
def test_why_there_is_no_device(nodes: list[NodeRoom], want: str) -> None:
    assert empty_room(nodes, {}, [ON_DEVICES, OTHER]).lack(ON_DEVICES, 1).reason == want


def test_a_copy_of_nodes_with_devices_is_filled_on_its_own() -> None:
    room = empty_room([NodeRoom(1, 9000, 9000, 10, extended=((DEVICE, 5),))], {}, [ON_DEVICES, OTHER])
    copy = room.copy()
    assert (copy.place(ON_DEVICES, 9), room.fits(ON_DEVICES), copy.fits(ON_DEVICES)) == (2, 2, 0)


def test_two_devices_on_two_nodes_are_none_for_a_pod_that_asks_for_both() -> None:
    nodes = [NodeRoom(1, 9000, 9000, 10, extended=((name, 5),)) for name in ("a", "b")]
    both = Size(1, 1, Needs(extended=(("a", 1), ("b", 1))))
    assert empty_room(nodes, {}, [both]).lack(both, 1).reason == "InsufficientResource"


def test_room_that_came_free_is_told_as_that() -> None:
    room = empty_room(MIXED, {}, [asking(Where(SELECTS, TOLERATES)), OTHER])
    assert room.lack(OTHER, 3) == CAME_FREE


def test_pools_that_take_a_pod_lack_together() -> None:
    both = asking(Where(tolerations=TOLERATES), cpu=3000)
    room = empty_room(MIXED, {}, [both, OTHER])
    assert room.place(both, 9) == 3
    assert (room.lack(both, 1), room.lack(both, 2).reason) == (FRAGMENTED, "InsufficientCPU")


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


LABELS = st.sampled_from(
    [(), GPU, (("pool", "fast"),), (*GPU, ("zone", "a")), (*GPU, ("zone", "b")), (("zone", "b"),)]
)
SPREAD = Spread("zone", 2)
TAINTS = st.sampled_from([(), TAINTED, (*TAINTED, Taint("x", "", "NoExecute"))])
DEVICES = st.sampled_from([(), ((DEVICE, 0),), ((DEVICE, 4),), ((DEVICE, 7),)])
POOLED = st.lists(
    st.tuples(
        st.integers(1, 4), st.integers(0, 90), st.integers(0, 90), st.integers(0, 9), LABELS, TAINTS, DEVICES
    ),
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
ASKED = st.lists(
    st.tuples(
        st.integers(0, 40),
        st.integers(0, 40),
        WHERES,
        st.integers(0, 3),
        st.sampled_from([None, None, SPREAD]),
        st.integers(0, 40),
    ),
    max_size=8,
)


def amounts(size: Size, node: NodeRoom) -> list[tuple[int, int]]:
    """Of each resource what such a node has and what such a pod asks for."""
    has = dict(node.extended)
    asked = size.needs.extended if size.needs else ()
    pairs = [(node.cpu, size.cpu), (node.memory, size.memory), (node.pods, 1)]
    return pairs + [(has.get(name, 0), count) for name, count in asked]


def takes(node: NodeRoom, size: Size) -> bool:
    """By labels and taints alone."""
    labels, needs = dict(node.labels), size.needs or Needs()
    return may_use(labels, node.taints, needs.where) and (needs.spread is None or "zone" in labels)


def has_all(node: NodeRoom, size: Size) -> bool:
    """Whether a node has every device that is asked for, free or not."""
    return {name for name, _ in (size.needs or Needs()).extended} <= {name for name, _ in node.extended}


def told_truly(reason: str, size: Size, pods: int, nodes: list[NodeRoom], empty: list[NodeRoom]) -> bool:
    """Judged anew from the nodes, as they are left and as they were, by what the reason means."""
    rows = [(n.count, amounts(size, n)) for n in nodes if takes(n, size)]
    sums = [sum(c * row[place][0] for c, row in rows) for place in range(3)]
    enough = [has >= pods * asks for has, asks in zip(sums, (size.cpu, size.memory, 1), strict=True)]
    fits = any(all(has >= asks for has, asks in row) for _, row in rows)
    return {
        "NodeSelector": bool(empty) and not any(takes(n, size) for n in empty),
        "TopologySpread": bool(size.needs and size.needs.spread) and fits,
        "InsufficientCPU": not enough[0] and not fits,
        "InsufficientMemory": not enough[1] and not fits,
        "InsufficientPods": (not enough[2] or not empty) and not fits,
        "InsufficientResource": bool(size.needs and size.needs.extended) and not fits,
        "Fragmented": all(enough) and not fits,
    }[reason]


@given(POOLED, ASKED)
def test_no_pod_is_placed_where_it_may_not_be_and_no_node_is_overfilled(
    nodes: list[NodeRoom], asked: list[tuple[int, int, Where, int, Spread | None, int]]
) -> None:
    sizes = [
        Size(c, m, Needs((), where, ((DEVICE, devices),) if devices else (), spread, str(number)))
        for number, (c, m, where, devices, spread, _) in enumerate(asked)
    ]
    room = empty_room(nodes, {}, [*sizes, asking(Where(SELECTS)), ON_DEVICES])
    assume(isinstance(room, Pools))
    for size, (_, _, where, _, spread, wanted) in zip(sizes, asked, strict=True):
        before = room.left()
        fits, placed = min(wanted, room.fits(size)), room.place(size, wanted)
        assert fits == placed
        after = room.left()
        taken = closed = 0
        zones: Counter[str] = Counter()
        for node, sign in (*((n, 1) for n in before), *((n, -1) for n in after)):
            assert min(node.cpu, node.memory, node.pods, *(free for _, free in node.extended)) >= 0
            slots = sign * node.count * node.pods
            open_to = may_use(dict(node.labels), node.taints, where)
            taken, closed = taken + slots * open_to, closed + slots * (not open_to)
            zones[dict(node.labels).get("zone", "")] += slots
        assert (taken, closed) == (placed, 0)
        if spread is not None and placed:
            may = [dict(n.labels)["zone"] for n in nodes if takes(n, size) and has_all(n, size)]
            assert max(zones.values()) - min(zones[zone] for zone in may) <= spread.skew
            assert not zones[""]
        if placed < wanted:
            reason = room.lack(size, wanted - placed).reason
            assert told_truly(reason, size, wanted - placed, [*after], nodes), reason
