"""What the pictures say in words: bands of the rounds, marks of the moves, times of day."""

from __future__ import annotations

from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from gala.report.chart import Band, Mark, clock
from gala.report.event_report import EventReport, RoundReport
from gala.report.nightlog import NightLog, SegmentLog


def zone_of(name: str) -> tzinfo:
    """The zone of that name; UTC where this machine does not know it: a report must not fail on a label."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return UTC


def band(segment: SegmentLog, title: str = "") -> Band:
    """A round as a band; ``title`` is its tooltip."""
    return Band(
        label=segment.round,
        title=title,
        prepare_at=segment.prepare_at,
        ready_by=segment.ready_by,
        start=segment.actual_start,
        end=segment.actual_end,
    )


def bands_of(log: NightLog, report: EventReport | None = None, zone: tzinfo = UTC) -> tuple[Band, ...]:
    """The rounds as bands; with a report each has what a person asks about it as its tooltip."""
    about = {} if report is None else {one.name: _about(one, zone) for one in report.rounds}
    return tuple(band(segment, about.get(segment.round, "")) for segment in log.rounds)


def marks_of(log: NightLog, cluster: str) -> tuple[Mark, ...]:
    """Rebalancing moves that touch a cluster."""
    return tuple(
        Mark(
            at=move.opened_at,
            title=f"rebalance: {move.replicas:,} of {move.workload} from {move.source} to {move.to}",
            up=move.to == cluster,
        )
        for move in log.moves
        if cluster in (move.source, move.to)
    )


def early(one: RoundReport) -> str:
    """How long before its start a round was Ready."""
    if one.ready_at is None:
        return "never Ready"
    seconds = round(one.actual_start - one.ready_at)
    return f"Ready {_span(abs(seconds))} {'early' if seconds >= 0 else 'late'}"


def _span(seconds: int) -> str:
    minutes, rest = divmod(seconds, 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"


def _about(one: RoundReport, zone: tzinfo) -> str:
    return (
        f"{one.name}: starts {clock(one.actual_start, zone)}, {early(one)}; "
        f"{one.ready_at_start:,} of {one.required:,} Ready at the start; "
        f"{one.short_replica_seconds:,} short replica-seconds; peak {one.peak_qps:,} QPS"
    )
