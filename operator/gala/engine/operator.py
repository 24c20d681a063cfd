"""The process's loop: lead, pass, report, sleep until the next edge; one actor on one clock."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Protocol

from gala.engine.desired import Desired
from gala.engine.existence import Existence
from gala.engine.leadership import Elector
from gala.engine.passes import Done, Pass
from gala.engine.ports import Barrier, Clock
from gala.engine.reporting import Telling
from gala.engine.store import LedgerStore
from gala.errors import BarrierTimeout, RequestFailed
from gala.settings import Settings

_log = logging.getLogger(__name__)


class Observer(Protocol):
    """Whoever wants to see every pass, such as the demo's table."""

    def __call__(self, done: Done) -> None:
        """Called after each pass, before the next wait."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What the loop turns; built once, in ``engine/wiring.py``."""

    clock: Clock
    desired: Desired
    elector: Elector
    store: LedgerStore
    existence: Existence
    work: Pass
    telling: Telling
    settings: Settings
    jumped: Callable[[], float]
    """Seconds by which the wall clock was set since the last call; 0.0 for none."""


class Operator:
    """Runs until it is stopped; its end changes nothing in any cluster."""

    def __init__(self, parts: Parts, *, observer: Observer | None = None) -> None:
        self._clock = parts.clock
        self._desired = parts.desired
        self._elector = parts.elector
        self._store = parts.store
        self._existence = parts.existence
        self._work = parts.work
        self._telling = parts.telling
        self._jumped = parts.jumped
        self._doubt_until = -inf
        self._settings = parts.settings
        self._observer = observer
        self._led = False
        self.passes = 0

    async def run(self) -> None:
        """Passes for ever; cancel it to stop."""
        self._desired.listen(self._clock.wake)
        barrier: Barrier = {}
        while True:
            barrier = await self._clock.until(await self._turn(barrier))

    async def _turn(self, barrier: Barrier) -> float:
        """Leads if it may, passes if it leads; answers when the next turn is due."""
        now = self._clock.now()
        leads = await self._elector.acquire_or_renew()
        if leads and not self._led:
            _log.info("this process leads now")
            self._store.invalidate()
        elif self._led and not leads:
            _log.warning("this process does not lead any more")
        self._led = leads
        renewal = now + max(self._elector.next_attempt(), 0.001)
        if not leads or not self._desired.synced():
            return min(renewal, now + self._settings.tick_live)
        try:
            done = await self._work.run(barrier, now, doubt=self._in_doubt(now))
        except (BarrierTimeout, RequestFailed) as failed:
            _log.error("this pass decided nothing: %s", failed)
            return min(renewal, now + self._settings.tick_live)
        await self._telling.tell(done)
        self.passes += 1
        if self._observer is not None:
            self._observer(done)
        return min(renewal, self._next(done))

    def _in_doubt(self, now: float) -> bool:
        """Whether the wall clock was set just now: a schedule cannot be trusted until it is steady."""
        moved = self._jumped()
        if moved:
            hold = self._settings.jump_hold
            _log.error("the wall clock was set by %+.1f s; nothing is lowered for %g s", moved, hold)
            self._doubt_until = now + hold
        return now < self._doubt_until <= now + self._settings.jump_hold

    def _next(self, done: Done) -> float:
        tick = self._settings.tick_live if done.plan.busy else self._settings.tick_idle
        failed = any(result.error is not None for result in done.results) or done.problems
        soon = self._settings.tick_live if failed else tick
        return min(done.now + min(tick, soon), done.plan.wake_at, self._existence.next_question())


async def run_until_stopped(operator: Operator, stop: asyncio.Event, elector: Elector) -> None:
    """Runs the operator until ``stop`` is set, then leaves the Lease to whoever asks first.

    Replicas stay as they are: the operator's end is no reason to change anything.
    """
    running = asyncio.create_task(operator.run(), name="operator")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if running.done():
        running.result()
    running.cancel()
    await asyncio.wait({running})
    try:
        async with asyncio.timeout(2.0):
            await elector.release()
    except (RequestFailed, TimeoutError) as failed:
        _log.warning("the Lease was not released, others wait for it to run out: %s", failed)
