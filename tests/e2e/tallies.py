"""The table at the end of a run: each file of tests, how many, how long, and which one took longest."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Protocol

import pytest

from figures import lines, measured

_OURS = "tests/e2e/"
_OUTCOMES = ("", "passed", "failed", "skipped", "error")
"""Under which pytest keeps its reports; the nameless one has the set-ups that went well."""


class Report(Protocol):
    """One phase of one test, as pytest reports it."""

    nodeid: str
    when: str
    outcome: str
    duration: float
    user_properties: list[tuple[str, object]]


@dataclass(slots=True)
class Tally:
    """What the tests of one file came to; a test's set-up and its end count as its time."""

    failed: int = 0
    skipped: int = 0
    seconds: dict[str, float] = field(default_factory=dict)

    def add(self, name: str, report: Report) -> None:
        """One phase more."""
        self.seconds[name] = self.seconds.get(name, 0.0) + report.duration
        self.failed += report.outcome == "failed"
        self.skipped += report.outcome == "skipped"


def table(reports: Iterable[Report]) -> Iterator[str]:
    """The lines; files in the order in which they ran."""
    tallies: dict[str, Tally] = {}
    for report in reports:
        path, _, name = report.nodeid.partition("::")
        tallies.setdefault(path, Tally()).add(name, report)
    yield f"{'tests':>5} {'failed':>6} {'skipped':>7} {'seconds':>7}  file, and its longest test"
    for path, tally in tallies.items():
        longest = max(tally.seconds, key=lambda name: tally.seconds[name])
        figures = (
            f"{len(tally.seconds):5} {tally.failed:6} {tally.skipped:7} {sum(tally.seconds.values()):7.1f}"
        )
        yield f"{figures}  {path}"
        yield f"{'':28}    {tally.seconds[longest]:.1f} s {longest}"


class TableOfTests:
    """A plugin that prints it, and what the tests measured below."""

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The hook of that name."""
        reports = [one for outcome in _OUTCOMES for one in terminalreporter.stats.get(outcome, ())]
        ours = [one for one in reports if getattr(one, "nodeid", "").startswith(_OURS)]
        if ours:
            terminalreporter.section("end-to-end tests", "-")
            terminalreporter.write_line("\n".join(table(ours)))
        rows = [row for one in ours if one.when == "call" for row in measured(one.user_properties)]
        if rows:
            terminalreporter.section("measured", "-")
            terminalreporter.write_line("\n".join(lines(rows)))
