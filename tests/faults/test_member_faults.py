"""A member cluster misbehaves while its pods are wanted: the other goes on, and nothing is lowered."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gala.sandbox.apiserver.faults import Damage, Refuse, Spoil
from gala.sandbox.demo import SETTINGS
from gala.sandbox.fleet import SandboxFleet
from scenes import (
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
"""Before anything was asked for in this round: its hold begins some 150 s before ``ROUND_AT``."""
HEALED = ROUND_AT - 60.0
"""Late enough that the first attempts fail, early enough for pods to be warm in time."""

SCALE = r"/scale$"
READS = r"^(?!.*/scale$).*"

HASTY = replace(SETTINGS, request_deadline=0.25)
"""Hanging servers are given up by the wall clock, and a night has many passes."""

Fault = Refuse | Spoil


async def broken(*faults: Fault, first: float = BROKEN_FROM, last: float = HEALED) -> Scene:
    """One round of web over two clusters; east is broken in [first, last)."""

    def prepare(fleet: SandboxFleet) -> None:
        east = fleet.worlds["east"].server

        def breaks() -> None:
            east.faults.refusals += [fault for fault in faults if isinstance(fault, Refuse)]
            east.faults.spoils += [fault for fault in faults if isinstance(fault, Spoil)]

        def heals() -> None:
            east.faults.refusals.clear()
            east.faults.spoils.clear()

        at(fleet, first, breaks)
        at(fleet, last, heals)

    body = event(workloads=[workload()], scenes=[], rounds=[show_round()])
    return await play(night(body), prepare=prepare, settings=HASTY)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(Refuse(status=401, path=SCALE), id="writes are answered with 401"),
        pytest.param(Refuse(status=403, path=SCALE), id="writes are answered with 403"),
        pytest.param(Refuse(status=404, path=SCALE), id="writes are answered with 404"),
        pytest.param(Refuse(status=409, path=SCALE), id="writes are answered with 409"),
        pytest.param(Refuse(status=413, path=SCALE), id="writes are answered with 413"),
        pytest.param(Refuse(status=422, path=SCALE), id="writes are answered with 422"),
        pytest.param(Refuse(status=429, path=SCALE, retry_after=1), id="writes are answered with 429, 1 s"),
        pytest.param(Refuse(status=500, path=SCALE), id="writes are answered with 500"),
        pytest.param(Refuse(status=503, path=SCALE), id="writes are answered with 503"),
        pytest.param(Spoil(damage=Damage.RESET, path=SCALE), id="writes are cut off"),
        pytest.param(Spoil(damage=Damage.HANG, path=SCALE), id="writes hang"),
        pytest.param(Spoil(damage=Damage.LOST, path=SCALE), id="writes are carried out, their answers lost"),
        pytest.param(Spoil(damage=Damage.TRUNCATED, path=SCALE), id="answers to writes are cut short"),
        pytest.param(Spoil(damage=Damage.HTML, path=SCALE), id="writes are answered with a page"),
        pytest.param(Refuse(status=401), id="everything is answered with 401"),
        pytest.param(Refuse(status=403), id="everything is answered with 403"),
        pytest.param(Refuse(status=429, retry_after=1), id="everything is answered with 429"),
        pytest.param(Refuse(status=500), id="everything is answered with 500"),
        pytest.param(Refuse(status=503, path=READS), id="reads are answered with 503"),
        pytest.param(Refuse(status=403, path=READS), id="reads are answered with 403"),
        pytest.param(Spoil(damage=Damage.TRUNCATED, path=READS, watch=False), id="reads are cut short"),
        pytest.param(Spoil(damage=Damage.HTML, path=READS), id="reads are answered with a page"),
        pytest.param(Spoil(damage=Damage.HANG), id="everything hangs"),
    ],
)
async def test_a_cluster_that_is_broken_while_it_prepares_is_ready_in_time_once_it_is_mended(
    fault: Fault,
) -> None:
    scene = await broken(fault)

    others = [write.at for write in scene.writes(last=HEALED) if write.place == WEB_NORTH]
    assert others, "the other cluster was not prepared meanwhile"
    assert scene.decreases(0, ROUND_END) == []
    assert scene.value(WEB_EAST, ROUND_AT) >= scene.floor(WEB_EAST)
    assert scene.at_end() == scene.originals()
    assert scene.closes() == dict.fromkeys((WEB_NORTH, WEB_EAST), "HandedBack")
    assert scene.verdict.wrong_decreases == 0
    assert scene.verdict.breaches == ()
