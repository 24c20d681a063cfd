"""What the end-to-end tests measured, as one table at the end of the run; times are told and never judged."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest


class Figures:
    """Rows of (what was done, what was measured, value)."""

    def __init__(self) -> None:
        self._rows: list[tuple[str, str, str]] = []

    def add(self, done: str, measured: str, value: object) -> None:
        """One row; a number of seconds is written with its unit by whoever calls."""
        self._rows.append((done, measured, str(value)))

    def seconds(self, done: str, measured: str, values: Sequence[float]) -> None:
        """p50, p99 and the largest of some times."""
        known = sorted(values)
        told = " ".join(f"{name} {_rank(known, part):.1f}" for name, part in (("p50", 0.5), ("p99", 0.99)))
        self.add(done, f"{measured}, of {len(known)}", f"{told} max {known[-1]:.1f} s" if known else "none")

    def lines(self) -> list[str]:
        """The table."""
        widths = [max(len(row[column]) for row in self._rows) for column in (0, 1)] if self._rows else []
        return [
            f"{done:<{widths[0]}}  {measured:<{widths[1]}}  {value}" for done, measured, value in self._rows
        ]


def _rank(known: Sequence[float], part: float) -> float:
    return known[max(0, math.ceil(part * len(known)) - 1)] if known else math.nan


_KEPT = pytest.StashKey[Figures]()


@pytest.fixture
def figures(pytestconfig: pytest.Config) -> Figures:
    """Where a test puts what it measured."""
    return pytestconfig.stash.setdefault(_KEPT, Figures())


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Prints the table, whether the tests passed or not."""
    lines = config.stash.get(_KEPT, Figures()).lines()
    if lines:
        terminalreporter.section("measured")
        for line in lines:
            terminalreporter.write_line(line)
