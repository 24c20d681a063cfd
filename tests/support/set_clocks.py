"""Nights in which somebody sets the operator's wall clock; the world around it keeps the true time."""

from __future__ import annotations

import asyncio
import contextlib
import copy
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from gala.api.scalars import parse_instant
from gala.engine.clock import WallClock
from gala.engine.passes import Done
from gala.engine.wiring import wire
from gala.fleet.client import ApiServer
from gala.fleet.kubeconfig import Credentials
from gala.intake.intake import Intake
from gala.sandbox.clock import LocalClock
from gala.sandbox.demo import SETTINGS, until_synced
from gala.sandbox.fleet import SandboxFleet
from gala.sandbox.night import Night
from gala.sandbox.oracle import judge
from gala.sandbox.script import PERSON
from gala.sandbox.traffic import Load
from scenes import Scene, at


class Setting(NamedTuple):
    """From ``after`` seconds of the night on the operator's clock is wrong by ``offset`` seconds."""

    after: float
    offset: float


class SetClock(WallClock):
    """The operator's own wall clock over a time that can be wrong; only its waits are steps."""

    def __init__(self, true: LocalClock) -> None:
        self._true = true
        self.offset = 0.0
        super().__init__(lambda: true.now() + self.offset, true.now)

    async def until(self, deadline: float) -> Mapping[tuple[str, str], int]:
        return await self._true.until(self._true.now() + deadline - self.now())


def moved(what: Night, to: float, zone: str) -> Night:
    """The same night at another time, its rounds written in the local time of a zone."""
    by = to - what.start
    body = copy.deepcopy(what.event)
    body["spec"]["timeZone"] = zone
    for one in body["spec"]["rounds"]:
        local = datetime.fromtimestamp(parse_instant(one["start"]) + by, ZoneInfo(zone))
        one["start"] = local.isoformat()
    loads = {name: _moved(load, by) for name, load in what.traffic.loads.items()}
    traffic = replace(what.traffic, start=what.traffic.start + by, end=what.traffic.end + by, loads=loads)
    return replace(what, start=to, end=what.end + by, event=body, traffic=traffic)


def _moved(load: Load, by: float) -> Load:
    surges = tuple(surge._replace(start=surge.start + by) for surge in load.surges)
    return replace(load, surges=surges, waves=tuple(w._replace(start=w.start + by) for w in load.waves))


async def play_set(what: Night, settings_of_clock: Sequence[Setting]) -> Scene:
    """Plays a night to its end by the true time."""
    fleet = SandboxFleet(what)
    passes: list[Done] = []
    await fleet.start()
    clock = SetClock(fleet.clock)
    for after, offset in settings_of_clock:
        at(fleet, after, lambda offset=offset: setattr(clock, "offset", offset))  # type: ignore[misc]
    hub = ApiServer("hub", Credentials(server=fleet.hub_url), SETTINGS)
    wired = wire(hub, clock, SETTINGS, identity="set", observer=passes.append)
    intake = Intake(wired.desired, hub, SETTINGS)
    try:
        await intake.start()
        await until_synced(wired)
        running = asyncio.create_task(wired.operator.run())
        waiting = asyncio.create_task(fleet.clock.finished.wait())
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    finally:
        await intake.stop()
        await wired.close()
        await hub.close()
        await fleet.stop()
    return Scene(fleet, judge(fleet.recorder.seen, people=frozenset({PERSON})), passes)
