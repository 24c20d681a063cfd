"""``gala diff -o json``: both plans with stable keys, described in docs/command-line.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gala.api.meta import API_VERSION
from gala.api.scalars import format_instant
from gala.cli.diff_compare import EventDiff, Stretch
from gala.planning.outcome import SegmentPlan

Json = dict[str, Any]


def document(diffs: Sequence[EventDiff], notes: Sequence[str], now: float) -> Json:
    """Times are RFC3339 in UTC; what is unknown, or absent on one side, is null."""
    return {
        "apiVersion": API_VERSION,
        "kind": "GalaDiff",
        "at": format_instant(now),
        "changes": any(diff.changes for diff in diffs),
        "below": any(diff.below for diff in diffs),
        "notes": list(notes),
        "events": [_event(diff) for diff in diffs],
    }


def _event(diff: EventDiff) -> Json:
    return {
        "namespace": diff.key.namespace,
        "name": diff.key.name,
        "new": diff.is_new,
        "changes": diff.changes,
        "below": diff.below,
        "fields": [field._asdict() for field in diff.fields],
        "findings": [finding._asdict() for finding in diff.findings],
        "unknown": list(diff.unknown),
        "next": diff.upcoming or None,
        "targets": [
            {
                "cluster": row.cluster,
                "workload": row.workload,
                "runs": row.runs,
                "original": row.original,
                "dueNow": {"stored": row.stored, "wanted": row.wanted},
                "dueNext": row.upcoming,
                "toAdd": row.to_add,
                "below": row.below,
            }
            for row in diff.rows
        ],
        "segments": [_stretch(stretch) for stretch in diff.stretches],
    }


def _stretch(stretch: Stretch) -> Json:
    return {
        "name": stretch.name,
        "differs": stretch.differs,
        "stored": _times(stretch.stored),
        "wanted": _times(stretch.wanted),
        "floors": [
            {
                "cluster": cell.cluster,
                "workload": cell.workload,
                "runs": cell.runs,
                "stored": cell.stored,
                "wanted": cell.wanted,
            }
            for cell in stretch.cells
        ],
    }


def _times(segment: SegmentPlan | None) -> Json | None:
    if segment is None:
        return None
    return {
        "start": format_instant(segment.start),
        "prepareAt": format_instant(segment.prepare_at),
        "readyBy": format_instant(segment.ready_by),
        "latestEnd": format_instant(segment.latest_end),
    }
