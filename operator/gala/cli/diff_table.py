"""``gala diff`` for people: what the file changes, what runs against what is due, then each segment."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from gala.cli.columns import aligned
from gala.cli.diff_compare import Cell, EventDiff, Field, Stretch
from gala.planning.outcome import SegmentPlan

BELOW = "BELOW"
"""First word of every line that says where less runs than is due: what the command colours red."""

NOTE = "NOTE"

LONGEST = 60
"""Letters of a field's value on one side."""


def table(diffs: Sequence[EventDiff], notes: Sequence[str], now: float, *, width: int) -> list[str]:
    """The lines to print; columns beyond ``width`` stand below."""
    lines = [f"{NOTE}: {note}" for note in notes]
    for diff in diffs:
        lines += [*([""] if lines else []), *_event(diff, now, width)]
    return lines


def _event(diff: EventDiff, now: float, width: int) -> Iterator[str]:
    zone = ZoneInfo(diff.time_zone)
    what = "is not stored yet" if diff.is_new else "changes" if diff.changes else "does not change"
    yield f"{diff.key} {what}; times in {diff.time_zone}, planned as of {_moment(now, zone)}"
    yield from (_field(field) for field in diff.fields)
    yield from (
        f"{BELOW}: {row.workload} in {row.cluster}: {_figure(row.runs)} run, {row.wanted:,} are due now"
        for row in diff.rows
        if row.below
    )
    for finding in diff.findings:
        yield f"{finding.reason}: {finding.message}"
    if diff.unknown:
        yield (
            f"{NOTE}: nobody says what runs in {', '.join(diff.unknown)}, so nothing is placed there; ask "
            "the clusters with --live, or name GalaFacts with --clusters"
        )
    if diff.rows:
        yield ""
        yield from aligned(_now(diff), width=width, keys=2)
    quiet = [stretch.name for stretch in diff.stretches if not stretch.differs]
    for stretch in diff.stretches:
        if stretch.differs:
            yield ""
            yield from _stretch(stretch, zone, width)
    if quiet:
        yield ""
        yield f"As stored: {', '.join(quiet)}"


def _field(field: Field) -> str:
    if field.stored is None:
        return f"+ {field.path}: {_value(field.wanted)}"
    if field.wanted is None:
        return f"- {field.path}: {_value(field.stored)}"
    return f"~ {field.path}: {_value(field.stored)} → {_value(field.wanted)}"


def _value(value: Any) -> str:
    text = str(value)
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _now(diff: EventDiff) -> list[list[str]]:
    head = ["CLUSTER", "WORKLOAD", "RUNS", "ORIGINAL", "DUE NOW", "BY THE FILE"]
    rows = [
        [
            row.cluster,
            row.workload,
            _figure(row.runs),
            _figure(row.original),
            f"{row.stored:,}",
            f"{row.wanted:,}",
        ]
        for row in diff.rows
    ]
    if not diff.upcoming:
        return [head, *rows]
    more = [[f"{row.upcoming:,}", _figure(row.to_add)] for row in diff.rows]
    return [[*head, f"AT {diff.upcoming}", "TO ADD"], *(a + b for a, b in zip(rows, more, strict=True))]


def _stretch(stretch: Stretch, zone: tzinfo, width: int) -> Iterator[str]:
    if stretch.stored is None or stretch.wanted is None:
        sign, one = ("+", stretch.wanted) if stretch.stored is None else ("-", stretch.stored)
        yield f"{sign} {stretch.name}: {_times(one, zone)}"
    elif stretch.times_differ:
        yield f"~ {stretch.name}: {_times(stretch.stored, zone)}"
        yield f"  → {_times(stretch.wanted, zone)}"
    else:
        yield f"~ {stretch.name}: {_times(stretch.wanted, zone)}"
    changed = [cell for cell in stretch.cells if cell.stored != cell.wanted]
    if changed:
        head = ["CLUSTER", "WORKLOAD", "RUNS", "STORED", "BY THE FILE", "DIFFERENCE"]
        yield from aligned([head, *(_cell(cell) for cell in changed)], width=width, keys=2)
    if len(changed) < len(stretch.cells):
        yield f"  as stored elsewhere ({len(stretch.cells) - len(changed)})"


def _cell(cell: Cell) -> list[str]:
    difference = (cell.wanted or 0) - (cell.stored or 0)
    figures = (_figure(value, absent="-") for value in (cell.stored, cell.wanted))
    return [cell.cluster, cell.workload, _figure(cell.runs), *figures, f"{difference:+,}"]


def _times(segment: SegmentPlan | None, zone: tzinfo) -> str:
    if segment is None:
        return ""
    return (
        f"grows from {_moment(segment.prepare_at, zone)}, Ready by {_moment(segment.ready_by, zone)}, "
        f"held until {_moment(segment.latest_end, zone)}"
    )


def _moment(time: float, zone: tzinfo) -> str:
    return f"{datetime.fromtimestamp(time, zone):%Y-%m-%d %H:%M:%S}"


def _figure(value: int | None, absent: str = "?") -> str:
    return absent if value is None else f"{value:,}"
