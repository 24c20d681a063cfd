"""The process's loop: lead, pass, report, sleep until the next edge; one actor on one clock.

A fault of our own must not end a show: a turn that fails unexpectedly is logged and tried
again, and replicas stay as they are. If nothing gets done for a minute the process ends, for
what is broken inside of it only a fresh one can mend; ``engine/vigil.py`` watches over that.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any, Final, Protocol

from gala.engine.desired import Desired
from gala.engine.existence import Existence
from gala.engine.foresight import Foresight
from gala.engine.leadership import Elector
from gala.engine.passes import Done, Pass
from gala.engine.ports import Barrier, Clock
from gala.engine.reporting import Telling
from gala.engine.store import LedgerStore
from gala.errors import BarrierTimeout, RequestFailed, Stalled
from gala.settings import Settings

_log = logging.getLogger(__name__)

MOST_FAULTS: Final = 30
"""Turns in a row that may fail unexpectedly; they are ``tick_live`` apart, so this is a minute."""

END_DEADLINE: Final = 1.0
"""Wall seconds that a pass has to end once it is cancelled, and that giving the Lease back may take."""


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
    foresight: Foresight
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
        self._foresight = parts.foresight
        self._telling = parts.telling
        self._jumped = parts.jumped
        self._doubt_until = -inf
        self._settings = parts.settings
        self._observer = observer
        self._led = False
        self._passed_at = self._next_pass = -inf
        self._barrier: Barrier = {}
        self._revision = -1
        self._row = 0
        self.passes = 0
        self.faults = 0
        """Turns that failed unexpectedly since the process started."""
        self.turns = 0
        """Turns that have come to their end, whatever came of them; so in a standby too."""
        self.undecided = 0
        """Passes that decided nothing, because the ledger could not be read or a cache was late."""
        self.jumps = 0
        """Times the wall clock was set."""

    async def run(self) -> None:
        """Passes for ever; cancel it to stop.

        Raises:
            Stalled: ``MOST_FAULTS`` turns in a row have failed.
        """
        self._desired.listen(self._clock.wake)
        barrier: Barrier = {}
        while True:
            due, done = await self._guarded(barrier)
            self.turns += 1
            if done is not None and self._observer is not None:
                self._observer(done)
            barrier = await self._clock.until(due)

    async def _guarded(self, barrier: Barrier) -> tuple[float, Done | None]:
        """One turn; a fault of our own is logged and costs this turn alone."""
        try:
            turn = await self._turn(barrier)
        except Exception as fault:
            self.faults += 1
            self._row += 1
            _log.exception("this pass failed; replicas stay as they are, and it is tried again")
            if self._row >= MOST_FAULTS:
                raise Stalled(
                    f"{self._row} passes in a row failed, the last with {type(fault).__name__}: {fault}; "
                    "the process ends so that it is started anew. Replicas stay as they are."
                ) from fault
            return self._clock.now() + self._settings.tick_live, None
        self._row = 0
        return turn

    async def _turn(self, barrier: Barrier) -> tuple[float, Done | None]:
        """Leads if it may, passes if it leads and a pass is due; answers when the next turn is."""
        now = self._clock.now()
        leads = await self._lead()
        renewal = now + max(self._elector.next_attempt(), 0.001)
        if not leads or not self._desired.synced():
            return min(renewal, now + self._settings.tick_live), None
        if not self._is_due(barrier, now):
            return min(renewal, self._next_pass), None
        self._next_pass = now + self._settings.tick_live
        renewing = asyncio.create_task(self._elector.keep(), name="lease")
        try:
            done = await self._passed(barrier, now)
        finally:
            renewing.cancel()
            await asyncio.wait({renewing})
        return min(renewal, self._next_pass), done

    async def _passed(self, barrier: Barrier, now: float) -> Done | None:
        """One pass, and what is told of it; None where nothing was decided or another leads by now."""
        try:
            done = await self._work.run(barrier, now, doubt=self._in_doubt(now))
        except (BarrierTimeout, RequestFailed) as failed:
            self.undecided += 1
            _log.error("this pass decided nothing: %s", failed)
            return None
        if not self._elector.holds(self._clock.now()):
            # Another leads by now, and has said of the same objects what is true.
            return None
        self._foresight.look(done.plan, now)
        await self._telling.tell(done)
        self.passes += 1
        self._passed_at, self._barrier, self._revision = now, barrier, done.gathered.revision
        self._next_pass = self._next(done)
        return done

    async def _lead(self) -> bool:
        leads = await self._elector.acquire_or_renew()
        if leads and not self._led:
            _log.info("this process leads now")
            self._store.invalidate()
            self._next_pass = -inf
        elif self._led and not leads:
            _log.warning("this process does not lead any more")
        self._led = leads
        return leads

    def _is_due(self, barrier: Barrier, now: float) -> bool:
        """Whether this turn is more than a renewal of the Lease: an edge, a tick, or something changed.

        A wall clock that was set back makes the next pass due at once.
        """
        waits = self._passed_at <= now < self._next_pass
        return not waits or barrier != self._barrier or self._desired.revision != self._revision

    def _in_doubt(self, now: float) -> bool:
        """Whether the wall clock was set just now: a schedule cannot be trusted until it is steady."""
        moved = self._jumped()
        if moved:
            self.jumps += 1
            hold = self._settings.jump_hold
            _log.error(
                "the wall clock was set by %+.1f s; it counts once it has stayed so, and nothing is lowered "
                "for %g s",
                moved,
                hold,
            )
            self._doubt_until = now + hold
        return now < self._doubt_until <= now + self._settings.jump_hold

    def _next(self, done: Done) -> float:
        tick = self._settings.tick_live if done.plan.busy else self._settings.tick_idle
        failed = any(result.error is not None for result in done.results) or done.problems
        soon = self._settings.tick_live if failed else tick
        return min(done.now + min(tick, soon), done.plan.wake_at, self._existence.next_question())


async def run_until_stopped(
    operator: Operator, stop: asyncio.Event, elector: Elector, stalled: asyncio.Future[None]
) -> None:
    """Runs the operator until ``stop`` is set, then leaves the Lease to whoever asks first.

    Replicas stay as they are: the operator's end is no reason to change anything.

    Raises:
        Stalled: It gets nothing done any more; ``stalled`` may say so too.
    """
    running = asyncio.create_task(operator.run(), name="operator")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    tasks: set[asyncio.Future[Any]] = {running, stopping, stalled}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
    await asyncio.wait({running}, timeout=END_DEADLINE)
    try:
        async with asyncio.timeout(END_DEADLINE):
            await elector.release()
    except (RequestFailed, TimeoutError) as failed:
        why = str(failed) or f"no answer within {END_DEADLINE:g} s"
        _log.warning("the Lease was not released, others wait for it to run out: %s", why)
    for task in done:
        task.result()
