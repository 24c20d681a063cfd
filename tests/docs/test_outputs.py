"""Outputs that a page shows are what the commands print."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from cli_stage import night_at
from doc_pages import ROOT, blocks
from gala.api.scalars import format_instant
from scenes import START

PAGE = ROOT / "docs" / "command-line.md"
AFTER = 360.0
"""Seconds of the night at which the page's status was taken: everything is Ready, nothing moves."""


def shown(command: str) -> tuple[str, str]:
    """The command of the block that begins so, and the output below it."""
    texts = [block.text for block in blocks("console") if block.page == PAGE]
    line, _, output = next(text for text in texts if text.startswith(f"$ {command}")).partition("\n")
    return line.removeprefix("$ "), output


def shape(tree: str) -> list[str]:
    """A tree with every figure replaced: traffic is random, and a figure is not what a page is about."""
    return [re.sub(r"\d[\d,]*", "N", line) for line in tree.splitlines()]


def test_the_difference_in_the_page_is_the_one_that_is_printed() -> None:
    command, want = shown("sed s/300k/400k/")
    path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
    found = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={"PATH": path, "LC_ALL": "C.UTF-8"},
    )
    assert (found.returncode, found.stderr) == (1, "")
    assert found.stdout == want


async def test_the_tree_in_the_page_is_the_one_of_a_live_round(tmp_path: Path) -> None:
    command, want = shown("gala status -n show\n")
    async with night_at(AFTER, tmp_path) as stage:
        told = await stage.gala(*command.split()[1:], "--at", format_instant(START + AFTER))
    assert shape(told.stdout) == shape(want)
