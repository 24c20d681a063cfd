"""Tables and sentences in the columns of a terminal: nothing is cut, what does not fit goes on below."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from shutil import get_terminal_size
from textwrap import wrap
from typing import Final

PIPE_WIDTH: Final = 100_000
"""Columns of a pipe for which nobody set COLUMNS: nothing is folded that another program reads."""

INDENT: Final = "  "
BETWEEN: Final = "  "


def columns_of_stdout() -> int:
    """Those of COLUMNS, else of the terminal, else ``PIPE_WIDTH``."""
    return get_terminal_size((PIPE_WIDTH, 0)).columns


def aligned(rows: Sequence[Sequence[str]], *, width: int, keys: int = 1) -> Iterator[str]:
    """Rows of equally many cells as indented lines, each column as wide as its widest cell.

    Columns beyond ``width`` stand in rows below, again behind the first ``keys`` ones; a row that has
    nothing but those is left out there.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    left = list(range(keys))
    for chosen in _groups(widths, keys, width):
        for row in rows:
            if any(row[column] for column in chosen):
                cells = (row[column].ljust(widths[column]) for column in (*left, *chosen))
                yield INDENT + BETWEEN.join(cells).rstrip()


def _groups(widths: Sequence[int], keys: int, width: int) -> list[list[int]]:
    """The columns behind the keys, in groups that fit; each has at least one."""
    groups: list[list[int]] = []
    room = 0
    for column in range(keys, len(widths)):
        takes = len(BETWEEN) + widths[column]
        if not groups or takes > room:
            groups.append([])
            room = width - len(INDENT) - sum(widths[:keys]) - len(BETWEEN) * (keys - 1)
        groups[-1].append(column)
        room -= takes
    return groups


def folded(line: str, width: int) -> list[str]:
    """A line in as many as it needs, broken between words; those after the first stand further in."""
    if len(line) <= width:
        return [line]
    indent = line[: len(line) - len(line.lstrip())] + INDENT
    return wrap(line, width, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False)
