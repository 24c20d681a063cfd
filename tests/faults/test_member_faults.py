"""A member cluster misbehaves while its pods are wanted: it is told, and the other goes on."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from condition_watch import ConditionWatch
from gala.sandbox.apiserver.faults import Damage, Faults, Refuse, Spoil
from gala.sandbox.demo import SETTINGS
from gala.sandbox.fleet import SandboxFleet
from measures import Measure
from scenes import (
    ROUND_AT,
    ROUND_END,
    START,
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
"""Before anything was asked for in this round: its hold begins some 150 s before ``ROUND_AT``."""
HEALED = ROUND_AT - 60.0
"""Late enough that the first attempts fail, early enough for pods to be warm in time."""

PREPARED_AT = 154.0
"""When both clusters are first written to in a night without any fault."""

TOLD_WITHIN = 20.0
"""Seconds to the condition, counted from the fault or from the first write that met it."""

SCALE = r"/scale$"
READS = r"^(?!.*/scale$).*"

HASTY = replace(SETTINGS, request_deadline=0.5)
"""Hanging servers are given up by the wall clock, and a night has many passes."""

EAST_CLUSTER = ("galaclusters", "gala-system", "east")

Break = Callable[[Faults], object]

SECRET = "Secret gala-system/east-kubeconfig"
LOGIN = f"Put a valid token or client certificate into {SECRET}."
RIGHT = "Grant that to the operator's account there"
NOT_SERVED = "Is this a Kubernetes API server, and is the kind installed there?"
CONFLICT = "Somebody else changes it all the time, or a webhook refuses it."
HOOK = "Look for an admission webhook or a quota that refuses it."
BUSY = "Its API server is overloaded, or its priority and fairness give this account too little."
SERVER = "Look after its API server; nothing is lowered meanwhile."
SLOW = "Is its API server overloaded, or does something on the way drop packets?"
PAGE = f"Does a proxy or a login page answer? Check the server in {SECRET}."
NETWORK = f"Check the server in {SECRET}, and the network on the way."
MOVED = f"Write the API server's own address as server into {SECRET}."


def refuse(status: int, path: str = ".*", **more: int) -> Break:
    return lambda faults: faults.refusals.append(Refuse(status=status, path=path, **more))


def spoil(damage: Damage, path: str = ".*", **more: bool) -> Break:
    return lambda faults: faults.spoils.append(
        Spoil(damage=damage, path=path, location="http://127.0.0.1:1/", **more)
    )


def vanish(faults: Faults) -> None:
    faults.unreachable = True


def slow_down(faults: Faults) -> None:
    faults.delay = lambda: 0.2


def heal(faults: Faults) -> None:
    faults.refusals.clear()
    faults.spoils.clear()
    faults.unreachable, faults.delay = False, None


async def broken(fault: Break, *, watch: ConditionWatch | None = None, hangs: bool = False) -> Scene:
    """One round of web over two clusters; east is broken from ``BROKEN_FROM`` until ``HEALED``."""

    def prepare(fleet: SandboxFleet) -> None:
        east = fleet.worlds["east"].server.faults
        at(fleet, BROKEN_FROM, lambda: fault(east))
        at(fleet, HEALED, lambda: heal(east))
        if watch is not None:
            watch(fleet)

    body = event(workloads=[workload()], scenes=[], rounds=[show_round()])
    return await play(night(body), prepare=prepare, settings=HASTY if hangs else SETTINGS)


def is_well(scene: Scene) -> None:
    """North was prepared when it would have been anyway; nothing fell; all was Ready in time and is home."""
    assert min(w.at for w in scene.writes() if w.place == WEB_NORTH) == START + PREPARED_AT
    assert scene.decreases(0, ROUND_END) == []
    assert scene.value(WEB_EAST, ROUND_AT) >= scene.floor(WEB_EAST)
    assert scene.at_end() == scene.originals()
    assert scene.closes() == dict.fromkeys((WEB_NORTH, WEB_EAST), "HandedBack")
    assert scene.verdict.wrong_decreases == 0
    assert scene.verdict.breaches == ()


async def test_without_a_fault_both_are_prepared_at_once_and_nothing_is_told() -> None:
    watch = ConditionWatch("Ready", first=BROKEN_FROM, last=HEALED, place=EAST_CLUSTER)
    scene = await broken(heal, watch=watch)

    is_well(scene)
    assert min(w.at for w in scene.writes() if w.place == WEB_EAST) == START + PREPARED_AT
    assert watch.all_told() == []


@pytest.mark.parametrize(
    ("fault", "reason", "advice"),
    [
        pytest.param(refuse(401, SCALE), "Unauthorized", LOGIN, id="writes are answered with 401"),
        pytest.param(refuse(403, SCALE), "Forbidden", RIGHT, id="writes are answered with 403"),
        pytest.param(refuse(404, SCALE), "WritesFail", NOT_SERVED, id="writes are answered with 404"),
        pytest.param(refuse(409, SCALE), "WritesFail", CONFLICT, id="writes are answered with 409"),
        pytest.param(refuse(413, SCALE), "WritesFail", HOOK, id="writes are answered with 413"),
        pytest.param(refuse(422, SCALE), "WritesFail", CONFLICT, id="writes are answered with 422"),
        pytest.param(
            refuse(429, SCALE, retry_after=1), "WritesThrottled", BUSY, id="writes are answered with 429, 1 s"
        ),
        pytest.param(
            refuse(429, SCALE, retry_after=3600),
            "WritesThrottled",
            BUSY,
            id="writes are answered with 429, 1 h",
        ),
        pytest.param(refuse(500, SCALE), "WritesFail", SERVER, id="writes are answered with 500"),
        pytest.param(refuse(503, SCALE), "WritesFail", SERVER, id="writes are answered with 503"),
        pytest.param(spoil(Damage.RESET, SCALE), "WritesFail", NETWORK, id="writes are cut off"),
        pytest.param(spoil(Damage.HANG, SCALE), "WritesFail", SLOW, id="writes hang"),
        pytest.param(
            spoil(Damage.LOST, SCALE), "WritesFail", NETWORK, id="writes are carried out, their answers lost"
        ),
        pytest.param(
            spoil(Damage.TRUNCATED, SCALE), "WritesFail", PAGE, id="answers to writes are cut short"
        ),
        pytest.param(spoil(Damage.HTML, SCALE), "WritesFail", PAGE, id="writes are answered with a page"),
        pytest.param(spoil(Damage.REDIRECT, SCALE), "WritesFail", MOVED, id="writes are redirected"),
        pytest.param(refuse(401), "Unauthorized", LOGIN, id="everything is answered with 401"),
        pytest.param(refuse(403), "Forbidden", RIGHT, id="everything is answered with 403"),
        pytest.param(refuse(404), "NotServed", NOT_SERVED, id="everything is answered with 404"),
        pytest.param(refuse(429, retry_after=1), "Throttled", BUSY, id="everything is answered with 429"),
        pytest.param(refuse(500), "ServerError", SERVER, id="everything is answered with 500"),
        pytest.param(refuse(503, READS), "ServerError", SERVER, id="reads are answered with 503"),
        pytest.param(refuse(403, READS), "Forbidden", RIGHT, id="reads are answered with 403"),
        pytest.param(
            spoil(Damage.TRUNCATED, READS, watch=False), "NotAnApiServer", PAGE, id="reads are cut short"
        ),
        pytest.param(spoil(Damage.HTML, READS), "NotAnApiServer", PAGE, id="reads are answered with a page"),
        pytest.param(spoil(Damage.REDIRECT), "Redirected", MOVED, id="everything is redirected"),
        pytest.param(spoil(Damage.HANG), "TimedOut", SLOW, id="everything hangs"),
        pytest.param(vanish, "Unreachable", NETWORK, id="every connection is cut"),
    ],
)
async def test_a_cluster_that_is_broken_while_it_prepares_is_told_and_is_ready_in_time_once_it_is_mended(
    fault: Break, reason: str, advice: str, request: pytest.FixtureRequest, measured: Measure
) -> None:
    watch = ConditionWatch("Ready", first=BROKEN_FROM, last=HEALED, place=EAST_CLUSTER)
    scene = await broken(fault, watch=watch, hangs="hang" in request.node.name)

    is_well(scene)
    told = watch.told(reason)
    assert told.reason == reason
    assert advice in told.message
    assert re.search(r"[.?] [A-Z]", told.message), "what happened and what to do are two sentences"
    met = told.after if told.after < PREPARED_AT - BROKEN_FROM else told.after - (PREPARED_AT - BROKEN_FROM)
    assert met <= TOLD_WITHIN
    measured("T10", "s to the condition of the cluster", met)
    north = min(w.at for w in scene.writes() if w.place == WEB_NORTH) - START
    measured("T10", "s by which the other cluster was late", north - PREPARED_AT)
    measured("T10", "wrong decreases", scene.verdict.wrong_decreases)


async def test_a_slow_cluster_is_no_fault_and_delays_nobody() -> None:
    watch = ConditionWatch("Ready", first=BROKEN_FROM, last=HEALED, place=EAST_CLUSTER)
    scene = await broken(slow_down, watch=watch)

    is_well(scene)
    assert watch.all_told() == []
