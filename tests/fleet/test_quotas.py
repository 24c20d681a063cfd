"""What ResourceQuotas leave beside pods that are no target of ours."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import web

from fleet_builders import NODES, PODS, WEB, client, node, pod
from fleet_server import FleetServer, serving
from fleet_stage import stage
from gala.errors import Rejected
from gala.fleet.pods import template_of
from gala.fleet.quotas import quota_of
from gala.fleet.rooms import Owners, Reading, read_room
from gala.planning.quotas import Quota, Scope
from gala.planning.templates import Template

QUOTAS = "/api/v1/namespaces/shop/resourcequotas"
OWNERS = Owners([WEB], {})


def quota(name: str = "compute", /, *, used: Any = None, **spec: Any) -> dict[str, Any]:
    """As `kubectl get resourcequota -o json` shows it."""
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": name, "namespace": "shop"},
        "spec": spec,
        "status": {"hard": spec.get("hard", {}), "used": used or {}},
    }


HARD = {
    "count/deployments.apps": "20",
    "limits.cpu": "40",
    "pods": "30",
    "requests.cpu": "20500m",
    "requests.memory": "64Gi",
}


async def reading(server: FleetServer) -> Reading:
    north = client(server)
    try:
        return await read_room(north, OWNERS)
    finally:
        await north.close()


async def test_a_quota_leaves_what_pods_of_others_do_not_use() -> None:
    async with serving() as server:
        server.put(QUOTAS, quota(hard=HARD, used={"pods": "3"}))
        server.put(NODES, node("n1"))
        server.put(PODS, pod("ours", owner=("ReplicaSet", "web-5d8f")))
        server.put(PODS, pod("other", cpu="1500m"))
        server.put(PODS, pod("waiting", on="", cpu="2"))
        server.put(PODS, pod("over", phase="Succeeded"))

        got = await reading(server)

    free = (
        ("count/deployments.apps", 20),
        ("limits.cpu", 40_000),
        ("pods", 28),
        ("requests.cpu", 17_000),
        ("requests.memory", 62 << 30),
    )
    assert got.quotas == {"shop": (Quota("compute", free),)}


async def test_pods_of_another_namespace_use_nothing_of_it() -> None:
    async with serving() as server:
        server.put(QUOTAS, quota(hard={"pods": "5"}))
        server.put(
            "/api/v1/namespaces/other/pods", {**pod("x"), "metadata": {"name": "x", "namespace": "other"}}
        )

        got = await reading(server)

    assert got.quotas == {"shop": (Quota("compute", (("pods", 5),)),)}


async def test_where_there_is_no_quota_there_is_no_bound() -> None:
    async with serving() as server:
        assert (await reading(server)).quotas == {}
        assert server.count("GET", "/namespaces/shop/resourcequotas") == 1


async def test_where_quotas_are_not_served_there_are_none() -> None:
    async with serving() as server:
        server.unserved.add("resourcequotas")
        got = await reading(server)

    assert (got.quotas, got.refused) == ({}, None)


async def test_quotas_that_fail_for_another_reason_make_no_reading() -> None:
    async with serving() as server:

        async def busy(_: Any) -> Any:
            return web.json_response({"message": "no"}, status=400)

        server.faults["GET", "resourcequotas"] = busy
        with pytest.raises(Rejected):
            await reading(server)


@pytest.mark.parametrize(
    ("obj", "want"),
    [
        pytest.param(
            quota(hard={"pods": "4"}, scopes=["NotTerminating", "BestEffort"]),
            Quota("compute", (("pods", 4),), (Scope("NotTerminating"), Scope("BestEffort"))),
            id="scopes by name",
        ),
        pytest.param(
            quota(
                hard={"cpu": "1"},
                scopeSelector={
                    "matchExpressions": [
                        {"scopeName": "PriorityClass", "operator": "In", "values": ["gold", "silver"]},
                        {"scopeName": "NotBestEffort", "operator": "Exists"},
                    ]
                },
            ),
            Quota(
                "compute",
                (("cpu", 1000),),
                (Scope("PriorityClass", "In", ("gold", "silver")), Scope("NotBestEffort")),
            ),
            id="scopes by a selector",
        ),
        pytest.param(
            quota(hard={"pods": "many", "memory": "1Gi"}),
            Quota("compute", (("memory", 1 << 30),)),
            id="a bound that cannot be read is none",
        ),
        pytest.param({"metadata": {"name": "bare"}}, Quota("bare", ()), id="one that bounds nothing"),
    ],
)
def test_quota_of(obj: dict[str, Any], want: Quota) -> None:
    assert quota_of(obj) == want


@pytest.mark.parametrize(
    ("spec", "want"),
    [
        pytest.param({"containers": [{"name": "app"}]}, Template(), id="a plain pod"),
        pytest.param(
            {
                "containers": [
                    {"resources": {"limits": {"cpu": "2", "memory": "1Gi"}}},
                    {"resources": {"requests": {"cpu": "5"}, "limits": {"cpu": "500m"}}},
                ],
                "initContainers": [{"resources": {"limits": {"memory": "3Gi"}}}],
                "priorityClassName": "gold",
            },
            Template(limits_cpu=2500, limits_memory=3 << 30, priority_class="gold"),
            id="limits add up, or an init container's if that is more",
        ),
        pytest.param(
            {"containers": [], "activeDeadlineSeconds": 60}, Template(deadline=True), id="one that ends"
        ),
    ],
)
def test_template_of(spec: dict[str, Any], want: Template) -> None:
    assert template_of(spec) == want


async def test_quotas_come_with_the_facts_of_a_cluster() -> None:
    async with stage() as it:
        it.north.put(QUOTAS, quota(hard={"pods": "9"}))
        assert (await it.look()).quotas == {"shop": (Quota("compute", (("pods", 9),)),)}


async def test_quotas_that_may_not_be_read_are_told_and_bound_nothing() -> None:
    async with stage() as it:
        it.north.forbidden.add("resourcequotas")
        facts = await it.look()

        assert (facts.quotas, isinstance(facts.nodes, tuple)) == ({}, True)
        assert "resourcequotas is forbidden" in it.fleet.health()["north"].unauthorized
