"""Every reason that the product gives is explained once, and pages name none that it never gives."""

from __future__ import annotations

import ast
import re
from collections import Counter
from pathlib import Path

import pytest

import known_reasons
from doc_pages import PAGES, ROOT
from gala.planning import reasons

DOCS = ROOT / "docs"
RULES = DOCS / "how-it-decides.md"
PLANNING = ROOT / "operator" / "gala" / "planning"


@pytest.mark.parametrize(
    ("page", "want"),
    [
        pytest.param(RULES, known_reasons.of_changes(), id="why replicas change"),
        pytest.param(DOCS / "conditions.md", known_reasons.of_conditions(), id="what conditions say"),
        pytest.param(DOCS / "signals.md", known_reasons.of_signals(), id="why there is no figure"),
    ],
)
def test_each_reason_is_defined_exactly_once(page: Path, want: set[str]) -> None:
    found = Counter(known_reasons.defined(page))
    assert {"unknown": set(found) - want, "missing": want - set(found)} == {
        "unknown": set(),
        "missing": set(),
    }
    assert [reason for reason, times in found.items() if times > 1] == []


def test_a_table_in_another_page_defines_no_reason_that_is_never_given() -> None:
    known = known_reasons.of_changes() | known_reasons.of_conditions() | known_reasons.of_signals()
    assert {r for page in PAGES for r in known_reasons.defined(page)} - known == set()


def test_the_page_says_of_a_reason_in_which_direction_it_goes() -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| (up|down|holds|both) \|", RULES.read_text(encoding="utf-8"), re.MULTILINE
    )
    lowering = {reason for reason, direction in rows if direction in {"down", "both"}}
    want = {reasons.REBALANCE_TAKE, reasons.EDITED, reasons.SEGMENT_ENDED, reasons.HAND_BACK}
    assert lowering == want


def rules() -> list[tuple[str, str]]:
    """`file.function` of every rule in the page, as (module, function)."""
    text = RULES.read_text(encoding="utf-8").partition("## Where each rule is")[2]
    return re.findall(r"`(\w+)\.(\w+)`", text)


def test_each_rule_is_where_the_page_says() -> None:
    for module, function in rules():
        tree = ast.parse((PLANNING / f"{module}.py").read_text(encoding="utf-8"))
        named = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
        assert function in named, f"planning/{module}.py has no {function}"


def test_every_file_that_holds_a_rule_is_named() -> None:
    values = {
        "__init__",
        "books",
        "facts",
        "ledger",
        "outcome",
        "reasons",
        "snapshot",
        "stand",
        "night",
        "view",
    }
    values |= {"stage", "plan", "projection", "edges", "templates"}
    files = {path.stem for path in PLANNING.glob("*.py")}
    assert files - values - {module for module, _ in rules()} == set()
