"""``gala run`` as people start it: real processes, real time, a kubeconfig, and a sandbox to work on."""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path

from gala.engine.clock import WallClock
from gala.sandbox.apiserver.errors import ApiError
from gala.sandbox.apiserver.kinds import find_builtin
from gala.sandbox.apiserver.resources import Options
from gala.sandbox.fleet import FleetParams, SandboxFleet
from gala.sandbox.script import PERSON
from gala.settings import Settings
from scenes import NAMESPACE, START, event, night, show_round, workload

CLOCK = WallClock()
PATIENCE = 30.0
"""Seconds for what takes a few; only a takeover has to wait for the Lease to run out."""

STOPPED_WITHIN = 5.0
SETTINGS = Settings()


@asynccontextmanager
async def living() -> AsyncIterator[SandboxFleet]:
    """A sandbox in real time with a round that starts in twenty seconds."""
    now = CLOCK.now()
    rounds = [show_round(at=now + 20.0 - START, web={"replicas": 30})]
    plan = night(event(workloads=[workload()], scenes=[], rounds=rounds))
    traffic = replace(plan.traffic, start=now, end=now + 600.0)
    plan = replace(plan, start=now, end=now + 600.0, traffic=traffic)
    fleet = SandboxFleet(plan, FleetParams(with_prometheus=False))
    await fleet.start()
    keeping = asyncio.create_task(keep_time(fleet))
    try:
        yield fleet
    finally:
        keeping.cancel()
        with suppress(asyncio.CancelledError):
            await keeping
        await fleet.stop()


async def keep_time(fleet: SandboxFleet) -> None:
    while True:
        await fleet.clock.until(CLOCK.now())
        await asyncio.sleep(0.05)


@asynccontextmanager
async def gala_run(fleet: SandboxFleet, folder: Path, name: str) -> AsyncIterator[Process]:
    """One operator; killed at the end if it still runs."""
    kubeconfig = fleet.write_kubeconfigs(folder)["hub"]
    arguments = ["run", "--kubeconfig", str(kubeconfig), "--identity", name, "--listen", ""]
    with (folder / f"{name}.log").open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "gala.main", *arguments, stdout=log, stderr=log
        )
    try:
        yield process
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def eventually(what: Callable[[], bool]) -> None:
    until = CLOCK.steady() + PATIENCE
    while not what():
        assert CLOCK.steady() < until, f"this did not come true within {PATIENCE:g} s"
        await asyncio.sleep(0.05)


def holder(fleet: SandboxFleet) -> str:
    try:
        lease = fleet.hub.resources.get(find_builtin("leases"), SETTINGS.fleet_namespace, SETTINGS.lease_name)
    except ApiError:
        return ""
    return str(lease["spec"]["holderIdentity"])


def replicas(fleet: SandboxFleet) -> list[int]:
    return [fleet.deployment(name, "web")["spec"]["replicas"] for name in ("north", "east")]


def scale_by_hand(fleet: SandboxFleet, to: int) -> None:
    how, person = ("application/merge-patch+json", "scale"), Options(manager=PERSON)
    resources = fleet.worlds["north"].server.resources
    resources.patch(find_builtin("deployments"), (NAMESPACE, "web"), {"spec": {"replicas": to}}, how, person)


async def test_of_two_operators_one_leads_the_other_takes_over_and_a_stop_changes_nothing(
    tmp_path: Path,
) -> None:
    async with (
        living() as fleet,
        gala_run(fleet, tmp_path, "first") as first,
    ):
        before = sum(replicas(fleet))
        await eventually(lambda: sum(replicas(fleet)) >= 30 > before)
        assert holder(fleet) == "first"

        async with gala_run(fleet, tmp_path, "second") as second:
            await eventually(lambda: b"watches" in (tmp_path / "second.log").read_bytes())
            assert holder(fleet) == "first"
            first.kill()
            await first.wait()
            await eventually(lambda: holder(fleet) == "second")
            held = replicas(fleet)
            by_hand = {"spec": {"replicas": 1}}
            how, person = ("application/merge-patch+json", "scale"), Options(manager=PERSON)
            deployments = find_builtin("deployments")
            fleet.worlds["north"].server.resources.patch(
                deployments, (NAMESPACE, "web"), by_hand, how, person
            )
            await eventually(lambda: replicas(fleet)[0] > 1)
            assert replicas(fleet) == held

            asked = CLOCK.steady()
            second.terminate()
            assert await second.wait() == 0
            assert CLOCK.steady() - asked < STOPPED_WITHIN
            assert holder(fleet) == ""
            assert replicas(fleet) == held
            log = (tmp_path / "second.log").read_text()
            assert "stopped; replicas stay as they are" in log
            assert "Traceback" not in log
