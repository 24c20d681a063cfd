"""What a pass knows of targets and room, through real caches, and what its writes do to them."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from fleet_builders import (
    DEPLOYMENTS,
    HPAS,
    NODES,
    PODS,
    WEB,
    Wish,
    client,
    deployment,
    enrol,
    member,
    node,
    pod,
    write,
)
from fleet_server import serving
from fleet_stage import stage, web_of
from gala.errors import Conflict, Unreachable
from gala.fleet.targets import Targets
from gala.planning.facts import Missing, NodeRoom, TargetFacts, TargetKey

ROLLOUT = TargetKey("argoproj.io/v1alpha1", "Rollout", "shop", "api")
ROLLOUTS = "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts"


async def test_what_is_ready_is_warm_a_warm_up_after_it_was_first_seen() -> None:
    async with stage() as it:
        assert isinstance(web_of(await it.look()).warm, Missing)
        it.north.change(DEPLOYMENTS, "web", status={"readyReplicas": 5})
        await it.later(10, deployments=it.north.version)

        assert web_of(await it.later(20)).warm == 3
        assert web_of(await it.later(10)).warm == 5


async def test_facts_are_made_anew_only_where_something_is_different() -> None:
    async with stage() as it:
        await it.look()
        warm = await it.later(30)
        again = await it.later(30)
        it.north.change(DEPLOYMENTS, "web", status={"readyReplicas": 2})
        fewer = await it.later(10, deployments=it.north.version)

        assert web_of(warm).warm == 3
        assert again.targets is warm.targets
        assert (web_of(fewer).ready, web_of(fewer).warm) == (2, 2)


async def test_an_autoscaler_is_seen_although_the_target_itself_stays_as_it_is() -> None:
    async with stage() as it:
        await it.look()
        before = await it.later(30)
        spec = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}}
        it.north.put(HPAS, {"metadata": {"name": "web-hpa", "namespace": "shop"}, "spec": spec})
        after = await it.later(10, horizontalpodautoscalers=it.north.version)

        want = ("", "HorizontalPodAutoscaler/web-hpa")
        assert (web_of(before).autoscaler, web_of(after).autoscaler) == want


async def test_after_an_outage_nothing_is_called_warm_from_before_it() -> None:
    async with stage() as it:
        await it.look()
        assert web_of(await it.later(30)).warm == 3
        await it.fall()
        await it.later(2)
        it.north.down = False

        assert isinstance(web_of(await it.later(10)).warm, Missing)
        assert web_of(await it.later(30)).warm == 3


async def test_a_target_with_an_autoscaler_names_it() -> None:
    async with stage() as it:
        spec = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}}
        it.north.put(HPAS, {"metadata": {"name": "web-hpa", "namespace": "shop"}, "spec": spec})
        assert web_of(await it.look()).autoscaler == "HorizontalPodAutoscaler/web-hpa"

        it.north.remove(HPAS, "web-hpa")
        facts = await it.look(horizontalpodautoscalers=it.north.version)
        assert web_of(facts).autoscaler == ""


async def test_autoscalers_that_may_not_be_read_are_no_permission_to_write() -> None:
    async with stage() as it:
        it.north.forbidden.add("horizontalpodautoscalers")
        facts = await it.look()

        missing = facts.targets[WEB]
        assert isinstance(missing, Missing)
        assert missing.reason == "AutoscalersUnknown"
        assert "forbidden" in it.fleet.health()["north"].unauthorized


@pytest.mark.parametrize(
    ("prepare", "want"),
    [
        pytest.param(lambda north: north.remove(DEPLOYMENTS, "web"), "NotFound", id="it does not exist"),
        pytest.param(lambda north: north.forbidden.add("deployments"), "Forbidden", id="it may not be read"),
        pytest.param(
            lambda north: north.unserved.add("deployments"), "NotServed", id="its kind is not served"
        ),
        pytest.param(
            lambda north: north.objects[DEPLOYMENTS]["web"]["spec"].pop("replicas"),
            "ReplicasUnset",
            id="it has no replicas",
        ),
    ],
)
async def test_a_target_that_cannot_be_known_is_missing_with_its_reason(prepare, want: str) -> None:  # type: ignore[no-untyped-def]
    async with stage() as it:
        prepare(it.north)
        facts = await it.look()

        missing = facts.targets[WEB]
        assert isinstance(missing, Missing)
        assert missing.reason == want
        assert facts.reachable


async def test_another_kind_is_watched_by_its_own_resource_and_its_pods_are_counted() -> None:
    async with stage() as it:
        resources = [{"name": "rollouts", "kind": "Rollout"}, {"name": "rollouts/scale", "kind": "Scale"}]
        it.north.objects["discovery"]["/apis/argoproj.io/v1alpha1"] = {"resources": resources}
        it.north.put(ROLLOUTS, deployment("api", replicas=2))
        it.north.put(PODS, pod("api-1", labels={"app": "api"}))
        it.north.put(PODS, pod("api-2", labels={"app": "api"}, ready="False"))
        it.north.put(PODS, pod("web-1", labels={"app": "web"}))
        it.wishes = [Wish(ROLLOUT)]
        facts = await it.look()

        found = facts.targets[ROLLOUT]
        assert isinstance(found, TargetFacts)
        assert (found.replicas, found.ready) == (2, 1)

        it.north.put(PODS, pod("api-2", labels={"app": "api"}))
        found = (await it.later(2, pods=it.north.version)).targets[ROLLOUT]
        assert isinstance(found, TargetFacts)
        assert found.ready == 2


async def test_a_kind_that_is_installed_later_is_found_later() -> None:
    async with stage() as it:
        it.wishes = [Wish(ROLLOUT), Wish()]
        facts = await it.look()
        missing = facts.targets[ROLLOUT]
        assert isinstance(missing, Missing)
        assert missing.reason == "NotServed"
        assert web_of(facts).replicas == 3

        resources = [{"name": "rollouts", "kind": "Rollout"}, {"name": "rollouts/scale", "kind": "Scale"}]
        it.north.objects["discovery"]["/apis/argoproj.io/v1alpha1"] = {"resources": resources}
        it.north.put(ROLLOUTS, deployment("api", replicas=2))
        assert isinstance((await it.later(10)).targets[ROLLOUT], TargetFacts)


async def test_while_a_new_kind_is_asked_for_what_is_known_of_the_others_stays() -> None:
    asked, answered = asyncio.Event(), asyncio.Event()

    async def slowly(request: web.Request) -> web.StreamResponse:
        asked.set()
        await answered.wait()
        return web.json_response({"resources": []})

    async with serving() as north:
        north.put(DEPLOYMENTS, deployment())
        north.faults["GET", "v1alpha1"] = slowly
        server = client(north)
        targets = Targets(server)
        await targets.want([Wish()])
        for cache in targets.caches():
            cache.start()
            await cache.settled(seconds=30)

        more = asyncio.create_task(targets.want([Wish(ROLLOUT), Wish()]))
        await asked.wait()
        found = targets.facts(0.0, fresh=True)[WEB]
        answered.set()
        await more

        assert isinstance(found, TargetFacts)
        await targets.stop()
        await server.close()


async def test_own_writes_are_seen_by_the_next_pass() -> None:
    async with stage() as it:
        await it.look()
        (result,) = await it.fleet.apply([write(8)])
        facts = await it.look()

        assert result.error is None
        assert (web_of(facts).replicas, web_of(facts).manager) == (8, "gala-operator")
        assert it.north.count("PATCH", "scale") == 1


async def test_after_a_conflict_the_target_is_read_anew_although_no_watch_event_came() -> None:
    async with stage() as it:
        await it.look()
        changed = it.north.objects[DEPLOYMENTS]["web"]
        it.north.version += 1
        changed["spec"]["replicas"] = 4
        changed["metadata"]["resourceVersion"] = str(it.north.version)

        (result,) = await it.fleet.apply([write(8)])
        assert isinstance(result.error, Conflict)
        assert web_of(await it.look()).replicas == 4


async def test_a_cluster_that_does_not_answer_gets_no_writes_and_the_others_do() -> None:
    async with stage() as it, serving() as south:
        enrol(it.hub, south, "south")
        south.put(DEPLOYMENTS, deployment())
        it.clusters.append(member("south"))
        await it.look_at_all()
        await it.fall()
        await it.later(2)

        results = await it.fleet.apply([write(), write(cluster="south"), write(cluster="nowhere")])

        assert [type(result.error) for result in results] == [Unreachable, type(None), Unreachable]
        assert [result.write.cluster for result in results] == ["north", "south", "nowhere"]
        assert it.north.patches == []


async def test_room_is_read_at_its_interval_and_on_demand() -> None:
    async with stage() as it:
        await it.look()
        it.north.put(NODES, node("n2"))
        assert (await it.later(100)).nodes == (NodeRoom(1, 8_000, 32 << 30, 110),)

        it.fleet.refresh_room(["north", "nowhere"])
        assert (await it.look()).nodes == (NodeRoom(2, 8_000, 32 << 30, 110),)

        it.north.put(NODES, node("n3"))
        assert (await it.later(180)).nodes == (NodeRoom(3, 8_000, 32 << 30, 110),)


async def test_room_is_read_twice_a_minute_at_most_however_often_it_is_asked_for() -> None:
    async with stage() as it:
        await it.look()
        for _ in range(60):
            it.fleet.refresh_room(["north"])
            await it.later(2)

        assert it.north.count("GET", "/nodes") == 5


async def test_room_that_may_not_be_read_is_missing_and_never_none() -> None:
    async with stage() as it:
        it.north.forbidden.add("nodes")
        facts = await it.look()

        assert isinstance(facts.nodes, Missing)
        assert facts.nodes.reason == "Forbidden"
        assert web_of(facts).replicas == 3
