"""Free room beside our own pods."""

from __future__ import annotations

from typing import Any

import pytest

from fleet_builders import NODES, PODS, WEB, client, node, pod
from fleet_server import serving
from gala.errors import Rejected
from gala.fleet.rooms import Owners, Reading, matches, read_room
from gala.planning.facts import NodeRoom, TargetKey

GI = 1 << 30
ROLLOUT = TargetKey("argoproj.io/v1alpha1", "Rollout", "shop", "api")
CACHE = TargetKey("apps/v1", "StatefulSet", "shop", "cache")


async def read(nodes: list[dict[str, Any]], pods: list[dict[str, Any]]) -> Reading:
    async with serving() as server:
        for item in nodes:
            server.put(NODES, item)
        for item in pods:
            server.put(PODS, item)
        north = client(server)
        try:
            return await read_room(north, Owners([WEB, CACHE, ROLLOUT], {ROLLOUT: "app=api"}))
        finally:
            await north.close()


async def test_equal_nodes_are_grouped_and_the_largest_comes_first() -> None:
    got = await read([node("n1"), node("n2"), node("n3", cpu="16")], [pod("x", on="n2", cpu="1500m")])

    want = (
        NodeRoom(1, 16_000, 32 * GI, 110),
        NodeRoom(1, 8_000, 32 * GI, 110),
        NodeRoom(1, 6_500, 31 * GI, 109),
    )
    assert got.rooms == want
    assert (got.nodes, got.allocatable.cpu, got.requested.cpu) == (3, 32_000, 1_500)


@pytest.mark.parametrize(
    "ours",
    [
        pytest.param(pod("p", owner=("ReplicaSet", "web-5d8f")), id="of a Deployment's ReplicaSet"),
        pytest.param(
            pod("p", owner=("ReplicaSet", "web-a-b"), labels={"pod-template-hash": "a-b"}),
            id="of a ReplicaSet whose hash is labelled",
        ),
        pytest.param(pod("p", owner=("StatefulSet", "cache")), id="of a StatefulSet"),
        pytest.param(pod("p", owner=("ReplicaSet", "x"), labels={"app": "api"}), id="known by selector"),
    ],
)
async def test_pods_of_a_wanted_target_take_no_room(ours: dict[str, Any]) -> None:
    got = await read([node("n1")], [ours])

    assert got.rooms == (NodeRoom(1, 8_000, 32 * GI, 110),)
    assert got.requested.pods == 1


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(pod("p"), id="without an owner"),
        pytest.param(pod("p", owner=("ReplicaSet", "website-5d8f")), id="of a Deployment with a longer name"),
        pytest.param(
            pod("p", owner=("ReplicaSet", "web-admin-5d8f")), id="of a Deployment that begins alike"
        ),
        pytest.param(pod("p", owner=("DaemonSet", "web")), id="of another kind with the same name"),
    ],
)
async def test_other_pods_take_room(other: dict[str, Any]) -> None:
    got = await read([node("n1")], [other])

    assert got.rooms == (NodeRoom(1, 7_000, 31 * GI, 109),)


@pytest.mark.parametrize(
    "closed",
    [
        pytest.param(node("n1", unschedulable=True), id="a cordoned node"),
        pytest.param(node("n1", ready="Unknown"), id="a node that is not Ready"),
        pytest.param(
            node("n1", taints=[{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]),
            id="a node of the control plane",
        ),
    ],
)
async def test_a_node_that_takes_no_pods_has_no_room(closed: dict[str, Any]) -> None:
    assert (await read([closed], [])).rooms == ()


async def test_finished_and_waiting_pods_take_no_room() -> None:
    got = await read([node("n1")], [pod("a", phase="Succeeded"), pod("b", phase="Failed"), pod("c", on="")])

    assert got.rooms == (NodeRoom(1, 8_000, 32 * GI, 110),)


async def test_a_node_that_is_overfull_has_no_room_and_not_less() -> None:
    got = await read([node("n1", cpu="1")], [pod("a", cpu="4")])

    assert got.rooms == (NodeRoom(1, 0, 31 * GI, 109),)


async def test_pods_are_read_in_pages_and_all_count() -> None:
    got = await read([node("n1", cpu="2000")], [pod(f"p{number}") for number in range(1_100)])

    assert got.requested.pods == 1_100


async def test_a_reading_that_is_refused_is_no_reading() -> None:
    async with serving() as server:
        server.forbidden.add("nodes")
        north = client(server)
        with pytest.raises(Rejected):
            await read_room(north, Owners([], {}))
        await north.close()


@pytest.mark.parametrize(
    ("selector", "want"),
    [
        pytest.param("app=api", True, id="equal"),
        pytest.param("app == api", True, id="equal with two signs"),
        pytest.param("app=web", False, id="not equal"),
        pytest.param("app!=web", True, id="unequal"),
        pytest.param("app in (web, api),tier notin (x)", True, id="in a set, and in none"),
        pytest.param("app notin (web,api)", False, id="excluded by a set"),
        pytest.param("app,!gone", True, id="there, and not there"),
        pytest.param("!app", False, id="there although it must not be"),
        pytest.param("app=api,color=red", False, id="one of two terms"),
        pytest.param("", False, id="an empty selector matches nothing"),
    ],
)
def test_selectors_in_text_form(selector: str, want: bool) -> None:
    assert matches(selector, {"app": "api"}) is want
