"""How plan and pass grow: one measure varied, the others as in the headline or half of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from math import log

from night import Size
from pass_bench import passes
from plan_bench import plans

STEPS = {
    "clusters": (10, 20, 35, 70, 140),
    "workloads": (25, 50, 100, 200, 400),
    "rounds": (1, 3, 7, 14, 28),
}
SMALL = {"clusters": (5, 10, 20), "workloads": (25, 50, 100), "rounds": (1, 7, 28)}
"""For whole passes, whose servers share the machine."""


def growth() -> list[str]:
    """Markdown tables, one for the plan and one for whole passes."""
    return [
        _table("plan, whole night ahead", Size(), STEPS, _plan),
        _table(
            "one pass, all planned",
            Size(20, 100, 7),
            SMALL,
            _pass,
        ),
    ]


def _plan(size: Size) -> float:
    return plans(size, target=False, runs=2).measured


def _pass(size: Size) -> float:
    return passes(size, live=False)[0].measured


def _table(name: str, base: Size, steps: dict[str, tuple[int, ...]], measure: Callable[[Size], float]) -> str:
    lines = [f"| {name}, s CPU | | exponent |", "|---|---|---|"]
    known: dict[Size, float] = {}
    for what, values in steps.items():
        sizes = [replace(base, **{what: value}) for value in values]
        for size in sizes:
            if size not in known:
                known[size] = measure(size)
        cells = ", ".join(f"{v}: {known[s]:.2f}" for v, s in zip(values, sizes, strict=True))
        slope = exponent([(v, known[s]) for v, s in zip(values, sizes, strict=True)])
        lines.append(f"| {what} (else {base}) | {cells} | {slope:.2f} |")
        print(lines[-1])
    return "\n".join(lines)


def exponent(points: Iterable[tuple[float, float]]) -> float:
    """The slope of a straight line through the logarithms: 1 where twice as much costs twice as much."""
    logs = [(log(x), log(y)) for x, y in points]
    middle_x = sum(x for x, _ in logs) / len(logs)
    middle_y = sum(y for _, y in logs) / len(logs)
    spread = sum((x - middle_x) ** 2 for x, _ in logs)
    return sum((x - middle_x) * (y - middle_y) for x, y in logs) / spread
