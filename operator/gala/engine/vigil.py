"""A thread that looks after the operator's event loop, and answers for it while it cannot.

A watchdog in the loop that it watches sleeps when that is blocked, and so does a health check.
So both live here, in a thread and loop of their own. It counts only time in which it was awake
itself: a process that was stopped, or a machine that slept, has missed nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf
from socket import socket
from typing import Final, Protocol

from gala.engine.endpoint import Address, Text, bind, serving
from gala.errors import Stalled
from gala.report.vitals import Vitals

_log = logging.getLogger(__name__)

LONGEST_LOOK: Final = 2.0
"""Wall seconds that one look counts for at most; what is beyond it nobody was awake for."""

STOP_DEADLINE: Final = 1.0
"""Wall seconds that the thread has to end; then it is left behind."""

LAST_WORD: Final = 1.0
"""Wall seconds that writing the last line of the log may take."""

FAILED: Final = 1
"""Exit status of a process that has to be started anew."""

_AGAIN: Final = "the process ends so that it is started anew. Replicas stay as they are."


@dataclass(frozen=True, slots=True, kw_only=True)
class Times:
    """Wall seconds."""

    beat: float = 0.5
    """Between two beats of the engine's loop, and between two looks at them."""
    stall_after: float = 60.0
    """Without a beat, or without the end of a turn; each request in one has a deadline of five."""
    grace: float = 5.0
    """In which a loop that still runs may close everything after a stall."""


TIMES: Final = Times()


class Patient(Protocol):
    """Whose progress is watched, from another thread."""

    @property
    def turns(self) -> int:
        """Turns that have come to their end."""
        ...


class Progress:
    """For how long a number has not changed, counted by whoever looks."""

    def __init__(self) -> None:
        self.age = 0.0
        self._seen: object = None

    def look(self, now: object, elapsed: float) -> None:
        """``now`` is the number, ``elapsed`` the seconds since the look before."""
        self.age = 0.0 if now != self._seen else self.age + min(elapsed, LONGEST_LOOK)
        self._seen = now


class Vigil:
    """``start`` and ``stop`` it in the loop that it watches."""

    def __init__(
        self,
        patient: Patient,
        *,
        vitals: Callable[[], Vitals],
        text: Text,
        delayed: Callable[[float], None],
        leave: Callable[[int], None] = os._exit,
        times: Times = TIMES,
    ) -> None:
        """``vitals`` is all but the ages that are measured here; ``leave`` ends the process at once."""
        self._patient = patient
        self._read = vitals
        self._text = text
        self._delayed = delayed
        self._leave = leave
        self._times = times
        self._loop, self._turn, self._pass = Progress(), Progress(), Progress()
        self._beats = 0
        self._beating: asyncio.Task[None] | None = None
        self._thread: threading.Thread | None = None
        self._over = threading.Event()
        self._told_at = inf
        self._tell: Callable[[Stalled], object] = lambda _: None
        self._wake: Callable[[], None] = lambda: None

    async def start(self, listen: Address | None) -> asyncio.Future[None]:
        """Begins to watch the running loop, and to answer on ``listen``.

        What it returns ends with Stalled once the operator gets nothing done any more.

        Raises:
            InvalidInput: ``listen`` is taken.
        """
        listener = None if listen is None else bind(listen)
        if listen is not None and listener is not None:
            where = Address(listen.host, listener.getsockname()[1])
            _log.info("/metrics, /healthz and /readyz answer on %s", where)
        loop = asyncio.get_running_loop()
        stalled: asyncio.Future[None] = loop.create_future()
        self._tell = lambda error: loop.call_soon_threadsafe(_fail, stalled, error)
        self._beating = asyncio.create_task(self._beat(), name="beat")
        self._thread = threading.Thread(target=self._run, args=(listener,), name="vigil", daemon=True)
        self._thread.start()
        return stalled

    async def stop(self) -> None:
        """Ends both within ``STOP_DEADLINE``."""
        self._over.set()
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.wait((self._beating,))
        if self._thread is not None:
            self._wake()
            await asyncio.to_thread(self._thread.join, STOP_DEADLINE)

    def vitals(self) -> Vitals:
        """As of now; may be called from any thread."""
        known = self._read()
        return replace(
            known,
            loop_age=self._loop.age,
            turn_age=self._turn.age,
            pass_age=self._pass.age if known.leads else 0.0,
        )

    async def _beat(self) -> None:
        while True:
            due = time.monotonic() + self._times.beat
            await asyncio.sleep(self._times.beat)
            self._beats += 1
            self._delayed(max(0.0, time.monotonic() - due))

    def _run(self, listener: socket | None) -> None:
        try:
            asyncio.run(self._watch(listener))
        except Exception:  # noqa: BLE001 (the kubelet finds out by a probe that nobody answers)
            _log.exception("nobody looks after the operator any more, and its probes fail from now on")

    async def _watch(self, listener: socket | None) -> None:
        woken, loop = asyncio.Event(), asyncio.get_running_loop()
        self._wake = lambda: _wake(loop, woken)
        async with contextlib.AsyncExitStack() as stack:
            if listener is not None:
                await stack.enter_async_context(serving(listener, self.vitals, self._text))
            looked = time.monotonic()
            while not self._over.is_set():
                now = time.monotonic()
                self._look(now - looked)
                self._judge(now)
                looked = now
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(woken.wait(), self._times.beat)

    def _look(self, elapsed: float) -> None:
        vitals = self._read()
        self._loop.look(self._beats, elapsed)
        self._turn.look(self._patient.turns, elapsed)
        # Who takes the lead over has as much time for the first pass as for any other.
        self._pass.look((vitals.leads, vitals.passes), elapsed)

    def _judge(self, now: float) -> None:
        if self._loop.age >= self._times.stall_after:
            self._end(f"the event loop has been blocked for {self._loop.age:.0f} s; {_AGAIN}")
        elif self._turn.age >= self._times.stall_after and self._told_at == inf:
            self._told_at = now
            self._tell(Stalled(f"no pass has come to its end for {self._turn.age:.0f} s; {_AGAIN}"))
        elif now - self._told_at >= self._times.grace:
            self._end(f"the operator did not end within {self._times.grace:g} s; {_AGAIN}")

    def _end(self, why: str) -> None:
        """At once: what is blocked cannot close anything, and a log that is blocked cannot stop this."""
        timer = threading.Timer(LAST_WORD, self._leave, (FAILED,))
        timer.daemon = True
        timer.start()
        _log.critical("%s", why)
        self._leave(FAILED)


def _wake(loop: asyncio.AbstractEventLoop, woken: asyncio.Event) -> None:
    # Where the loop is closed the thread has ended by itself.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(woken.set)


def _fail(future: asyncio.Future[None], error: Stalled) -> None:
    if not future.done():
        future.set_exception(error)
