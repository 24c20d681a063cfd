"""kopf for real, against an API server that misbehaves: what people want arrives all the same."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from contextlib import asynccontextmanager, nullcontext
from dataclasses import replace
from typing import Any

import pytest

from gala.engine.desired import Desired
from gala.engine.wanted import Raw
from gala.intake.intake import Intake
from gala.planning.facts import EventKey
from gala.sandbox.apiserver.faults import Call, Refuse
from gala.sandbox.apiserver.store import Event, Watcher
from gala.settings import Settings
from hub_server import CRDS_PATH, EVENTS_PATH, NAMESPACE, Hub, a_hub, cluster

SLOW_LISTS = Settings(relist_interval=3600)
"""So slow that whatever arrives comes by the watch."""

QUICK_LISTS = Settings(relist_interval=0.05)


@asynccontextmanager
async def an_intake(
    settings: Settings = SLOW_LISTS, *, hub: Hub | None = None, kind: type[Intake] = Intake, **more: float
) -> AsyncIterator[tuple[Hub, Desired, Intake]]:
    async with nullcontext(hub) if hub else a_hub(settings=settings) as used:
        desired = Desired(NAMESPACE)
        deadlines = {"start_deadline": 10.0, "first_pause": 0.05} | more
        intake = kind(desired, used.api, settings, **deadlines)
        await intake.start()
        try:
            yield used, desired, intake
        finally:
            await intake.stop()


async def until(true: Callable[[], object]) -> None:
    """Waits for what other threads bring about; generous, for a machine that is busy."""
    async with asyncio.timeout(20):
        while not true():  # noqa: ASYNC110 (other threads set no event of ours)
            await asyncio.sleep(0.01)


def watching(hub: Hub) -> bool:
    """Whether both kinds are watched."""
    kinds = [hub.server.resources.find(plural) for plural in ("galaevents", "galaclusters")]
    return all(hub.server.store.watched(kind) for kind in kinds)


def watchers(hub: Hub) -> Iterator[Watcher]:
    return (watcher for (_, plural), watcher in hub.server.store.watchers() if plural.endswith("galaevents"))


def names(desired: Desired) -> list[str]:
    return [wanted.key.name for wanted in desired.events()]


async def test_what_was_there_and_what_comes_is_handed_over() -> None:
    async with an_intake() as (hub, desired, _):
        await hub.create_event("first")
        await until(lambda: watching(hub) and desired.synced())
        await hub.create_event("second")
        path = f"/apis/gala.dev/v1alpha1/namespaces/{NAMESPACE}/galaclusters"
        await hub.api.request("POST", path, body=cluster())
        await until(lambda: names(desired) == ["first", "second"] and len(desired.clusters()) == 1)


class Forgetful(Desired):
    """Fails at the first list that it is given."""

    failed = False

    def replace(self, kind: str, objects: Iterable[Raw], list_resource_version: str) -> None:
        if not self.failed:
            self.failed = True
            raise KeyError("metadata")
        super().replace(kind, objects, list_resource_version)


async def test_a_list_that_cannot_be_taken_over_is_tried_again(caplog: pytest.LogCaptureFixture) -> None:
    async with a_hub(settings=QUICK_LISTS) as hub:
        desired = Forgetful(NAMESPACE)
        intake = Intake(desired, hub.api, QUICK_LISTS, first_pause=0.05)
        await intake.start()
        try:
            await until(desired.synced)
        finally:
            await intake.stop()
    assert "could not be taken over" in caplog.text


async def test_an_edit_and_a_deletion_come_by_the_watch() -> None:
    async with an_intake() as (hub, desired, _):
        await until(lambda: watching(hub) and desired.synced())
        await hub.create_event()
        patch = {"spec": {"paused": True}}
        merge = "application/merge-patch+json"
        await hub.api.request("PATCH", f"{EVENTS_PATH}/gala", body=patch, content_type=merge)
        await until(lambda: [wanted.generation for wanted in desired.events()] == [2])
        await hub.delete_event()
        await until(lambda: desired.missing() == {EventKey("shows", "gala")})


async def test_the_barrier_of_a_watch_is_reached() -> None:
    async with an_intake() as (hub, desired, _):
        await until(lambda: watching(hub))
        made = await hub.create_event()
        await desired.reached("galaevents", int(made["metadata"]["resourceVersion"]), deadline=10)
        assert names(desired) == ["gala"]


async def test_nothing_is_written_to_the_objects_that_are_seen() -> None:
    """Of one object kopf takes one change after the other: with the third the first is done with."""
    async with an_intake() as (hub, desired, _):
        await until(lambda: watching(hub))
        written: list[str] = []

        async def note(call: Call) -> None:
            if call.method != "GET":
                written.append(call.method)

        hub.server.faults.before = note
        await hub.create_event()
        await until(lambda: names(desired))
        for generation, paused in ((2, True), (3, False)):
            patch = {"spec": {"paused": paused}}
            merge = "application/merge-patch+json"
            await hub.api.request("PATCH", f"{EVENTS_PATH}/gala", body=patch, content_type=merge)
            await until(lambda: [wanted.generation for wanted in desired.events()] == [generation])  # noqa: B023
        assert written == ["POST", "PATCH", "PATCH"]


async def test_a_list_finds_what_the_watch_has_missed() -> None:
    async with an_intake(QUICK_LISTS) as (hub, desired, _):
        await until(lambda: watching(hub) and desired.synced())
        for watcher in watchers(hub):
            watcher.type_of = lambda event: None  # type: ignore[method-assign] # a watch that died in silence
        await hub.create_event()
        await until(lambda: names(desired) == ["gala"])


async def test_an_empty_list_is_doubt_and_keeps_the_events() -> None:
    async with an_intake(QUICK_LISTS) as (hub, desired, _):
        await hub.create_event()
        await until(lambda: names(desired) == ["gala"])
        kind = hub.server.resources.find("galaevents")
        hub.server.store._objects[kind.key].clear()
        await until(lambda: desired.vanished() == {EventKey("shows", "gala")})
        assert names(desired) == ["gala"]


class Cut(Event):
    """A line that ends in the middle."""

    def line(self, kind: str | None = None) -> bytes:
        return b'{"type":"ADDED","object":{"metadata'


async def compacted(hub: Hub) -> None:
    hub.server.store.forget(hub.server.resources.find("galaevents"))
    for watcher in watchers(hub):
        watcher.close()


async def error_event(hub: Hub) -> None:
    status = {"kind": "Status", "metadata": {}, "status": "Failure", "message": "etcd", "code": 500}
    for watcher in watchers(hub):
        watcher.put(Event(hub.server.store.revision, "ERROR", before=None, after=status))


async def cut_line(hub: Hub) -> None:
    for watcher in watchers(hub):
        watcher.put(Cut(hub.server.store.revision, "ADDED", before=None, after={"metadata": {}}))
        watcher.close()


def refusing(status: int) -> Callable[[Hub], Awaitable[None]]:
    async def refuse(hub: Hub) -> None:
        hub.server.faults.refusals = [Refuse(status=status, path="/galaevents$", method="GET", times=1)]
        for watcher in watchers(hub):
            watcher.close()

    return refuse


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(compacted, id="the history was compacted"),
        pytest.param(error_event, id="the watch carries an error"),
        pytest.param(cut_line, id="the watch ends in the middle of an object"),
        pytest.param(refusing(410), id="a request is answered with 410"),
        pytest.param(refusing(403), id="a request is answered with 403"),
        pytest.param(refusing(401), id="a request is answered with 401"),
        pytest.param(refusing(500), id="a request is answered with 500"),
    ],
)
async def test_the_watch_is_back_after(fault: Callable[[Hub], Awaitable[None]]) -> None:
    async with an_intake() as (hub, desired, _):
        await until(lambda: watching(hub) and desired.synced())
        before = set(watchers(hub))
        await fault(hub)
        await until(lambda: set(watchers(hub)) - before)
        await hub.create_event()
        await until(lambda: names(desired) == ["gala"])


async def test_a_kopf_that_ended_is_counted_and_told_until_it_watches_again() -> None:
    async with an_intake() as (hub, desired, intake):
        await until(lambda: watching(hub) and desired.synced())
        hub.server.faults.refusals = [Refuse(status=403, path="/galaevents$|/apis$")]
        for watcher in watchers(hub):
            watcher.close()
        await until(lambda: intake.health().restarts)
        assert intake.health().problem.startswith("kopf ended:")
        hub.server.faults.refusals = []
        await until(lambda: watching(hub) and intake.health().problem == "")


async def test_a_watch_that_nobody_ends_is_opened_anew() -> None:
    async with an_intake(watch_deadline=0.5) as (hub, desired, intake):
        await until(lambda: watching(hub) and desired.synced())
        before = set(watchers(hub))
        await until(lambda: set(watchers(hub)) - before)
        await hub.create_event()
        await until(lambda: names(desired) == ["gala"])
        assert intake.health().restarts == 0


class Clumsy(Intake):
    """Cannot clear its first two lives away."""

    def _one_life(self) -> str:
        if self.health().restarts < 2:
            raise RuntimeError("the loop is running")
        return super()._one_life()


async def test_a_life_that_cannot_be_cleared_away_is_followed_by_another(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with an_intake(kind=Clumsy) as (hub, desired, intake):
        await until(lambda: watching(hub) and desired.synced() and intake.health().problem == "")
        assert intake.health().restarts == 2
    assert "kopf could not be cleared away: the loop is running." in caplog.text


async def hang_discovery(hub: Hub) -> asyncio.Event:
    answers = asyncio.Event()

    async def hang(call: Call) -> None:
        if call.path == "/apis":
            await answers.wait()

    hub.server.faults.before = hang
    return answers


async def test_a_discovery_that_hangs_is_told_by_the_deadline_and_got_over() -> None:
    async with a_hub(settings=SLOW_LISTS) as hub:
        answers = await hang_discovery(hub)
        async with an_intake(hub=hub, start_deadline=0.3) as (_, _, intake):
            await until(lambda: intake.health().problem)
            want = "it did not come to watch galaclusters and galaevents within 0.3 s"
            assert want in intake.health().problem
            answers.set()
            await until(lambda: watching(hub) and intake.health().problem == "")


async def test_missing_definitions_are_told_with_what_to_do() -> None:
    async with a_hub(settings=QUICK_LISTS) as hub:
        await hub.api.request("DELETE", f"{CRDS_PATH}/galaclusters.gala.dev")
        async with an_intake(QUICK_LISTS, hub=hub, start_deadline=0.3) as (_, _, intake):
            await until(
                lambda: "kopf ended: it did not come to watch galaclusters" in intake.health().problem
            )
            assert "Are the CRDs installed (gala crds | kubectl apply" in intake.health().problem


async def test_a_list_that_fails_is_told_and_forgotten_once_it_works_again() -> None:
    async with an_intake(QUICK_LISTS) as (hub, desired, intake):
        await until(lambda: watching(hub) and desired.synced())
        hub.server.faults.refusals = [Refuse(status=503, path="/galaclusters$", method="GET", times=3)]
        await until(lambda: "503" in intake.health().problem)
        await until(lambda: intake.health().problem == "")


async def test_health_tells_the_age_of_lists_and_watches() -> None:
    async with an_intake() as (hub, desired, intake):
        await until(lambda: watching(hub) and desired.synced())
        await until(lambda: intake.health().watched_ago is not None)
        health = intake.health()
        assert health.listed_ago is not None
        assert health.listed_ago < 60
        assert replace(health, listed_ago=None, watched_ago=None) == replace(
            health, listed_ago=None, watched_ago=None, restarts=0, problem=""
        )


@pytest.mark.parametrize(
    "busy",
    [
        pytest.param(False, id="while it watches"),
        pytest.param(True, id="while discovery hangs"),
    ],
)
async def test_stopping_takes_less_than_two_seconds(busy: bool) -> None:
    async with a_hub(settings=SLOW_LISTS) as hub:
        answers = await hang_discovery(hub) if busy else asyncio.Event()
        desired = Desired(NAMESPACE)
        intake = Intake(desired, hub.api, SLOW_LISTS)
        await intake.start()
        await until(lambda: desired.synced() if busy else watching(hub))
        began = time.monotonic()
        await intake.stop()
        took = time.monotonic() - began
        answers.set()
    assert took < 2


async def test_stopping_while_a_watch_is_being_opened_complains_of_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with a_hub(settings=SLOW_LISTS) as hub:
        asked, answers = asyncio.Event(), asyncio.Event()

        async def hang(call: Call) -> None:
            if call.watch:
                asked.set()
                await answers.wait()

        hub.server.faults.before = hang
        async with an_intake(hub=hub):
            async with asyncio.timeout(20):
                await asked.wait()
        answers.set()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


async def test_an_intake_that_was_stopped_asks_nothing_more() -> None:
    async with an_intake(QUICK_LISTS) as (hub, _, intake):
        await until(lambda: watching(hub))
        await intake.stop()
        before: Any = hub.server.requests
        await asyncio.sleep(0.2)
        assert hub.server.requests == before
