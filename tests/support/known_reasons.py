"""Every reason constant that the code can give, found in its syntax: what pages may name, and must."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from doc_pages import ROOT
from gala.fleet import trouble
from gala.planning import reasons

_SOURCES = ROOT / "operator" / "gala"
_PLACES = {
    "yes": 1,
    "no": 1,
    "unknown": 1,
    "Judgement": 2,
    "Finding": 0,
    "Missing": 0,
    "Trouble": 0,
    "Lack": 0,
    "Unusable": 0,
}
"""Which argument of a call is the reason."""

_UNSEEN = {"WarmUnknown", "PodsUnknown", "RoomUnknown"}
"""Missing facts that hold something and that no condition tells of."""


def of_changes() -> set[str]:
    """Why replicas change or an entry closes: ``planning/reasons.py``."""
    return {value for name, value in vars(reasons).items() if name.isupper() and isinstance(value, str)}


def of_conditions() -> set[str]:
    """What conditions of events and clusters can say, without the reasons of changes and of signals."""
    found = set(trouble._ADVICE) | set(trouble._BY_STATUS.values())
    for room in ("planning", "fleet", "report", "engine"):
        found |= _in(room)
    return found - of_changes() - _UNSEEN - {"Stale", "NotAsked"}


def of_signals() -> set[str]:
    """Why there is no figure of traffic."""
    return _in("signals") | {"Stale", "NotAsked"}


def _in(room: str) -> set[str]:
    return {
        reason
        for path in sorted((_SOURCES / room).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for reason in _of(node)
        if reason
    }


def _of(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Call):
        yield from _of_call(node)
    elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "reason":
        yield from _texts(node.value)
    elif isinstance(node, ast.FunctionDef) and node.name == "why":
        returns = (part.value for part in ast.walk(node) if isinstance(part, ast.Return))
        yield from (text for value in returns if value is not None for text in _texts(value))


def _of_call(call: ast.Call) -> Iterator[str]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    if name in _PLACES and len(call.args) > _PLACES[name]:
        yield from _texts(call.args[_PLACES[name]])
    if name == "Unreachable":
        yield from (text for word in call.keywords if word.arg == "reason" for text in _texts(word.value))


def _texts(node: ast.expr) -> Iterator[str]:
    """The constants that an argument may be: ``"A"``, ``"A" if … else "B"``, ``x or "A"``."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.IfExp):
        yield from (*_texts(node.body), *_texts(node.orelse))
    elif isinstance(node, ast.BoolOp):
        yield from (text for value in node.values for text in _texts(value))


def defined(page: Path) -> list[str]:
    """What a page's tables define, as often as they do: code in the column that is headed so."""
    found: list[str] = []
    column: int | None = None
    for line in page.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.startswith("|") else []
        if not cells:
            column = None
        elif column is None:
            column = next((n for n, cell in enumerate(cells) if cell in {"reason", "closed as"}), -1)
        elif 0 <= column < len(cells):
            found += [word.strip("`") for word in cells[column].split(", ") if word.startswith("`")]
    return found
