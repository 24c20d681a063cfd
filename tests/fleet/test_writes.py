"""Guarded and paced writes."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from fleet_builders import DEPLOYMENTS, client, deployment, write
from fleet_server import FleetServer, serving, status
from gala.errors import Conflict, LeadershipLost, Rejected, Throttled, Unreachable
from gala.fleet.paths import Catalog
from gala.fleet.writes import Writer, WriteResult, in_turns, patch_of
from gala.planning.facts import TargetKey
from gala.planning.outcome import Guard, Write

Done = list[tuple[TargetKey, int | None]]


async def apply(
    server: FleetServer,
    *writes: Write,
    qps: float = 1000,
    burst: float = 1000,
    seconds: float = 2.0,
    times: int = 1,
) -> tuple[list[WriteResult], Done]:
    north = client(server)
    writer = Writer(north, Catalog(north), qps=qps, burst=burst)
    done: Done = []
    results: list[WriteResult] = []
    for _ in range(times):
        results += await writer.apply(
            writes, seconds=seconds, done=lambda key, version: done.append((key, version))
        )
    await north.close()
    return results, done


def test_a_first_write_carries_the_resource_version_of_the_original() -> None:
    want = {"metadata": {"resourceVersion": "101"}, "spec": {"replicas": 5}}

    assert patch_of(write(guard=Guard.RESOURCE_VERSION)) == (want, "application/merge-patch+json")


def test_a_later_write_tests_the_uid_and_the_value_that_was_read() -> None:
    body, content_type = patch_of(write(2, was=5))

    assert content_type == "application/json-patch+json"
    assert body == [
        {"op": "test", "path": "/metadata/uid", "value": "uid-web"},
        {"op": "test", "path": "/spec/replicas", "value": 5},
        {"op": "replace", "path": "/spec/replicas", "value": 2},
    ]


def test_a_value_of_zero_is_guarded_by_the_version_for_it_is_not_on_the_wire() -> None:
    assert patch_of(write(2, was=0))[1] == "application/merge-patch+json"


def test_a_value_that_stays_is_applied_for_an_update_of_it_would_change_no_owner() -> None:
    body, content_type = patch_of(write(5, was=5))

    assert content_type == "application/apply-patch+yaml"
    assert body == {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": "web", "namespace": "shop"},
        "spec": {"replicas": 5},
    }


async def test_a_write_is_carried_out_under_its_manager_and_tells_the_new_version() -> None:
    async with serving() as server:
        server.put(DEPLOYMENTS, deployment())
        (result,), done = await apply(server, write(manager="gala-operator-home"))

        assert result.error is None
        found = server.objects[DEPLOYMENTS]["web"]
        assert found["spec"]["replicas"] == 5
        assert found["metadata"]["managedFields"][0]["manager"] == "gala-operator-home"
        assert done == [(write().target, server.version)]


@pytest.mark.parametrize(
    "late",
    [
        pytest.param(write(was=4), id="the value is another one"),
        pytest.param(write(uid="uid-of-an-older-one"), id="the object is another one"),
        pytest.param(
            write(version="7", guard=Guard.RESOURCE_VERSION), id="the original is not what was read"
        ),
    ],
)
async def test_a_write_on_old_facts_is_a_conflict_and_changes_nothing(late: Write) -> None:
    async with serving() as server:
        server.put(DEPLOYMENTS, deployment())
        (result,), done = await apply(server, late)

        assert isinstance(result.error, Conflict)
        assert server.objects[DEPLOYMENTS]["web"]["spec"]["replicas"] == 3
        assert done == [(late.target, None)]


async def test_a_target_that_is_gone_is_rejected_and_the_others_are_written() -> None:
    async with serving() as server:
        server.put(DEPLOYMENTS, deployment())
        results, _ = await apply(server, write(name="gone"), write())

        assert [type(result.error) for result in results] == [Rejected, type(None)]


def test_lowering_is_finished_before_raising_begins_and_a_target_has_one_write_at_a_time() -> None:
    down, up = write(1, name="a"), write(9, name="b")
    again = write(2, was=1, name="a")

    got = list(in_turns([down, write(2, name="c"), up, again, write(8, name="d")]))

    assert [[item.workload for item in turn] for turn in got] == [["a", "c"], ["b", "a", "d"]]
    assert [[item.to for item in turn] for turn in in_turns([up, write(10, was=9, name="b")])] == [[9], [10]]


async def test_writes_beyond_the_burst_wait_for_their_turn() -> None:
    async with serving() as server:
        names = [f"app-{number}" for number in range(4)]
        for name in names:
            server.put(DEPLOYMENTS, deployment(name))
        results, _ = await apply(server, *(write(name=name) for name in names), qps=20, burst=1)

        assert all(result.error is None for result in results)
        assert results[-1].seconds > 0.05


async def test_writes_whose_turn_comes_too_late_are_not_sent() -> None:
    async with serving() as server:
        names = [f"app-{number}" for number in range(5)]
        for name in names:
            server.put(DEPLOYMENTS, deployment(name))
        results, _ = await apply(server, *(write(name=name) for name in names), qps=0.01, burst=3)

        assert [result.error is None for result in results] == [True, True, True, False, False]
        assert isinstance(results[-1].error, Throttled)
        assert server.count("PATCH", "scale") == 3


async def test_retry_after_is_obeyed() -> None:
    async def fault(request: web.Request) -> web.StreamResponse:
        return status(429, "slow down", **{"Retry-After": "30"})

    async with serving() as server:
        server.put(DEPLOYMENTS, deployment())
        server.faults["PATCH", "scale"] = fault
        results, done = await apply(server, write(), times=3)

        assert all(isinstance(result.error, Throttled) for result in results)
        assert server.count("PATCH", "scale") == 1
        assert done == []


async def test_after_three_writes_without_an_answer_no_more_are_sent() -> None:
    async def fault(request: web.Request) -> web.StreamResponse:
        return status(503, "no")

    async with serving() as server:
        server.put(DEPLOYMENTS, deployment())
        server.faults["PATCH", "scale"] = fault
        results, _ = await apply(server, write(), times=5)

        assert [type(result.error) for result in results] == [Unreachable] * 3 + [Throttled] * 2
        assert server.count("PATCH", "scale") == 3


async def test_refusals_do_not_open_the_breaker() -> None:
    async with serving() as server:
        results, _ = await apply(server, write(), times=5)

        assert all(isinstance(result.error, Rejected) for result in results)


async def test_few_writes_are_in_flight_at_once() -> None:
    at_once, most = 0, 0

    async def fault(request: web.Request) -> web.StreamResponse:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.01)
        at_once -= 1
        return web.json_response({"metadata": {"resourceVersion": "5"}})

    async with serving() as server:
        server.faults["PATCH", "scale"] = fault
        results, _ = await apply(server, *(write(name=f"app-{number}") for number in range(40)))

        assert all(result.error is None for result in results)
        assert most == 8


async def test_once_the_lease_is_lost_the_rest_of_a_batch_is_not_sent() -> None:
    async with serving() as server:
        for name in ("a", "b", "c"):
            server.put(DEPLOYMENTS, deployment(name))
        north = client(server)
        answers = iter([True, False, False])
        writer = Writer(north, Catalog(north), qps=1000, burst=1000, leads=lambda: next(answers))
        heard: Done = []
        results = await writer.apply(
            [write(5, name=name) for name in ("a", "b", "c")],
            seconds=2.0,
            done=lambda key, version: heard.append((key, version)),
        )
        await north.close()
    assert [type(result.error) for result in results] == [type(None), LeadershipLost, LeadershipLost]
    assert [key.name for key, _ in heard] == ["a"]
