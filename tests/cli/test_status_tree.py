"""The tree of `gala status`: as it reads, on a terminal, in a pipe, and where only ASCII goes."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest

from gala.cli.status_tree import MOST, print_tree
from gala.cli.status_view import Show
from status_objects import (
    NOW,
    cluster,
    cluster_status,
    conditions,
    entry,
    event,
    ledger,
    round_status,
    seen,
    show,
)

LATE = {"Ready": ("False", "FloorNotMet", "web in north: 20 of 30 are Ready")}
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


class Stream(io.TextIOWrapper):
    """What is printed to, as a terminal or a pipe of some encoding."""

    def __init__(self, *, terminal: bool = False, encoding: str = "utf-8") -> None:
        super().__init__(io.BytesIO(), encoding=encoding, newline="")
        self._terminal = terminal

    def isatty(self) -> bool:
        return self._terminal

    def text(self) -> str:
        self.seek(0)
        return self.read()


def printed(
    *found: Show,
    stream: Stream | None = None,
    full: bool = False,
    withheld: tuple[str, ...] = (),
    alarm: str = "",
    now: float = NOW,
) -> str:
    chosen = stream or Stream()
    print_tree(found, chosen, now=now, alarm=alarm, withheld=withheld, full=full)
    return chosen.text()


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Stream:
    """A terminal of 80 columns."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    return Stream(terminal=True)


def test_the_tree_goes_from_the_event_to_its_workloads_and_what_is_wrong_stands_first() -> None:
    found = show(event(conditions=conditions(**LATE)), ledger())
    want = """\
► show/gala  Preparing  Enforce  2027-02-05, times in Asia/Shanghai
├── ► Ready=False FloorNotMet: web in north: 20 of 30 are Ready
│   it is on its way, and still in time
├── next: opening has to be Ready at 19:59:00, in 1m
└── ► opening  Preparing  start 20:00:00  grows from 19:50:00  Ready by 19:59:00  20/30 Ready
    └── ► north  Reachable  20/30 Ready  1,234 qps
        └── ► web  4 → 30  written 30  runs 30  20 Ready  PreScale
"""
    assert printed(found) == want


def test_an_ascii_stream_gets_letters_for_marks_and_question_marks_for_what_it_cannot_carry() -> None:
    raw = event(conditions=conditions(Ready=("False", "FloorNotMet", "web in 北京: 2 × 3")))
    want = """\
> show/gala  Preparing  Enforce  2027-02-05, times in Asia/Shanghai
+-- > Ready=False FloorNotMet: web in ??: 2 ? 3
|   it is on its way, and still in time
+-- next: opening has to be Ready at 19:59:00, in 1m
`-- > opening  Preparing  start 20:00:00  grows from 19:50:00  Ready by 19:59:00  20/30 Ready
    `-- > north  Reachable  20/30 Ready  1,234 qps
        `-- > web  4 -> 30  written 30  runs 30  20 Ready  PreScale
"""
    assert printed(show(raw, ledger()), stream=Stream(encoding="ascii")) == want


@pytest.mark.parametrize(
    ("changes", "now", "want"),
    [
        pytest.param(
            {"phase": "Done", "readyAtStart": 28, "shortReplicaSeconds": 1500},
            NOW,
            "✗ opening  Done  start 20:00:00  28/30 at its start, 1,500 replica-seconds short",
            id="a round that is over says what it had at its start",
        ),
        pytest.param(
            {"phase": "Done"},
            NOW,
            "✔ opening  Done  start 20:00:00  ?/30 at its start",
            id="a round that nobody watched says so",
        ),
        pytest.param(
            {"phase": "Live", "ready": 30}, NOW, "✔ opening  Live  start 20:00:00  30/30 Ready", id="live"
        ),
        pytest.param(
            {"phase": "Planned", "prepareAt": "2027-02-04T19:50:00+08:00"},
            NOW - 86_400,
            "· opening  Planned  start 20:00:00  grows from 02-04 19:50:00  Ready by 19:59:00  30 required",
            id="another day is named",
        ),
        pytest.param(
            {"phase": "Skipped", "start": None}, NOW, "· opening  Skipped  20/30 Ready", id="skipped"
        ),
    ],
)
def test_a_round_says_what_matters_in_its_phase(changes: dict[str, Any], now: float, want: str) -> None:
    lines = printed(show(event(rounds=[round_status(**changes)]), now=now), now=now).splitlines()
    assert want in [line.lstrip("├└─ ") for line in lines]


