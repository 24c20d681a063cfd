"""Room is read anew before a segment is latched by it: once, for all its clusters, and no sooner."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gala.engine.foresight import Foresight
from gala.planning.facts import EventKey
from gala.planning.outcome import ClusterWindow, EventPlan, Need, Placement, Plan, SegmentPlan
from gala.settings import Settings

SHOW = EventKey("shows", "gala")
NOW = 10_000.0
AHEAD = Settings().room_ahead


class Room:
    """Writes down what it is asked for."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def refresh_room(self, clusters: object) -> None:
        assert isinstance(clusters, set)
        self.asked.append(sorted(clusters))


def segment(
    prepare: float = 0.0, *, east: float = 30.0, name: str = "opening", **more: object
) -> SegmentPlan:
    """One that begins in north so many seconds after NOW, in east later; rented has no window of its own."""
    windows = tuple(
        ClusterWindow(cluster, NOW + at, NOW + 900, "", 0.0)
        for cluster, at in (("north", prepare), ("east", prepare + 30))
    )
    known = SegmentPlan(
        name=name,
        round=name,
        is_round=True,
        start=NOW + prepare + 120,
        ready_by=NOW + prepare + 120,
        earliest_end=NOW + 900,
        latest_end=NOW + 900,
        latched=False,
        windows=windows,
        needs=(),
        placements=(Placement("web", "rented", 1, 5, 0, 0, 0),),
        weights=(),
    )
    return replace(known, **more)  # type: ignore[arg-type]


def asked(*passes: tuple[float, SegmentPlan]) -> list[list[str]]:
    """What was read anew over passes at these times after NOW."""
    room = Room()
    foresight = Foresight(room, Settings())
    for at, one in passes:
        foresight.look(Plan(events={SHOW: EventPlan(key=SHOW, phase="Planned", segments=(one,))}), NOW + at)
    return room.asked


ALL = ["east", "north", "rented"]
SHORT = (Need("web", 30, 4, "InsufficientRoom", 0),)


@pytest.mark.parametrize(
    ("passes", "want"),
    [
        pytest.param([(0, segment(AHEAD + 1))], [], id="not yet, while it is further off"),
        pytest.param([(0, segment(AHEAD))], [ALL], id="in all its clusters, before the first one begins"),
        pytest.param([(0, segment(AHEAD)), (15, segment(AHEAD))], [ALL], id="once, whatever passes follow"),
        pytest.param(
            [(0, segment(AHEAD)), (15, segment(AHEAD - 9))],
            [ALL, ALL],
            id="again, where the round was moved meanwhile",
        ),
        pytest.param(
            [(0, segment(AHEAD)), (15, segment(AHEAD, placements=(), windows=()))],
            [ALL],
            id="nowhere, where nothing is planned any more",
        ),
        pytest.param([(0, segment(AHEAD, latched=True))], [], id="not of a segment that is latched"),
        pytest.param(
            [(0, segment(0, latched=True, needs=SHORT)), (15, segment(0, latched=True, needs=SHORT))],
            [ALL, ALL],
            id="again and again while one that is latched is short",
        ),
        pytest.param(
            [(900, segment(0, latched=True, needs=SHORT))], [], id="not of one that was short and is over"
        ),
        pytest.param([(130, segment(0))], [], id="not after its time"),
        pytest.param(
            [(0, segment(AHEAD)), (15, segment(AHEAD, name="finale"))],
            [ALL, ALL],
            id="of each segment by itself",
        ),
    ],
)
def test_room_is_asked_for(passes: list[tuple[float, SegmentPlan]], want: list[list[str]]) -> None:
    assert asked(*passes) == want
