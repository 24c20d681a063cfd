"""One panel of the night as SVG, drawn by hand: bands, axes, three curves and tooltips.

A pixel column shows the *highest* demand and the *lowest* capacity that fell into it, so a
picture of four hours on a thousand pixels never flatters.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from html import escape
from typing import NamedTuple

from gala.report.curves import Curves
from gala.report.series import StepSeries

STEPS_OF_TIME = (15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 43_200, 86_400)
"""Distances between two labels of the time axis that people read easily, in seconds."""

OUTSIDE = 3
"""Pixels outside of the plot, where an area's outline does not show."""


class Band(NamedTuple):
    """A round on the time axis."""

    label: str
    title: str
    """The tooltip."""
    prepare_at: float
    ready_by: float
    start: float
    end: float


class Mark(NamedTuple):
    """A moment on the time axis: capacity that came or went by a rebalance."""

    at: float
    title: str
    up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """Where a panel's plot lies in its picture (pixels), and which span it shows (seconds)."""

    left: float
    top: float
    width: float
    height: float
    start: float
    end: float
    highest: float
    zone: tzinfo
    hits: int = 120
    """Tooltips along the time axis; 0 for a picture that nobody points at."""
    bands: Sequence[Band] = ()
    marks: Sequence[Mark] = field(default=())
    labels: bool = True
    """Whether the bands carry their names."""
    grain: float = 0.5
    """Pixels between two heights that are told apart."""

    def x(self, time: float) -> float:
        """Pixels from the left, kept inside of the plot."""
        part = (time - self.start) / (self.end - self.start)
        return self.left + self.width * min(1.0, max(0.0, part))

    def y(self, value: float) -> float:
        """Pixels from the top."""
        return self.top + self.height * (1 - min(1.0, max(0.0, value / self.highest)))

    @property
    def bottom(self) -> float:
        """Where zero is."""
        return self.top + self.height


def draw(curves: Curves, frame: Frame) -> str:
    """The panel as SVG elements, for inside of an ``<svg>`` that carries the theme's classes."""
    columns = max(2, round(frame.width))
    demand = sample(curves.demand, frame, columns, max)
    ready = sample(curves.ready, frame, columns, min)
    intended = sample(curves.intended, frame, columns, max)
    return "\n".join(
        (
            *(_band(frame, band) for band in frame.bands),
            *_grid(frame),
            _window(frame),
            f'<path class="ready" d="{path(ready, frame, closed=True)}"/>',
            f'<path class="demand" d="{path(demand, frame, closed=True)}"/>',
            f'<path class="intended" d="{path(intended, frame)}"/></svg>',
            *_band_names(frame),
            *_hits(curves, frame),
            *(_mark(frame, mark) for mark in frame.marks),
        )
    )


def _window(frame: Frame) -> str:
    """An inner ``<svg>`` with the same coordinates that shows the plot alone."""
    box = [_px(number) for number in (frame.left, frame.top, frame.width, frame.height)]
    x, y, width, height = box
    return f'<svg class="plot" x="{x}" y="{y}" width="{width}" height="{height}" viewBox="{" ".join(box)}">'


def sample(
    series: StepSeries, frame: Frame, columns: int, pick: Callable[[float, float], float]
) -> list[float | None]:
    """One value for each column of the plot: of several, what ``pick`` chooses; None where it is unknown."""
    result: list[float | None] = [None] * columns
    scale = columns / (frame.end - frame.start)
    for piece in series.pieces(frame.start, frame.end):
        value = piece.values[0]
        if value is None:
            continue
        first = int((piece.start - frame.start) * scale)
        last = min(columns, max(first + 1, math.ceil((piece.end - frame.start) * scale)))
        for column in range(first, last):
            before = result[column]
            result[column] = value if before is None else pick(before, value)
    return result


def path(values: Sequence[float | None], frame: Frame, *, closed: bool = False) -> str:
    """Steps as path data, a run of equal columns as one line; ``closed`` around the area below.

    An area is closed a few pixels outside of the plot, where the frame cuts its outline off.
    """
    width, below = frame.width / len(values), _px(frame.bottom + OUTSIDE)
    parts: list[str] = []
    at: str | None = None
    for column, value in enumerate(values):
        y = None if value is None else _px(round(frame.y(value) / frame.grain) * frame.grain)
        if y == at:
            continue
        x = _px(frame.left + column * width if column else frame.left - OUTSIDE)
        if at is not None:
            parts.append(f"H{x}" + (f"V{below}Z" if closed and y is None else ""))
        if y is not None:
            parts.append((f"M{x} {below}V{y}" if closed else f"M{x} {y}") if at is None else f"V{y}")
        at = y
    if at is not None:
        parts.append(f"H{_px(frame.left + frame.width + OUTSIDE)}" + (f"V{below}Z" if closed else ""))
    return "".join(parts)


