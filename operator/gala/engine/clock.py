"""The wall clock as the engine's clock: the only place where the time of day is read.

Intervals are measured on the monotonic clock. Where both clocks disagree about how long
something took, the wall clock was set, or the machine slept: a schedule cannot be trusted
then. So the time of before goes on for half a minute, in which nothing is lowered, and the
new one counts only if it is still there. A clock that time synchronisation corrects again
meanwhile has changed nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Final, Protocol, runtime_checkable

from gala.engine.ports import Clock

JUMP: Final = 0.5
"""Seconds between two looks that count as a jump; slewing by NTP moves 15 s by 0.0075 s at most."""

TRIAL: Final = 30.0
"""Seconds that a clock has to stay as it was set; the margin of every lead is no shorter."""

SLICE: Final = 1.0
"""A sleep looks at the wall clock this often (seconds), so that a clock set forward ends it in time."""

_NO_BARRIER: Final[Mapping[tuple[str, str], int]] = {}


@runtime_checkable
class _HasSteady(Protocol):
    @property
    def steady(self) -> Callable[[], float]: ...


def steady_of(clock: Clock) -> Callable[[], float]:
    """A clock for intervals, that nobody sets: the clock's own, or itself where it only goes forward."""
    return clock.steady if isinstance(clock, _HasSteady) else clock.now


class WallClock:
    """Implements ``engine.ports.Clock``; the barrier is empty, since nothing has to be waited for."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,  # noqa: TID251 (this is the one place)
        steady: Callable[[], float] = time.monotonic,
        *,
        trial: float = TRIAL,
    ) -> None:
        """``trial`` is for how many seconds a clock that was set has to stay so before it is believed."""
        self._wall = wall
        self.steady = steady
        """Seconds of a clock that nobody can set; for intervals."""
        self._trial = trial
        self._offset = self._told = wall() - steady()
        """What the wall clock is ahead of the steady one: as believed, and as told of last."""
        self._other: tuple[float, float] | None = None
        """Another such offset that is not believed yet, and since when it has been there."""
        self._woken = asyncio.Event()

    def now(self) -> float:
        """Seconds since the epoch, by a wall clock that was not set just now."""
        steady = self.steady()
        offset = self._wall() - steady
        if abs(offset - self._offset) < JUMP:
            self._offset, self._other = offset, None
        elif self._other is None or abs(offset - self._other[0]) >= JUMP:
            self._other = offset, steady
        elif steady - self._other[1] >= self._trial:
            self._offset, self._other = offset, None
        return steady + self._offset

    async def until(self, deadline: float) -> Mapping[tuple[str, str], int]:
        """Returns once the clock shows ``deadline``, when woken, or after as long as it was away.

        Looks every ``SLICE``: a wall clock that is set forward ends the wait once it is believed, one that
        is set back does not make it longer.
        """
        patience = self.steady() + max(0.0, deadline - self.now())
        while not self._woken.is_set():
            left = min(deadline - self.now(), patience - self.steady())
            if left <= 0:
                break
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._woken.wait(), min(left, SLICE))
        self._woken.clear()
        return _NO_BARRIER

    def wake(self) -> None:
        """Ends a running ``until``, or the next one; call it in the loop that waits."""
        self._woken.set()

    def jumped(self) -> float:
        """Seconds by which the wall clock was set (negative: back) since the last call; 0.0 for none."""
        offset = self._wall() - self.steady()
        moved, self._told = offset - self._told, offset
        return moved if abs(moved) >= JUMP else 0.0
