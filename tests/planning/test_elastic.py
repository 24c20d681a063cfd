"""Room that a node autoscaler can add: after real room, and with its own time in the lead."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gala.planning.commitments import Commitments, Held
from gala.planning.facts import ClusterFacts, Elastic, NodeRoom
from gala.planning.fit import Needs, Size
from gala.planning.outcome import SegmentPlan
from gala.planning.plan import plan
from gala.planning.pools import Pools, empty_room
from gala.planning.templates import ANYWHERE, Taint, Template, Term, Toleration, Where
from planning_values import (
    NOW,
    SETTINGS,
    SHOW,
    a_cluster,
    a_round,
    a_snapshot,
    a_spec,
    a_workload,
    an_event,
    running,
    target,
)

GI = 1 << 30
TEN = Elastic(10_000, 10 * GI, 100, 180.0)
"""Room for ten pods."""

WEB = target()


def planned(*clusters: ClusterFacts, spec: Any = None, now: float = NOW) -> list[SegmentPlan]:
    made = plan(a_snapshot(an_event(spec), clusters=clusters), now, SETTINGS)
    return list(made.events[SHOW].segments)


def leads(segment: SegmentPlan) -> dict[str, float]:
    return {window.cluster: segment.ready_by - window.prepare_at for window in segment.windows}


def test_room_that_can_be_added_counts_beside_what_is_there() -> None:
    (segment,) = planned(a_cluster(nodes=1, elastic=TEN))
    assert [(p.cap, p.division) for p in segment.placements] == [(20, 20)]
    assert (segment.needs[0].short, segment.needs[0].short_reason) == (10, "InsufficientCPU")


@pytest.mark.parametrize(
    ("nodes", "longer"),
    [
        pytest.param(3, False, id="where all fits on the nodes that are there the lead is as ever"),
        pytest.param(2, True, id="where nodes have to be added their time is in the lead"),
    ],
)
def test_the_time_of_a_new_node_is_in_the_lead_where_one_is_needed(nodes: int, longer: bool) -> None:
    (plain,) = planned(a_cluster(nodes=9))
    (segment,) = planned(a_cluster(nodes=nodes, elastic=TEN))
    # A fifth of margin comes on top.
    want = leads(plain)["east"] + longer * 180
    assert want <= leads(segment)["east"] <= want + longer * 60
    assert segment.needs[0].short == 0


def test_a_cluster_that_needs_no_new_node_does_not_wait_for_the_other() -> None:
    (segment,) = planned(a_cluster("east", nodes=9), a_cluster("west", nodes=1, elastic=TEN))
    assert leads(segment)["west"] >= leads(segment)["east"] + 180


def test_the_same_round_again_waits_for_its_nodes_again() -> None:
    rounds = [a_round("r", 1000), a_round("s", 90_000)]
    one, other = planned(a_cluster(nodes=2, elastic=TEN), spec=a_spec(*rounds))
    assert leads(one) == leads(other)


NODES = [NodeRoom(1, 4000, 4000, 10)]
POD = Size(1000, 1000)
ADDED = Elastic(3000, 9000, 9, 60.0)
SELECTS = Where(((Term("pool", "In", ("gpu",)),),))
LABELLED = NodeRoom(1, 0, 0, 0, (("pool", "gpu"),))


def test_real_room_is_filled_first() -> None:
    room = empty_room(NODES, {}, [POD], ADDED)
    assert isinstance(room, Pools)
    assert (room.place(POD, 4), room.stretched) == (4, False)
    assert (room.place(POD, 9), room.stretched) == (3, True)
    assert (room.copy().stretched, room.fits(POD), room.lack(POD, 1).reason) == (False, 0, "InsufficientCPU")
    assert room.left() == (NodeRoom(1, 0, 0, 6),)


@pytest.mark.parametrize(
    ("nodes", "needs", "want"),
    [
        pytest.param([], Needs(), 3, id="where there is no node yet"),
        pytest.param(
            [NodeRoom(1, 0, 0, 0, (), (Taint("x", "", "NoSchedule"),))], Needs(), 3, id="beside tainted nodes"
        ),
        pytest.param([LABELLED], Needs(where=SELECTS), 3, id="of the kind that a pod asks for"),
        pytest.param(NODES, Needs(where=SELECTS), 0, id="not of a kind that nobody has seen there"),
        pytest.param(
            NODES,
            Needs(where=Where(tolerations=(Toleration(operator="Exists"),))),
            7,
            id="for a pod that tolerates everything",
        ),
        pytest.param(NODES, Needs(extended=(("gpu", 1),)), 0, id="not with devices, of which nobody knows"),
    ],
)
def test_which_pods_a_new_node_takes(nodes: list[NodeRoom], needs: Needs, want: int) -> None:
    pod = Size(1000, 1000, needs)
    assert empty_room(nodes, {}, [pod, POD], ADDED).fits(pod) == want


@pytest.mark.parametrize(
    ("added", "want"),
    [
        pytest.param(Elastic(9000, 2500, 9, 0.0), 2, id="memory bounds it"),
        pytest.param(Elastic(9000, 9000, 1, 0.0), 1, id="pod slots bound it"),
    ],
)
def test_new_nodes_are_bounded_by_more_than_cpu(added: Elastic, want: int) -> None:
    assert empty_room([], {}, [POD], added).fits(POD) == want


def held(replicas: int) -> Commitments:
    found = Commitments()
    found.know("east", WEB, rank=0, size=Size(1000, GI), original=0)
    found.hold("east", WEB, Held(0, 50, 99, replicas))
    return found


def test_before_the_start_what_is_being_added_is_no_lost_room() -> None:
    east = a_cluster(nodes=1, elastic=TEN)
    assert [held(15).homeless(east, WEB, 50, elastic=counts) for counts in (True, False)] == [0, 5]
    assert [held(25).homeless(east, WEB, 50, elastic=counts) for counts in (True, False)] == [5, 15]
    assert held(15).homeless(a_cluster(nodes=1), WEB, 50, elastic=False) == 5


def test_a_target_that_is_heard_of_later_takes_its_place_there_too() -> None:
    east, known = a_cluster(nodes=1, elastic=TEN), held(10)
    assert [known.homeless(east, WEB, now, elastic=False) for now in (50, 60)] == [0, 0]
    known.know("east", target("a"), rank=-1, size=Size(1000, GI), original=4)
    assert known.homeless(east, WEB, 50, elastic=False) == 4


@given(st.integers(0, 3), st.integers(0, 30_000), st.lists(st.integers(1, 40), min_size=2, max_size=2))
def test_no_more_is_placed_than_there_is_and_can_be_added(nodes: int, cpu: int, wanted: list[int]) -> None:
    names = ("shop", "web")
    spec = a_spec(
        a_round(demand=[{"workload": n, "replicas": w} for n, w in zip(names, wanted, strict=True)]),
        workloads=[a_workload(name) for name in names],
    )
    tolerant = Template(where=Where(tolerations=(Toleration("x", "Exists"),)))
    targets = {
        target("shop"): running(0, template=tolerant),
        target("web"): running(0, template=Template(where=ANYWHERE)),
    }
    one = a_cluster(nodes=nodes, targets=targets, elastic=Elastic(cpu, 1 << 60, 1 << 60, 90.0))
    (segment,) = planned(one, spec=spec)
    got = sum(p.division for p in segment.placements)
    assert got == min(sum(wanted), 10 * nodes + cpu // 1000)
    assert got + sum(need.short for need in segment.needs) == sum(wanted)
