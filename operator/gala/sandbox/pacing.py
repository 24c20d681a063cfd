"""Time that goes by itself, as fast as was asked for: what a served fleet and its operator live in."""

from __future__ import annotations

from collections.abc import Mapping

from gala.engine.clock import WallClock


class PacedClock:
    """Implements ``engine.ports.Clock``: the wall clock, seen from its beginning on at ``speed``."""

    def __init__(self, wall: WallClock, *, speed: float = 1.0) -> None:
        """At ``speed`` 60 an hour goes by in a minute of the wall clock."""
        self._wall = wall
        self._speed = speed
        self._origin = wall.now()

    def now(self) -> float:
        """Seconds since the epoch, as everybody in the sandbox has them."""
        return self._origin + (self._wall.now() - self._origin) * self._speed

    def steady(self) -> float:
        """Seconds of a clock that nobody can set; for intervals."""
        return self._wall.steady() * self._speed

    def jumped(self) -> float:
        """Seconds by which the clock was set since the last call; 0.0 for none."""
        return self._wall.jumped() * self._speed

    async def until(self, deadline: float) -> Mapping[tuple[str, str], int]:
        """Returns once the clock shows ``deadline``, or when woken."""
        return await self._wall.until(self._origin + (deadline - self._origin) / self._speed)

    def wake(self) -> None:
        """Ends a running ``until``, or the next one; call it in the loop that waits."""
        self._wall.wake()
