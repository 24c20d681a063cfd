"""Member clusters together: what a pass sees, and that one cluster's trouble stays its own."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from fleet_builders import (
    DEPLOYMENTS,
    HPAS,
    NODES,
    PODS,
    QUICK,
    SECRETS,
    WEB,
    Now,
    Wish,
    client,
    deployment,
    enrol,
    member,
    node,
    pod,
    write,
)
from fleet_server import FleetServer, serving
from gala.errors import BarrierTimeout, Conflict, Unreachable
from gala.fleet.fleet import MemberFleet
from gala.planning.facts import ClusterFacts, Missing, NodeRoom, TargetFacts, TargetKey
from gala.settings import Settings

ROLLOUT = TargetKey("argoproj.io/v1alpha1", "Rollout", "shop", "api")
ROLLOUTS = "/apis/argoproj.io/v1alpha1/namespaces/shop/rollouts"
HASTY = Settings(request_deadline=0.3)


class Stage:
    """A hub, one member cluster and the fleet that sees them."""

    def __init__(self, hub: FleetServer, north: FleetServer, settings: Settings) -> None:
        self.hub, self.north, self.now = hub, north, Now()
        self.settings = settings
        self.hub_client = client(hub, settings)
        self.fleet = MemberFleet(self.hub_client, settings, self.now)
        self.clusters = [member()]
        self.wishes = [Wish()]

    async def look(self, **barrier: int) -> ClusterFacts:
        """One pass over the cluster ``north``."""
        return (await self.look_at_all(**barrier))["north"]

    async def look_at_all(self, **barrier: int) -> dict[str, ClusterFacts]:
        wanted = {cluster.metadata.name: self.wishes for cluster in self.clusters}
        await self.fleet.sync(self.clusters, wanted)
        seen = {("north", plural): version for plural, version in barrier.items()}
        return dict(await self.fleet.observe(seen))

    async def later(self, seconds: float, **barrier: int) -> ClusterFacts:
        """A pass some seconds later."""
        self.now.pass_by(seconds)
        return await self.look(**barrier)

    async def fall(self) -> None:
        """The cluster stops answering."""
        self.north.down = True
        self.north.cut()
        await self.ended()

    async def ended(self, plural: str = "") -> None:
        """Returns when the caches (of one kind) have ended."""
        targets = self.fleet._members["north"]._upkeep.targets
        assert targets is not None
        caches = [cache for cache in targets.caches() if plural in {"", cache.plural}]
        while any(cache.running for cache in caches):  # noqa: ASYNC110 (what is waited for is an end)
            await asyncio.sleep(0.005)


@asynccontextmanager
async def stage(settings: Settings = QUICK) -> AsyncIterator[Stage]:
    async with serving() as hub, serving() as north:
        enrol(hub, north)
        north.put(DEPLOYMENTS, deployment())
        north.put(NODES, node("n1"))
        made = Stage(hub, north, settings)
        try:
            yield made
        finally:
            await made.fleet.close()
            await made.hub_client.close()


def web_of(facts: ClusterFacts) -> TargetFacts:
    found = facts.targets[WEB]
    assert isinstance(found, TargetFacts)
    return found


async def test_the_first_pass_already_knows_everything() -> None:
    async with stage() as it:
        it.north.put(PODS, pod("other"))
        facts = await it.look()

        assert (facts.reachable, facts.last_contact) == (True, it.now())
        assert (web_of(facts).replicas, web_of(facts).ready, web_of(facts).cpu) == (3, 3, 500)
        assert facts.nodes == (NodeRoom(1, 7_000, 31 << 30, 109),)
        health = it.fleet.health()["north"]
        assert (health.reachable, health.version, health.unauthorized) == (True, "v1.34.0", "")


async def test_a_change_is_seen_behind_the_barrier_without_asking_for_the_object() -> None:
    async with stage() as it:
        await it.look()
        asked = len(it.north.requests)
        it.north.change(DEPLOYMENTS, "web", spec={"replicas": 8}, status={"replicas": 8, "readyReplicas": 4})

        facts = await it.later(2, deployments=it.north.version, pods=10**9)

        assert (web_of(facts).replicas, web_of(facts).pods, web_of(facts).ready) == (8, 8, 4)
        assert len(it.north.requests) == asked


async def test_what_is_ready_is_warm_a_warm_up_after_it_was_first_seen() -> None:
    async with stage() as it:
        assert isinstance(web_of(await it.look()).warm, Missing)
        it.north.change(DEPLOYMENTS, "web", status={"readyReplicas": 5})
        await it.later(10, deployments=it.north.version)

        assert web_of(await it.later(20)).warm == 3
        assert web_of(await it.later(10)).warm == 5


async def test_a_quiet_cluster_is_probed_by_the_time_of_the_passes() -> None:
    async with stage() as it:
        await it.look()
        before = it.north.count("GET", "/version")
        for _ in range(30):
            await it.later(2)

        assert it.north.count("GET", "/version") - before == 6


async def test_a_clock_that_stands_still_asks_for_nothing() -> None:
    async with stage() as it:
        await it.look()
        asked = len(it.north.requests)
        for _ in range(200):
            await it.look()

        assert len(it.north.requests) <= asked + 2  # the two watches may only now have been opened


async def test_facts_outlive_contact_and_the_return_is_seen_within_a_probes_interval() -> None:
    async with stage() as it:
        await it.look()
        await it.later(10)
        await it.fall()

        facts = await it.later(2)
        assert (facts.reachable, facts.unreachable_reason) == (False, "Unreachable")
        assert web_of(facts).replicas == 3
        lost = facts.last_contact

        it.north.down = False
        it.north.change(DEPLOYMENTS, "web", spec={"replicas": 7})
        facts = await it.later(2)
        assert (facts.reachable, facts.last_contact) == (False, lost)

        facts = await it.later(8)
        assert (facts.reachable, facts.last_contact) == (True, it.now())
        assert web_of(facts).replicas == 7


async def test_after_an_outage_nothing_is_called_warm_from_before_it() -> None:
    async with stage() as it:
        await it.look()
        assert web_of(await it.later(30)).warm == 3
        await it.fall()
        await it.later(2)
        it.north.down = False

        assert isinstance(web_of(await it.later(10)).warm, Missing)
        assert web_of(await it.later(30)).warm == 3


async def test_a_cluster_that_hangs_delays_a_pass_once_and_then_hardly() -> None:
    async def hang(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(60)
        return web.Response()

    async with stage(HASTY) as it, serving() as south:
        enrol(it.hub, south, "south")
        south.faults["GET", "version"] = hang
        it.clusters.append(member("south"))

        began = time.monotonic()
        facts = await it.look_at_all()

        assert time.monotonic() - began < 30
        assert (facts["north"].reachable, facts["south"].reachable) == (True, False)
        assert facts["south"].last_contact is None
        assert isinstance(facts["south"].targets.get(WEB, Missing("", "")), Missing)


async def test_a_kubeconfig_that_runs_a_command_is_refused_with_its_reason() -> None:
    async with stage() as it, serving() as south:
        enrol(it.hub, south, "south", exec="sh")
        it.clusters.append(member("south"))
        facts = await it.look_at_all()

        assert facts["south"].unreachable_reason == "CredentialsRefused"
        assert "exec" in it.fleet.health()["south"].message
        assert south.requests == []
        assert facts["north"].reachable


async def test_a_missing_secret_is_a_value_and_is_found_once_it_is_there() -> None:
    async with stage() as it:
        secret = it.hub.objects[SECRETS].pop("north-kubeconfig")
        facts = await it.look()
        assert (facts.reachable, facts.last_contact) == (False, None)
        assert "north-kubeconfig" in it.fleet.health()["north"].message

        it.hub.objects[SECRETS]["north-kubeconfig"] = secret
        assert (await it.later(10)).reachable


async def test_a_cluster_outside_the_fleets_namespace_is_ignored_and_its_secret_not_read() -> None:
    async with stage() as it:
        it.clusters = [member(namespace="somewhere")]

        assert await it.look_at_all() == {}
        assert it.hub.requests == []


async def test_a_rotated_token_is_read_again_when_the_old_one_fails() -> None:
    async with stage() as it:
        enrol(it.hub, it.north, token="old")
        it.north.token = "old"
        assert (await it.look()).reachable

        it.north.token = "new"
        enrol(it.hub, it.north, token="new")
        it.north.cut()
        facts = await it.later(10)

        assert facts.reachable
        it.north.change(DEPLOYMENTS, "web", spec={"replicas": 6})
        assert web_of(await it.later(2, deployments=it.north.version)).replicas == 6


async def test_a_revoked_token_is_no_contact() -> None:
    async with stage() as it:
        await it.look()
        it.north.token = "another"
        it.north.cut()
        facts = await it.later(10)

        assert (facts.reachable, facts.unreachable_reason) == (False, "Unauthorized")
        assert "401" in it.fleet.health()["north"].unauthorized


async def test_the_operators_own_cluster_needs_no_secret() -> None:
    async with stage() as it:
        it.hub.put(DEPLOYMENTS, deployment(replicas=2))
        it.clusters = [member(inCluster=True)]
        facts = await it.look()

        assert web_of(facts).replicas == 2
        assert it.hub.count("GET", "north-kubeconfig") == 0
        assert [(a.event_namespace, a.target_namespaces) for a in facts.admits] == [("shop", ("shop",))]


async def test_a_remote_cluster_admits_nobody_unless_it_says_so() -> None:
    async with stage() as it:
        assert (await it.look()).admits == ()

        it.clusters = [member(namespaceSameness=True)]
        assert [a.event_namespace for a in (await it.look()).admits] == ["shop"]

        admit = {"eventNamespace": "gala", "targetNamespaces": ["*"], "maxTier": "S", "may": ["Lend"]}
        it.clusters = [member(admits=[admit])]
        (stated,) = (await it.look()).admits
        assert (stated.event_namespace, stated.may_grow, stated.max_tier) == ("gala", False, "S")


async def test_a_changed_address_makes_a_new_connection_and_a_removed_cluster_none() -> None:
    async with stage() as it, serving() as south:
        await it.look()
        south.put(DEPLOYMENTS, deployment(replicas=9))
        enrol(it.hub, south, "moved")
        it.clusters = [member(kubeconfig={"secretRef": {"name": "moved-kubeconfig"}})]
        assert web_of(await it.look()).replicas == 9

        it.clusters = []
        assert await it.look_at_all() == {}


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


async def test_own_writes_are_seen_by_the_next_pass() -> None:
    async with stage() as it:
        await it.look()
        (result,) = await it.fleet.apply([write(8)])
        facts = await it.look()

        assert result.error is None
        assert (web_of(facts).replicas, web_of(facts).manager) == (8, "gala-operator")
        assert len(it.fleet.stats().write_seconds) == 1


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


async def test_a_cache_that_never_reaches_the_barrier_is_loud() -> None:
    async with stage(HASTY) as it:
        await it.look()
        with pytest.raises(BarrierTimeout):
            await it.look(deployments=10**9)


async def test_room_is_read_at_its_interval_and_on_demand() -> None:
    async with stage() as it:
        await it.look()
        it.north.put(NODES, node("n2"))
        assert (await it.later(100)).nodes == (NodeRoom(1, 8_000, 32 << 30, 110),)

        it.fleet.refresh_room()
        assert (await it.look()).nodes == (NodeRoom(2, 8_000, 32 << 30, 110),)

        it.north.put(NODES, node("n3"))
        assert (await it.later(180)).nodes == (NodeRoom(3, 8_000, 32 << 30, 110),)


async def test_room_that_may_not_be_read_is_missing_and_never_none() -> None:
    async with stage() as it:
        it.north.forbidden.add("nodes")
        facts = await it.look()

        assert isinstance(facts.nodes, Missing)
        assert facts.nodes.reason == "Forbidden"
        assert web_of(facts).replicas == 3


async def test_a_cache_that_ended_is_started_again() -> None:
    async with stage() as it:
        await it.look()
        it.north.forbidden.add("deployments")
        it.north.cut()
        await it.ended("deployments")
        await it.later(2)
        assert web_of(await it.later(20)).replicas == 3
        missing = (await it.later(20)).targets[WEB]
        assert isinstance(missing, Missing)
        assert missing.reason == "Forbidden"

        it.north.forbidden.clear()
        facts = await it.later(40)
        assert web_of(facts).replicas == 3
        assert it.fleet.health()["north"].restarts > 0


async def test_closing_changes_nothing() -> None:
    async with stage() as it:
        await it.look()
        before = {method for method, _, _ in it.north.requests}
        await it.fleet.close()

        assert before == {method for method, _, _ in it.north.requests} == {"GET"}
        assert it.fleet.health() == {}
