"""One segment's capacity over the clusters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from gala.planning.commitments import Held
from gala.planning.division import Part
from gala.planning.facts import ClusterFacts, Missing
from gala.planning.ledger import Allocation, Latched
from gala.planning.placement import Placed, Placing, Rooms, Scene, place, weights
from gala.planning.shortfall import Short
from planning_values import (
    NOW,
    a_cluster,
    a_round,
    a_scene,
    a_segment,
    a_snapshot,
    a_spec,
    a_workload,
    an_event,
    latched,
    running,
    target,
    with_capacity,
)

TWO = [a_cluster("east", nodes=3), a_cluster("west", nodes=3, fill_order=1)]
"""Room for 30 pods each, of which 4 run."""


def scene(demand: list[dict[str, Any]], clusters: Any = None, workloads: Any = None) -> Scene:
    spec = a_spec(a_round(demand=demand), workloads=workloads)
    return a_scene(a_snapshot(an_event(spec), clusters=clusters or TWO))


def placed(one: Scene, item: Latched | None = None) -> Placed:
    return place(one, a_segment(demand=one.event.spec.rounds[0].demand), item)


def divisions(found: Placed, workload: str = "web") -> Mapping[str, int]:
    return found.divisions[workload]


@pytest.mark.parametrize(
    ("replicas", "want", "short"),
    [
        pytest.param(30, {"east": 15, "west": 15}, None, id="what fits is divided by the shares"),
        pytest.param(60, {"east": 30, "west": 30}, None, id="what runs already needs no room of its own"),
        pytest.param(
            61,
            {"east": 30, "west": 30},
            Short(1, "InsufficientCPU", "not enough CPU is free in east and west"),
            id="what finds no room is a shortfall",
        ),
    ],
)
def test_room(replicas: int, want: dict[str, int], short: Short | None) -> None:
    found = placed(scene([{"workload": "web", "replicas": replicas}]))
    assert (divisions(found), found.short.get("web")) == (want, short)
    assert found.sources == {"web": "Weight"}


def test_the_excess_of_a_small_cluster_goes_to_the_next() -> None:
    clusters = [a_cluster("east", nodes=1), a_cluster("west", nodes=9)]
    found = placed(scene([{"workload": "web", "replicas": 60}], clusters))
    assert divisions(found) == {"east": 10, "west": 50}


def test_the_limit_of_a_workload_is_named_as_such() -> None:
    workloads = [a_workload(perCluster={"max": 7})]
    found = placed(scene([{"workload": "web", "replicas": 30}], workloads=workloads))
    why = "perCluster.max allows no more in east and west"
    assert found.short == {"web": Short(16, "PerClusterMax", why)}


def test_without_a_cluster_a_shortfall_says_so() -> None:
    found = placed(scene([{"workload": "web", "replicas": 3}], [a_cluster("east", admits=())]))
    assert found.short == {"web": Short(3, "InsufficientRoom", "no cluster takes more of it")}


def test_a_latched_cap_where_nodes_are_unknown_names_no_cluster() -> None:
    unknown = a_cluster("east", nodes=Missing("RoomUnknown", "not read"))
    one = scene([{"workload": "web", "replicas": 9}], [unknown])
    item = latched(allocations=(Allocation("web", "east", 1, 5),))
    segment = a_segment(demand=one.event.spec.rounds[0].demand)
    placing = Placing(one, segment, item, rooms=Rooms(one.commitments, segment.ready_by))
    placing.serve(placing.demands[0])
    assert placing.done().short == {"web": Short(4, "InsufficientRoom", "no cluster takes more of it")}


def test_unknown_nodes_are_taken_to_have_room() -> None:
    clusters = [a_cluster("east", nodes=Missing("RoomUnknown", "not read")), a_cluster("west", nodes=1)]
    found = placed(scene([{"workload": "web", "replicas": 100}], clusters))
    assert divisions(found) == {"east": 90, "west": 10}


def test_a_forecast_gives_each_cluster_its_own_need() -> None:
    clusters = [a_cluster(name, targets={target(): running(0)}) for name in "abcdefg"]
    workloads = [a_workload(**with_capacity(10, 0))]
    found = placed(scene([{"workload": "web", "qps": 91}], clusters, workloads))
    assert divisions(found) == dict.fromkeys("abcdefg", 2)
    assert found.required == {"web": 10}


def one_room(*names: str, cpu: int = 1000) -> list[ClusterFacts]:
    """One cluster with room for ten pods and nothing running."""
    return [a_cluster(nodes=1, targets={target(name): running(0, cpu=cpu) for name in names})]


@pytest.mark.parametrize(
    ("tiers", "want"),
    [
        pytest.param("BA", {"a": 2, "b": 8}, id="the higher tier is served first"),
        pytest.param("BB", {"a": 8, "b": 2}, id="within a tier the name decides"),
    ],
)
def test_who_is_served_first(tiers: str, want: dict[str, int]) -> None:
    workloads = [a_workload("a", tier=tiers[0]), a_workload("b", tier=tiers[1])]
    demand = [{"workload": name, "replicas": 8} for name in "ab"]
    found = placed(scene(demand, one_room("a", "b"), workloads))
    assert {name: divisions(found, name)["east"] for name in "ab"} == want


def test_within_a_tier_the_largest_pod_is_served_first() -> None:
    clusters = [a_cluster(nodes=1, targets={target("a"): running(0), target("b"): running(0, cpu=2000)})]
    demand = [{"workload": name, "replicas": 4} for name in "ab"]
    found = placed(scene(demand, clusters, [a_workload("a"), a_workload("b")]))
    assert {name: divisions(found, name)["east"] for name in "ab"} == {"a": 2, "b": 4}


def test_a_demand_of_a_workload_that_is_not_there_is_no_demand() -> None:
    one = scene([{"workload": "web", "replicas": 3}, {"workload": "gone", "replicas": 3}])
    assert list(placed(one).required) == ["web"]


def kept(share_east: int, cap_east: int, cap_west: int) -> Latched:
    return latched(
        allocations=(
            Allocation("web", "east", share_east, cap_east),
            Allocation("web", "west", 1, cap_west),
        )
    )


def test_latched_shares_stand_and_latched_caps_rise_into_free_room() -> None:
    found = placed(scene([{"workload": "web", "replicas": 40}]), kept(3, 10, 10))
    assert {part.cluster: (part.share, part.cap) for part in found.parts["web"]} == {
        "east": (3, 30),
        "west": (1, 30),
    }
    assert divisions(found) == {"east": 30, "west": 10}
    assert found.sources == {"web": "Latched"}


def test_a_latched_cap_never_falls() -> None:
    found = placed(scene([{"workload": "web", "replicas": 200}]), kept(1, 100, 100))
    assert divisions(found) == {"east": 100, "west": 100}


def test_a_latched_cluster_that_is_gone_keeps_its_part() -> None:
    found = placed(scene([{"workload": "web", "replicas": 40}], [a_cluster("west")]), kept(1, 30, 30))
    assert divisions(found) == {"east": 20, "west": 20}


def test_caps_rise_only_into_what_nobody_else_is_promised_before_the_end() -> None:
    one = scene([{"workload": "web", "replicas": 60}], [a_cluster("east"), a_cluster("west", nodes=0)])
    other = target("other")
    one.commitments.know("east", other, rank=0, size=one.sites["web", "east"].size, original=0)
    one.commitments.hold("east", other, Held(NOW + 1040, NOW + 1050, NOW + 2000, 70))
    assert divisions(placed(one, kept(1, 0, 0))) == {"east": 30, "west": 0}
    one.commitments.hold("west", other, Held(NOW + 1100, NOW + 1100, NOW + 2000, 70))
    assert divisions(placed(one, kept(1, 0, 0))) == {"east": 30, "west": 0}


@pytest.mark.parametrize(
    ("cells", "floors", "want"),
    [
        pytest.param(
            {"a": (30, 10), "b": (30, 10)}, {"a": 10, "b": 10}, {}, id="where no cap cuts nothing is said"
        ),
        pytest.param(
            {"a": (10, 10), "b": (90, 30)}, {"a": 10, "b": 30}, {"a": 25, "b": 75}, id="the floors decide"
        ),
        pytest.param({"a": (0, 0), "b": (0, 0)}, {}, {}, id="without any capacity nothing is said"),
    ],
)
def test_weights(cells: dict[str, tuple[int, int]], floors: dict[str, int], want: dict[str, int]) -> None:
    made = Placed(
        segment=a_segment(),
        required={"web": 40},
        parts={"web": [Part(c, 1, cap) for c, (cap, _) in cells.items()]},
        divisions={"web": {c: division for c, (_, division) in cells.items()}},
    )
    got = weights(made, {"web": floors})
    assert {c: percent for (_, c), percent in got.items()} == want
