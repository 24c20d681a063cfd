"""The rounds as a table at the end of a night: coloured on a terminal, plain where it is piped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import tzinfo
from typing import IO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from gala.report.captions import early, zone_of
from gala.report.chart import clock
from gala.report.event_report import EventReport, RoundReport

COLUMNS = ("ROUND", "START", "READY", "REQUIRED", "AT START", "SHORT", "PEAK QPS", "LOST")

GAP = 1
"""Blanks between two columns."""

PLAIN_WIDTH = 120
"""Columns where nobody says how wide the terminal is."""


def print_report(report: EventReport, stream: IO[str], *, time_zone: str = "UTC") -> None:
    """Prints the table and the sums below it."""
    terminal = stream.isatty()
    console = Console(
        file=stream, highlight=False, soft_wrap=not terminal, width=None if terminal else PLAIN_WIDTH
    )
    for table in rounds_tables(report, zone_of(time_zone), width=console.width, plain=not terminal):
        console.print(table)
    for line in sums(report):
        console.print(line)


def rounds_tables(report: EventReport, zone: tzinfo, *, width: int, plain: bool = False) -> Iterator[Table]:
    """One row for each round; columns that do not fit into ``width`` make a further table."""
    columns = list(zip(map(Text, COLUMNS), *(_row(one, zone) for one in report.rounds), strict=True))
    first, group, room = columns[0], [columns[0]], width - _wide(columns[0])
    for column in columns[1:]:
        if len(group) > 1 and GAP + _wide(column) > room:
            yield _table(group, plain=plain)
            group, room = [first], width - _wide(first)
        group.append(column)
        room -= GAP + _wide(column)
    yield _table(group, plain=plain)


def _wide(column: Iterable[Text]) -> int:
    return max(cell.cell_len for cell in column)


def _table(columns: Iterable[Sequence[Text]], *, plain: bool) -> Table:
    """Of columns from their names down."""
    table = Table(
        box=None,
        pad_edge=False,
        header_style="" if plain else "bold",
        title_justify="left",
        collapse_padding=True,
    )
    names, *rows = zip(*columns, strict=True)
    for name in names:
        left = name.plain in {"ROUND", "READY"}
        table.add_column(name, justify="left" if left else "right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
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
