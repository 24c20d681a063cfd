"""What one sees while the demo plays: a live table at 1 Hz on a terminal, plain lines where it is piped."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import tzinfo
from types import TracebackType
from typing import TextIO
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table

from gala.cli.demo_log import held
from gala.engine.passes import Done
from gala.planning.outcome import Decision, EventPlan
from gala.report.chart import clock

PERIOD = 1.0
"""Wall seconds between two pictures: faster costs a third of a core and shows nothing more."""

LAST = 6
"""Decisions shown below the table."""


class DemoScreen:
    """A context that gives the observer of the passes."""

    def __init__(self, stream: TextIO, *, start: float, end: float) -> None:
        self._console = Console(file=stream, highlight=False)
        self._start, self._end = start, end
        self._live: Live | None = None
        self._shown_at = 0.0
        self._phase = ""
        self._decisions: list[Decision] = []

    def __enter__(self) -> Callable[[Done], None]:
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        return self.observe

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def observe(self, done: Done) -> None:
        """Takes one pass."""
        self._decisions = [*self._decisions, *done.plan.decisions][-LAST:]
        for event in done.plan.events.values():
            zone = _zone(done)
            if event.phase != self._phase:
                self._phase = event.phase
                if self._live is None:
                    self._console.print(_line(event, done.now, zone), soft_wrap=True)
            if self._live is not None and time.monotonic() - self._shown_at >= PERIOD:
                self._shown_at = time.monotonic()
                self._live.update(self._table(event, done, zone), refresh=True)

    def _table(self, event: EventPlan, done: Done, zone: tzinfo) -> Table:
        page = Table.grid(padding=(0, 0))
        page.add_row(_line(event, done.now, zone))
        page.add_row(ProgressBar(total=self._end - self._start, completed=done.now - self._start, width=60))
        table = Table(box=None, pad_edge=False, header_style="bold")
        clusters = sorted(done.gathered.snapshot.clusters)
        for name in ("WORKLOAD", *(name.upper() for name in clusters)):
            table.add_column(name, justify="left" if name == "WORKLOAD" else "right")
        for workload in sorted({w for w, _ in event.ready}):
            table.add_row(workload, *(_cell(event, workload, cluster) for cluster in clusters))
        page.add_row(table)
        for decision in self._decisions:
            page.add_row(_decision(decision, zone))
        return page


def _zone(done: Done) -> tzinfo:
    names = [event.spec.time_zone for event in done.gathered.snapshot.events]
    return ZoneInfo(names[0] if names else "UTC")


def _line(event: EventPlan, now: float, zone: tzinfo) -> str:
    return f"{clock(now, zone)}  {event.phase:<11} {held(event) or 'nothing is due'}"


def _cell(event: EventPlan, workload: str, cluster: str) -> str:
    """Ready, and what is due where something is."""
    ready = event.ready.get((workload, cluster))
    due = event.floors.get((workload, cluster))
    shown = "?" if ready is None else str(ready)
    return shown if due is None else f"{shown}/{due}"


def _decision(one: Decision, zone: tzinfo) -> str:
    change = f"{one.start} → {one.to}" if one.start != one.to else f"{one.to}"
    return f"[dim]{clock(one.at, zone)}  {one.cluster:<6} {one.workload:<14} {change:<14} {one.reason}[/dim]"
