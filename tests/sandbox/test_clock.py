"""Time stands still while anybody works, and then jumps to the next edge."""

from __future__ import annotations

import asyncio

import pytest

from gala.errors import Unreachable
from gala.sandbox.apiserver.server import EmbeddedServer
from gala.sandbox.clock import LocalClock
from gala.sandbox.remote_clock import KILL_COST, ClockEndpoint, RemoteClock
from sandbox_builders import DEPLOYMENTS, START, serving, world


async def test_until_steps_to_the_deadline_and_says_what_caches_must_reach():
    east, time = world()
    hub = EmbeddedServer("hub", time.now)
    clock = LocalClock(time, hub, [east])
    async with serving(east.server) as client:
        await client.deploy(replicas=2)
        barrier = await clock.until(START + 80)
        body = await client.get(f"{DEPLOYMENTS}/web")
    assert clock.now() == START + 80
    assert body["status"]["readyReplicas"] == 2
    assert barrier["east", "deployments"] == int(body["metadata"]["resourceVersion"])
    assert ("east", "pods") not in barrier


async def test_a_deadline_in_the_past_does_not_turn_time_back():
    east, time = world()
    clock = LocalClock(time, EmbeddedServer("hub", time.now), [east])
    await clock.until(START + 10)
    await clock.until(START + 5)
    assert clock.now() == START + 10


async def test_until_returns_at_a_planned_edge_before_the_deadline():
    east, time = world()
    clock = LocalClock(time, EmbeddedServer("hub", time.now), [east])
    seen: list[float] = []

    async def note() -> None:
        seen.append(clock.now())

    clock.at(START + 7, note)
    clock.at(START + 7, note)
    clock.at(START + 30, note)
    await clock.until(START + 20)
    assert (clock.now(), seen) == (START + 7, [START + 7, START + 7])
    await clock.until(START + 20)
    assert clock.now() == START + 20


async def test_time_does_not_pass_while_a_request_is_in_flight():
    east, time = world()
    clock = LocalClock(time, EmbeddedServer("hub", time.now), [east])
    gate, arrived = asyncio.Event(), asyncio.Event()

    async def held(_call: object) -> None:
        arrived.set()
        await gate.wait()

    async with serving(east.server) as client:
        east.server.faults.before = held
        request = asyncio.create_task(client.get("/api/v1/nodes"))
        await arrived.wait()
        stepping = asyncio.create_task(clock.until(START + 10))
        for _ in range(20):
            await asyncio.sleep(0)
        assert clock.now() == START
        gate.set()
        await request
        await stepping
    assert clock.now() == START + 10


async def test_every_watch_is_written_before_the_barrier_is_answered():
    east, time = world()
    clock = LocalClock(time, EmbeddedServer("hub", time.now), [east])
    async with serving(east.server) as client:
        east.server.faults.delay = lambda: 0.02
        query = {"watch": "1", "resourceVersion": "1", "allowWatchBookmarks": "true"}
        async with client.session.get(client.server.url + DEPLOYMENTS, params=query) as response:
            await client.deploy(replicas=1)
            barrier = await clock.until(START + 80)
            await asyncio.sleep(0)
            received = b""
            while b'"readyReplicas":1' not in received:
                received += await response.content.readany()
        assert f'"resourceVersion":"{barrier["east", "deployments"]}"'.encode() in received


async def test_at_the_end_of_the_night_time_stops_for_good():
    east, time = world()
    clock = LocalClock(time, EmbeddedServer("hub", time.now), [east], end=START + 10)
    await clock.until(START + 60)
    waiting = asyncio.create_task(clock.until(START + 60))
    async with asyncio.timeout(5):
        await clock.finished.wait()
    assert (clock.now(), waiting.done()) == (START + 10, False)
    waiting.cancel()
    await asyncio.wait({waiting})


async def test_a_dead_operators_last_call_cannot_step():
    east, time = world()
    endpoint = ClockEndpoint(LocalClock(time, EmbeddedServer("hub", time.now), [east]), dict)
    url = await endpoint.start()
    first = await RemoteClock.connect(url, pid=0)
    assert await first.until(START + 5) == {("east", "nodes"): 106}
    second = await RemoteClock.connect(url, pid=0)
    with pytest.raises(Unreachable, match="another operator has taken over"):
        await first.until(START + 50)
    await second.until(START + 7)
    assert second.now() == START + 7
    await first.close()
    await second.close()
    await endpoint.stop()


async def test_a_kill_costs_ten_simulated_seconds():
    east, time = world()
    endpoint = ClockEndpoint(LocalClock(time, EmbeddedServer("hub", time.now), [east]), dict)
    url = await endpoint.start()
    first = await RemoteClock.connect(url, pid=0)
    endpoint.kill()
    second = await RemoteClock.connect(url, pid=0)
    assert second.now() == START + KILL_COST
    await first.close()
    await second.close()
    await endpoint.stop()
