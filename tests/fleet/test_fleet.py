"""Member clusters together: what a pass sees, and that one cluster's trouble stays its own."""

from __future__ import annotations

import asyncio
import time

import pytest
from aiohttp import web

from fleet_builders import (
    DEPLOYMENTS,
    PODS,
    SECRETS,
    WEB,
    deployment,
    enrol,
    member,
    pod,
)
from fleet_server import serving
from fleet_stage import HASTY, stage, web_of
from gala.errors import BarrierTimeout
from gala.planning.facts import Missing, NodeRoom, TargetFacts


async def test_the_first_pass_already_knows_everything() -> None:
    async with stage() as it:
        it.north.put(PODS, pod("other"))
        facts = await it.look()

        assert (facts.reachable, facts.last_contact) == (True, it.now())
        assert (web_of(facts).replicas, web_of(facts).ready, web_of(facts).cpu) == (3, 3, 500)
        assert facts.nodes == (NodeRoom(1, 7_000, 31 << 30, 109),)
        health = it.fleet.health()["north"]
        assert (health.reachable, health.version, health.unauthorized) == (True, "v1.34.0", "")
        assert health.asked is not None
        assert sum(health.asked.counts) >= 3
        assert health.watch_age is not None
        assert not health.breaker_open
        assert "scaledobjects" in it.north.unserved
        assert health.caches == health.caches_current, "a kind that is not installed is no cache that lags"


async def test_a_change_is_seen_behind_the_barrier_without_asking_for_the_object() -> None:
    async with stage() as it:
        await it.look()
        asked = len(it.north.requests)
        it.north.change(DEPLOYMENTS, "web", spec={"replicas": 8}, status={"replicas": 8, "readyReplicas": 4})

        facts = await it.later(2, deployments=it.north.version, pods=10**9)

        assert (web_of(facts).replicas, web_of(facts).pods, web_of(facts).ready) == (8, 8, 4)
        assert len(it.north.requests) == asked


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


async def test_an_account_that_may_nothing_any_more_is_exchanged_for_the_one_in_the_secret() -> None:
    async with stage() as it, serving() as other:
        await it.look()
        it.north.forbidden = {"deployments"}
        it.north.cut()
        await it.ended("deployments")
        await it.later(2)

        other.put(DEPLOYMENTS, deployment(replicas=7))
        enrol(it.hub, other)
        facts = await it.later(10)

        assert web_of(facts).replicas == 7
        assert it.fleet.health()["north"].unauthorized == ""


async def test_a_secret_is_not_asked_for_in_each_pass_while_something_is_forbidden() -> None:
    async with stage() as it:
        await it.look()
        it.north.forbidden = {"deployments"}
        it.north.cut()
        await it.ended("deployments")
        for _ in range(10):
            await it.later(2)

        assert it.hub.count("GET", "north-kubeconfig") == 3


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


async def test_a_cache_that_never_reaches_the_barrier_is_loud() -> None:
    async with stage(HASTY) as it:
        await it.look()
        with pytest.raises(BarrierTimeout):
            await it.look(deployments=10**9)


async def test_a_fault_of_our_own_in_one_cluster_is_that_cluster_unreachable(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with stage() as it:
        await it.look()
        it.north.change(DEPLOYMENTS, "web", spec={"replicas": 8})

        facts = await it.later(2, deployments="no number")  # type: ignore[arg-type]

        assert (facts.reachable, facts.unreachable_reason) == (False, "Unreachable")
        assert isinstance(facts.targets[WEB], TargetFacts)
        assert "north could not be looked at" in caplog.text


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
