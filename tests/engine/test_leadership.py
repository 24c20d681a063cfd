"""Who may write: never two at a time, whatever the API server does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from gala.engine.clock import WallClock
from gala.engine.leadership import Elector
from gala.errors import RequestFailed
from gala.sandbox.apiserver.faults import Call, Refuse
from gala.settings import Settings
from hub_server import NAMESPACE, Hub, Time, a_hub

LEASE_PATH = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/gala-operator"


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    async with a_hub() as made:
        yield made


def elector(hub: Hub, identity: str = "one", *, steady: Time | None = None) -> Elector:
    return Elector(hub.api, hub.settings, hub.time, identity, steady=steady)


async def lease(hub: Hub) -> dict[str, Any]:
    spec: dict[str, Any] = (await hub.api.request("GET", LEASE_PATH))["spec"]
    return spec


async def test_the_first_to_ask_leads(hub: Hub) -> None:
    one, other = elector(hub), elector(hub, "other")
    assert [await one.acquire_or_renew(), await other.acquire_or_renew()] == [True, False]
    spec = await lease(hub)
    want = ("one", 15, 0)
    assert (spec["holderIdentity"], spec["leaseDurationSeconds"], spec["leaseTransitions"]) == want
    assert (one.holder, other.holder) == ("one", "one")


async def test_a_leader_who_renews_stays_one(hub: Hub) -> None:
    one, other = elector(hub), elector(hub, "other")
    held = []
    for _ in range(20):
        held.append((await one.acquire_or_renew(), await other.acquire_or_renew()))
        hub.time.value += 2
    assert held == [(True, False)] * 20


async def test_an_attempt_before_its_time_costs_no_request(hub: Hub) -> None:
    one = elector(hub)
    await one.acquire_or_renew()
    before = hub.server.requests
    hub.time.value += 1.9
    assert await one.acquire_or_renew()
    assert hub.server.requests == before
    assert one.next_attempt() == pytest.approx(0.1, abs=1e-6)


async def test_a_leader_who_cannot_renew_stops_before_anybody_else_may_begin(hub: Hub) -> None:
    one, other = elector(hub), elector(hub, "other")
    await one.acquire_or_renew()
    await other.acquire_or_renew()
    hub.server.faults.refusals = [Refuse(status=503, method="PUT")]
    held = []
    for _ in range(12):
        hub.time.value += 1
        held.append(await one.acquire_or_renew())
    hub.server.faults.refusals = []
    assert held == [True] * 9 + [False] * 3
    hub.time.value += 2.9
    early = await other.acquire_or_renew()
    hub.time.value += 2.1
    assert (early, await other.acquire_or_renew()) == (False, True)


async def test_a_lease_is_taken_only_after_it_was_seen_unchanged_for_its_duration(hub: Hub) -> None:
    gone, heir = elector(hub, "gone"), elector(hub, "heir")
    await gone.acquire_or_renew()
    hub.time.value += 3600
    taken = []
    for _ in range(9):
        taken.append(await heir.acquire_or_renew())
        hub.time.value += 2
    assert taken == [False] * 8 + [True]
    spec = await lease(hub)
    assert (spec["holderIdentity"], spec["leaseTransitions"]) == ("heir", 1)


async def test_a_longer_term_of_another_leader_is_respected(hub: Hub) -> None:
    slow = Elector(hub.api, Settings(lease_duration=60, renew_deadline=40), hub.time, "slow")
    heir = elector(hub, "heir")
    await slow.acquire_or_renew()
    await heir.acquire_or_renew()
    hub.time.value += 59
    early = await heir.acquire_or_renew()
    hub.time.value += 2
    assert (early, await heir.acquire_or_renew()) == (False, True)


async def test_a_released_lease_is_taken_at_once(hub: Hub) -> None:
    one, heir = elector(hub), elector(hub, "heir")
    await one.acquire_or_renew()
    await one.release()
    assert not one.holds(hub.time.now())
    assert await heir.acquire_or_renew()


async def test_who_does_not_lead_releases_nothing(hub: Hub) -> None:
    one, other = elector(hub), elector(hub, "other")
    await one.acquire_or_renew()
    await other.acquire_or_renew()
    await other.release()
    assert (await lease(hub))["holderIdentity"] == "one"


async def test_a_process_that_was_restarted_in_its_own_pod_leads_at_once(hub: Hub) -> None:
    await elector(hub, "pod-a").acquire_or_renew()
    assert await elector(hub, "pod-a").acquire_or_renew()


async def test_an_answer_that_got_lost_does_not_cost_the_lead(hub: Hub) -> None:
    one = elector(hub)
    await one.acquire_or_renew()
    found = await hub.api.request("GET", LEASE_PATH)
    found["spec"]["renewTime"] = "2027-01-15T08:00:01.000000Z"
    await hub.api.request("PUT", LEASE_PATH, body=found)
    hub.time.value += 2
    assert await one.acquire_or_renew()


async def test_a_lease_that_somebody_took_is_lost_at_once(hub: Hub) -> None:
    one = elector(hub)
    await one.acquire_or_renew()
    found = await hub.api.request("GET", LEASE_PATH)
    found["spec"]["holderIdentity"] = "other"
    await hub.api.request("PUT", LEASE_PATH, body=found)
    hub.time.value += 2
    assert not await one.acquire_or_renew()
    assert not one.holds(hub.time.now())


async def test_a_lease_that_somebody_deleted_is_made_anew(hub: Hub) -> None:
    one = elector(hub)
    await one.acquire_or_renew()
    await hub.api.request("DELETE", LEASE_PATH)
    hub.time.value += 2
    assert await one.acquire_or_renew()
    assert (await lease(hub))["holderIdentity"] == "one"


@pytest.mark.parametrize(
    ("wall", "steady"),
    [
        pytest.param(10.0, 1.0, id="the wall clock went on while the machine slept"),
        pytest.param(-3600.0, 10.0, id="the wall clock was set back while no renewal came through"),
    ],
)
async def test_a_hold_ends_as_soon_as_either_clock_says_so(hub: Hub, wall: float, steady: float) -> None:
    monotonic = Time(50.0)
    one = elector(hub, steady=monotonic)
    await one.acquire_or_renew()
    hub.time.value += wall
    monotonic.value += steady
    assert not one.holds(hub.time.now())


async def test_the_wall_clock_brings_its_own_steady_clock(hub: Hub) -> None:
    monotonic = Time(50.0)
    clock = WallClock(hub.time, monotonic)
    one = Elector(hub.api, hub.settings, clock, "one")
    await one.acquire_or_renew()
    monotonic.value += 10.0
    assert not one.holds(clock.now())


async def test_another_lease_is_another_leadership(hub: Hub) -> None:
    canary = Elector(hub.api, Settings(lease_name="canary"), hub.time, "canary")
    assert [await elector(hub).acquire_or_renew(), await canary.acquire_or_renew()] == [True, True]


async def test_the_hold_counts_from_when_the_renewal_was_sent(hub: Hub) -> None:
    one = elector(hub)

    async def slowly(call: Call) -> None:
        if call.method == "POST":
            hub.time.value += 4

    hub.server.faults.before = slowly
    began = hub.time.now()
    await one.acquire_or_renew()
    assert [one.holds(began + 9.9), one.holds(began + 10)] == [True, False]


async def test_a_hub_that_never_answers_is_no_leadership_and_no_hang(hub: Hub) -> None:
    hub.api._settings = Settings(request_deadline=0.05)
    settings = Settings(request_deadline=0.05)
    one = Elector(hub.api, settings, hub.time, "one")
    never = asyncio.Event()

    async def hang(call: Call) -> None:
        await never.wait()

    hub.server.faults.before = hang
    assert not await one.acquire_or_renew()
    never.set()


async def test_a_release_that_cannot_be_said_is_told(hub: Hub) -> None:
    one = elector(hub)
    await one.acquire_or_renew()
    hub.server.faults.refusals = [Refuse(status=500, method="PUT")]
    with pytest.raises(RequestFailed):
        await one.release()
    assert not one.holds(hub.time.now())
