"""The night as one standalone SVG: the picture of the README, made by the product itself.

It carries both themes, and nothing in it needs a pointer or a script, because it is shown
as an image.
"""

from __future__ import annotations

from datetime import datetime, tzinfo
from html import escape

from gala.report import captions, chart, curves, theme
from gala.report.chart import Frame
from gala.report.curves import Curves
from gala.report.event_report import EventReport
from gala.report.nightlog import NightLog

MAX_CLUSTERS = 4
"""Small panels that fit side by side; with more clusters there is the total alone."""

STYLE = f"""{theme.THEMES}{theme.CHART}
.back{{fill:var(--card);stroke:var(--line)}}
.title{{font-size:19px;font-weight:650;fill:var(--ink)}}
.sub{{font-size:13px;fill:var(--muted)}}
.panel{{font-size:13px;font-weight:600;fill:var(--ink)}}
.key{{font-size:12.5px;fill:var(--muted)}}
"""

KEYS = (
    ("demand", "demand"),
    ("intended", "capacity intended"),
    ("ready", "capacity Ready"),
    ("prepare", "prepareAt to readyBy"),
    ("round", "round live"),
)


def render_svg(report: EventReport, log: NightLog, *, width: int = 1200, height: int = 620) -> str:
    """One SVG document of that many pixels: the total on top, below it one small panel per cluster."""
    zone = captions.zone_of(log.time_zone)
    clusters = curves.by_cluster(log)
    small = clusters if 1 < len(clusters) <= MAX_CLUSTERS else ()
    split = height * 0.68 if small else float(height)
    body = (
        f'<rect class="back" x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="14"/>',
        *_titles(report, log, zone),
        _legend(28, 86),
        _total(curves.together(clusters), log, zone, (width, split)),
        *(
            _cluster(panel, log, zone, _box(index, len(small), width, (split, height)))
            for index, panel in enumerate(small)
        ),
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'width="{width}" height="{height}" role="img" aria-label="{escape(report.event)}">'
        f"<style>{STYLE}</style>\n" + "\n".join(body) + "\n</svg>\n"
    )


def _titles(report: EventReport, log: NightLog, zone: tzinfo) -> tuple[str, str]:
    first, last = (datetime.fromtimestamp(time, zone) for time in (log.started_at, log.ended_at))
    on_time = sum(1 for one in report.rounds if one.ready_at_start >= one.required)
    short = sum(one.short_replica_seconds for one in report.rounds)
    facts = (
        f"{first:%H:%M} to {last:%H:%M}",
        f"{on_time} of {len(report.rounds)} rounds Ready at their start",
        f"{short:,} short replica-seconds",
        f"{report.scene_moves} scene moves",
        f"{report.rebalance_moves} rebalanced",
        "everything given back" if report.handed_back else "not everything given back",
    )
    name = report.event.rpartition("/")[2]
    return (
        f'<text class="title" x="28" y="38">{escape(name)}</text>',
        f'<text class="sub" x="28" y="60">{" · ".join(facts)}</text>',
    )


def _legend(x: float, y: float) -> str:
    parts = []
    for kind, label in KEYS:
        if kind == "intended":
            parts.append(f'<path class="{kind}" d="M{x} {y - 4}h20"/>')
        else:
            parts.append(f'<rect class="{kind}" x="{x}" y="{y - 9}" width="20" height="10"/>')
        parts.append(f'<text class="key" x="{x + 27}" y="{y}">{label}</text>')
        x += 27 + len(label) * 6.6 + 24
    return "".join(parts)


def _total(panel: Curves, log: NightLog, zone: tzinfo, box: tuple[float, float]) -> str:
    width, bottom = box
    frame = Frame(
        left=72, top=130, width=width - 72 - 28, height=bottom - 130 - 40,
        start=log.started_at, end=log.ended_at, highest=panel.highest(log.started_at, log.ended_at) * 1.06,
        zone=zone, hits=0, bands=captions.bands_of(log),
    )  # fmt: skip
    return chart.draw(panel, frame)


def _box(
    index: int, count: int, width: float, rows: tuple[float, float]
) -> tuple[float, float, float, float]:
    """Left, top, width and height of a small panel's plot."""
    each = (width - 72 - 28 - 56 * (count - 1)) / count
    top = rows[0] + 24
    return (72 + index * (each + 56), top, each, rows[1] - top - 36)


def _cluster(panel: Curves, log: NightLog, zone: tzinfo, box: tuple[float, float, float, float]) -> str:
    left, top, width, height = box
    frame = Frame(
        left=left, top=top, width=width, height=height, start=log.started_at, end=log.ended_at,
        highest=panel.highest(log.started_at, log.ended_at) * 1.08, zone=zone, hits=0, labels=False,
        bands=captions.bands_of(log), marks=captions.marks_of(log, panel.title),
    )  # fmt: skip
    title = f'<text class="panel" x="{left}" y="{top - 8}">{escape(panel.title)}</text>'
    return title + chart.draw(panel, frame)
