"""A cache and the ways in which a watch can end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from fleet_builders import DEPLOYMENTS, QUICK, client, deployment
from fleet_server import FleetServer, serving, status
from gala.errors import BarrierTimeout, Unreachable
from gala.fleet.objects import Scaled, native
from gala.fleet.watching import Cache
from gala.settings import Settings

WEB = ("shop", "web")


@asynccontextmanager
async def following(server: FleetServer, settings: Settings = QUICK) -> AsyncIterator[Cache[Scaled]]:
    north = client(server, settings)
    cache = Cache(north, DEPLOYMENTS, native)
    cache.start()
    await cache.settled(seconds=5)
    try:
        yield cache
    finally:
        await cache.stop()
        await north.close()


def replicas(cache: Cache[Scaled], name: str = "web") -> int | None:
    kept = cache.get(("shop", name))
    return None if kept is None else kept.value.replicas


async def until(check) -> None:  # type: ignore[no-untyped-def]
    """Waits for something to come true; the deadline only ends a test that has failed."""
    async with asyncio.timeout(10):
        while not check():  # noqa: ASYNC110 (what is waited for lives in a server)
            await asyncio.sleep(0.005)


async def test_a_list_is_read_in_pages() -> None:
    async with serving() as server:
        for number in range(1_201):
            server.put(DEPLOYMENTS, deployment(f"app-{number}"))
        async with following(server) as cache:
            assert len(list(cache.values())) == 1_201
            assert cache.version == server.version
            lists = [
                query for _, path, query in server.requests if path == DEPLOYMENTS and "watch" not in query
            ]
            assert len(lists) == 3


async def test_changes_arrive_and_deletions_too() -> None:
    async with serving() as server:
        server.put(DEPLOYMENTS, deployment())
        async with following(server) as cache:
            server.change(DEPLOYMENTS, "web", spec={"replicas": 9})
            server.put(DEPLOYMENTS, deployment("api", replicas=2))
            await cache.reached(server.version, seconds=5)
            assert (replicas(cache), replicas(cache, "api")) == (9, 2)

            server.remove(DEPLOYMENTS, "web")
            await cache.reached(server.version, seconds=5)
            assert replicas(cache) is None


async def test_a_bookmark_moves_the_version_without_a_change() -> None:
    async with serving() as server, following(server) as cache:
        await until(lambda: server.watching(DEPLOYMENTS))
        changes = cache.changes
        server.version = 5_000
        server.bookmark()
        await cache.reached(5_000, seconds=5)
        assert cache.changes == changes


async def test_a_barrier_that_is_never_reached_is_loud() -> None:
    async with serving() as server, following(server) as cache:
        with pytest.raises(BarrierTimeout, match="999999"):
            await cache.reached(999_999, seconds=0.05)


async def test_a_barrier_of_a_cache_that_ended_is_loud_at_once() -> None:
    async with serving() as server:
        server.forbidden.add("deployments")
        async with following(server) as cache:
            with pytest.raises(BarrierTimeout, match="Nothing follows"):
                await cache.reached(1, seconds=60)


async def test_a_watch_that_the_server_ends_goes_on_without_a_list() -> None:
    async with serving() as server, following(server) as cache:
        await until(lambda: server.watching(DEPLOYMENTS))
        lists = server.count("GET", "deployments")
        server.cut()
        await until(lambda: server.count("GET", "deployments") > lists)
        server.put(DEPLOYMENTS, deployment())
        await cache.reached(server.version, seconds=5)
        assert server.count("GET", "deployments") == lists + 1
        assert replicas(cache) == 3


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(
            {"type": "ERROR", "object": {"code": 410, "message": "too old"}},
            id="after an ERROR in the stream",
        ),
        pytest.param({"type": "ERROR", "object": {"code": 500}}, id="after an ERROR of another kind"),
        pytest.param({"raw": '{"type": "MODIFIED", "object": {"metad\n'}, id="after a line that is no JSON"),
    ],
)
async def test_a_broken_watch_is_listed_anew(event: dict[str, object]) -> None:
    async with serving() as server:
        server.put(DEPLOYMENTS, deployment())
        async with following(server) as cache:
            await until(lambda: server.watching(DEPLOYMENTS))
            del server.objects[DEPLOYMENTS]["web"]
            server.tell(DEPLOYMENTS, event)
            await until(lambda: replicas(cache) is None)
            assert cache.running


async def test_a_version_that_is_too_old_is_listed_anew() -> None:
    async with serving() as server:
        server.put(DEPLOYMENTS, deployment())
        async with following(server) as cache:
            await until(lambda: server.watching(DEPLOYMENTS))
            server.version += 50
            server.expired_before = server.version
            server.objects[DEPLOYMENTS].clear()
            server.cut()
            await until(lambda: replicas(cache) is None)
            assert cache.version == server.version


async def test_a_silent_watch_is_listed_anew() -> None:
    async with serving() as server:
        server.put(DEPLOYMENTS, deployment())
        async with following(server, Settings(watch_idle=1.2)) as cache:
            await until(lambda: server.watching(DEPLOYMENTS))
            server.objects[DEPLOYMENTS]["web"]["spec"]["replicas"] = 8
            server.version += 1
            server.objects[DEPLOYMENTS]["web"]["metadata"]["resourceVersion"] = str(server.version)
            await until(lambda: replicas(cache) == 8)


async def test_what_is_known_outlives_the_server_and_the_task_says_why_it_ended() -> None:
    async with serving() as server:
        server.put(DEPLOYMENTS, deployment())
        async with following(server) as cache:
            await until(lambda: server.watching(DEPLOYMENTS))
            server.down = True
            server.cut()
            await until(lambda: not cache.running)
            assert replicas(cache) == 3
            assert isinstance(cache.failure, Unreachable)
            assert not cache.current

            server.down = False
            cache.start()
            await until(lambda: cache.current and cache.failure is None)
            assert cache.restarts == 1


async def test_watches_that_end_at_once_do_not_become_a_storm() -> None:
    async def fault(request: web.Request) -> web.StreamResponse:
        if request.query.get("watch"):
            return web.Response()
        return web.json_response({"items": [], "metadata": {"resourceVersion": "7"}})

    async with serving() as server:
        server.faults["GET", "deployments"] = fault
        async with following(server) as cache:
            await until(lambda: not cache.running)
            assert server.count("GET", "deployments") == 4
            assert "at once" in str(cache.failure)


async def test_a_page_that_is_refused_keeps_the_old_list() -> None:
    async with serving() as server:
        for number in range(600):
            server.put(DEPLOYMENTS, deployment(f"app-{number}"))
        async with following(server) as cache:
            await until(lambda: server.watching(DEPLOYMENTS))
            answers = iter(
                [web.json_response({"items": [], "metadata": {"continue": "x"}}), status(410, "gone")]
            )

            async def fault(request: web.Request) -> web.StreamResponse:
                return next(answers)

            server.faults["GET", "deployments"] = fault
            server.tell(DEPLOYMENTS, {"type": "ERROR", "object": {"code": 410}})
            await until(lambda: not cache.running)
            assert len(list(cache.values())) == 600


async def test_a_projection_that_fails_ends_the_cache_and_not_the_process() -> None:
    def wrong(obj: object) -> int:
        raise KeyError("spec")

    async with serving() as server:
        server.put(DEPLOYMENTS, deployment())
        north = client(server)
        cache = Cache(north, DEPLOYMENTS, wrong)
        cache.start()

        await cache.settled(seconds=5)

        assert "KeyError" in str(cache.failure)
        await north.close()


async def test_a_read_by_itself_never_replaces_something_newer() -> None:
    async with serving() as server:
        old = server.put(DEPLOYMENTS, deployment(replicas=1))
        server.put(DEPLOYMENTS, deployment(replicas=5))
        async with following(server) as cache:
            cache.put(old)
            assert replicas(cache) == 5
            cache.drop(WEB)
            assert replicas(cache) is None
