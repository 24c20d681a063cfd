"""Figures and how they are taken: the CPU of this process, several runs, and the table at the end."""

from __future__ import annotations

import gc
import platform
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure beside its target."""

    name: str
    measured: float
    unit: str
    target: float | None = None
    """None: there is none, and the figure is shown for what it is worth."""
    at_least: bool = False
    """Whether the target is a floor; else it is a ceiling."""
    runs: Sequence[float] = ()
    note: str = ""

    @property
    def met(self) -> bool:
        """Whether the target is met; true where there is none."""
        if self.target is None:
            return True
        return self.measured >= self.target if self.at_least else self.measured <= self.target

    def row(self) -> str:
        """A line of the table."""
        target, met = "", ""
        if self.target is not None:
            target = f"{'≥' if self.at_least else '≤'} {shown(self.target, self.unit)}"
            met = "yes" if self.met else "**no**"
        return f"| {self.name} | {target} | {shown(self.measured, self.unit)} | {met} |"


def shown(value: float, unit: str) -> str:
    """A value with its unit, in as many digits as mean anything."""
    text = f"{value:.0f}" if value >= 100 or unit == "MB" else f"{value:.3g}"
    return f"{text} {unit}".rstrip()


@dataclass
class Report:
    """What a run of the benchmarks found."""

    figures: list[Figure] = field(default_factory=list)
    curves: list[str] = field(default_factory=list)

    def add(self, *figures: Figure) -> None:
        """Takes figures down and says them at once, for a run takes minutes."""
        for figure in figures:
            self.figures.append(figure)
            runs = ", ".join(shown(run, "") for run in figure.runs)
            print(f"{figure.name}: {shown(figure.measured, figure.unit)}" + (f"  ({runs})" if runs else ""))
            if figure.note:
                print(f"  {figure.note}")

    def table(self) -> str:
        """Everything beside its target, as Markdown."""
        head = ["| figure | target | measured | met |", "|---|---|---|---|"]
        return "\n".join([*head, *(figure.row() for figure in self.figures), "", machine()])

    def document(self) -> dict[str, Any]:
        """The same as JSON."""
        figures = [{**asdict(figure), "met": figure.met} for figure in self.figures]
        return {"machine": machine(), "figures": figures, "curves": self.curves}


def machine() -> str:
    """What it ran on; ``pace`` tells how loaded it was: compare it with another run's."""
    return f"{_cores()} cores of {_model()}, Python {platform.python_version()}; pace {pace() * 1000:.0f} ms."


def pace() -> float:
    """CPU seconds of a fixed piece of pure Python: the least of three."""
    return min(_fixed() for _ in range(3))


def _fixed() -> float:
    began = time.process_time()
    kept: dict[int, tuple[int, int]] = {}
    for number in range(1_000_000):
        kept[number & 1023] = (number // 3, number)
    return time.process_time() - began


def times(runs: int, make: Callable[[int], Callable[[], object]]) -> list[float]:
    """CPU seconds of each run; ``make`` prepares one, which is not counted, and answers the work."""
    found = []
    for number in range(runs):
        work = make(number)
        gc.collect()
        began = time.process_time()
        kept = work()
        found.append(time.process_time() - began)
        del kept
    return found


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def memory(pid: int | str = "self") -> float:
    """The most resident memory that a process ever had, in MB (of a million bytes)."""
    text = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in text.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


def cpu_of(pid: int) -> float:
    """CPU seconds that another process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def _cores() -> int:
    return sum(line.startswith("processor") for line in Path("/proc/cpuinfo").read_text().splitlines())


def _model() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    named = next((line for line in lines if line.startswith("model name")), "")
    return named.partition(":")[2].strip() or platform.machine()
