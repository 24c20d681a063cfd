"""What a page tells its reader to do, in order: files to write, commands to run, time to let pass.

The reader's shell is shown in ```console blocks: a line that begins with `$ ` is a command (a `\\` at
its end continues it), every other line is what it prints. Where the output varies, `…` stands for
anything within a line, and a line of `…` alone for any lines. A line `^C` says that the reader ends
the command there. A command that prints something which is not shown says nothing about it.

Three comments, which no reader sees, say the rest:

- `<!-- file: NAME -->` before a block: the reader saves it under that name;
- `<!-- run by tests/docs/test_x.py -->` before a block: that test runs it, on a stage of its own;
- `<!-- play until HH:MM[:SS] -->`, also with `without the operator`: what the night is like by then.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Final, NamedTuple

INTERRUPT: Final = "^C"
ANYTHING: Final = "…"


class Command(NamedTuple):
    """One command as typed; ``shown`` is what the page says it prints, empty if it says nothing."""

    line: str
    shown: str
    at: int
    """Its line in the page, from 1."""


class File(NamedTuple):
    """A block that the reader saves."""

    name: str
    text: str


class Elsewhere(NamedTuple):
    """A command, or a whole script, that another test runs."""

    line: str
    by: str


class Play(NamedTuple):
    """Time passes on the stage; ``until`` is a time of day in Beijing."""

    until: str
    operator: bool


Step = Command | File | Play | Elsewhere


class Way(Enum):
    """How a command is run; the value says what is done with it."""

    TO_ITS_END = "run as it stands; it has to succeed"
    UNTIL_SEEN = "started, seen to say what the page shows, then ended"
    SHORT = "a night is played with one round on one cluster"
    TARGET = "a target of the Makefile: `make -n` has to know it"
    CREATE = "protobuf, read of Namespaces, Secrets and ConfigMaps alone: made by kubectl, and applied"


_FENCED: Final = re.compile(
    r"<!-- play until (?P<until>[\d:]+)(?P<alone> without the operator)? -->\n"
    r"|(?:<!-- (?:file: (?P<file>\S+)|run by (?P<by>\S+)) -->\n\n?)?"
    r"^```(?P<language>[a-z]+)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
_PROGRAMS: Final = (
    "gala|kubectl|export|cat|cp|curl|diff|echo|grep|head|ls|mkdir|sed|sh|sort|source|tail|unset|wc|\\."
)
_SERVES: Final = r"(?:gala run\b|gala demo\b.* --serve\b|kubectl\b.* (?:--watch|-w|--follow)\b)"
_WAYS: Final = {
    Way.UNTIL_SEEN: re.compile(rf"{_SERVES}"),
    Way.SHORT: re.compile(r"(?:gala|make) demo\b(?!.*--serve\b)"),
    Way.TARGET: re.compile(r"make (?!demo\b)[a-z]"),
    Way.CREATE: re.compile(r"kubectl create [^|>&]*$"),
    Way.TO_ITS_END: re.compile(
        rf"(?!{_SERVES}|gala demo\b|kubectl create\b)(?:[A-Z_]+=\S* )*(?:{_PROGRAMS})(?= |$)"
    ),
}


def ways(line: str) -> list[Way]:
    """Every way that claims a command; anything but exactly one is a mistake of the page or of this list."""
    return [way for way, pattern in _WAYS.items() if pattern.match(line)]


def steps(page: Path) -> list[Step]:
    """Everything that a page has its reader do."""
    text = page.read_text(encoding="utf-8")
    found: list[Step] = []
    for match in _FENCED.finditer(text):
        if match["until"]:
            found.append(Play(match["until"], operator=not match["alone"]))
        elif match["file"]:
            found.append(File(match["file"], match["text"]))
        elif match["language"] == "bash" and match["by"]:
            found.append(Elsewhere(match["text"], match["by"]))
        elif match["language"] == "console":
            typed = _commands(match["text"], text.count("\n", 0, match.start("text")) + 1)
            found += (Elsewhere(one.line, match["by"]) if match["by"] else one for one in typed)
    return found


def commands(page: Path) -> list[Command]:
    """The commands of a page."""
    return [step for step in steps(page) if isinstance(step, Command)]


def _commands(block: str, first: int) -> Iterator[Command]:
    typed, shown, at = "", list[str](), first
    for number, line in enumerate(block.splitlines(), start=first):
        if typed.endswith("\\\n"):
            typed += f"{line}\n"
        elif line.startswith("$ "):
            if typed:
                yield Command(typed.rstrip("\n"), "\n".join(shown), at)
            typed, shown, at = f"{line.removeprefix('$ ')}\n", [], number
        else:
            assert typed, f"line {number} is shown by no command"
            shown.append(line)
    if typed:
        yield Command(typed.rstrip("\n"), "\n".join(shown), at)


def prints(shown: str, printed: str, *, so_far: bool = False) -> bool:
    """Whether a page is right about an output; ``so_far``: more may follow.

    How wide columns are depends on their longest cell, so any run of blanks equals any other.
    """
    lines = [_line(line) for line in shown.splitlines() if line != INTERRUPT]
    rest = r"[\s\S]*" if so_far else ""
    text = "".join(f"{line.rstrip()}\n" for line in printed.splitlines())
    return re.fullmatch("".join(lines) + rest, text) is not None


def _line(shown: str) -> str:
    if shown.strip() == ANYTHING:
        return r"(?:.*\n)*?"
    parts = [r"[ \t]+".join(map(re.escape, re.split(r" +", part))) for part in shown.rstrip().split(ANYTHING)]
    return ".*".join(parts) + r"\n"