@pytest.mark.parametrize(
    ("held", "status", "want"),
    [
        pytest.param(
            entry(original=None, written=None),
            [],
            "? web  ? → 30  written ?  runs ?  ? Ready  PreScale",
            id="what is unknown is no zero",
        ),
        pytest.param(
            entry(state="Returning", intended=17, reason="HandBack"),
            [seen(observed=17, ready=17)],
            "► web  4 → 17  written 30  runs 17  17 Ready  on its way home  HandBack",
            id="what goes home says so",
        ),
    ],
)
def test_a_workload_says_what_was_there_what_is_meant_and_what_is(
    held: dict[str, Any], status: list[dict[str, Any]], want: str
) -> None:
    assert want in printed(show(event(), ledger(held, status=status)))


def test_a_cluster_that_is_in_trouble_says_why_below_its_name() -> None:
    lost = cluster(ready=("False", "Unreachable", "no answer\nfor 40 s\x1b[31m"))
    raw = event(clusters=[cluster_status(state="Unreachable", qps=None, trafficWeight=60)])
    lines = printed(show(raw, clusters=(lost,))).splitlines()
    assert lines[-2:] == [
        "    └── ✗ north  Unreachable  20/30 Ready  60 % of the traffic",
        "        Unreachable: no answer for 40 s [31m",
    ]


def test_clusters_stand_below_the_event_once_no_round_is_held() -> None:
    over = event(phase="Cooling", currentRound="", rounds=[round_status(phase="Done", readyAtStart=30)])
    assert printed(show(over, now=NOW + 86_400)).splitlines()[-1].startswith("└── ")


def test_a_right_that_is_missing_is_named() -> None:
    shown = printed(show(), withheld=("list galaallocations in namespace gala-system",))
    assert shown.splitlines()[-1] == (
        "Not shown: you may not list galaallocations in namespace gala-system; "
        "docs/security.md says who grants it."
    )


def test_what_concerns_all_events_stands_before_them() -> None:
    assert printed(show(), alarm="nobody works").splitlines()[0] == "✗ nobody works"


def test_a_terminal_gets_colours_and_never_a_line_that_is_wider(terminal: Stream) -> None:
    name = "a-cluster-with-a-very-long-name." * 5 + "example"
    raw = event(clusters=[cluster_status(name)], conditions=conditions(**LATE))
    shown = printed(show(raw, ledger(cluster=name)), stream=terminal)
    plain = ESCAPE.sub("", shown)
    assert plain != shown
    assert max(map(len, plain.splitlines())) <= 80
    assert name in "".join(plain.split()).replace("│", "")


@pytest.mark.parametrize(
    ("columns", "want"),
    [
        pytest.param("60", True, id="a width that is set is kept to"),
        pytest.param("0", False, id="zero is no width"),
        pytest.param("wide", False, id="a word is no width"),
        pytest.param("", False, id="nothing is no width"),
    ],
)
def test_columns_of_a_pipe(columns: str, want: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    raw = event(conditions=conditions(Ready=("False", "FloorNotMet", "web in north: a long story " * 9)))
    lines = printed(show(raw, ledger())).splitlines()
    assert (max(map(len, lines)) <= 60) is want


def test_no_color_is_respected(terminal: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    shown = printed(show(event(conditions=conditions(**LATE)), ledger()), stream=terminal)
    assert re.findall(r"\x1b\[3[0-9]", shown) == []


def many() -> Show:
    """Twenty good clusters, one that does not answer, and fifteen good workloads in it."""
    good = [cluster_status(f"c{index:02}", ready=30) for index in range(20)]
    names = [f"w{index:02}" for index in range(15)]
    stored = ledger(
        *(entry(name) for name in names), status=[seen(name, ready=30) for name in names], cluster="bad"
    )
    return show(event(clusters=[*good, cluster_status("bad", state="Unreachable")]), stored)


def test_a_terminal_counts_what_is_good_beyond_a_dozen(terminal: Stream) -> None:
    lines = ESCAPE.sub("", printed(many(), stream=terminal)).splitlines()
    assert sum(" c" in line and "Reachable" in line for line in lines) == MOST
    assert lines[-1].endswith("✔ 8 more clusters are as they should be; --full shows them")
    assert sum("3 more workloads are as they should be" in line for line in lines) == 1


@pytest.mark.parametrize(
    "full", [pytest.param(True, id="a terminal that is asked for all"), pytest.param(False, id="a pipe")]
)
def test_all_of_it_is_shown_to_whoever_wants_it(terminal: Stream, full: bool) -> None:
    shown = printed(many(), stream=terminal if full else Stream(), full=full)
    assert "more" not in shown
    assert sum(f"c{index:02}" in shown for index in range(20)) == 20
