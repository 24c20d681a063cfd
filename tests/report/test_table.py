"""The table at the end of a night."""

from __future__ import annotations

import io
import re

import pytest

from gala.report.event_report import build
from gala.report.nightlog import Place
from gala.report.table import print_report
from report_night import night, steps


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def printed(stream: io.StringIO, **changes: object) -> str:
    print_report(build(night(**changes)), stream, time_zone="Asia/Shanghai")
    return stream.getvalue()


def test_a_pipe_gets_plain_text() -> None:
    text = printed(io.StringIO())
    assert "\x1b" not in text
    rows = [line.split() for line in text.splitlines()]
    assert rows[0] == ["ROUND", "START", "READY", "REQUIRED", "AT", "START", "SHORT", "PEAK", "QPS", "LOST"]
    assert rows[1] == ["round-1", "20:01:40", "30", "s", "early", "10", "10", "0", "900", "0"]
    assert text.splitlines()[-3:] == [
        "0 scene moves, 0 rebalancing moves, 2 writes (0 failed, p99 30 ms), 0 servers added",
        "served by tier: S 100.0000%",
        "every round was Ready, everything was given back",
    ]


def test_a_terminal_gets_colour() -> None:
    assert "\x1b[" in printed(Terminal())


def test_a_bad_night_says_so_in_its_last_line() -> None:
    text = printed(io.StringIO(), ready={Place("web", "east"): steps((0, 2))})
    assert "never Ready" in text
    assert text.splitlines()[-1] == "not Ready throughout: round-1"


def test_without_traffic_nothing_is_said_to_be_served() -> None:
    assert "no traffic was measured" in printed(io.StringIO(), offered={}, workloads=())


@pytest.mark.parametrize("width", [40, 60])
def test_on_a_narrow_terminal_columns_go_on_below_and_nothing_is_cut(
    width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    wide = printed(io.StringIO())
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setenv("NO_COLOR", "1")
    shown = re.sub(r"\x1b\[[\d;]*m", "", printed(Terminal()))
    assert max(map(len, shown.splitlines())) <= width
    assert set(shown.split()) == set(wide.split())
