"""The pages that readers find, and what stands in them: links, fenced blocks, headings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]

_FENCE = re.compile(r"^```(?P<language>[a-z]*)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"!?\[[^\]]*\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(?P<title>.+)$", re.MULTILINE)


class Block(NamedTuple):
    """A fenced block; ``number`` counts those of its language in the page, from 1."""

    page: Path
    number: int
    text: str

    @property
    def name(self) -> str:
        """For test ids."""
        return f"{self.page.relative_to(ROOT)} {self.number}"


def blocks(language: str) -> list[Block]:
    """Every block of a language in all pages."""
    found = []
    for page in PAGES:
        texts = [m["text"] for m in _FENCE.finditer(_read(page)) if m["language"] == language]
        found += [Block(page, number, text) for number, text in enumerate(texts, start=1)]
    return found


def languages(page: Path) -> set[str]:
    """Those of a page's blocks."""
    return {m["language"] for m in _FENCE.finditer(_read(page))}


def links(page: Path) -> list[str]:
    """The targets of a page's links to other files and headings here."""
    text = _FENCE.sub("", _read(page))
    return [m["target"] for m in _LINK.finditer(text) if not re.match(r"[a-z]+:", m["target"])]


def anchors(page: Path) -> set[str]:
    """The anchors that headings give, as GitHub makes them."""
    titles = [m["title"] for m in _HEADING.finditer(_FENCE.sub("", _read(page)))]
    return {re.sub(r"[^\w\- ]", "", title.lower()).strip().replace(" ", "-") for title in titles}


def rows_of(name: str) -> list[list[str]]:
    """The cells of every table row of a page in ``docs``, without backticks."""
    rows = [line for line in _read(ROOT / "docs" / name).splitlines() if line.startswith("|")]
    return [[cell.strip(" `") for cell in row.strip("|").split("|")] for row in rows]


def _read(page: Path) -> str:
    return page.read_text(encoding="utf-8")
