"""What it means to break a rule: edits of the product's source, and who has to notice."""

from __future__ import annotations

from typing import NamedTuple


class Edit(NamedTuple):
    """One replacement in a source file; the old text must be there exactly once."""

    file: str
    old: str
    new: str


class Demo(NamedTuple):
    """The demo's own judge has to notice, within this many rounds."""

    rounds: int = 1


class Tests(NamedTuple):
    """These tests have to notice: pytest's arguments, as short as they can be."""

    arguments: str


class Breach(NamedTuple):
    """A rule, how it is broken, and who has to notice."""

    rule: str
    edits: tuple[Edit, ...]
    judge: Demo | Tests
