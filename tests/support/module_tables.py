"""docs/modules.md: one line for each file of the product, from the docstring that it begins with.

`make tables` writes it anew; a test compares.
"""

from __future__ import annotations

import ast
from pathlib import Path

from doc_pages import ROOT

PAGE = ROOT / "docs" / "modules.md"
ROOMS = ("api", "planning", "fleet", "signals", "report", "engine", "intake", "sandbox", "simulate", "cli")
"""In the order in which they may import each other."""

_SOURCES = ROOT / "operator" / "gala"
_HEAD = """# Every file

One line for each file of `operator/gala`, as it says of itself; a room imports only from those before it
([Architecture](architecture.md)). `make tables` writes this page anew.
"""


def page() -> str:
    """The whole page."""
    return "\n".join(
        [_HEAD, _room("gala", _SOURCES), *(_room(f"gala/{name}", _SOURCES / name) for name in ROOMS)]
    )


def _room(title: str, folder: Path) -> str:
    files = folder.glob("*.py") if folder == _SOURCES else folder.rglob("*.py")
    rows = [_row(file, folder) for file in sorted(files) if file.name != "__init__.py"]
    return "\n".join([f"## {title}", "", "| file | is |", "|---|---|", *rows, ""])


def _row(file: Path, folder: Path) -> str:
    return f"| `{file.relative_to(folder)}` | {summary(file)} |"


def summary(file: Path) -> str:
    """The first sentence of a file's docstring, on one line and safe in a table."""
    text = ast.get_docstring(ast.parse(file.read_text(encoding="utf-8"))) or ""
    first = " ".join(text.partition("\n\n")[0].split())
    return first.replace("``", "`").replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
