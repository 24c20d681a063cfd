"""The pictures of the pages show the same wherever they are opened, by day and by night."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from doc_pages import PAGES, ROOT, links

PICTURES = sorted((ROOT / "docs").glob("*.svg"))
LARGEST = 200_000


@pytest.mark.parametrize("path", [pytest.param(path, id=path.name) for path in PICTURES])
def test_a_picture_needs_nothing_beside_itself_and_says_what_it_shows(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    root = ET.fromstring(text)
    space = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{space}svg"
    assert (root.findtext(f"{space}title") or root.get("aria-label") or "").strip()
    assert len(text) < LARGEST
    assert re.findall(r"(?:href|src)=|url\(|@import|@font-face|<script|<foreignObject", text) == []
    assert "prefers-color-scheme:dark" in text


def test_every_picture_is_shown_by_a_page() -> None:
    shown = {(page.parent / target).resolve() for page in PAGES for target in links(page)}
    assert set(PICTURES) - shown == set()
