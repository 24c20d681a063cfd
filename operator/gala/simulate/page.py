"""The night drawn once for each way to scale, on one page: what was needed, and what was there."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from html import escape

from gala.report import captions, chart, theme
from gala.report.chart import Band, Frame
from gala.report.curves import Curves
from gala.report.series import StepSeries
from gala.simulate.outcome import Outcome
from gala.simulate.run import NAMES, Simulated
from gala.simulate.trace import SAMPLE

TITLES = dict(
    zip(
        NAMES,
        ("gala", "HPA alone", "fixed times (cron)", "the peak all night", "an oracle that knows the night"),
        strict=True,
    )
)
"""What each way is called where there is room for words."""

LEGEND = (
    '<div class="legend"><span><i class="k-demand"></i>what the traffic needs, in replicas</span>'
    '<span><i class="k-intended"></i>replicas asked for</span>'
    '<span><i class="k-ready"></i>replicas Ready</span>'
    '<span><i class="k-prepare"></i>prepareAt to readyBy</span><span><i class="k-round"></i>round live</span>'
    "</div>"
)
FOOT = (
    "Simulated: pods, nodes and traffic are numbers, the plans are the operator's own. Served: the sum over "
    "seconds and clusters of min(offered, warm × qpsPerReplica), traffic not steered. A second is short "
    "where more than a thousandth of a tier's requests is not served."
)
_MOST_BANDS = 64


def render(simulated: Simulated) -> str:
    """The whole page as one HTML document in UTF-8."""
    night = simulated.night
    events = ", ".join(escape(str(event.key)) for event in night.snapshot.events[:4])
    zone = captions.zone_of(night.snapshot.events[0].spec.time_zone)
    first, last = (datetime.fromtimestamp(time, UTC).astimezone(zone) for time in (night.start, night.end))
    panels = "".join(_panel(simulated, outcome) for outcome in simulated.outcomes)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{events} · simulated</title><style>{theme.PAGE}</style></head>\n<body><main>"
        f"<header><h1>{events} <small>simulated, seed {night.seed}</small></h1></header>"
        f"<p>{first:%-d %B %Y, %H:%M} to {last:%-d %B %H:%M}, {len(night.clusters)} clusters, "
        f"{len(night.by_flow())} workloads; what comes is {simulated.weather.percent} % of the forecast</p>"
        f"{_table(simulated)}{LEGEND}{panels}<footer>{FOOT}</footer></main></body></html>\n"
    )


def _table(simulated: Simulated) -> str:
    tiers = list(simulated.outcomes[0].tiers)
    heads = [
        "",
        *(f"{tier} served" for tier in tiers),
        *(f"{tier} short s" for tier in tiers),
        "rounds Ready",
        "replica-hours",
        "scene moves",
        "servers added",
    ]
    rows = "".join(
        "<tr>" + "".join(f"<td>{cell}</td>" for cell in _cells(outcome, tiers)) + "</tr>"
        for outcome in simulated.outcomes
    )
    head = "".join(f"<th>{name}</th>" for name in heads)
    return f'<div class="card"><table><tr>{head}</tr>{rows}</table></div>'


def _cells(outcome: Outcome, tiers: list[str]) -> list[str]:
    return [
        TITLES[outcome.name],
        *(percent(outcome.tiers[tier].ratio) for tier in tiers),
        *(f"{outcome.tiers[tier].short_seconds:,}" for tier in tiers),
        f"{outcome.rounds_ready} of {outcome.rounds}",
        f"{outcome.replica_hours:,.0f}",
        f"{outcome.scene_moves}",
        f"{outcome.servers_added}",
    ]


def percent(ratio: float | None) -> str:
    """Three digits, never rounded up; a dash where nothing was offered."""
    return "–" if ratio is None else f"{math.floor(ratio * 100_000) / 1000:.3f}%"


def _panel(simulated: Simulated, outcome: Outcome) -> str:
    night = simulated.night
    curves = Curves(
        title=TITLES[outcome.name],
        demand=StepSeries((time, round(value, 1)) for time, value in simulated.demand),
        intended=_series(night.start, outcome.spec),
        ready=_series(night.start, outcome.ready),
        offered=(),
    )
    highest = max(max(one.spec) for one in simulated.outcomes)
    frame = Frame(
        left=52, top=26, width=1120, height=190, start=night.start, end=night.end, highest=highest * 1.06,
        zone=captions.zone_of(night.snapshot.events[0].spec.time_zone), bands=_bands(simulated),
    )  # fmt: skip
    return (
        f"<h2>{curves.title} <small>replicas, all workloads and clusters</small></h2>"
        f'<div class="card"><svg viewBox="0 0 1180 242" role="img" aria-label="{curves.title}">'
        f"{chart.draw(curves, frame)}</svg></div>"
    )


def _series(start: float, values: tuple[int, ...]) -> StepSeries:
    return StepSeries((start + SAMPLE * number, value) for number, value in enumerate(values))


def _bands(simulated: Simulated) -> tuple[Band, ...]:
    """The rounds of the first event: of several that share a night one has to do."""
    night, slip = simulated.night, simulated.weather.slip
    event = night.snapshot.events[0]
    durations = {part.name: part.duration for part in event.spec.rounds}
    return tuple(
        Band(
            label=stretch.name,
            title="",
            prepare_at=stretch.prepare_at,
            ready_by=stretch.ready_by,
            start=stretch.start + slip,
            end=stretch.start + slip + durations[stretch.name],
        )
        for stretch in night.stretches[:_MOST_BANDS]
        if stretch.is_round and stretch.event == event.key
    )
