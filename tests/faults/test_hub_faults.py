"""The operator's own API server misbehaves: nothing is written without its ledger, and nothing is lowered."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import pytest

from gala.report.nightlog import Place
from gala.sandbox.apiserver.faults import Damage, Refuse, Spoil
from gala.sandbox.demo import SETTINGS
from gala.sandbox.fleet import SandboxFleet
from measures import Measure
from scenes import (
    COOLDOWN,
    ROUND_AT,
    ROUND_END,
    WEB_EAST,
    WEB_NORTH,
    Scene,
    at,
    event,
    night,
    play,
    show_round,
    workload,
)

pytestmark = pytest.mark.faults

BROKEN_FROM = 100.0
HEALED = ROUND_AT - 60.0

LEDGER = "/galaallocations(/[^/]*)?$"
LEASE = "/leases"
SECRETS = "/secrets/"
LISTS = "/(galaevents|galaclusters)$"
STATUS = "/(galaevents|galaclusters|galaallocations)/[^/]*/status$"
EVENTS = "/events$"

HASTY = replace(SETTINGS, request_deadline=0.5)
"""For what hangs: that is given up by the wall clock."""

Fault = Refuse | Spoil
Change = tuple[float, Place, int]


async def broken(faults: Sequence[Fault], *, first: float, last: float) -> Scene:
    """One round of web over two clusters; the hub is broken in [first, last)."""

    def prepare(fleet: SandboxFleet) -> None:
        hub = fleet.hub.faults

        def breaks() -> None:
            hub.refusals += [fault for fault in faults if isinstance(fault, Refuse)]
            hub.spoils += [fault for fault in faults if isinstance(fault, Spoil)]

        def heals() -> None:
            hub.refusals.clear()
            hub.spoils.clear()

        at(fleet, first, breaks)
        at(fleet, last, heals)

    body = event(workloads=[workload()], scenes=[], rounds=[show_round()])
    hangs = any(isinstance(fault, Spoil) and fault.damage is Damage.HANG for fault in faults)
    return await play(night(body), prepare=prepare, settings=HASTY if hangs else SETTINGS)


def is_home(scene: Scene) -> None:
    """Everything was Ready in time and is back where it was; the servers saw nothing wrong."""
    assert scene.decreases(0, ROUND_END) == []
    assert scene.at_end() == scene.originals()
    assert scene.closes() == dict.fromkeys((WEB_NORTH, WEB_EAST), "HandedBack")
    assert scene.verdict.wrong_decreases == 0
    assert scene.verdict.breaches == ()


def longest_wait(scene: Scene) -> float:
    """Seconds between two passes while anything was held."""
    return max(later.now - done.now for done, later in pairwise(scene.passes) if done.plan.busy)


def changes(scene: Scene) -> Sequence[Change]:
    """When what was set to how much."""
    return [(write.at, write.place, write.to) for write in scene.writes()]


@pytest.fixture(scope="module")
def calm() -> Sequence[Change]:
    """What is written in a night in which nothing is broken."""
    with asyncio.Runner() as runner:
        return changes(runner.run(broken([], first=0.0, last=0.0)))


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Refuse(status=401, path=LEDGER), id="401"),
        pytest.param(Refuse(status=403, path=LEDGER), id="403"),
        pytest.param(Refuse(status=404, path=LEDGER), id="404"),
        pytest.param(Refuse(status=409, path=LEDGER, method="PUT"), id="409 on every update"),
        pytest.param(Refuse(status=413, path=LEDGER, method="POST"), id="413, too large"),
        pytest.param(Refuse(status=422, path=LEDGER, method="POST"), id="422 on every creation"),
        pytest.param(Refuse(status=429, path=LEDGER, retry_after=1), id="429 with Retry-After"),
        pytest.param(Refuse(status=500, path=LEDGER), id="500"),
        pytest.param(Spoil(damage=Damage.HANG, path=LEDGER, watch=False, times=40), id="it hangs"),
        pytest.param(
            Spoil(damage=Damage.LOST, path=LEDGER, watch=False), id="stored, and the answer is lost"
        ),
        pytest.param(Spoil(damage=Damage.TRUNCATED, path=LEDGER, watch=False), id="truncated JSON"),
        pytest.param(Spoil(damage=Damage.HTML, path=LEDGER, watch=False), id="a page instead of JSON"),
    ],
)
async def test_while_the_ledger_cannot_be_kept_nothing_is_written_and_afterwards_all_is_ready_in_time(
    fault: Fault,
) -> None:
    scene = await broken([fault], first=BROKEN_FROM, last=HEALED)

    stored = isinstance(fault, Spoil) and (fault.damage is Damage.LOST or not fault.times)
    assert stored or scene.writes(last=HEALED) == []
    assert scene.value(WEB_EAST, ROUND_AT) >= scene.floor(WEB_EAST)
    is_home(scene)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Refuse(status=403, path=LEDGER), id="403"),
        pytest.param(Refuse(status=409, path=LEDGER, method="PUT"), id="409 on every update"),
        pytest.param(Refuse(status=500, path=LEDGER), id="500"),
        pytest.param(Spoil(damage=Damage.TRUNCATED, path=LEDGER, watch=False), id="truncated JSON"),
        pytest.param(Refuse(status=409, path=LEDGER, method="DELETE"), id="409 on every deletion"),
        pytest.param(Refuse(status=403, path=LEDGER, method="DELETE"), id="403 on every deletion"),
    ],
)
async def test_a_ledger_that_cannot_be_kept_while_all_is_given_back_delays_it_and_no_more(
    fault: Fault,
) -> None:
    first = ROUND_END + COOLDOWN - 10
    scene = await broken([fault], first=first, last=first + 60)
    is_home(scene)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Refuse(status=status, path=path), id=f"{status} on {name}")
        for name, path in (
            ("the Lease", LEASE),
            ("status", STATUS),
            ("Kubernetes Events", EVENTS),
            ("lists", LISTS),
            ("Secrets", SECRETS),
        )
        for status in (401, 403, 404, 409, 422, 500)
    ]
    + [
        pytest.param(
            Spoil(damage=Damage.TRUNCATED, path=STATUS), id="status is answered with truncated JSON"
        ),
        pytest.param(Spoil(damage=Damage.HTML, path=LISTS, watch=False), id="lists are a page"),
        pytest.param(Spoil(damage=Damage.TRUNCATED, path=LISTS, watch=False), id="lists are cut short"),
    ],
)
async def test_trouble_beside_the_ledger_in_the_middle_of_a_round_changes_nothing(fault: Fault) -> None:
    scene = await broken([fault], first=ROUND_AT + 20, last=ROUND_END + COOLDOWN + 5)

    assert scene.writes(first=ROUND_AT + 20, last=ROUND_END) == []
    is_home(scene)


@pytest.mark.parametrize(
    "fault",
    [
        *(
            pytest.param(Refuse(status=status, path=STATUS), id=f"{status}")
            for status in (400, 403, 404, 409, 413, 422, 429, 500, 503)
        ),
        pytest.param(Spoil(damage=Damage.RESET, path=STATUS), id="it is cut off"),
        pytest.param(Spoil(damage=Damage.LOST, path=STATUS), id="written, and the answer is lost"),
        pytest.param(Spoil(damage=Damage.HTML, path=STATUS), id="a page instead of an answer"),
    ],
)
async def test_a_status_that_cannot_be_written_costs_no_pass_and_comes_right_afterwards(
    fault: Fault, calm: Sequence[Change], measured: Measure
) -> None:
    scene = await broken([fault], first=0.0, last=ROUND_END + COOLDOWN)

    assert changes(scene) == calm
    assert longest_wait(scene) <= SETTINGS.tick_live
    assert scene.status()["phase"] == "HandedBack"
    assert scene.condition("HandedBack")["status"] == "True"
    is_home(scene)
    waits = [later.now - done.now for done, later in pairwise(scene.passes) if done.plan.busy]
    measured("T06", "passes lost", sum(wait > SETTINGS.tick_live for wait in waits))
    measured("T06", "wrong decreases", scene.verdict.wrong_decreases)
