"""Structured logs over the standard library: text for people, JSON for machines, one line per decision."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import IO, Final, Literal

from gala.planning.outcome import Decision

decisions_log = logging.getLogger("gala.decisions")

FIELDS: Final = "gala_fields"
"""Attribute of a log record that holds its structured fields."""

LONGEST_FIELD: Final = 2000

MOST_COMPLAINTS: Final = 1000
"""Complaints that are remembered; the one that was said first is forgotten first."""

_NUMBER: Final = re.compile(r"\d+(\.\d+)?")


class TextFormatter(logging.Formatter):
    """``2027-02-05T12:00:00.123Z INFO gala.engine message key=value``."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; a traceback follows on lines of its own."""
        parts = [_moment(record), record.levelname, record.name, _single_line(record.getMessage())]
        parts += [f"{name}={_quoted(value)}" for name, value in _fields(record).items()]
        text = " ".join(parts)
        return f"{text}\n{self.formatException(record.exc_info)}" if record.exc_info else text


class JsonFormatter(logging.Formatter):
    """One JSON object per line: ``time``, ``level``, ``logger``, ``message``, and the record's fields."""

    def format(self, record: logging.LogRecord) -> str:
        """One line, whatever the message holds."""
        document: dict[str, object] = {
            "time": _moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_fields(record),
        }
        if record.exc_info:
            document["exception"] = self.formatException(record.exc_info)
        return json.dumps(document, ensure_ascii=False, default=str)


class RepeatFilter(logging.Filter):
    """Lets a complaint through when it is new, then once a minute with how often it was held back.

    Numbers do not make it another one. What is said at INFO or below is no complaint.
    """

    def __init__(self, pause: float = 60.0) -> None:
        """``pause`` is in seconds."""
        super().__init__()
        self._pause = pause
        self._said: dict[tuple[str, int, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is to be written."""
        if record.levelno < logging.WARNING:
            return True
        message = record.getMessage()
        key = (record.name, record.levelno, _NUMBER.sub("0", message))
        said, held_back = self._said.get(key, (float("-inf"), 0))
        if 0 <= record.created - said < self._pause:
            self._said[key] = (said, held_back + 1)
            return False
        self._said.pop(key, None)
        self._said[key] = (record.created, 0)
        while len(self._said) > MOST_COMPLAINTS:
            del self._said[next(iter(self._said))]
        if held_back:
            record.msg, record.args = f"{message} (and {held_back} times since it was said last)", ()
        return True


def configure(stream: IO[str], *, style: Literal["text", "json"] = "text", level: int = logging.INFO) -> None:
    """Sends the log records of this product to ``stream``; the libraries' only from WARNING up."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    handler.addFilter(RepeatFilter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("gala").setLevel(level)


class DecisionLog:
    """Says what is decided once: a decision that cannot be carried out is made again in each pass."""

    def __init__(self) -> None:
        self._before: frozenset[Decision] = frozenset()

    def tell(self, decisions: Iterable[Decision]) -> None:
        """Logs those of one pass that the pass before has not made as well."""
        made = {one._replace(at=0.0): one for one in decisions}
        log_decisions(one for key, one in made.items() if key not in self._before)
        self._before = frozenset(made)


def log_decisions(decisions: Iterable[Decision]) -> None:
    """One line for each decision, with everything that the audit trail of the report has."""
    for one in decisions:
        fields = {
            "event": str(one.event),
            "cluster": one.cluster,
            "workload": one.workload,
            "from": one.start,
            "to": one.to,
            "reason": one.reason,
            "rule": one.rule,
        }
        decisions_log.info("%s", one.reason, extra={FIELDS: fields})


def _fields(record: logging.LogRecord) -> dict[str, object]:
    fields = getattr(record, FIELDS, None)
    return fields if isinstance(fields, dict) else {}


def _moment(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def _quoted(value: object) -> str:
    text = str(value)[:LONGEST_FIELD]
    return (
        text if text and all(part.isprintable() and part not in ' "=' for part in text) else json.dumps(text)
    )


def _single_line(text: str) -> str:
    """What others wrote (a name, an answer) may not begin a line of its own in the log."""
    return text.replace("\r", "\\r").replace("\n", "\\n")
