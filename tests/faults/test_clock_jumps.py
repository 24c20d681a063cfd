"""Somebody sets the operator's clock, and it is set right again: no floor is lost, no round is late."""

from __future__ import annotations

from itertools import product

import pytest

from scenes import (
    COOLDOWN,
    HOLD_END,
    ROUND_AT,
    ROUND_END,
    START,
    WEB_EAST,
    WEB_NORTH,
    Scene,
    event,
    night,
    show_round,
    workload,
)
from set_clocks import Setting, moved, play_set

pytestmark = pytest.mark.faults

MOMENTS = {
    "long before the round": 40.0,
    "when its hold has just begun": 160.0,
    "while its pods start": 200.0,
    "when it is armed": ROUND_AT - 15.0,
    "while it is live": ROUND_AT + 60.0,
    "in its cooldown": ROUND_END + COOLDOWN / 2,
    "while it is given back": ROUND_END + COOLDOWN + 10.0,
}
JUMPS = (1.0, -1.0, 90.0, -90.0, 3600.0, -3600.0)
WRONG_FOR = 20.0
"""Seconds until time synchronisation has noticed; the operator doubts for 30."""


def one_round() -> dict[str, object]:
    return event(workloads=[workload()], scenes=[], rounds=[show_round()])


def is_well(scene: Scene) -> None:
    """In time, never below a floor, and home."""
    assert scene.verdict.wrong_decreases == 0
    assert scene.verdict.breaches == ()
    assert [r.short for r in scene.verdict.rounds] == [0.0]
    assert scene.at_end() == scene.originals()
    assert scene.closes() == dict.fromkeys((WEB_NORTH, WEB_EAST), "HandedBack")


@pytest.mark.parametrize(
    ("after", "offset"),
    [
        pytest.param(after, offset, id=f"{offset:+g} s {moment}")
        for (moment, after), offset in product(MOMENTS.items(), JUMPS)
    ],
)
async def test_a_clock_that_jumps_and_comes_back_costs_no_floor(after: float, offset: float) -> None:
    what = night(one_round(), end=HOLD_END + 180.0)
    scene = await play_set(what, [Setting(after, offset), Setting(after + WRONG_FOR, 0.0)])

    is_well(scene)
    assert scene.decreases(0, ROUND_END) == []


@pytest.mark.parametrize("offset", [-90.0, 600.0, -600.0])
@pytest.mark.parametrize("after", [40.0, 100.0])
async def test_a_wrong_clock_that_is_set_right_before_the_hold_has_a_round_that_is_ready_in_time(
    after: float, offset: float
) -> None:
    what = night(one_round(), end=HOLD_END + 180.0)
    scene = await play_set(what, [Setting(0.0, offset), Setting(after, 0.0)])

    is_well(scene)


@pytest.mark.parametrize(
    ("zone", "change"),
    [
        pytest.param("Europe/Berlin", 1_806_195_600.0, id="Berlin loses an hour in a round"),
        pytest.param("Europe/Berlin", 1_824_944_400.0, id="Berlin gains an hour in a round"),
        pytest.param("America/New_York", 1_805_007_600.0, id="New York loses an hour in a round"),
        pytest.param("America/New_York", 1_825_567_200.0, id="New York gains an hour in a round"),
        pytest.param("Australia/Lord_Howe", 1_822_491_000.0, id="Lord Howe loses half an hour in a round"),
    ],
)
async def test_a_change_of_summer_time_in_the_middle_of_a_round_changes_nothing(
    zone: str, change: float
) -> None:
    what = night(one_round(), end=HOLD_END + 180.0)
    start = change - ROUND_AT - 60.0
    scene = await play_set(moved(what, start, zone), [])

    is_well(scene)
    calm = await play_set(what, [])
    assert [(w.at - start, w.place, w.to) for w in scene.writes()] == [
        (w.at - START, w.place, w.to) for w in calm.writes()
    ]
