"""``gala plan``: the outlook as text, one block for each segment, what does not fit first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from gala.api.application import MAX_REPLICAS
from gala.api.event import GalaEvent
from gala.api.scalars import format_duration
from gala.api.validation import unsupported
from gala.cli.columns import aligned
from gala.cli.plan_outlook import Loss, Outlook
from gala.cli.plan_snapshot import event_key
from gala.planning.outcome import EventPlan, SegmentPlan
from gala.planning.shortfall import BOUND, OF_ROOM

SHORT = "SHORT"
"""First word of every line that says what does not fit: what the command colours."""

CLUSTERS_IN_A_ROW = 6
"""Columns beside each other; a larger fleet goes on in the rows below."""

SHORT_REASONS = OF_ROOM | {BOUND.reason}


def table(outlook: Outlook, events: Sequence[GalaEvent], *, width: int) -> list[str]:
    """The lines to print; columns of clusters beyond ``width`` stand below."""
    lines: list[str] = []
    for event in events:
        lines += [*_event(outlook, event, width), ""]
    lines.append(
        "Cells: what runs → what is planned / the most that fits. Shares are stated, or else the clusters' "
        "weights; where traffic is measured, a running operator divides by that."
    )
    lines.append("Everything fits." if outlook.fits else f"{SHORT}: not everything fits; see above.")
    return lines


def _event(outlook: Outlook, event: GalaEvent, width: int) -> Iterator[str]:
    key, spec = event_key(event), event.spec
    planned, zone = outlook.events[key], ZoneInfo(spec.time_zone)
    yield (
        f"{key}: {_count(len(spec.rounds), 'round')}, {_count(len(planned.segments), 'segment')}, "
        f"mode {spec.mode}{', paused' if spec.paused else ''}; times in {spec.time_zone}, "
        f"planned as of {_moment(outlook.at, zone)}"
    )
    yield from (f"Not yet supported, and left out: {feature}" for feature in unsupported(event))
    yield from shortfalls(outlook, planned, zone)
    for finding in planned.findings:
        if finding.reason not in SHORT_REASONS:
            yield f"{SHORT if finding.reason == 'LateStart' else finding.reason}: {finding.message}"
    if not planned.segments:
        yield "Nothing is left to plan: every round is over."
    for segment in planned.segments:
        yield ""
        yield from _segment(segment, zone, width)
        loss = outlook.losses.get((key, segment.name))
        if loss is not None:
            yield f"  {worst(loss)}"


def shortfalls(outlook: Outlook, planned: EventPlan, zone: tzinfo) -> Iterator[str]:
    """One line for each demand that does not find its room, and when it does later."""
    for segment in planned.segments:
        for need in segment.needs:
            if not need.short:
                continue
            bound = f"{need.short_reason}: {need.why}" if need.why else need.short_reason
            text = f"{SHORT}: {segment.name}: {need.short:,} of {need.required:,} {need.workload}: {bound}"
            for later in outlook.later.get((planned.key, segment.name, need.workload), ()):
                left = "none" if not later.short else f"{later.short:,}"
                text += f"; {left} from {_moment(later.at, zone)}, when {later.after} is over"
            yield text


def worst(loss: Loss) -> str:
    """What goes with the largest cluster, in one sentence."""
    parts = [
        f"{lost.workload} {lost.carries_percent} %" for lost in loss.workloads if lost.carries_percent < 100
    ]
    rest = f"what is left carries of the forecast: {', '.join(parts)}" if parts else "the rest carries it all"
    return f"If {loss.cluster} is lost: {loss.replicas:,} of {loss.of:,} replicas go; {rest}"


def _segment(segment: SegmentPlan, zone: tzinfo, width: int) -> Iterator[str]:
    starts = f"starts {_moment(segment.start, zone)}, " if segment.is_round else ""
    yield (
        f"{segment.name}: {starts}Ready by {_moment(segment.ready_by, zone)}, "
        f"held until {_moment(segment.latest_end, zone)}"
    )
    clusters = sorted({p.cluster for p in segment.placements} | {w.cluster for w in segment.windows})
    first = [
        ["WORKLOAD", "QPS", "REQUIRED", "SHORT"],
        *(
            [need.workload, f"{need.qps:,}" if need.qps else "-", f"{need.required:,}", f"{need.short:,}"]
            for need in segment.needs
        ),
        ["begin", "", "", ""],
        ["lead", "", "", ""],
        ["gap before", "", "", ""],
    ]
    if not clusters:
        yield from aligned(first, width=width)
    for index in range(0, len(clusters), CLUSTERS_IN_A_ROW):
        block = [_column(segment, cluster, zone) for cluster in clusters[index : index + CLUSTERS_IN_A_ROW]]
        left = first if index == 0 else [row[:1] for row in first]
        rows = [[*row, *(column[number] for column in block)] for number, row in enumerate(left)]
        yield from aligned(rows, width=width)
    for workload in sorted({weight.workload for weight in segment.weights}):
        parts = [f"{w.cluster} {w.percent} %" for w in segment.weights if w.workload == workload]
        yield f"  Steer the traffic of {workload}: {', '.join(parts)}"


def _column(segment: SegmentPlan, cluster: str, zone: tzinfo) -> list[str]:
    """One cluster's cells, from its name down to its gap."""
    held = {p.workload: p for p in segment.placements if p.cluster == cluster}
    cells = [cluster]
    for need in segment.needs:
        found = held.get(need.workload)
        if found is None:
            cells.append("-")
            continue
        most = "" if found.cap >= MAX_REPLICAS else f"/{max(found.cap, found.original):,}"
        cells.append(f"{found.original:,}→{max(found.floor, found.original):,}{most}")
    window = next((w for w in segment.windows if w.cluster == cluster), None)
    if window is None:
        return [*cells, "-", "-", ""]
    lead = format_duration(segment.ready_by - window.prepare_at)
    late = f" ({format_duration(window.late)} late)" if window.late else ""
    return [*cells, f"{_clock(window.prepare_at, zone)}{late}", lead, window.gap]


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _moment(time: float, zone: tzinfo) -> str:
    return f"{datetime.fromtimestamp(time, zone):%Y-%m-%d %H:%M:%S}"


def _clock(time: float, zone: tzinfo) -> str:
    return f"{datetime.fromtimestamp(time, zone):%H:%M:%S}"
