"""Contributors find every file of the product in docs/, and no room is forgotten."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from doc_pages import ROOT
from module_tables import PAGE, ROOMS, page, summary

SOURCES = ROOT / "operator" / "gala"
ARCHITECTURE = ROOT / "docs" / "architecture.md"


def test_the_page_of_files_is_what_the_files_say() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "make tables writes it anew"


def test_every_room_is_in_the_table_of_rooms_and_in_the_page_of_files() -> None:
    folders = {path.name for path in SOURCES.iterdir() if (path / "__init__.py").exists()}
    rows = re.findall(r"^\| (`.*?) \|", ARCHITECTURE.read_text(encoding="utf-8"), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`([a-z]+)`", row)}
    assert folders == set(ROOMS)
    assert folders - named == set()


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in sorted(SOURCES.rglob("*.py"))])
def test_every_file_says_what_it_is(path: Path) -> None:
    assert summary(path).endswith((".", "``."))


def test_every_file_that_the_architecture_names_exists() -> None:
    text = ARCHITECTURE.read_text(encoding="utf-8")
    named = set(re.findall(r"`([a-z]+/[a-z_]+\.py)`", text))
    ours = {name for name in named if name.partition("/")[0] in ROOMS}
    assert {name for name in ours if not (SOURCES / name).exists()} == set()
    assert len(ours) >= 3
