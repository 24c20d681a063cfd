"""The tables of metrics are those of the operator, and the page names every bound and check."""

from __future__ import annotations

import re

import pytest

from gala.engine import health
from gala.report import breadth
from gala.report.families import FAMILIES
from gala.report.vitals import Vitals
from metric_tables import PAGE, about, filled

TEXT = PAGE.read_text(encoding="utf-8")
AGAIN = "tests/support/metric_tables.py writes the tables anew"


def test_the_tables_are_those_of_the_operator() -> None:
    assert filled(TEXT) == TEXT, AGAIN


def test_every_metric_stands_in_one_table() -> None:
    named = re.findall(r"^\| `(gala_\w+)` \|", TEXT, re.MULTILINE)
    assert sorted(named) == sorted(family.name for family in FAMILIES)
    assert {about(family) for family in FAMILIES} == set(re.findall(r"<!-- metrics: (\w+) -->", TEXT))


def test_every_check_of_health_is_explained() -> None:
    checks = health.ready(Vitals(leads=True, synced=True))
    named = re.findall(r"^\| `([a-z]+)` \| (?:both|`/readyz`) \|", TEXT, re.MULTILINE)
    assert named == [check.name for check in checks]


@pytest.mark.parametrize(
    "figure",
    [
        pytest.param(f"{breadth.MOST_SERIES:,}", id="the bound on all events"),
        pytest.param(
            f"{breadth.FOR_EVENT} + {breadth.FOR_WORKLOAD} for each workload + {breadth.FOR_CLUSTER} "
            f"for each of its clusters + {breadth.FOR_ROUND} for each round",
            id="the bound on one event",
        ),
        pytest.param(f"for {health.LOOP_LATE:g} s", id="when a loop is late"),
        pytest.param(f"for {health.TURN_LATE:g} s", id="when a turn is late"),
        pytest.param(
            f"no list for {health.LIST_SILENT:g} s, or no new watch for {health.WATCH_SILENT:g} s",
            id="when an intake is silent",
        ),
        pytest.param(f"older than {health.LIST_OLD:g} s", id="when a list is old"),
        pytest.param(f"come to its end for {health.PASS_OLD:g} s", id="when a pass is late"),
    ],
)
def test_figures_are_those_of_the_program(figure: str) -> None:
    assert figure in " ".join(TEXT.split())
