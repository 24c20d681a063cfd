"""``gala status`` as a tree for people: event, rounds, clusters, workloads; what is wrong stands first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from typing import IO, Final, NamedTuple, TypeVar

from rich.console import Console
from rich.text import Text
from rich.tree import Tree

from gala.api.event_status import RoundPhase
from gala.api.scalars import format_duration
from gala.cli.columns import columns_of_stdout
from gala.cli.status_problems import Problem
from gala.cli.status_view import ClusterLine, Mark, RoundLine, Show, WorkloadLine
from gala.report.captions import zone_of

Line = TypeVar("Line", ClusterLine, WorkloadLine)

MOST: Final = 12
"""Clusters, and workloads of one cluster, that are as they should be and still shown one by one on a
terminal; what is not as it should be is always shown."""

_STYLE: Final = {Mark.GOOD: "green", Mark.BUSY: "cyan", Mark.BAD: "bold red", Mark.UNKNOWN: "yellow",
                 Mark.WAITING: "dim"}  # fmt: skip


class Signs(NamedTuple):
    """What stands for each mark; plain letters where the stream takes no others."""

    marks: dict[Mark, str]
    arrow: str
    encoding: str

    def said(self, text: str) -> str:
        """On one line and without what a terminal would obey: some of it was said by member clusters."""
        clean = "".join(letter if letter.isprintable() else " " for letter in text)
        return clean.encode(self.encoding, "replace").decode(self.encoding)


def signs_for(encoding: str) -> Signs:
    """Those that a stream of this encoding can carry."""
    if encoding.lower().startswith("utf"):
        marks = {Mark.GOOD: "✔", Mark.BUSY: "►", Mark.BAD: "✗", Mark.UNKNOWN: "?", Mark.WAITING: "·"}
        return Signs(marks, "→", "utf-8")
    marks = {Mark.GOOD: "+", Mark.BUSY: ">", Mark.BAD: "x", Mark.UNKNOWN: "?", Mark.WAITING: "."}
    return Signs(marks, "->", encoding)


def print_tree(
    shows: Iterable[Show], stream: IO[str], *, now: float, alarm: str, withheld: Sequence[str], full: bool
) -> None:
    """One tree for each event, below what concerns them all; never wider than the terminal or COLUMNS."""
    terminal = stream.isatty()
    width = None if terminal else columns_of_stdout()
    console = Console(file=stream, highlight=False, width=width)
    signs = signs_for(console.encoding)
    if alarm:
        console.print(Text(f"{signs.marks[Mark.BAD]} {signs.said(alarm)}", style=_STYLE[Mark.BAD]))
    for show in shows:
        console.print(_Branches(show, signs, now=now, full=full or not terminal).tree())
    for right in withheld:
        console.print(
            Text(signs.said(f"Not shown: you may not {right}; docs/security.md says who grants it."))
        )


class _Branches:
    """Builds the tree of one event."""

    def __init__(self, show: Show, signs: Signs, *, now: float, full: bool) -> None:
        self._show, self._signs, self._now, self._full = show, signs, now, full
        self._zone: tzinfo = zone_of(show.spec.time_zone if show.spec else "UTC")
        starts = [one.status.start for one in show.rounds if one.status.start is not None]
        self._day = self._local(min(starts, default=now)).date()

    def tree(self) -> Tree:
        """The event, and below it what is wrong, what comes next, and its rounds."""
        tree = Tree(self._line(self._show.mark, self._head()))
        for problem in self._show.problems:
            tree.add(self._problem(problem))
        if self._show.next_edge is not None:
            edge = self._show.next_edge
            wait = format_duration(max(1.0, round(edge.at - self._now)))
            what = f"{edge.round or 'everything'} {edge.what}"
            tree.add(Text(self._signs.said(f"next: {what} at {self._moment(edge.at)}, in {wait}")))
        shown = self._show.round_shown
        rows = [self._round(line) for line in self._show.rounds]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        below: Tree | None = None
        for line, cells in zip(self._show.rounds, rows, strict=True):
            text = "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True) if width)
            branch = tree.add(self._line(line.mark, text.rstrip()))
            below = branch if line.status.name == shown else below
        self._clusters(below or tree)
        return tree

    def _head(self) -> str:
        show = self._show
        words = [f"{show.key}  {show.status.phase}"]
        if show.spec is not None:
            words += [str(show.spec.mode), *(["paused"] if show.spec.paused else [])]
            words.append(f"{self._day:%Y-%m-%d}, times in {show.spec.time_zone}")
        return "  ".join(words)

    def _problem(self, problem: Problem) -> Text:
        said = self._signs.said
        mark = Mark.BUSY if self._show.mark is Mark.BUSY and problem.condition == "Ready=False" else Mark.BAD
        text = self._line(mark, f"{problem.condition} {problem.reason}: {problem.message}")
        return text.append(f"\n{said(problem.advice)}", style="dim")

    def _round(self, line: RoundLine) -> tuple[str, ...]:
        one = line.status
        over = one.phase in {RoundPhase.DONE, RoundPhase.LIVE, RoundPhase.SKIPPED}
        times = [
            self._time("start", one.start),
            "" if over else self._time("grows from", one.prepare_at),
            "" if over else self._time("Ready by", one.ready_by),
        ]
        return (one.name, str(one.phase), *times, self._figures(line))

    def _time(self, word: str, at: float | None) -> str:
        return "" if at is None else f"{word} {self._moment(at)}"

    def _figures(self, line: RoundLine) -> str:
        one = line.status
        if one.phase is RoundPhase.DONE:
            known = "?" if one.ready_at_start is None else f"{one.ready_at_start:,}"
            return f"{known}/{one.required:,} at its start{self._short(line)}"
        if one.phase is RoundPhase.PLANNED:
            return f"{one.required:,} required"
        return f"{one.ready:,}/{one.required:,} Ready{self._short(line)}"

    @staticmethod
    def _short(line: RoundLine) -> str:
        seconds = line.status.short_replica_seconds
        return f", {seconds:,} replica-seconds short" if seconds else ""

    def _clusters(self, tree: Tree) -> None:
        clusters, hidden = self._kept(self._show.clusters)
        for line in clusters:
            branch = tree.add(self._cluster(line))
            workloads, more = self._kept(line.workloads)
            for workload in workloads:
                branch.add(self._workload(workload))
            self._rest(branch, more, "workloads")
        self._rest(tree, hidden, "clusters")

    def _rest(self, tree: Tree, count: int, noun: str) -> None:
        if count:
            tree.add(self._line(Mark.GOOD, f"{count} more {noun} are as they should be; --full shows them"))

    def _kept(self, lines: Sequence[Line]) -> tuple[list[Line], int]:
        """The lines to show, and how many good ones are left out."""
        good = sum(1 for line in lines if line.mark is Mark.GOOD)
        hidden = 0 if self._full else max(0, good - MOST)
        return list(lines[: len(lines) - hidden]), hidden

    def _cluster(self, line: ClusterLine) -> Text:
        one = line.status
        words = [one.name, one.state, f"{one.ready:,}/{one.required:,} Ready"]
        words += [f"{one.qps:,} qps"] if one.qps is not None else []
        words += [f"{one.traffic_weight} % of the traffic"] if one.traffic_weight is not None else []
        text = self._line(line.mark, "  ".join(word for word in words if word))
        return text.append(f"\n{self._signs.said(line.trouble)}", style="dim") if line.trouble else text

    def _workload(self, line: WorkloadLine) -> Text:
        entry, seen = line.entry, line.seen
        words = [
            line.name,
            f"{_figure(entry.original)} {self._signs.arrow} {entry.intended:,}",
            f"written {_figure(entry.written)}",
            f"runs {_figure(seen.observed if seen else None)}",
            f"{_figure(seen.ready if seen else None)} Ready",
            *(["on its way home"] if entry.state == "Returning" else []),
            entry.reason,
        ]
        return self._line(line.mark, "  ".join(words))

    def _line(self, mark: Mark, text: str) -> Text:
        sign = Text(self._signs.marks[mark], style=_STYLE[mark])
        return sign.append(f" {self._signs.said(text)}", style="" if mark is not Mark.WAITING else "dim")

    def _local(self, at: float) -> datetime:
        return datetime.fromtimestamp(at, self._zone)

    def _moment(self, at: float) -> str:
        local = self._local(at)
        return f"{local:%H:%M:%S}" if local.date() == self._day else f"{local:%m-%d %H:%M:%S}"


def _figure(value: int | None) -> str:
    return "?" if value is None else f"{value:,}"
