"""Values that change in steps: what a night of four hours is recorded in.

A night has thousands of changes per workload and cluster, and is integrated over seconds.
So times and values are flat arrays, a change that changes nothing is not kept, and
integrals walk over the changes instead of over the seconds.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple


class Piece(NamedTuple):
    """A half-open stretch ``[start, end)`` in which nothing changes; ``values`` in the order asked for."""

    start: float
    end: float
    values: tuple[float | None, ...]


class StepSeries:
    """Append-only steps ``(time, value)``; a value holds until the next, None is *unknown*.

    Times are seconds since the epoch and may not go backwards.
    """

    __slots__ = ("_times", "_values")

    def __init__(self, steps: Iterable[tuple[float, float | None]] = ()) -> None:
        self._times = array("d")
        self._values = array("d")
        for time, value in steps:
            self.append(time, value)

    def __len__(self) -> int:
        return len(self._times)

    def __iter__(self) -> Iterator[tuple[float, float | None]]:
        for time, value in zip(self._times, self._values, strict=True):
            yield time, _known(value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, StepSeries) and list(self) == list(other)

    __hash__ = None  # type: ignore[assignment]  # it grows

    def __repr__(self) -> str:
        return f"StepSeries({list(self)!r})"

    @property
    def last_time(self) -> float:
        """Of the latest change; minus infinity for an empty series."""
        return self._times[-1] if self._times else -math.inf

    def append(self, time: float, value: float | None) -> None:
        """Adds a step; one at the same time replaces it, one without a change is dropped.

        Raises:
            ValueError: ``time`` is before the last step.
        """
        if time < self.last_time:
            msg = f"a step at {time} cannot follow one at {self.last_time}"
            raise ValueError(msg)
        if time == self.last_time:
            self._times.pop()
            self._values.pop()
        stored = math.nan if value is None else float(value)
        if self._values and _same(self._values[-1], stored):
            return
        self._times.append(time)
        self._values.append(stored)

    def value_at(self, time: float) -> float | None:
        """The value that holds at ``time``; None where it is unknown, and before the first step."""
        index = bisect_right(self._times, time) - 1
        return _known(self._values[index]) if index >= 0 else None

    def value_before(self, time: float) -> float | None:
        """The value that held until just before ``time``."""
        index = bisect_left(self._times, time) - 1
        return _known(self._values[index]) if index >= 0 else None

    def last_known_at(self, time: float) -> tuple[float, bool]:
        """The latest known value at ``time``, and whether it is an estimate; 0 if there is none."""
        index = bisect_right(self._times, time) - 1
        estimated = index < 0 or math.isnan(self._values[index])
        while index >= 0 and math.isnan(self._values[index]):
            index -= 1
        return (self._values[index], estimated) if index >= 0 else (0.0, True)

    def between(self, start: float, end: float) -> StepSeries:
        """The part that says what holds in ``[start, end)``; it begins at or before ``start``."""
        first = max(0, bisect_right(self._times, start) - 1)
        last = bisect_left(self._times, end)
        result = StepSeries()
        result._times, result._values = self._times[first:last], self._values[first:last]
        return result

    def pieces(self, start: float, end: float) -> Iterator[Piece]:
        """The stretches of ``[start, end)`` in which the value stands still."""
        return pieces((self,), start, end)

    def integrate(self, start: float, end: float) -> float:
        """Value × seconds over ``[start, end)``; where it is unknown the last known value counts."""
        return integrate((self,), start, end, lambda values: values[0])

    def forget_before(self, time: float) -> None:
        """Drops the steps before ``time``, but for the value that holds there."""
        index = bisect_right(self._times, time) - 1
        if index > 0:
            del self._times[:index]
            del self._values[:index]

    def forget_first(self, count: int) -> None:
        """Drops the oldest steps."""
        del self._times[:count]
        del self._values[:count]


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _same(left: float, right: float) -> bool:
    return left == right or (math.isnan(left) and math.isnan(right))


def pieces(series: Sequence[StepSeries], start: float, end: float) -> Iterator[Piece]:
    """Cuts ``[start, end)`` wherever one of the series changes."""
    if end <= start:
        return
    values = [one.value_at(start) for one in series]
    at = start
    for time, index, value in _changes(series, start, end):
        if time > at:
            yield Piece(at, time, tuple(values))
            at = time
        values[index] = value
    yield Piece(at, end, tuple(values))


def _changes(series: Sequence[StepSeries], start: float, end: float) -> list[tuple[float, int, float | None]]:
    found: list[tuple[float, int, float | None]] = []
    for index, one in enumerate(series):
        times, values = one._times, one._values  # noqa: SLF001 (the same module's class)
        first, last = bisect_right(times, start), bisect_left(times, end)
        found.extend((times[at], index, _known(values[at])) for at in range(first, last))
    found.sort(key=lambda change: (change[0], change[1]))
    return found


def integrate(
    series: Sequence[StepSeries],
    start: float,
    end: float,
    rate: Callable[[Sequence[float]], float],
) -> float:
    """The integral of ``rate(values)`` over ``[start, end)``.

    Where a value is unknown its last known counts, 0 if there never was one.
    """
    held = [one.last_known_at(start)[0] for one in series]
    total = 0.0
    for piece in pieces(series, start, end):
        held = [old if new is None else new for old, new in zip(held, piece.values, strict=True)]
        total += rate(held) * (piece.end - piece.start)
    return total


def total(series: Iterable[StepSeries], weights: Iterable[float] | None = None) -> StepSeries:
    """The sum of several series, each times its weight; an unknown part counts with its last known value.

    Drawn from hundreds of thousands of steps, so it works on the arrays themselves.
    """
    parts = list(series)
    factors = [1.0] * len(parts) if weights is None else list(weights)
    changes = [
        (time, index, value * factors[index])
        for index, one in enumerate(parts)
        for time, value in zip(one._times, one._values, strict=True)  # noqa: SLF001 (the same module's class)
        if value == value  # noqa: PLR0124 (not NaN, at a tenth of the cost of isnan)
    ]
    changes.sort()
    current = [0.0] * len(parts)
    result = StepSeries()
    running, at = 0.0, -math.inf
    for time, index, value in changes:
        if time != at and at > -math.inf:
            result.append(at, round(running, 6))
        at = time
        running += value - current[index]
        current[index] = value
    if changes:
        result.append(at, round(running, 6))
    return result
