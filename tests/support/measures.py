"""What a fault cost, noted by its test and printed in one table at the end of ``make faults``."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any, Final, Protocol

PROPERTY: Final = "measured"
"""Under this name a test's report carries its figures, also from another process."""


class Measure(Protocol):
    """Notes one figure of a test such as T13; counts are added up, seconds are compared."""

    def __call__(self, test: str, what: str, value: float) -> None:
        """``what`` begins with ``s `` where it is a time."""
        ...


def table(properties: Iterable[tuple[str, Any]]) -> Iterator[str]:
    """One line for each figure: how many cases, and their sum or their least and most."""
    found: dict[tuple[str, str], list[float]] = defaultdict(list)
    for name, value in properties:
        if name == PROPERTY:
            test, what, figure = value
            found[test, what].append(figure)
    for (test, what), figures in sorted(found.items()):
        yield f"{test:4}  {what:58}  {len(figures):5} cases  {_summary(what, figures)}"


def _summary(what: str, figures: list[float]) -> str:
    if not what.startswith("s "):
        return f"{sum(figures):g}"
    least, most = min(figures), max(figures)
    return f"{most:.1f}" if least == most else f"{least:.1f} to {most:.1f}"
