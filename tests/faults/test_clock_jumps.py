"""Somebody sets the operator's clock, and it is set right again: no floor is lost, no round is late."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import product

import pytest

from gala.report.nightlog import Place
from measures import Measure
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


PREPARED_AT = 154.0
"""When both clusters are first written to in a night whose clock is right."""
SLACK = 2.0
"""A clock that is wrong by less than a jump, or by a second, moves the first write by a tick."""

Change = tuple[float, Place, int]


def one_round() -> dict[str, object]:
    return event(workloads=[workload()], scenes=[], rounds=[show_round()])


def changes(scene: Scene, start: float) -> Sequence[Change]:
    """When, counted from the start, what was set to how much."""
    return [(write.at - start, write.place, write.to) for write in scene.writes()]


@pytest.fixture(scope="module")
def calm() -> Sequence[Change]:
    """The same night in the middle of January."""
    what = night(one_round(), end=HOLD_END + 180.0)
    with asyncio.Runner() as runner:
        return changes(runner.run(play_set(what, [])), START)


def is_well(scene: Scene) -> None:
    """In time and no sooner, never below a floor, and home."""
    assert scene.verdict.wrong_decreases == 0
    assert scene.verdict.breaches == ()
    assert [r.short for r in scene.verdict.rounds] == [0.0]
    assert scene.at_end() == scene.originals()
    assert scene.closes() == dict.fromkeys((WEB_NORTH, WEB_EAST), "HandedBack")


def note(measured: Measure, scene: Scene, *, early: int = 0) -> None:
    measured("T16", "rounds missed", sum(r.short > 0 for r in scene.verdict.rounds))
    measured("T16", "rounds early", early)
    measured("T16", "wrong decreases", scene.verdict.wrong_decreases)


@pytest.mark.parametrize(
    ("after", "offset"),
    [
        pytest.param(after, offset, id=f"{offset:+g} s {moment}")
        for (moment, after), offset in product(MOMENTS.items(), JUMPS)
    ],
)
async def test_a_clock_that_jumps_and_comes_back_costs_no_floor_and_raises_nothing_too_soon(
    after: float, offset: float, measured: Measure
) -> None:
    what = night(one_round(), end=HOLD_END + 180.0)
    scene = await play_set(what, [Setting(after, offset), Setting(after + WRONG_FOR, 0.0)])

    is_well(scene)
    assert scene.decreases(0, ROUND_END) == []
    early = scene.writes(last=PREPARED_AT - SLACK)
    assert early == []
    note(measured, scene, early=len(early))


@pytest.mark.parametrize("offset", [-90.0, 600.0, -600.0])
@pytest.mark.parametrize("after", [40.0, 100.0])
async def test_a_wrong_clock_that_is_set_right_before_the_hold_has_a_round_that_is_ready_in_time(
    after: float, offset: float, measured: Measure
) -> None:
    what = night(one_round(), end=HOLD_END + 180.0)
    scene = await play_set(what, [Setting(0.0, offset), Setting(after, 0.0)])

    is_well(scene)
    note(measured, scene)


IN_THE_ROUND, IN_THE_PREPARATION, IN_THE_COOLDOWN = ROUND_AT + 60.0, ROUND_AT - 60.0, ROUND_END + 20.0


@pytest.mark.parametrize(
    ("zone", "change", "when"),
    [
        pytest.param("Europe/Berlin", 1_806_195_600.0, IN_THE_ROUND, id="Berlin loses an hour in a round"),
        pytest.param("Europe/Berlin", 1_824_944_400.0, IN_THE_ROUND, id="Berlin gains an hour in a round"),
        pytest.param(
            "Europe/Berlin", 1_806_195_600.0, IN_THE_PREPARATION, id="Berlin loses an hour before a round"
        ),
        pytest.param(
            "Europe/Berlin", 1_824_944_400.0, IN_THE_PREPARATION, id="Berlin gains an hour before a round"
        ),
        pytest.param(
            "Europe/Berlin", 1_824_944_400.0, IN_THE_COOLDOWN, id="Berlin gains an hour after a round"
        ),
        pytest.param(
            "America/New_York", 1_805_007_600.0, IN_THE_ROUND, id="New York loses an hour in a round"
        ),
        pytest.param(
            "America/New_York", 1_825_567_200.0, IN_THE_ROUND, id="New York gains an hour in a round"
        ),
        pytest.param(
            "America/New_York",
            1_805_007_600.0,
            IN_THE_PREPARATION,
            id="New York loses an hour before a round",
        ),
        pytest.param(
            "America/New_York",
            1_825_567_200.0,
            IN_THE_PREPARATION,
            id="New York gains an hour before a round",
        ),
        pytest.param(
            "Australia/Lord_Howe", 1_822_491_000.0, IN_THE_ROUND, id="Lord Howe loses half an hour in a round"
        ),
        pytest.param("UTC", 1_835_395_200.0, IN_THE_ROUND, id="a leap day begins in a round"),
        pytest.param("UTC", 1_835_481_600.0, IN_THE_ROUND, id="a leap day ends in a round"),
        pytest.param("Asia/Shanghai", 1_830_268_800.0, IN_THE_ROUND, id="a year begins in a round"),
    ],
)
async def test_a_change_of_the_calendar_in_the_middle_of_a_night_changes_nothing(
    zone: str, change: float, when: float, calm: Sequence[Change], measured: Measure
) -> None:
    what = night(one_round(), end=HOLD_END + 180.0)
    start = change - when
    scene = await play_set(moved(what, start, zone), [])

    is_well(scene)
    assert changes(scene, start) == calm
    early = sum(at < calm[0][0] for at, _, _ in changes(scene, start))
    note(measured, scene, early=early)
