"""The figures of the nights with faults, in a table at the end."""

from __future__ import annotations

from typing import Any

import pytest

from measures import PROPERTY, Measure, table


@pytest.fixture
def measured(request: pytest.FixtureRequest) -> Measure:
    """Notes a figure for the table."""

    def note(test: str, what: str, value: float) -> None:
        request.node.user_properties.append((PROPERTY, (test, what, float(value))))

    return note


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Prints what the tests have noted, whichever process they ran in."""
    reports = [*terminalreporter.stats.get("passed", ()), *terminalreporter.stats.get("failed", ())]
    lines = [*table(found for report in reports for found in report.user_properties)]
    if lines:
        terminalreporter.section("what the faults cost")
        for line in lines:
            terminalreporter.write_line(line)
