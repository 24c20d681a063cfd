"""What the end-to-end tests measured, as one table at the end of the run; times are told and never judged."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import pytest

_KEY = "figure"
"""Under which a test's report carries a row: reports travel between processes, and nothing else does."""

Row = tuple[str, str, str]
"""What was done, what was measured, value."""


class Figures:
    """Where one test puts its rows."""

    def __init__(self, properties: list[tuple[str, object]]) -> None:
        self._properties = properties

    def add(self, done: str, measured: str, value: object) -> None:
        """One row; a number of seconds is written with its unit by whoever calls."""
        self._properties.append((_KEY, (done, measured, str(value))))

    def seconds(self, done: str, measured: str, values: Sequence[float]) -> None:
        """p50, p99 and the largest of some times."""
        known = sorted(values)
        told = " ".join(f"{name} {_rank(known, part):.1f}" for name, part in (("p50", 0.5), ("p99", 0.99)))
        self.add(done, f"{measured}, of {len(known)}", f"{told} max {known[-1]:.1f} s" if known else "none")


def _rank(known: Sequence[float], part: float) -> float:
    return known[max(0, math.ceil(part * len(known)) - 1)] if known else math.nan


@pytest.fixture
def figures(request: pytest.FixtureRequest) -> Figures:
    """Where a test puts what it measured."""
    return Figures(request.node.user_properties)


def measured(properties: Iterable[tuple[str, object]]) -> Iterator[Row]:
    """The rows among what a test's report carries."""
    for key, row in properties:
        if key == _KEY and isinstance(row, (tuple, list)):
            done, what, value = row
            yield done, what, value


def lines(rows: Sequence[Row]) -> Iterator[str]:
    """The table."""
    widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
    for done, what, value in rows:
        yield f"{done:<{widths[0]}}  {what:<{widths[1]}}  {value}"
