"""Pods that are spread over zones."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gala.planning.facts import NodeRoom
from gala.planning.fit import Needs, Size
from gala.planning.plan import plan
from gala.planning.pools import empty_room
from gala.planning.shortfall import UNEVEN
from gala.planning.spread import Domain, shares
from gala.planning.templates import Spread, Template
from planning_values import NOW, SETTINGS, SHOW, a_cluster, a_snapshot, an_event, running, target

ZONE = "topology.kubernetes.io/zone"


@pytest.mark.parametrize(
    ("domains", "pods", "want"),
    [
        pytest.param([(0, 9), (0, 9)], 7, [4, 3], id="as many in each, the first one first"),
        pytest.param([(4, 9), (0, 9)], 5, [1, 4], id="the emptiest is filled first"),
        pytest.param([(0, 9), (0, 2)], 9, [3, 2], id="no zone is ahead of a full one by more than the skew"),
        pytest.param([(0, 9), (0, 0)], 9, [1, 0], id="also of one that is empty and has no room"),
        pytest.param([(5, 9), (0, 0)], 9, [0, 0], id="one that is ahead already gets no more"),
        pytest.param([(3, 9)], 5, [5], id="one zone alone is as it is"),
        pytest.param([(0, 9), (0, 9)], 0, [0, 0], id="nothing is nothing"),
        pytest.param([], 5, [], id="without a zone there is no room"),
    ],
)
def test_shares(domains: list[tuple[int, int]], pods: int, want: list[int]) -> None:
    assert shares([Domain(*one) for one in domains], 1, pods) == want


def one_by_one(domains: list[Domain], skew: int, pods: int) -> list[int]:
    """As the scheduler does it: pod after pod into the emptiest zone that has room, where the skew allows."""
    has, free = [one.has for one in domains], [one.free for one in domains]
    for _ in range(pods):
        open_to = [n for n in range(len(has)) if free[n] > 0 and has[n] + 1 - min(has) <= skew]
        if not open_to:
            break
        best = min(open_to, key=lambda n: has[n])
        has[best], free[best] = has[best] + 1, free[best] - 1
    return [now - one.has for now, one in zip(has, domains, strict=True)]


DOMAINS = st.lists(st.builds(Domain, st.integers(0, 6), st.integers(0, 9)), min_size=1, max_size=4)


@given(DOMAINS, st.integers(1, 3), st.integers(0, 40))
def test_pods_are_spread_as_one_by_one(domains: list[Domain], skew: int, pods: int) -> None:
    found, want = shares(domains, skew, pods), one_by_one(domains, skew, pods)
    assert sum(found) == sum(want)
    assert all(0 <= more <= one.free for more, one in zip(found, domains, strict=True))
    after = [one.has + more for more, one in zip(found, domains, strict=True)]
    lowest = min(after)
    assert all(more == 0 or now - lowest <= skew for more, now in zip(found, after, strict=True))


def zone(name: str, pods: int, nodes: int = 1) -> NodeRoom:
    """Nodes with room for so many pods each."""
    return NodeRoom(nodes, pods * 1000, pods * 1000, 99, ((ZONE, name),))


def spreading(of: str = "web", skew: int = 1, domains: int = 1) -> Size:
    return Size(1000, 1000, Needs(spread=Spread(ZONE, skew, domains), of=of))


OTHER = Size(1000, 1000)


def test_a_small_zone_bounds_all_of_them() -> None:
    pod = spreading()
    room = empty_room([zone("a", 5, 2), zone("b", 3)], {}, [pod, OTHER])
    assert (room.fits(pod), room.place(pod, 5), room.fits(pod)) == (7, 5, 2)
    assert (room.place(pod, 9), room.lack(pod, 1), room.fits(OTHER)) == (2, UNEVEN, 6)


def test_each_target_is_spread_by_itself() -> None:
    web, shop = spreading(), spreading("shop")
    room = empty_room([zone("a", 5), zone("b", 5)], {}, [web, shop])
    assert (room.place(web, 3), room.place(shop, 3), room.copy().fits(web), room.fits(shop)) == (3, 3, 4, 4)


def test_below_its_least_number_of_zones_none_has_more_than_the_skew() -> None:
    pod = spreading(skew=2, domains=3)
    assert empty_room([zone("a", 5), zone("b", 5)], {}, [pod]).fits(pod) == 4


def test_nodes_without_a_zone_take_no_such_pod() -> None:
    pod = spreading()
    room = empty_room([NodeRoom(1, 9000, 9000, 9)], {}, [pod])
    assert (room.fits(pod), room.lack(pod, 1).reason) == (0, "NodeSelector")


def test_where_all_zones_are_full_they_lack_what_is_full() -> None:
    pod = spreading()
    room = empty_room([zone("a", 2), zone("b", 2)], {}, [pod])
    assert (room.place(pod, 9), room.lack(pod, 1).reason) == (4, "InsufficientCPU")


def test_a_plan_is_bound_by_the_spread_of_a_target() -> None:
    spread = Template(spread=Spread(ZONE, 1))
    nodes = tuple(
        NodeRoom(1, pods * 1000, pods << 30, 99, ((ZONE, name),)) for name, pods in (("a", 30), ("b", 8))
    )
    one = a_cluster(nodes=nodes, targets={target(): running(template=spread)})
    (segment,) = plan(a_snapshot(an_event(), clusters=[one]), NOW, SETTINGS).events[SHOW].segments
    assert [p.division for p in segment.placements] == [17]
    assert (segment.needs[0].short, segment.needs[0].short_reason) == (13, "TopologySpread")
