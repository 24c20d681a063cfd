"""Structured logs: one line each, whatever the words in it."""

from __future__ import annotations

import io
import json
import logging
import sys
from collections.abc import Iterator

import pytest

from gala.report.logs import (
    FIELDS,
    MOST_COMPLAINTS,
    DecisionLog,
    JsonFormatter,
    RepeatFilter,
    TextFormatter,
    configure,
    log_decisions,
)
from report_night import T0
from report_passes import decision


def record(message: str, **fields: object) -> logging.LogRecord:
    made = logging.LogRecord("gala.engine", logging.INFO, "engine.py", 1, message, None, None)
    made.created = T0 + 0.25
    setattr(made, FIELDS, fields)
    return made


@pytest.fixture
def restored() -> Iterator[None]:
    """Logging as it was, for tests that configure it."""
    root, product = logging.getLogger(), logging.getLogger("gala")
    before = (root.handlers[:], root.level, product.level)
    yield
    root.handlers[:], level, product_level = before
    root.setLevel(level)
    product.setLevel(product_level)


@pytest.mark.parametrize(
    ("made", "want"),
    [
        pytest.param(
            record("PreScale", event="show/gala", to=10),
            "2027-02-05T12:00:00.250Z INFO gala.engine PreScale event=show/gala to=10",
            id="fields follow the message",
        ),
        pytest.param(
            record("a\nb", text='say "x"', none=""),
            '2027-02-05T12:00:00.250Z INFO gala.engine a\\nb text="say \\"x\\"" none=""',
            id="a line break in others' words begins no line of its own",
        ),
    ],
)
def test_text(made: logging.LogRecord, want: str) -> None:
    assert TextFormatter().format(made) == want


def test_json_is_one_object_in_one_line() -> None:
    line = JsonFormatter().format(record("a\nb", event="show/gala", to=10))
    assert "\n" not in line
    assert json.loads(line) == {
        "time": "2027-02-05T12:00:00.250Z", "level": "info", "logger": "gala.engine", "message": "a\nb",
        "event": "show/gala", "to": 10,
    }  # fmt: skip


@pytest.mark.parametrize(
    "formatter", [pytest.param(TextFormatter(), id="as text"), pytest.param(JsonFormatter(), id="as JSON")]
)
def test_a_traceback_is_not_lost(formatter: logging.Formatter) -> None:
    made = record("it failed")
    try:
        int("the cause")
    except ValueError:
        made.exc_info = sys.exc_info()
    assert "ValueError: invalid literal for int() with base 10: 'the cause'" in formatter.format(made)


def test_a_decision_has_every_field_of_the_audit_trail(restored: None) -> None:
    stream = io.StringIO()
    configure(stream, style="json")
    log_decisions([decision(T0, 2, 10)])
    document = json.loads(stream.getvalue())
    want = {"event": "show/gala", "cluster": "east", "workload": "web", "from": 2, "to": 10,
            "reason": "PreScale", "rule": "standing"}  # fmt: skip
    assert {name: document[name] for name in want} == want


@pytest.mark.parametrize(
    ("passes", "want"),
    [
        pytest.param([[(0, 2, 10)], [(2, 2, 10)], [(4, 2, 10)]], [(2, 10)], id="once while it is made again"),
        pytest.param([[(0, 2, 10)], [(2, 2, 12)]], [(2, 10), (2, 12)], id="again when it changes"),
        pytest.param(
            [[(0, 2, 10)], [], [(60, 2, 10)]], [(2, 10), (2, 10)], id="again after a pass without it"
        ),
    ],
)
def test_a_decision_is_said_(
    passes: list[list[tuple[float, int, int]]], want: list[tuple[int, int]], restored: None
) -> None:
    stream = io.StringIO()
    configure(stream, style="json")
    log = DecisionLog()
    for made in passes:
        log.tell([decision(T0 + at, start, to) for at, start, to in made])
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert [(line["from"], line["to"]) for line in lines] == want


def test_libraries_speak_up_only_when_something_is_wrong(restored: None) -> None:
    stream = io.StringIO()
    configure(stream)
    logging.getLogger("aiohttp.access").info("GET /")
    logging.getLogger("aiohttp.access").warning("too many")
    logging.getLogger("gala.engine").info("a pass")
    assert [line.split(" ", 1)[1] for line in stream.getvalue().splitlines()] == [
        "WARNING aiohttp.access too many",
        "INFO gala.engine a pass",
    ]


def complaint(message: str, after: float = 0.0, *, level: int = logging.WARNING) -> logging.LogRecord:
    made = logging.LogRecord("gala.engine", level, "engine.py", 1, "%s", (message,), None)
    made.created = T0 + after
    return made


@pytest.mark.parametrize(
    ("message", "after", "want"),
    [
        pytest.param("east fails", 59.9, False, id="the same within a minute is held back"),
        pytest.param("east fails", 60.0, True, id="the same after a minute is said again"),
        pytest.param("east fails", -3600.0, True, id="a clock that was set back holds nothing back"),
        pytest.param("north fails", 1.0, True, id="of another cluster it is another complaint"),
    ],
)
def test_a_complaint_is_said_once_a_minute(message: str, after: float, want: bool) -> None:
    repeats = RepeatFilter()
    assert repeats.filter(complaint("east fails"))
    assert repeats.filter(complaint(message, after)) is want


def test_numbers_make_no_complaint_a_new_one() -> None:
    repeats = RepeatFilter()
    assert repeats.filter(complaint("east takes no more writes for 1.3 s"))
    assert not repeats.filter(complaint("east takes no more writes for 0.9 s", 2))


def test_what_was_held_back_is_counted() -> None:
    repeats = RepeatFilter()
    for second in range(0, 60, 2):
        repeats.filter(complaint("east fails", second))
    again = complaint("east fails", 61)
    assert repeats.filter(again)
    assert again.getMessage() == "east fails (and 29 times since it was said last)"


def test_what_is_no_complaint_is_never_held_back() -> None:
    repeats = RepeatFilter()
    assert [repeats.filter(complaint("PreScale", level=logging.INFO)) for _ in range(3)] == [True] * 3


def test_complaints_that_are_remembered_are_bounded() -> None:
    repeats = RepeatFilter()
    for letters in range(3 * MOST_COMPLAINTS):
        repeats.filter(complaint("x" * letters))
    assert len(repeats._said) == MOST_COMPLAINTS


def test_the_operators_log_holds_repeats_back(restored: None) -> None:
    stream = io.StringIO()
    configure(stream)
    for _ in range(5):
        logging.getLogger("gala.engine").warning("east fails")
    assert stream.getvalue().count("east fails") == 1
