"""The mutation check itself: every breach still fits the source, every rule has one, every judge is there."""

from __future__ import annotations

import pytest

import breach as kinds
from breach import Breach
from break_a_rule import ROOT
from rules import BREACHES, RULES


@pytest.mark.parametrize("breach", [pytest.param(breach, id=breach.rule) for breach in BREACHES])
def test_what_a_breach_replaces_stands_in_the_source_exactly_once(breach: Breach) -> None:
    counts = [(ROOT / "operator" / "gala" / e.file).read_text().count(e.old) for e in breach.edits]
    assert counts == [1] * len(breach.edits)
    assert all(edit.old != edit.new for edit in breach.edits)


@pytest.mark.parametrize("number", [pytest.param(n, id=f"{n}, {rule.title}") for n, rule in RULES.items()])
def test_every_rule_has_a_breach_or_says_why_not(number: int) -> None:
    rule = RULES[number]
    assert bool(rule.breaches()) is (rule.why_none == "")


def test_the_rules_are_the_twenty_of_the_page() -> None:
    text = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")
    assert list(RULES) == list(range(1, 21))
    assert [number for number in RULES if f"\n| {number} | " not in text] == []


def test_every_breach_belongs_to_one_rule() -> None:
    owners = {
        breach.rule: [n for n, rule in RULES.items() if breach in rule.breaches()] for breach in BREACHES
    }
    assert {rule: numbers for rule, numbers in owners.items() if len(numbers) != 1} == {}
    assert len(owners) == len(BREACHES)


@pytest.mark.parametrize(
    "judge",
    [pytest.param(b.judge, id=b.rule) for b in BREACHES if isinstance(b.judge, kinds.Tests)],
)
def test_who_has_to_notice_is_there(judge: kinds.Tests) -> None:
    files = judge.arguments.split(" -k ")[0].split()
    assert [name for name in files if not (ROOT / name.split("::")[0]).is_file()] == []
