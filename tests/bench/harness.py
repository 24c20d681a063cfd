"""The operator as it runs, in this process, against servers in another; its clock says what a turn cost."""

from __future__ import annotations

import asyncio
import gc
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

from night import FLEET_NAMESPACE, Size, loads

from gala.api.cluster import GalaCluster
from gala.cli.loop import COLLECT_AFTER
from gala.engine.passes import Done
from gala.engine.ports import Ask, Barrier
from gala.engine.wiring import Wired, wire
from gala.fleet.client import ApiServer
from gala.fleet.kubeconfig import Credentials
from gala.intake.intake import Intake
from gala.planning.facts import EventKey, Sample, Traffic
from gala.settings import Settings

HERE = Path(__file__).parent

SETTINGS = Settings(fleet_namespace=FLEET_NAMESPACE)


class Turn(NamedTuple):
    """One turn of the operator's loop: renewing the Lease, a pass, and telling of it."""

    now: float
    cpu: float
    wall: float
    done: Done | None


class StepClock:
    """Implements ``engine.ports.Clock``: hands out one turn at a time and takes down what it cost."""

    def __init__(self, now: float) -> None:
        self._now = now
        self._go = asyncio.Event()
        self._back: asyncio.Queue[tuple[float, float]] = asyncio.Queue()
        self._began = (time.process_time(), time.perf_counter())
        self.done: Done | None = None

    def now(self) -> float:
        """Simulated seconds since the epoch."""
        return self._now

    async def until(self, deadline: float) -> Barrier:
        """Ends a turn, and begins the next when somebody asks for it."""
        cpu, wall = self._began
        self._back.put_nowait((time.process_time() - cpu, time.perf_counter() - wall))
        await self._go.wait()
        self._go.clear()
        gc.collect()
        self._began = (time.process_time(), time.perf_counter())
        return {}

    def wake(self) -> None:
        """Nothing wakes it: every turn is asked for."""

    def jumped(self) -> float:
        """It is never set."""
        return 0.0

    async def first(self) -> Turn:
        """The turn that begins by itself."""
        return Turn(self._now, *await self._back.get(), self.done)

    async def turn(self, now: float) -> Turn:
        """One more turn, at a later time."""
        self._now, self.done = now, None
        self._go.set()
        return Turn(now, *await self._back.get(), self.done)


class ChangingSignals:
    """Traffic made up in this process, other figures with each call; implements ``engine.ports.Signals``."""

    def __init__(self, size: Size, now: Callable[[], float]) -> None:
        self._rates = {load.name: load.peak / 100 for load in loads(size)}
        self._now = now
        self._random = Random(1)

    async def refresh(
        self, clusters: Sequence[GalaCluster], asks: Sequence[Ask]
    ) -> Mapping[str, Mapping[tuple[EventKey, str], Traffic]]:
        """A fresh sample for everything that is asked."""
        now, part = self._now(), self._random.random
        found: dict[str, dict[tuple[EventKey, str], Traffic]] = {c.metadata.name: {} for c in clusters}
        for ask in asks:
            rate = self._rates[ask.workload] * (0.3 + 0.4 * part())
            traffic = Traffic(Sample(rate, now - 1.0), Sample(rate, now - 16.0))
            found[ask.cluster][ask.event, ask.workload] = traffic
        return found

    async def close(self) -> None:
        """There is nothing to close."""


@contextmanager
def servers(size: Size, start: float) -> Iterator[dict[str, Any]]:
    """Servers in a process of their own, filled; ends them."""
    arguments = [str(size.clusters), str(size.workloads), str(size.rounds), str(start)]
    command = [sys.executable, str(HERE / "servers.py"), *arguments]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())
    finally:
        process.stdin.close()
        process.wait()


@asynccontextmanager
async def an_operator(
    hub_url: str, size: Size, now: float
) -> AsyncIterator[tuple[StepClock, Wired, ApiServer]]:
    """The operator wired as ``gala run`` wires it, but for the clock and for where traffic comes from."""
    hub = ApiServer("hub", Credentials(server=hub_url), SETTINGS)
    clock = StepClock(now)

    def observe(done: Done) -> None:
        clock.done = done

    signals = ChangingSignals(size, clock.now)
    wired = wire(hub, clock, SETTINGS, identity="bench", observer=observe, signals=signals)
    intake = Intake(wired.desired, hub, SETTINGS)
    gc.set_threshold(*COLLECT_AFTER)
    await intake.start()
    while not wired.desired.synced():  # noqa: ASYNC110 (it is filled from another thread)
        await asyncio.sleep(0.01)
    running = asyncio.create_task(wired.operator.run())
    try:
        yield clock, wired, hub
    finally:
        running.cancel()
        await asyncio.wait({running})
        await intake.stop()
        await wired.close()
        await hub.close()
