"""People who scale a target by hand: their value is the original, is fought, or is left alone."""

from __future__ import annotations

import itertools

from gala.sandbox.apiserver.faults import Call
from gala.sandbox.apiserver.kinds import find_builtin
from gala.sandbox.apiserver.resources import Options
from gala.sandbox.fleet import SandboxFleet
from gala.sandbox.script import PERSON
from scenes import (
    HOLD_END,
    NAMESPACE,
    ROUND_AT,
    ROUND_END,
    START,
    WEB_EAST,
    WEB_NORTH,
    event,
    night,
    person,
    play,
    show_round,
    workload,
)

ONE_ROUND = event(workloads=[workload()], scenes=[], rounds=[show_round()])
"""A round of web and nothing after it, so that it is held for the cooldown."""
BACK_AT = ROUND_END + 60.0


async def test_what_a_person_sets_before_the_hold_is_what_is_returned_to() -> None:
    scene = await play(night(ONE_ROUND), person(100, WEB_NORTH, 9))

    assert scene.value(WEB_NORTH, ROUND_AT) > 9
    assert scene.at_end() == scene.originals(web_north=9)
    assert scene.closes() == dict.fromkeys((WEB_NORTH, WEB_EAST), "HandedBack")
    assert scene.verdict.breaches == ()


async def test_a_person_who_is_quicker_than_the_first_write_is_not_overwritten_but_remembered() -> None:
    def race(fleet: SandboxFleet) -> None:
        resources, done = fleet.worlds["north"].server.resources, []

        async def before(call: Call) -> None:
            if call.method == "PATCH" and call.resource == "deployments/scale" and not done:
                done.append(call)
                patch, how = {"spec": {"replicas": 9}}, ("application/merge-patch+json", "scale")
                kind = find_builtin("deployments")
                resources.patch(kind, (NAMESPACE, "web"), patch, how, Options(manager=PERSON))

        fleet.worlds["north"].server.faults.before = before

    scene = await play(night(ONE_ROUND), prepare=race)

    refused = [result for done in scene.passes for result in done.results if result.error is not None]
    assert [result.write.was for result in refused] == [scene.seen.originals[WEB_NORTH]]
    assert scene.at_end() == scene.originals(web_north=9)
    assert scene.verdict.breaches == ()


async def test_a_person_below_the_floor_is_overruled_and_named() -> None:
    scene = await play(night(ONE_ROUND), person(ROUND_AT + 20, WEB_NORTH, 5))

    floor = scene.floor(WEB_NORTH)
    by_hand = [(write.at - START, write.to) for write in scene.writes(managers=[PERSON])]
    assert by_hand == [(ROUND_AT + 20, 5)]
    assert scene.lowest(WEB_NORTH, ROUND_AT + 23, BACK_AT) >= floor
    told = [finding for finding in scene.findings() if finding.reason == "Contested"]
    assert [(finding.cluster, finding.workload) for finding in told] == [("north", "web")]
    assert f"by {PERSON}" in told[0].message
    assert scene.at_end() == scene.originals()


async def test_somebody_who_fights_for_ever_is_answered_at_most_every_ten_seconds() -> None:
    fight = [person(ROUND_AT + second, WEB_NORTH, 5) for second in range(5, 65, 1)]
    scene = await play(night(ONE_ROUND), *fight)

    raised = scene.decisions("Contested")
    gaps = [after.at - before.at for before, after in itertools.pairwise(raised)]
    assert len(raised) >= 5
    assert min(gaps) >= 10
    assert scene.value(WEB_NORTH, ROUND_AT + 80) >= scene.floor(WEB_NORTH)
    assert scene.at_end() == scene.originals()


async def test_a_person_above_the_floor_is_left_alone_for_good() -> None:
    scene = await play(night(ONE_ROUND), person(ROUND_AT + 20, WEB_NORTH, 60))

    assert scene.lowest(WEB_NORTH, ROUND_AT + 20, HOLD_END) == 60
    assert scene.closes() == {WEB_NORTH: "ChangedByOther", WEB_EAST: "HandedBack"}
    assert scene.at_end() == scene.originals(web_north=60)
    assert scene.verdict.breaches == ()


async def test_a_person_who_scales_while_it_is_handed_back_ends_that() -> None:
    scene = await play(night(ONE_ROUND), person(BACK_AT + 3, WEB_NORTH, 8))

    assert BACK_AT <= scene.decreases()[0].at - START <= BACK_AT + 2
    assert scene.closes() == {WEB_NORTH: "ChangedByOther", WEB_EAST: "HandedBack"}
    assert scene.at_end() == scene.originals(web_north=8)
    assert scene.verdict.breaches == ()
