"""Pods are started, scheduled and stopped as a cluster would, and always in the same way."""

from __future__ import annotations

import pytest

from gala.sandbox.apiserver.resources import Options
from gala.sandbox.readiness import Readiness
from gala.sandbox.world import ClusterWorld
from sandbox_builders import DEPLOYMENTS, START, deployment, serving, world


def deploy(east: ClusterWorld, name: str, replicas: int, **more: str) -> None:
    resources = east.server.resources
    spaces = resources.find("namespaces")
    if east.server.store.get(spaces, "", "shop") is None:
        resources.create(spaces, "", {"metadata": {"name": "shop"}}, Options())
    body = deployment(name, replicas, **more)
    resources.create(resources.find(f"{body['kind'].lower()}s"), "shop", body, Options())


def scale(east: ClusterWorld, name: str, replicas: int) -> None:
    resources = east.server.resources
    patch = {"spec": {"replicas": replicas}}
    how = ("application/merge-patch+json", "scale")
    resources.patch(resources.find("deployments"), ("shop", name), patch, how, Options())


def status(east: ClusterWorld, name: str = "web") -> tuple[int, int]:
    resources = east.server.resources
    body = resources.get(resources.find("deployments"), "shop", name)
    return body["status"].get("replicas", 0), body["status"].get("readyReplicas", 0)


def times(seed: int, names: tuple[str, ...] = ("web", "api")) -> list[float]:
    east, _ = world(seed=seed)
    for name in names:
        deploy(east, name, 10)
    east.step(START + 1)
    return sorted(at for pods in east.workloads.values() for at in pods.times)


def test_the_same_seed_gives_the_same_night_and_another_seed_another():
    assert times(1) == times(1)
    assert times(1) == times(1, ("api", "web")), "the order of the writes does not matter"
    assert times(1) != times(2)


def test_time_to_ready_has_the_stated_quantiles_and_a_hard_end():
    drawn = sorted(
        Readiness().seconds(seed=1, cluster="east", workload="shop/web", ordinal=n) for n in range(4000)
    )
    assert drawn[2000] == pytest.approx(20, rel=0.05)
    assert drawn[3800] == pytest.approx(60, rel=0.07)
    assert drawn[-1] == 75.0


def test_the_tail_may_run_to_minutes():
    free = Readiness(longest=None)
    drawn = [free.seconds(seed=1, cluster="east", workload="shop/web", ordinal=n) for n in range(4000)]
    assert max(drawn) > 150


def test_no_more_than_thirty_pods_start_in_a_second():
    east, _ = world(nodes=20, readiness=Readiness(p50=1e-9, p95=1e-9 * 1.0001))
    deploy(east, "web", 120)
    east.step(START + 1)
    assert status(east)[1] in {30, 31}
    east.step(START + 2)
    assert status(east)[1] in {60, 61}
    east.step(START + 4)
    assert status(east) == (120, 120)


def test_pods_that_find_no_room_wait_until_others_are_gone():
    east, _ = world(nodes=1, cpu=12_000)
    deploy(east, "web", 8)
    deploy(east, "api", 5)
    east.step(START + 100)
    ready = {name: status(east, name)[1] for name in ("web", "api")}
    assert ready == {"api": 5, "web": 5}
    scale(east, "api", 1)
    east.step(START + 104)
    assert status(east, "web") == (8, 5), "the room is free only after the grace"
    east.step(START + 200)
    assert status(east, "web") == (8, 8)


@pytest.mark.parametrize(
    ("request_", "want"),
    [
        pytest.param({"cpu": "3"}, 3, id="cores decide"),
        pytest.param({"cpu": "1m", "memory": "31Gi"}, 4, id="memory decides"),
        pytest.param({"cpu": "1m", "memory": "1Mi"}, 109, id="the number of pods decides"),
    ],
)
def test_a_node_holds_what_fits(request_: dict[str, str], want: int):
    east, _ = world(nodes=1, cpu=12_000)
    deploy(east, "web", 200, **request_)
    east.step(START + 200)
    assert status(east) == (200, want)


def test_the_newest_pods_are_stopped_first():
    east, _ = world()
    deploy(east, "web", 5)
    east.step(START + 100)
    first = set(east.workloads["shop", "web"].ordinals)
    scale(east, "web", 9)
    east.step(START + 101)
    scale(east, "web", 5)
    east.step(START + 102)
    assert set(east.workloads["shop", "web"].ordinals) == first
    assert status(east) == (5, 5)


def test_a_night_begins_with_everything_ready():
    east, _ = world()
    deploy(east, "web", 7)
    east.prime()
    assert status(east) == (7, 7)


def test_lost_nodes_take_their_pods_and_the_workload_starts_others():
    east, _ = world(nodes=2)
    deploy(east, "web", 10)
    east.prime()
    east.lose_nodes([0])
    east.step(START + 1)
    assert status(east)[0] == 10
    assert status(east)[1] < 10
    east.step(START + 100)
    assert status(east) == (10, 10)
    node = east.server.resources.find("nodes")
    assert len(east.server.store.keys(node, "")) == 1


def test_an_ordered_stateful_set_starts_one_pod_after_the_other():
    east, _ = world()
    deploy(east, "db", 4, kind="StatefulSet")
    east.step(START + 400)
    ready_at = east.workloads["shop", "db"].ready_at
    assert ready_at == sorted(ready_at)
    draws = [Readiness().seconds(seed=1, cluster="east", workload="shop/db", ordinal=n) for n in range(4)]
    assert ready_at[3] == pytest.approx(START + sum(draws))


def test_one_status_update_for_each_workload_and_step():
    east, _ = world(nodes=20)
    deploy(east, "web", 100)
    before = east.server.store.revision
    east.step(START + 30)
    assert east.server.store.revision == before + 1


async def test_pods_are_listed_in_pages_with_their_owner_and_node():
    east, _ = world(nodes=2)
    async with serving(east.server) as client:
        await client.deploy(replicas=5)
        east.step(START + 100)
        names: list[str] = []
        token: dict[str, str] = {}
        while True:
            page = await client.get("/api/v1/pods", limit="3", **token)
            names += [item["metadata"]["name"] for item in page["items"]]
            if not (following := page["metadata"].get("continue")):
                break
            token = {"continue": following}
        assert len(names) == 5 + 2, "five of ours and one of the system on each node"
        listed = await client.get("/api/v1/namespaces/shop/pods", labelSelector="app=web")
        pod = listed["items"][0]
        owner = pod["metadata"]["ownerReferences"][0]
        assert (owner["kind"], pod["metadata"]["name"].rpartition("-")[0]) == ("ReplicaSet", owner["name"])
        assert pod["spec"]["nodeName"].startswith("east-node-")
        assert {"type": "Ready", "status": "True"}.items() <= pod["status"]["conditions"][1].items()


async def test_pod_events_are_made_only_while_somebody_watches():
    east, _ = world()
    kind = east.server.resources.find("pods")
    async with serving(east.server) as client:
        await client.deploy(replicas=2)
        east.step(START + 100)
        assert east.server.store.latest(kind) == 0
        query = {"watch": "1", "resourceVersion": str(east.server.store.revision)}
        async with client.session.get(f"{client.server.url}/api/v1/pods", params=query) as response:
            await client.call("DELETE", f"{DEPLOYMENTS}/web")
            await client.deploy("api", replicas=1)
            east.step(START + 101)
            line = await response.content.readline()
        assert b'"type":"ADDED"' in line
