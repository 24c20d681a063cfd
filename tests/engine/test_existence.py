"""A deletion is believed after two answers by name, and never on anything less."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from gala.engine.existence import Existence
from gala.planning.facts import EventKey
from gala.sandbox.apiserver.faults import Refuse
from hub_server import CRDS_PATH, EVENTS_PATH, Hub, a_hub, event

GALA = EventKey("shows", "gala")
CRD_PATH = f"{CRDS_PATH}/galaevents.gala.dev"

Change = Callable[[Hub], Awaitable[object]]


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    async with a_hub() as made:
        yield made


async def answers(
    hub: Hub, *, at: tuple[float, ...], changes: dict[float, Change] | None = None
) -> list[bool]:
    """Whether the deletion was believed at each of these times."""
    existence = Existence(hub.api, hub.settings)
    heard = []
    for moment in at:
        if changes and moment in changes:
            await changes[moment](hub)
        heard.append(GALA in await existence.believed([GALA], moment))
    return heard


async def nothing(hub: Hub) -> None:
    """Nothing changes."""


async def no_namespace(hub: Hub) -> None:
    await hub.api.request("DELETE", "/api/v1/namespaces/shows")


async def no_definition(hub: Hub) -> None:
    await hub.api.request("DELETE", CRD_PATH)


async def not_established(hub: Hub) -> None:
    (definition,) = [
        body
        for body in hub.server.store.all(hub.server.resources.find("customresourcedefinitions"))
        if body["metadata"]["name"] == "galaevents.gala.dev"
    ]
    definition["status"] = {"conditions": [{"type": "Established", "status": "False"}]}


async def comes_back(hub: Hub) -> None:
    await hub.api.request("POST", EVENTS_PATH, body=event())


async def failing(hub: Hub) -> None:
    hub.server.faults.refusals = [Refuse(status=503)]


async def forbidden(hub: Hub) -> None:
    hub.server.faults.refusals = [Refuse(status=403, path="/namespaces/shows$")]


async def test_two_answers_thirty_seconds_apart_are_believed_and_stay_so(hub: Hub) -> None:
    assert await answers(hub, at=(0, 2, 29.9, 30, 32)) == [False, False, False, True, True]


async def test_a_namespace_that_is_gone_both_times_counts_as_a_deletion(hub: Hub) -> None:
    assert await answers(hub, at=(0, 30), changes={0: no_namespace}) == [False, True]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(no_definition, id="the CRD is gone"),
        pytest.param(not_established, id="the CRD is not established"),
        pytest.param(failing, id="the API server fails"),
        pytest.param(forbidden, id="the namespace may not be read"),
        pytest.param(comes_back, id="the event is there"),
    ],
)
async def test_anything_else_is_doubt(hub: Hub, change: Change) -> None:
    assert await answers(hub, at=(0, 30, 60, 90), changes={0: change}) == [False] * 4


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(no_definition, id="the CRD goes between the two answers"),
        pytest.param(failing, id="the API server fails the second time"),
        pytest.param(comes_back, id="the event comes back between the two answers"),
        pytest.param(no_namespace, id="the namespace goes between the two answers"),
    ],
)
async def test_the_second_answer_must_be_the_same_as_the_first(hub: Hub, change: Change) -> None:
    assert await answers(hub, at=(0, 30), changes={30: change}) == [False, False]


async def test_doubt_in_between_starts_the_count_anew(hub: Hub) -> None:
    async def recovered(hub: Hub) -> None:
        hub.server.faults.refusals = []

    changes = {30.0: failing, 40.0: recovered}
    assert await answers(hub, at=(0, 30, 40, 60, 70), changes=changes) == [False, False, False, False, True]


async def test_an_event_that_is_no_longer_missing_is_forgotten(hub: Hub) -> None:
    existence = Existence(hub.api, hub.settings)
    await existence.believed([GALA], 0)
    await existence.believed([], 10)
    assert await existence.believed([GALA], 30) == frozenset()


async def test_nobody_is_asked_before_it_is_time(hub: Hub) -> None:
    existence = Existence(hub.api, hub.settings)
    await existence.believed([GALA], 0)
    before = hub.server.requests
    await existence.believed([GALA], 15)
    assert (hub.server.requests, existence.next_question()) == (before, 30)
