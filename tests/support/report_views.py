"""Views of an event for the tests of its status and of its conditions."""

from __future__ import annotations

from typing import Any

from gala.planning.outcome import ClusterWindow, Need, Placement
from gala.report.event_judgements import EventView, judge
from report_night import EVENT, T0
from report_passes import event_plan, facts, segment, snapshot


def view(at: float = 0, **changes: Any) -> EventView:
    """The event as of ``at`` seconds after T0."""
    values: dict[str, Any] = {
        "key": EVENT,
        "generation": 3,
        "spec": facts().spec,
        "plan": event_plan(),
        "snapshot": snapshot(),
        "now": T0 + at,
    }
    return EventView(**(values | changes))


def condition(one: EventView, kind: str) -> tuple[str, str]:
    """What one of its conditions says, and why."""
    found = {judgement.type: judgement for judgement in judge(one)}[kind]
    return found.status, found.reason


def later(name: str = "round-2", start: float = 1000) -> Any:
    """Another round, an hour's quarter later."""
    return segment(
        name=name, round=name, start=T0 + start, ready_by=T0 + start - 10,
        earliest_end=T0 + start + 50, latest_end=T0 + start + 70,
        windows=(ClusterWindow("east", T0 + start - 80, T0 + start + 70, "", 0.0),),
        needs=(Need("web", 30, 4, "NoRoom", 0),), placements=(Placement("web", "east", 1, 26, 26, 26, 2),),
    )  # fmt: skip
