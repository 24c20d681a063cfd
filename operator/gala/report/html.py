"""The night as one self-contained page: no scripts, no fonts, nothing fetched."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from html import escape

from gala.report import captions, chart, curves, theme
from gala.report.chart import Frame
from gala.report.curves import Curves
from gala.report.event_report import EventReport, RoundReport
from gala.report.nightlog import NightLog, SegmentLog

BUDGET = 380_000
"""Bytes of the page; the decisions get what the pictures leave, the JSON document has them all."""

MAX_PANELS = 12
"""Small panels of one kind: what a person compares, and what keeps the page small."""

LEGEND = (
    '<div class="legend"><span><i class="k-demand"></i>demand, as the replicas it needs</span>'
    '<span><i class="k-intended"></i>capacity intended</span>'
    '<span><i class="k-ready"></i>capacity Ready</span>'
    '<span><i class="k-prepare"></i>prepareAt to readyBy</span><span><i class="k-round"></i>round live</span>'
    "{moves}</div>"
)


def render(report: EventReport, log: NightLog) -> str:
    """The whole page as one HTML document in UTF-8."""
    zone = captions.zone_of(log.time_zone)
    clusters = curves.by_cluster(log)
    body = (
        _header(report, log, zone),
        _tiles(report),
        _total(report, log, curves.together(clusters), zone),
        _small("Clusters", clusters, log, zone),
        _small("Workloads", curves.by_workload(log), log, zone) if len(log.workloads) > 1 else "",
        _zooms(report, log, zone),
        _rounds(report, zone),
    )
    page = "".join(body)
    page += _decisions(report, zone, room=BUDGET - len(page.encode()) - len(theme.PAGE))
    page += f"<footer>{FOOT}</footer>"
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(report.event)} · event report</title><style>{theme.PAGE}</style></head>\n"
        f"<body><main>{page}</main></body></html>\n"
    )


FOOT = (
    "Each pixel column shows the highest demand and the lowest capacity that fell into it. "
    "Short replica-seconds: the sum over clusters and the seconds of a round of max(0, floor − Ready). "
    "Served: the sum over seconds and clusters of min(offered, warm × qpsPerReplica), traffic not steered."
)


def _header(report: EventReport, log: NightLog, zone: tzinfo) -> str:
    first, last = (datetime.fromtimestamp(time, zone) for time in (log.started_at, log.ended_at))
    until = f"{last:%H:%M}" if first.date() == last.date() else f"{last:%-d %B %H:%M}"
    zone_name = log.time_zone if zone is not UTC else "UTC"
    namespace, _, name = report.event.rpartition("/")
    return (
        f"<header><h1>{escape(name)} <small>{escape(namespace)}</small></h1>"
        f'<span class="verdict {_flag(good=report.passed)}">{escape(report.verdict)}</span></header>'
        f"<p>{first:%-d %B %Y, %H:%M} to {until}, {escape(zone_name)} · mode {escape(report.mode)} · "
        f"{len(log.clusters)} clusters, {len(log.workloads)} workloads</p>"
    )


def _flag(*, good: bool) -> str:
    return "yes" if good else "no"


def _tiles(report: EventReport) -> str:
    on_time = sum(1 for one in report.rounds if one.ready_at_start >= one.required)
    short = sum(one.short_replica_seconds for one in report.rounds)
    writes = report.writes
    tiles = [
        (f"{on_time} / {len(report.rounds)}", "rounds Ready at their start", on_time == len(report.rounds)),
        (f"{short:,}", "short replica-seconds", short == 0),
        *(
            (_percent(tier.served_ratio), f"of tier {name} traffic served", True)
            for name, tier in report.tiers.items()
            if tier.served_ratio is not None
        ),
        (f"{report.scene_moves}", "scene moves", True),
        (f"{report.rebalance_moves}", "rebalancing moves", True),
        (
            f"{writes.total:,}",
            f"writes; {writes.failed} failed, p99 {writes.p99_seconds * 1000:.0f} ms",
            not writes.failed,
        ),
        (f"{report.servers_added}", "servers added", True),
        ("yes" if report.handed_back else "no", "originals given back", report.handed_back),
    ]
    return '<div class="tiles">{}</div>'.format(
        "".join(
            f'<div class="tile {"" if good else "no"}"><b>{escape(figure)}</b>'
            f"<span>{escape(label)}</span></div>"
            for figure, label, good in tiles
        )
    )


def _percent(ratio: float) -> str:
    """Never rounded up to 100 %."""
    digits = f"{math.floor(ratio * 100_000) / 1000:.3f}".rstrip("0").rstrip(".")
    return f"{digits}%"


def _total(report: EventReport, log: NightLog, whole: Curves, zone: tzinfo) -> str:
    frame = Frame(
        left=52, top=26, width=1120, height=300, start=log.started_at, end=log.ended_at,
        highest=whole.highest(log.started_at, log.ended_at) * 1.06, zone=zone, hits=200,
        bands=captions.bands_of(log, report, zone),
    )  # fmt: skip
    moves = '<span><i class="k-move"></i>rebalance</span>' if log.moves else ""
    return (
        f"<h2>The night <small>replicas, all workloads and clusters</small></h2>{LEGEND.format(moves=moves)}"
        f'<div class="card">{_svg(chart.draw(whole, frame), 1180, 352, whole.title)}</div>'
    )


def _svg(content: str, width: int, height: int, label: str) -> str:
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">{content}</svg>'


def _small(title: str, panels: Sequence[Curves], log: NightLog, zone: tzinfo) -> str:
    bands = captions.bands_of(log)
    cards = []
    for panel in panels[:MAX_PANELS]:
        frame = Frame(
            left=44, top=10, width=330, height=130, start=log.started_at, end=log.ended_at,
            highest=panel.highest(log.started_at, log.ended_at) * 1.08, zone=zone, hits=55, grain=1.0,
            bands=bands, marks=captions.marks_of(log, panel.title), labels=False,
        )  # fmt: skip
        peak = max((value or 0.0 for _, value in panel.ready), default=0.0)
        cards.append(
            f'<div class="card"><h3>{escape(panel.title)}<small>peak {peak:,.0f} Ready</small></h3>'
            f"{_svg(chart.draw(panel, frame), 384, 164, panel.title)}</div>"
        )
    more = len(panels) - len(cards)
    note = f"<small>the first {len(cards)} of {len(panels)}</small>" if more else ""
    return f'<h2>{title} {note}</h2><div class="panels">{"".join(cards)}</div>'


def _zooms(report: EventReport, log: NightLog, zone: tzinfo) -> str:
    by_name = {one.name: one for one in report.rounds}
    cards = []
    for segment in log.rounds[:MAX_PANELS]:
        start, end = segment.prepare_at - 30, segment.actual_end + 30
        panel = curves.of_round(log, segment, start, end)
        frame = _zoom_frame(segment, panel, zone)
        one = by_name[segment.round]
        cards.append(
            f'<div class="card"><h3>{escape(segment.round)}<small>{escape(captions.early(one))}</small></h3>'
            f"{_svg(chart.draw(panel, frame), 290, 154, segment.round)}</div>"
        )
    return (
        "<h2>Round by round <small>the round's own workloads, from prepareAt to its end</small></h2>"
        f'<div class="zooms">{"".join(cards)}</div>'
    )


def _zoom_frame(segment: SegmentLog, panel: Curves, zone: tzinfo) -> Frame:
    start, end = segment.prepare_at - 30, segment.actual_end + 30
    return Frame(
        left=42, top=8, width=238, height=122, start=start, end=end,
        highest=panel.highest(start, end) * 1.08, zone=zone, hits=40, labels=False, grain=1.0,
        bands=(captions.band(segment),),
    )  # fmt: skip


COLUMNS = (
    "round", "start", "Ready by", "Ready at", "required", "Ready at start",
    "short replica-s", "peak QPS", "offered", "lost",
)  # fmt: skip


def _rounds(report: EventReport, zone: tzinfo) -> str:
    head = "".join(f"<th>{name}</th>" for name in COLUMNS)
    rows = "".join(_round_row(one, zone) for one in report.rounds)
    return f'<h2>Rounds</h2><div class="card"><table><tr>{head}</tr>{rows}</table></div>'


def _round_row(one: RoundReport, zone: tzinfo) -> str:
    lost = one.offered - one.served
    on_time = one.ready_at is not None and one.ready_at <= one.ready_by
    cells = (
        (escape(one.name), ""),
        (chart.clock(one.actual_start, zone), ""),
        (chart.clock(one.ready_by, zone), ""),
        ("never" if one.ready_at is None else chart.clock(one.ready_at, zone), _flag(good=on_time)),
        (f"{one.required:,}", ""),
        (f"{one.ready_at_start:,}", _flag(good=one.ready_at_start >= one.required)),
        (
            f"{one.short_replica_seconds:,}{' (estimated)' if one.estimated else ''}",
            _flag(good=one.short_replica_seconds == 0),
        ),
        (f"{one.peak_qps:,}", ""),
        (f"{one.offered:,}", ""),
        (f"{lost:,}", _flag(good=lost == 0)),
    )
    return "<tr>" + "".join(f'<td class="{flag}">{text}</td>' for text, flag in cells) + "</tr>"


def _decisions(report: EventReport, zone: tzinfo, *, room: int) -> str:
    rows: list[str] = []
    for one in report.decisions:
        row = (
            f"<tr><td>{chart.clock(one.at, zone)}<td class=l>{escape(one.cluster)}"
            f"<td class=l>{escape(one.workload)}<td>{one.start:,}<td>{one.to:,}"
            f"<td class=l>{escape(one.reason)}<td class=l><code>{escape(one.rule)}</code>"
        )
        room -= len(row.encode())
        if room < 0:
            break
        rows.append(row)
    note = f"{len(report.decisions):,}"
    if len(rows) < len(report.decisions):
        note = f"the first {len(rows):,} of {note}; the JSON report has all"
    head = "<tr><th>at<th class=l>cluster<th class=l>workload<th>from<th>to<th class=l>reason<th class=l>rule"
    return (
        f'<details><summary>Decisions ({note})</summary><div class="card">'
        f"<table>{head}{''.join(rows)}</table></div></details>"
    )
