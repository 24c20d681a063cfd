"""The operator is not there: replicas stay as they are, and what it left is put right when it returns."""

from __future__ import annotations

import pytest

from gala.sandbox.script import Incident
from measures import Measure
from scenes import (
    AFTER,
    AFTER_SCENE,
    COOLDOWN,
    HOLD_END,
    ROUND_AT,
    ROUND_END,
    START,
    WEB_EAST,
    WEB_NORTH,
    event,
    night,
    person,
    play_lives,
    show_round,
    workload,
)

pytestmark = pytest.mark.faults

ARMED = ROUND_AT - 15.0
SECOND = HOLD_END + 400.0
"""Start of a second round, so late that everything is home in between."""


@pytest.mark.parametrize(
    ("first", "last"),
    [
        pytest.param(ARMED, ROUND_END + 5, id="for the whole round"),
        pytest.param(ARMED, HOLD_END + 60, id="from before the round to long after its hold"),
        pytest.param(ROUND_AT + 30, ROUND_AT + 60, id="for half a minute of the round"),
        pytest.param(ROUND_END + 10, HOLD_END + 120, id="for the scene after it and its cooldown"),
        pytest.param(HOLD_END + 2, HOLD_END + 90, id="in the middle of the hand-back"),
        pytest.param(200.0, 230.0, id="while its pods are asked for"),
    ],
)
async def test_without_the_operator_replicas_stay_as_they_are(
    first: float, last: float, measured: Measure
) -> None:
    body = event(rounds=[show_round(**AFTER_SCENE)])
    scene = await play_lives(night(body, end=max(last, HOLD_END) + 240.0), down=[(first, last)])

    assert scene.writes(first=first, last=last) == []
    assert scene.verdict.wrong_decreases == 0
    assert [r.short for r in scene.verdict.rounds] == [0.0]
    assert scene.at_end() == scene.originals()
    assert scene.verdict.handed_back
    measured("T26", "replica-seconds below the floor", sum(r.short for r in scene.verdict.rounds))
    measured("T26", "writes while it was away", len(scene.writes(first=first, last=last)))
    measured("T26", "wrong decreases", scene.verdict.wrong_decreases)


async def test_an_operator_that_missed_the_whole_round_raises_nothing_any_more() -> None:
    body = event(workloads=[workload()], scenes=[], rounds=[show_round()])
    scene = await play_lives(night(body, end=HOLD_END + 120.0), down=[(10.0, HOLD_END + 10.0)])

    assert scene.writes() == []
    assert scene.at_end() == scene.originals()


async def test_an_operator_that_returns_in_the_middle_of_a_round_raises_what_is_left_of_it() -> None:
    body = event(workloads=[workload()], scenes=[], rounds=[show_round()])
    scene = await play_lives(night(body, end=HOLD_END + 120.0), down=[(10.0, ROUND_AT + 30.0)])

    raised = [write for write in scene.writes() if write.to > write.was]
    assert raised
    assert all(ROUND_AT + 30.0 <= write.at - START <= ROUND_AT + 40.0 for write in raised)
    assert scene.at_end() == scene.originals()
    assert scene.verdict.wrong_decreases == 0


async def test_what_people_did_meanwhile_is_respected_when_it_returns() -> None:
    body = event(workloads=[workload()], scenes=[], rounds=[show_round()])
    scene = await play_lives(
        night(body, end=HOLD_END + 240.0),
        person(ROUND_END + 20, WEB_EAST, 7),
        down=[(ROUND_AT + 30, HOLD_END + 30)],
    )

    assert scene.at_end() == scene.originals(web_east=7)
    assert scene.closes() == {WEB_NORTH: "HandedBack", WEB_EAST: "ChangedByOther"}
    assert scene.verdict.wrong_decreases == 0


async def test_a_round_that_was_edited_meanwhile_is_held_as_it_stands_now() -> None:
    later = show_round(at=ROUND_AT + 60.0)
    body = event(workloads=[workload()], scenes=[], rounds=[show_round()])
    slipped = Incident(after=ARMED + 5, what="EditEvent", patch={"spec": {"rounds": [later]}})
    scene = await play_lives(night(body, end=HOLD_END + 300.0), slipped, down=[(ARMED, ROUND_AT + 20)])

    assert scene.decreases(0, ROUND_END + 60.0) == []
    assert scene.at_end() == scene.originals()
    assert scene.verdict.wrong_decreases == 0


async def test_an_operator_that_is_away_between_two_rounds_finds_the_second_in_time() -> None:
    rounds = [show_round(), show_round("round-2", at=SECOND)]
    body = event(workloads=[workload()], scenes=[], rounds=rounds, handback={"cooldown": f"{int(COOLDOWN)}s"})
    down = [(ROUND_END + 10, SECOND - 200.0)]
    scene = await play_lives(night(body, end=SECOND + HOLD_END - AFTER), down=down)

    assert [r.short for r in scene.verdict.rounds] == [0.0, 0.0]
    assert scene.at_end() == scene.originals()
    assert scene.verdict.breaches == ()
