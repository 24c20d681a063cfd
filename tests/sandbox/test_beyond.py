"""What a server says to what it does not do, and pods and nodes that somebody deletes."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from gala.sandbox.world import ClusterWorld
from sandbox_builders import START, Client, serving, world

PODS = "/api/v1/namespaces/shop/pods"


@pytest.fixture
def cluster() -> ClusterWorld:
    return world(nodes=2)[0]


@pytest.fixture
async def client(cluster: ClusterWorld) -> AsyncIterator[Client]:
    """Three pods of ``web`` are Ready."""
    async with serving(cluster.server) as found:
        await found.deploy(replicas=3)
        cluster.step(START + 100.0)
        yield found


async def pods(client: Client) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get(PODS))["items"]
    return found


async def test_a_pod_that_is_deleted_leaves_and_another_one_starts(
    client: Client, cluster: ClusterWorld
) -> None:
    before = [pod["metadata"]["name"] for pod in await pods(client)]
    assert (await client.call("DELETE", f"{PODS}/{before[0]}"))[0] == 200
    now = {pod["metadata"]["name"]: pod["metadata"].get("deletionTimestamp") for pod in await pods(client)}
    assert [name for name, leaving in now.items() if leaving] == [before[0]]
    assert len(now) == 4
    assert (await client.call("DELETE", f"{PODS}/{before[0]}"))[0] == 200
    cluster.step(START + 110.0)
    assert [pod["metadata"]["name"] for pod in await pods(client)] == [*before[1:], *set(now) - set(before)]


async def test_a_node_that_is_deleted_takes_its_pods_along(client: Client, cluster: ClusterWorld) -> None:
    node = cluster.nodes.names[0]
    assert {pod["spec"]["nodeName"] for pod in await pods(client)} == {node}
    assert (await client.call("DELETE", f"/api/v1/nodes/{node}"))[0] == 200
    cluster.step(START + 101.0)
    assert {pod["spec"]["nodeName"] for pod in await pods(client)} == {cluster.nodes.names[1]}
    assert cluster.nodes.living() == [1]


async def test_a_node_that_is_cordoned_takes_no_pods_until_it_is_uncordoned(
    client: Client, cluster: ClusterWorld
) -> None:
    first, second = cluster.nodes.names

    async def cordon(*, cordoned: bool) -> None:
        patch = {"spec": {"unschedulable": cordoned}}
        content = "application/merge-patch+json"
        await client.call("PATCH", f"/api/v1/nodes/{first}", patch, content=content)

    async def replace_all() -> set[str]:
        for pod in await pods(client):
            await client.call("DELETE", f"{PODS}/{pod['metadata']['name']}")
        cluster.step(cluster.now + 100.0)
        return {pod["spec"]["nodeName"] for pod in await pods(client)}

    await cordon(cordoned=True)
    assert {pod["spec"]["nodeName"] for pod in await pods(client)} == {first}
    assert await replace_all() == {second}
    await cordon(cordoned=False)
    assert await replace_all() == {first}


@pytest.mark.parametrize(
    "part", [pytest.param(part, id=part) for part in ("log", "exec", "attach", "portforward")]
)
async def test_a_pod_cannot_be_entered_by_its_(client: Client, part: str) -> None:
    name = (await pods(client))[0]["metadata"]["name"]
    status, body = await client.call("GET", f"{PODS}/{name}/{part}")
    assert (status, body["reason"]) == (501, "NotImplemented")
    assert "they have no logs" in body["message"]


async def test_a_pod_cannot_be_created_or_changed(client: Client) -> None:
    name = (await pods(client))[0]["metadata"]["name"]
    made = await client.call("POST", PODS, {"metadata": {"name": "bare"}})
    changed = await client.call(
        "PATCH",
        f"{PODS}/{name}",
        {"metadata": {"labels": {"a": "b"}}},
        content="application/merge-patch+json",
    )
    assert [status for status, _ in (made, changed)] == [501, 501]
    assert "pods follow from their workload" in changed[1]["message"]


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Origin": "https://example.com"}, id="of somebody"),
        pytest.param({"Host": "rebound.example.com"}, id="under a name that leads here"),
    ],
)
async def test_a_web_page_is_refused_(client: Client, headers: dict[str, str]) -> None:
    async with client.session.get(client.server.url + PODS, headers=headers) as answer:
        assert (answer.status, (await answer.json())["reason"]) == (403, "Forbidden")


async def test_a_watch_of_pods_that_begins_late_is_told_of_one_that_vanishes(
    client: Client, cluster: ClusterWorld
) -> None:
    revision = (await client.get(PODS))["metadata"]["resourceVersion"]
    query = {"watch": "true", "resourceVersion": revision, "timeoutSeconds": "1"}
    async with client.session.get(client.server.url + PODS, params=query) as answer:
        cluster.lose_nodes([0])
        cluster.step(START + 101.0)
        lines = (await answer.text()).splitlines()
    assert sum('"type":"DELETED"' in line for line in lines) == 3
