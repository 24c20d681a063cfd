"""Narrow terminals: tables go on below, sentences are broken between words, and nothing is cut."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from gala.cli.columns import PIPE_WIDTH, aligned, folded
from gala.cli.root import root

EXAMPLES = Path(__file__).parents[2] / "examples"
SHOW, CLUSTERS = str(EXAMPLES / "spring-festival-gala.yaml"), str(EXAMPLES / "clusters.yaml")
COMMANDS = {
    "plan": ("plan", "-f", SHOW, "--clusters", CLUSTERS),
    "diff": ("diff", "-f", SHOW, "--stored", str(EXAMPLES / "minimal.yaml"), "--clusters", CLUSTERS),
}

ROWS = [["NAME", "EAST", "WEST"], ["gateway", "4", "17"], ["gap", "", "Hold"]]


@pytest.mark.parametrize(
    ("width", "want"),
    [
        pytest.param(
            PIPE_WIDTH,
            ["  NAME     EAST  WEST", "  gateway  4     17", "  gap            Hold"],
            id="beside each other where they fit",
        ),
        pytest.param(
            21,
            ["  NAME     EAST  WEST", "  gateway  4     17", "  gap            Hold"],
            id="beside each other where they just fit",
        ),
        pytest.param(
            20,
            ["  NAME     EAST", "  gateway  4", "  NAME     WEST", "  gateway  17", "  gap      Hold"],
            id="below where they do not, without rows that say nothing",
        ),
        pytest.param(
            5,
            ["  NAME     EAST", "  gateway  4", "  NAME     WEST", "  gateway  17", "  gap      Hold"],
            id="one by one where not even one fits",
        ),
    ],
)
def test_columns_stand_(width: int, want: list[str]) -> None:
    assert list(aligned(ROWS, width=width)) == want


def test_what_names_a_row_is_there_again_in_each_part_of_a_table() -> None:
    rows = [["CLUSTER", "WORKLOAD", "RUNS", "DUE"], ["east", "gateway", "4", "17"]]
    want = ["  CLUSTER  WORKLOAD  RUNS", "  east     gateway   4"]
    want += ["  CLUSTER  WORKLOAD  DUE", "  east     gateway   17"]
    assert list(aligned(rows, width=27, keys=2)) == want


@pytest.mark.parametrize(
    ("line", "want"),
    [
        pytest.param("short enough", ["short enough"], id="left alone if it fits"),
        pytest.param("", [""], id="left alone if it is empty"),
        pytest.param("  one two three four", ["  one two", "    three", "    four"], id="indented below"),
        pytest.param("a 0123456789abcdef b", ["a", "  0123456789abcdef", "  b"], id="never broken in a word"),
        pytest.param("a big red-envelope", ["a big", "  red-envelope"], id="never broken at a hyphen"),
    ],
)
def test_a_line_is_(line: str, want: list[str]) -> None:
    assert folded(line, 12) == want


@pytest.mark.parametrize("width", [40, 60, 80, 200])
@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_is_wider_than_the_terminal_and_nothing_is_lost(name: str, width: int) -> None:
    def printed(columns: int) -> str:
        return CliRunner().invoke(root, COMMANDS[name], env={"COLUMNS": str(columns)}).stdout

    narrow, wide = printed(width), printed(PIPE_WIDTH)
    assert max(map(len, narrow.splitlines())) <= width
    assert set(narrow.split()) == set(wide.split())
