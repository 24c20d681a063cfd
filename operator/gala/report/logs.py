"""Structured logs over the standard library: text for people, JSON for machines, one line per decision."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import IO, Final, Literal

from gala.planning.outcome import Decision

decisions_log = logging.getLogger("gala.decisions")

FIELDS: Final = "gala_fields"
"""Attribute of a log record that holds its structured fields."""

LONGEST_FIELD: Final = 2000


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


def configure(stream: IO[str], *, style: Literal["text", "json"] = "text", level: int = logging.INFO) -> None:
    """Sends the log records of this product to ``stream``; the libraries' only from WARNING up."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter() if style == "json" else TextFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("gala").setLevel(level)


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
