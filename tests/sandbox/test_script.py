"""People, accidents and outages happen at their time, and end when they should."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from gala.errors import InvalidInput
from gala.sandbox.apiserver.managed import owner
from gala.sandbox.fleet import SandboxFleet
from gala.sandbox.night import NAMESPACE, build_night
from gala.sandbox.script import PERSON, Incident, from_json, play

EVENTS = f"/apis/gala.dev/v1alpha1/namespaces/{NAMESPACE}/galaevents"


@asynccontextmanager
async def playing(*incidents: Incident) -> AsyncIterator[SandboxFleet]:
    fleet = SandboxFleet(build_night(rounds=1, clusters=2, scale=0.05))
    play(fleet, incidents)
    await fleet.start()
    try:
        yield fleet
    finally:
        await fleet.stop()


async def get(url: str) -> tuple[int, dict[str, Any]]:
    async with aiohttp.ClientSession() as session, session.get(url) as response:
        return response.status, await response.json()


async def test_the_clock_returns_when_something_happens_and_not_before():
    incident = Incident(after=100, what="PersonScales", cluster="east", workload="login", replicas=9)
    async with playing(incident) as fleet:
        await fleet.clock.until(fleet.night.start + 99)
        before = fleet.deployment("east", "login")["spec"]["replicas"]
        await fleet.clock.until(fleet.night.start + 500)
        assert fleet.clock.now() == fleet.night.start + 100
        body = fleet.deployment("east", "login")
    assert (before != 9, body["spec"]["replicas"]) == (True, 9)
    assert owner(body, ("spec", "replicas")) == PERSON


async def test_an_edited_event_has_a_new_generation_and_a_replaced_one_a_new_uid():
    edit = Incident(after=10, what="EditEvent", patch={"spec": {"paused": True}})
    replace = Incident(after=20, what="ReplaceEvent")
    async with playing(edit, replace) as fleet:
        url = f"{fleet.hub_url}{EVENTS}/{fleet.night.name}"
        _, first = await get(url)
        await fleet.clock.until(fleet.night.start + 10)
        _, second = await get(url)
        await fleet.clock.until(fleet.night.start + 20)
        _, third = await get(url)
    assert (second["metadata"]["generation"], second["spec"]["paused"]) == (2, True)
    assert second["metadata"]["uid"] == first["metadata"]["uid"]
    assert third["metadata"]["uid"] != first["metadata"]["uid"]
    assert third["spec"]["paused"] is True
    assert [one.body is None for one in fleet.recorder.seen.specs] == [False, False, True, False]


async def test_a_deleted_event_is_gone():
    async with playing(Incident(after=10, what="DeleteEvent")) as fleet:
        await fleet.clock.until(fleet.night.start + 10)
        status, _ = await get(f"{fleet.hub_url}{EVENTS}/{fleet.night.name}")
    assert status == 404


async def test_lists_come_back_empty_for_a_while():
    async with playing(Incident(after=10, what="EmptyEventLists", seconds=30)) as fleet:
        url = f"{fleet.hub_url}{EVENTS}"
        await fleet.clock.until(fleet.night.start + 10)
        _, during = await get(url)
        single, _ = await get(f"{url}/{fleet.night.name}")
        await fleet.clock.until(fleet.night.start + 40)
        _, after = await get(url)
    assert (len(during["items"]), single, len(after["items"])) == (0, 200, 1)


async def test_a_cluster_is_unreachable_for_a_while_and_out_of_the_barrier():
    incident = Incident(after=10, what="ClusterUnreachable", cluster="east", seconds=30)
    async with playing(incident) as fleet:
        url = f"{fleet.worlds['east'].server.url}/version"
        barrier = await fleet.clock.until(fleet.night.start + 10)
        with pytest.raises(aiohttp.ClientError):
            await get(url)
        assert ("east", "deployments") not in barrier
        assert ("north", "deployments") in barrier
        barrier = await fleet.clock.until(fleet.night.start + 40)
        assert ("east", "deployments") in barrier
        assert (await get(url))[0] == 200


async def test_nodes_are_lost():
    async with playing(Incident(after=10, what="LoseNodes", cluster="north", count=1)) as fleet:
        before = len(fleet.worlds["north"].nodes.living())
        await fleet.clock.until(fleet.night.start + 10)
        assert len(fleet.worlds["north"].nodes.living()) == before - 1


async def test_metrics_are_blind_for_a_while():
    incident = Incident(after=10, what="MetricsOutage", cluster="north", mode="Empty", seconds=30)
    query = 'sum(rate(http_requests_total{app="login"}[30s]))'
    counts = []
    async with playing(incident) as fleet:
        for after in (9, 10, 40):
            await fleet.clock.until(fleet.night.start + after)
            _, body = await get(f"{fleet.prometheus.url('north')}/api/v1/query?query={query}")
            counts.append(len(body["data"]["result"]))
    assert counts == [1, 0, 1]


def test_an_unknown_incident_is_refused():
    fleet = SandboxFleet(build_night(rounds=1, clusters=1, scale=0.05))
    with pytest.raises(InvalidInput, match="write one of"):
        play(fleet, from_json([{"after": 1, "what": "Earthquake"}]))
