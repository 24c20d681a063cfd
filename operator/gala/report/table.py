"""The rounds as a table at the end of a night: coloured on a terminal, plain where it is piped."""

from __future__ import annotations

from datetime import tzinfo
from typing import IO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gala.report.captions import early, zone_of
from gala.report.chart import clock
from gala.report.event_report import EventReport, RoundReport

COLUMNS = ("ROUND", "START", "READY", "REQUIRED", "AT START", "SHORT", "PEAK QPS", "LOST")

PLAIN_WIDTH = 120
"""Columns where nobody says how wide the terminal is."""


def print_report(report: EventReport, stream: IO[str], *, time_zone: str = "UTC") -> None:
    """Prints the table and the sums below it."""
    terminal = stream.isatty()
    console = Console(
        file=stream, highlight=False, soft_wrap=not terminal, width=None if terminal else PLAIN_WIDTH
    )
    console.print(rounds_table(report, zone_of(time_zone), plain=not terminal))
    for line in sums(report):
        console.print(line)


def rounds_table(report: EventReport, zone: tzinfo, *, plain: bool = False) -> Table:
    """One row for each round."""
    table = Table(
        box=None,
        pad_edge=False,
        header_style="" if plain else "bold",
        title_justify="left",
        collapse_padding=True,
    )
    for name in COLUMNS:
        table.add_column(name, justify="left" if name in {"ROUND", "READY"} else "right", no_wrap=True)
    for one in report.rounds:
        table.add_row(*_row(one, zone))
    return table


def _row(one: RoundReport, zone: tzinfo) -> tuple[Text, ...]:
    lost = one.offered - one.served
    return (
        Text(one.name),
        Text(clock(one.actual_start, zone)),
        _judged(early(one).removeprefix("Ready "), one.ready_at is not None and one.ready_at <= one.ready_by),
        Text(f"{one.required:,}"),
        _judged(f"{one.ready_at_start:,}", one.ready_at_start >= one.required),
        _judged(f"{one.short_replica_seconds:,}", one.short_replica_seconds == 0),
        Text(f"{one.peak_qps:,}"),
        _judged(f"{lost:,}", lost == 0),
    )


def _judged(text: str, good: bool) -> Text:
    return Text(text, style="green" if good else "bold red")


def sums(report: EventReport) -> tuple[Text, ...]:
    """What the whole night comes to, in two lines and the verdict."""
    writes = report.writes
    served = ", ".join(
        f"{tier} {one.served_ratio:.4%}" for tier, one in report.tiers.items() if one.served_ratio is not None
    )
    return (
        Text(""),
        Text(
            f"{report.scene_moves} scene moves, {report.rebalance_moves} rebalancing moves, "
            f"{writes.total} writes ({writes.failed} failed, p99 {writes.p99_seconds * 1000:.0f} ms), "
            f"{report.servers_added} servers added"
        ),
        Text(f"served by tier: {served}" if served else "no traffic was measured"),
        _judged(report.verdict, report.passed),
    )
