"""Alive is what a fresh process could do no better; ready is what can do its work."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gala.engine.health import live, ready
from gala.report.vitals import Vitals

WELL = Vitals(leads=True, synced=True, passes=9, listed_age=4.0, watched_age=200.0)


@pytest.mark.parametrize(
    ("changes", "alive", "able"),
    [
        pytest.param({}, [], [], id="a leader that is well"),
        pytest.param({"leads": False}, [], [], id="a standby is alive and ready"),
        pytest.param({"loop_age": 15.0}, [], [], id="a loop that is late, but not too late"),
        pytest.param({"loop_age": 15.5}, ["loop"], ["loop"], id="a loop that is blocked"),
        pytest.param({"turn_age": 45.0}, [], [], id="a turn in which many requests time out"),
        pytest.param({"turn_age": 45.5}, ["turns"], ["turns"], id="a turn that does not end"),
        pytest.param(
            {"listed_age": 121.0}, ["intake"], ["intake", "list"], id="lists that have stopped without a word"
        ),
        pytest.param(
            {"watched_age": 661.0}, ["intake"], ["intake"], id="watches that have stopped without a word"
        ),
        pytest.param(
            {"synced": False, "listed_age": None, "watched_age": None},
            [],
            ["synced"],
            id="before the first list it is alive",
        ),
        pytest.param(
            {"listed_age": 3600.0, "watched_age": None, "intake_problem": "hub cannot be reached"},
            [],
            ["list"],
            id="a hub that is gone for an hour makes it not ready, and kills nothing",
        ),
        pytest.param(
            {"lease_problem": "the Lease cannot be had: 403"}, [], ["lease"], id="a Lease that cannot be had"
        ),
        pytest.param({"pass_age": 61.0}, [], ["passes"], id="a leader that decides nothing for a minute"),
        pytest.param(
            {"leads": False, "pass_age": 61.0}, [], [], id="a standby decides nothing, and that is well"
        ),
    ],
)
def test_what_fails(changes: dict[str, Any], alive: list[str], able: list[str]) -> None:
    vitals = replace(WELL, **changes)
    assert [check.name for check in live(vitals) if not check.ok] == alive
    assert [check.name for check in ready(vitals) if not check.ok] == able


@pytest.mark.parametrize(
    ("changes", "name", "want"),
    [
        pytest.param(
            {"loop_age": 20.0},
            "loop",
            "the event loop last had time 20 s ago; 15 s are too long",
            id="an age is told with its limit",
        ),
        pytest.param(
            {"synced": False, "intake_problem": "hub answered 403. Are the CRDs installed?"},
            "synced",
            "events and clusters have not been listed yet; nothing is decided: "
            "hub answered 403. Are the CRDs installed?",
            id="what keeps it from beginning is told",
        ),
        pytest.param(
            {"lease_problem": "the Lease cannot be had"},
            "lease",
            "the Lease cannot be had",
            id="why no Lease",
        ),
        pytest.param(
            {"intake_problem": "kopf ended"}, "intake", "it tries: kopf ended", id="who tries is alive"
        ),
    ],
)
def test_each_says_what_is_the_matter(changes: dict[str, Any], name: str, want: str) -> None:
    checks = {check.name: check.message for check in ready(replace(WELL, **changes))}
    assert checks[name] == want


def test_whatever_is_not_alive_is_not_ready() -> None:
    sick = replace(WELL, loop_age=99.0, turn_age=99.0, listed_age=999.0)
    assert {check for check in live(sick) if not check.ok} <= {check for check in ready(sick) if not check.ok}
