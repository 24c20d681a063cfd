"""How many more pods find room."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gala.planning.facts import NodeRoom
from gala.planning.fit import Nodes, Room, Size

POD = Size(1000, 1000)


@pytest.mark.parametrize(
    ("nodes", "size", "want"),
    [
        pytest.param([NodeRoom(2, 3500, 9000, 10)], POD, 6, id="cpu left over on each node is lost"),
        pytest.param([NodeRoom(2, 9000, 3500, 10)], POD, 6, id="memory bounds as well"),
        pytest.param([NodeRoom(2, 9000, 9000, 1)], POD, 2, id="pod slots bound as well"),
        pytest.param([NodeRoom(1, 500, 9000, 10)] * 9, POD, 0, id="small pieces do not add up"),
        pytest.param([NodeRoom(3, -5, -5, -5)], POD, 0, id="an overcommitted node has no room"),
        pytest.param([NodeRoom(2, 0, 0, 4)], Size(0, 0), 8, id="a pod without requests takes a slot"),
        pytest.param([NodeRoom(1, 2000, 9000, 9), NodeRoom(1, 1000, 9000, 9)], POD, 3, id="nodes add up"),
        pytest.param([], POD, 0, id="without nodes nothing fits"),
    ],
)
def test_fits(nodes: list[NodeRoom], size: Size, want: int) -> None:
    assert Room(Nodes(nodes)).fits(size) == want
    assert Room(Nodes(nodes)).place(size, 100) == want


def test_what_was_placed_is_gone_for_the_next() -> None:
    room = Room(Nodes([NodeRoom(2, 4000, 4000, 10)]))
    placed = [room.place(POD, 3), room.place(Size(2000, 1000), 3), room.fits(POD)]
    assert placed == [3, 2, 1]


def test_a_copy_is_filled_on_its_own() -> None:
    room = Room(Nodes([NodeRoom(2, 4000, 4000, 10)]))
    copy = room.copy()
    assert (copy.place(POD, 8), room.fits(POD), copy.fits(POD)) == (8, 8, 0)


def test_what_is_left_is_told_by_equal_nodes() -> None:
    room = Room(Nodes([NodeRoom(3, 4000, 4000, 10)]))
    room.place(POD, 5)
    want = [NodeRoom(1, 0, 0, 6), NodeRoom(1, 3000, 3000, 9), NodeRoom(1, 4000, 4000, 10)]
    assert sorted(room.left()) == want


@pytest.mark.parametrize(
    ("nodes", "want"),
    [
        pytest.param([NodeRoom(9, 500, 9000, 9)], "Fragmented", id="small pieces of CPU"),
        pytest.param(
            [NodeRoom(1, 9000, 10, 9), NodeRoom(1, 10, 9000, 9)], "Fragmented", id="CPU here and memory there"
        ),
        pytest.param([NodeRoom(3, 500, 9000, 9)], "InsufficientCPU", id="too little CPU in sum"),
        pytest.param(
            [NodeRoom(3, -9000, 9000, 9), NodeRoom(1, 900, 1, 9)], "InsufficientCPU", id="overdrawn"
        ),
        pytest.param([NodeRoom(2, 9000, 500, 9)], "InsufficientMemory", id="too little memory in sum"),
        pytest.param([NodeRoom(2, 9000, 9000, 0)], "InsufficientPods", id="no pod slots"),
        pytest.param([], "InsufficientCPU", id="no nodes"),
        pytest.param([NodeRoom(1, 9000, 9000, 9)], "InsufficientRoom", id="room after all"),
    ],
)
def test_what_two_more_pods_lack(nodes: list[NodeRoom], want: str) -> None:
    assert Room(Nodes(nodes)).lack(POD, 2).reason == want


def test_what_is_lacked_counts_nodes_that_were_filled() -> None:
    room = Room(Nodes([NodeRoom(1, 1500, 9000, 9), NodeRoom(2, 1500, 9000, 9)]), POD)
    assert room.place(POD, 9) == 3
    assert (room.lack(POD, 1).reason, room.lack(POD, 2).reason) == ("Fragmented", "InsufficientCPU")


NODES = st.lists(
    st.tuples(st.integers(1, 5), st.integers(-10, 99), st.integers(-10, 99), st.integers(0, 9)),
    max_size=6,
).map(lambda rows: [NodeRoom(*row) for row in rows])
SIZES = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 60)), max_size=8)


@given(NODES, SIZES)
def test_no_node_is_ever_overfilled(nodes: list[NodeRoom], wishes: list[tuple[int, int, int]]) -> None:
    room = Room(Nodes(nodes))
    cpu = memory = pods = 0
    for c, m, wanted in wishes:
        fits = min(wanted, room.fits(Size(c, m)))
        placed = room.place(Size(c, m), wanted)
        assert fits == placed <= wanted
        cpu, memory, pods = cpu + placed * c, memory + placed * m, pods + placed
    assert sum(n.count for n in room.left()) == sum(n.count for n in nodes)
    assert sum(n.count * n.cpu for n in room.left()) == sum(n.count * n.cpu for n in nodes) - cpu
    assert sum(n.count * n.memory for n in room.left()) == sum(n.count * n.memory for n in nodes) - memory
    assert sum(n.count * n.pods for n in room.left()) == sum(n.count * n.pods for n in nodes) - pods
    for after in room.left():
        assert after.cpu >= min(0, *(n.cpu for n in nodes))
