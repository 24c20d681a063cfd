"""A fleet that stays up: embedded servers and the unchanged operator, in time that goes by itself.

For people with kubectl. Nothing is recorded and nothing grows with the hours: servers remember
few changes, and forget Kubernetes Events after an hour as real ones do.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from gala.engine.clock import WallClock
from gala.engine.operator import Observer, run_until_stopped
from gala.engine.wiring import Wired, wire
from gala.errors import InvalidInput
from gala.fleet.client import ApiServer
from gala.fleet.kubeconfig import Credentials
from gala.intake.intake import Intake
from gala.sandbox.apiserver.kinds import find_builtin
from gala.sandbox.apiserver.server import EmbeddedServer
from gala.sandbox.demo import SETTINGS
from gala.sandbox.evening import build_evening, next_show
from gala.sandbox.fleet import EmbeddedFleet, FleetParams, kubeconfig
from gala.sandbox.night import Night
from gala.sandbox.pacing import PacedClock
from gala.sandbox.served_folder import ServedFolder
from gala.settings import Settings

TICK: Final = 0.5
"""Wall seconds between two looks of the clusters at what they were asked for."""

HISTORY: Final = 300
"""Changes of one kind that watches can go back to: a body is some 100 kB, a client is away for seconds."""

FORGET_AFTER: Final = 3600.0
"""Seconds that a Kubernetes Event is kept: the default of a real API server."""

TIDY_EVERY: Final = 20.0
"""Seconds between two times at which the show is moved along and old Events are forgotten."""

CLOSE_DEADLINE: Final = 2.0
"""Wall seconds that each part has for closing its connections."""

HIGHEST_PORT: Final = 65_535


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeParams:
    """What may differ from one served fleet to the next."""

    seed: int = 0
    rounds: int = 7
    clusters: int = 3
    port: int = 0
    """Of the hub, the members have those after it; 0: free ones."""
    speed: float = 1.0
    """Seconds that go by in one of the wall clock."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """What is up."""

    folder: ServedFolder
    urls: dict[str, str]
    """By name of the context; the hub first."""
    prometheus: dict[str, str]
    """Base address by cluster."""
    night: Night
    now: Callable[[], float]


async def serve(
    folder: ServedFolder,
    params: ServeParams,
    stop: asyncio.Event,
    *,
    ready: Callable[[Served], None] = lambda _: None,
    observer: Observer | None = None,
) -> None:
    """Serves until ``stop`` is set; ``ready`` is told once everything listens.

    Raises:
        InvalidInput: a port is taken.
        Stalled: the operator gets nothing done any more.
    """
    clock = PacedClock(WallClock(), speed=params.speed)
    night = build_evening(clock.now(), seed=params.seed, rounds=params.rounds, clusters=params.clusters)
    fleet = EmbeddedFleet(night, clock.now, FleetParams(history=HISTORY))
    async with AsyncExitStack() as closing:
        closing.push_async_callback(_in_time, fleet.stop)
        await _listen(fleet, params.port)
        _put_down(fleet, folder)
        settings = _settings(params.speed)
        hub = ApiServer("hub", Credentials(server=fleet.hub_url), settings)
        closing.push_async_callback(_in_time, hub.close)
        wired = wire(hub, clock, settings, identity="gala-demo", observer=observer)
        closing.push_async_callback(_in_time, wired.close)
        ready(_served(fleet, folder))
        await _operate(wired, Intake(wired.desired, hub, settings), _Life(fleet, folder), stop)


async def _operate(wired: Wired, intake: Intake, life: _Life, stop: asyncio.Event) -> None:
    living = asyncio.create_task(life.live(), name="clusters")
    try:
        await intake.start()
        await run_until_stopped(wired.operator, stop, wired.elector, living)
    finally:
        living.cancel()
        await _in_time(intake.stop)


class _Life:
    """What happens in the clusters while nobody asks for anything."""

    def __init__(self, fleet: EmbeddedFleet, folder: ServedFolder) -> None:
        self._fleet = fleet
        self._folder = folder

    async def live(self) -> None:
        """Steps every cluster each ``TICK``; never returns."""
        tidied = self._fleet.now()
        while True:
            await asyncio.sleep(TICK)
            now = self._fleet.now()
            for world in self._fleet.worlds.values():
                world.step(now)
            if now - tidied >= TIDY_EVERY:
                tidied = now
                self._folder.write_show(next_show(now))
                for server in self._fleet.servers():
                    forget_events(server, before=now - FORGET_AFTER)


def forget_events(server: EmbeddedServer, *, before: float) -> None:
    """Removes the Kubernetes Events that were last seen before that time (seconds since the epoch)."""
    kind = find_builtin("events")
    for body in list(server.store.all(kind)):
        meta = body["metadata"]
        seen = body.get("lastTimestamp") or meta["creationTimestamp"]
        if datetime.fromisoformat(seen).timestamp() < before:
            server.store.remove(kind, meta["namespace"], meta["name"])


def _settings(speed: float) -> Settings:
    """The demo's; the Lease is renewed by the wall clock, for nobody competes for it."""
    return replace(
        SETTINGS,
        lease_duration=SETTINGS.lease_duration * speed,
        renew_deadline=SETTINGS.renew_deadline * speed,
        retry_period=SETTINGS.retry_period * speed,
    )


async def _listen(fleet: EmbeddedFleet, port: int) -> None:
    last = port + len(fleet.servers()) - 1
    if last > HIGHEST_PORT:
        raise InvalidInput(f"There is no port {last}: each server takes one, from {port} on; begin lower.")
    try:
        await fleet.start(port)
    except OSError as error:
        if error.errno not in {errno.EADDRINUSE, errno.EACCES}:
            raise
        why = "taken" if error.errno == errno.EADDRINUSE else "not yours to take"
        raise InvalidInput(
            f"A port from {port} to {last} is {why}; choose others with --port, or leave it out for any."
        ) from error


def _put_down(fleet: EmbeddedFleet, folder: ServedFolder) -> None:
    folder.write_kubeconfig(kubeconfig(fleet.urls(), fleet.hub.name, namespace=fleet.night.namespace))
    folder.write_show(next_show(fleet.now()))


def _served(fleet: EmbeddedFleet, folder: ServedFolder) -> Served:
    return Served(
        folder=folder,
        urls=fleet.urls(),
        prometheus={name: fleet.prometheus.url(name) for name in fleet.worlds},
        night=fleet.night,
        now=fleet.now,
    )


async def _in_time(close: Callable[[], Awaitable[None]]) -> None:
    """What hangs at the end is left to the end of the process."""
    try:
        async with asyncio.timeout(CLOSE_DEADLINE):
            await close()
    except TimeoutError:
        pass
