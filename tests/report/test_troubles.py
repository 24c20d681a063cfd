"""What the status says of an event that something else than its spec keeps from being carried out."""

from __future__ import annotations

from typing import Any

import pytest

from gala.report.event_judgements import EventView, Trouble, judge
from gala.report.status import event_status, hindered_status
from report_night import EVENT, T0
from report_passes import event_plan, facts, snapshot


def view(at: float = 0, **changes: Any) -> EventView:
    known = {
        "key": EVENT,
        "generation": 3,
        "spec": facts().spec,
        "plan": event_plan(),
        "snapshot": snapshot(),
    }
    return EventView(now=T0 + at, **(known | changes))


def condition(of: EventView, kind: str) -> tuple[str, str]:
    (found,) = [one for one in judge(of) if one.type == kind]
    return found.status, found.reason


@pytest.mark.parametrize(
    ("trouble", "want"),
    [
        pytest.param(
            Trouble("PlanningFailed", "a fault"), ("True", "PlanningFailed"), id="waits for a person"
        ),
        pytest.param(
            Trouble("LedgerNotStored", "no answer", stuck=False),
            ("False", "InProgress"),
            id="passes by itself",
        ),
    ],
)
def test_an_event_is_stalled_only_by_what(trouble: Trouble, want: tuple[str, str]) -> None:
    assert condition(view(troubles=(trouble,)), "Stalled") == want


def test_an_event_that_cannot_be_planned_keeps_its_phase_and_says_why() -> None:
    before = event_status(view(100, plan=event_plan("Live")))
    status = hindered_status((Trouble("PlanningFailed", "a fault"),), generation=4, now=T0, previous=before)
    found = {one.type: (one.status, one.reason) for one in status.conditions}
    assert (status.phase, status.rounds, status.observed_generation) == ("Live", before.rounds, 4)
    assert found == {
        "Ready": ("False", "PlanningFailed"),
        "Stalled": ("True", "PlanningFailed"),
        "Valid": ("True", "SpecAccepted"),
    }