def _px(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _band(frame: Frame, band: Band) -> str:
    prepare, ready_by = frame.x(band.prepare_at), frame.x(band.ready_by)
    start, end = frame.x(band.start), max(frame.x(band.end), frame.x(band.start) + 1)
    top, height = _px(frame.top), _px(frame.height)
    return (
        f'<rect class="prepare" x="{_px(prepare)}" y="{top}" '
        f'width="{_px(max(0.0, ready_by - prepare))}" height="{height}"/>'
        f'<rect class="round" x="{_px(start)}" y="{top}" width="{_px(end - start)}" height="{height}"/>'
        f'<path class="ready-by" d="M{_px(ready_by)} {top}v{height}"/>'
    )


def _band_names(frame: Frame) -> list[str]:
    if not frame.labels:
        return []
    names: list[str] = []
    free_from = -math.inf
    for band in frame.bands:
        middle = (frame.x(band.start) + frame.x(band.end)) / 2
        half = len(band.label) * 3.4 + 8
        if middle - half < free_from:
            continue
        free_from = middle + half
        names.append(
            f'<text class="name" x="{_px(middle)}" y="{_px(frame.top - 8)}" text-anchor="middle">'
            f"{escape(band.label)}<title>{escape(band.title)}</title></text>"
        )
    return names


def _grid(frame: Frame) -> list[str]:
    lines = []
    for value in ticks(frame.highest, count=max(2, int(frame.height // 36))):
        y = _px(frame.y(value))
        kind = "grid" if value else "base"
        lines.append(f'<path class="{kind}" d="M{_px(frame.left)} {y}h{_px(frame.width)}"/>')
        lines.append(
            f'<text class="tick" x="{_px(frame.left - 8)}" y="{y}" dy=".32em" '
            f'text-anchor="end">{value:,}</text>'
        )
    lines.extend(
        f'<text class="tick" x="{_px(frame.x(time))}" y="{_px(frame.bottom + 16)}" text-anchor="middle">'
        f"{clock(time, frame.zone, seconds=time % 60 > 0)}</text>"
        for time in times(frame)
    )
    return lines


def ticks(highest: float, *, count: int) -> list[int]:
    """Round figures from 0 to at most ``highest``, about ``count`` of them."""
    rough = max(1.0, highest / count)
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
    return list(range(0, math.floor(highest) + 1, int(step)))


def times(frame: Frame) -> list[float]:
    """Moments for the time axis, on full minutes or hours of the zone, about 62 pixels apart at least."""
    span = frame.end - frame.start
    wanted = span / max(1.0, frame.width / 62)
    step = next((one for one in STEPS_OF_TIME if one >= wanted), STEPS_OF_TIME[-1])
    offset = datetime.fromtimestamp(frame.start, frame.zone).utcoffset()
    shift = offset.total_seconds() if offset else 0.0
    first = math.ceil((frame.start + shift) / step) * step - shift
    return [first + step * index for index in range(int((frame.end - first) // step) + 1)]


def clock(time: float, zone: tzinfo, *, seconds: bool = True) -> str:
    """A time of day in the zone."""
    return f"{datetime.fromtimestamp(time, zone):{'%H:%M:%S' if seconds else '%H:%M'}}"


def _hits(curves: Curves, frame: Frame) -> list[str]:
    span, width = (frame.end - frame.start) / max(1, frame.hits), frame.width / max(1, frame.hits)
    top, height = _px(frame.top), _px(frame.height)
    found = []
    for index in range(frame.hits):
        time = frame.start + span * (index + 0.5)
        lines = [clock(time, frame.zone) + _during(frame, time)]
        for label, series in (
            ("demand", curves.demand),
            ("intended", curves.intended),
            ("Ready", curves.ready),
        ):
            value = series.value_at(time)
            if value is not None:
                lines.append(f"{label} {math.ceil(value):,}")
        qps = curves.qps_at(time)
        if qps is not None:
            lines.append(f"{qps:,.0f} QPS")
        found.append(
            f'<rect class="hit" x="{_px(frame.left + index * width)}" y="{top}" width="{_px(width)}" '
            f'height="{height}"><title>{"&#10;".join(lines)}</title></rect>'
        )
    return found


def _during(frame: Frame, time: float) -> str:
    for band in frame.bands:
        if band.start <= time < band.end:
            return f" · {escape(band.label)}"
        if band.prepare_at <= time < band.start:
            return f" · before {escape(band.label)}"
    return ""


def _mark(frame: Frame, mark: Mark) -> str:
    x, size = frame.x(mark.at), 4.5
    tip, base = (
        (frame.top + 2, frame.top + 2 + 2 * size) if mark.up else (frame.top + 2 + 2 * size, frame.top + 2)
    )
    return (
        f'<path class="move" d="M{_px(x)} {_px(tip)}L{_px(x + size)} {_px(base)}H{_px(x - size)}Z">'
        f"<title>{escape(mark.title)}</title></path>"
    )
