"""An event that is edited while it runs: what a person says counts, but never more than that."""

from __future__ import annotations

from typing import Any

import pytest

from gala.sandbox.fleet import SandboxFleet
from scenes import (
    AFTER_SCENE,
    COOLDOWN,
    DURATION,
    HOLD_END,
    LATE,
    ROUND_AT,
    ROUND_END,
    SHOP,
    SHOP_EAST,
    SHOP_NORTH,
    START,
    WEB_EAST,
    WEB_NORTH,
    Scene,
    edit,
    event,
    night,
    person,
    play,
    show_round,
    workload,
)

WEB_PLACES = (WEB_NORTH, WEB_EAST)
BACK_AT = ROUND_END + COOLDOWN


def one_round(*rounds: Any, **spec: Any) -> Any:
    """An event of web alone."""
    return event(workloads=[workload()], scenes=[], rounds=list(rounds or [show_round()]), **spec)


def total(scene: Scene, after: float) -> int:
    return sum(scene.value(place, after) for place in WEB_PLACES)


BAD = {"timeZone": "Nowhere/Land"}


async def test_a_broken_edit_says_what_to_change_and_the_last_good_spec_goes_on() -> None:
    scene = await play(night(), edit(ROUND_AT - 100, BAD))

    assert scene.verdict.breaches == ()
    assert scene.at_end() == scene.originals()
    assert len(scene.closes()) == 4
    assert scene.status()["phase"] == "Invalid"
    assert scene.condition("Valid")["status"] == "False"
    assert "timeZone" in scene.condition("Valid")["message"]
    assert scene.condition("Stalled")["status"] == "True"


async def test_an_event_that_was_never_valid_stops_no_other() -> None:
    second = event("second", workloads=[workload(SHOP)], scenes=[], **BAD)
    second["spec"]["rounds"] = [show_round(demand=[{"workload": "shop", "replicas": 30}])]

    def add(fleet: SandboxFleet) -> None:
        fleet.apply_event(second)

    scene = await play(night(one_round()), prepare=add)

    assert scene.status("second")["phase"] == "Invalid"
    assert "timeZone" in scene.condition("Valid", "second")["message"]
    assert {write.place.workload for write in scene.writes()} == {"web"}
    assert scene.closes() == dict.fromkeys(WEB_PLACES, "HandedBack")
    assert scene.verdict.breaches == ()


async def test_nothing_is_written_while_an_event_is_paused_and_it_goes_on_when_resumed() -> None:
    paused, resumed = ROUND_AT + 20, BACK_AT + 30
    scene = await play(
        night(one_round(), end=HOLD_END + 120),
        edit(paused, {"paused": True}),
        person(paused + 10, WEB_NORTH, 6),
        edit(resumed, {"paused": False}),
    )

    assert scene.writes(first=paused, last=resumed) == []
    assert scene.value(WEB_NORTH, resumed - 1) == 6
    assert "Paused" in scene.phases()
    assert scene.closes()[WEB_EAST] == "HandedBack"
    assert scene.at_end() == scene.originals(web_north=6)


async def test_an_event_that_is_only_observed_is_planned_and_reported_and_never_written() -> None:
    scene = await play(night(event(mode="Observe")))

    assert scene.writes() == []
    assert scene.seen.floors == {}
    assert scene.at_end() == scene.originals()
    rounds = scene.status()["rounds"]
    assert [(one["name"], one["required"]) for one in rounds] == [("round-1", 48)]
    assert "Live" in scene.phases()


@pytest.mark.parametrize(
    ("said_at", "by"),
    [
        pytest.param(100, 90, id="later, before its hold begins"),
        pytest.param(ROUND_AT - 50, 90, id="later, while it is prepared"),
        pytest.param(ROUND_AT + 20, 90, id="later, when it has begun"),
        pytest.param(60, -60, id="earlier, before its hold begins"),
    ],
)
async def test_a_round_that_slips_is_ready_at_its_new_start_and_held_to_its_new_end(
    said_at: float, by: float
) -> None:
    slipped = show_round(at=ROUND_AT + by)
    scene = await play(night(one_round(), end=HOLD_END + 150), edit(said_at, {"rounds": [slipped]}))

    assert [one.name for one in scene.verdict.rounds] == ["round-1"]
    assert scene.verdict.breaches == ()
    assert scene.decreases(0, BACK_AT + by) == []
    assert scene.at_end() == scene.originals()


async def test_a_live_round_that_is_removed_ends_then_and_the_cooldown_follows() -> None:
    later = show_round("round-2", at=ROUND_AT + 3000)
    removed = ROUND_AT + 20
    body = one_round(show_round(), later)
    scene = await play(night(body), edit(removed, {"rounds": [later]}))

    assert scene.decreases(0, removed + COOLDOWN) == []
    assert removed + COOLDOWN <= scene.decreases()[0].at - START <= removed + COOLDOWN + 20
    assert scene.at_end() == scene.originals()
    assert scene.verdict.breaches == ("The GalaAllocation show.gala was still there at the end.",)
    assert [(one.name, one.short) for one in scene.verdict.rounds] == [("round-1", 0)]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"at": ROUND_AT - 86_400}, id="moved to the day before"),
        pytest.param({"at": ROUND_AT - DURATION - LATE - COOLDOWN}, id="moved by more than its length"),
    ],
)
async def test_a_live_round_that_an_edit_puts_into_the_past_ends_then_and_the_cooldown_follows(
    change: dict[str, Any],
) -> None:
    moved = ROUND_AT + 20
    scene = await play(night(one_round(show_round())), edit(moved, {"rounds": [show_round(**change)]}))

    assert scene.decreases(0, moved + COOLDOWN) == []
    assert moved + COOLDOWN <= scene.decreases()[0].at - START <= moved + COOLDOWN + 20
    assert scene.at_end() == scene.originals()
    assert scene.status()["rounds"][0]["phase"] == "Done"


async def test_a_start_that_is_put_right_within_the_cooldown_costs_nothing() -> None:
    wrong, right = ROUND_AT + 20, ROUND_AT + 20 + COOLDOWN / 2
    scene = await play(
        night(one_round(show_round())),
        edit(wrong, {"rounds": [show_round(at=ROUND_AT - 86_400)]}),
        edit(right, {"rounds": [show_round()]}),
    )

    assert scene.decreases(0, BACK_AT) == []
    assert scene.at_end() == scene.originals()
    assert [(one.name, one.short) for one in scene.verdict.rounds] == [("round-1", 0)]


async def test_more_demand_in_a_round_is_met_at_once_and_less_lowers_by_no_more_than_that() -> None:
    raised, lowered = ROUND_AT + 20, ROUND_AT + 70
    scene = await play(
        night(one_round()),
        edit(raised, {"rounds": [show_round(web={"replicas": 90})]}),
        edit(lowered, {"rounds": [show_round(web={"replicas": 60})]}),
    )

    assert 48 <= total(scene, raised - 1) < 60
    assert total(scene, raised + 20) >= 90
    assert 60 <= total(scene, lowered + 5) <= 60 + total(scene, raised - 1) - 48
    assert scene.decreases(0, lowered) == []
    assert scene.at_end() == scene.originals()


async def test_a_scene_that_is_edited_out_is_not_begun_any_more() -> None:
    scene = await play(night(), edit(150, {"rounds": [show_round()]}))

    assert scene.writes(first=150) == scene.writes()
    assert {place for place in scene.closes() if place in (SHOP_NORTH, SHOP_EAST)} == set()
    assert scene.decreases(0, ROUND_AT + DURATION) == []
    assert scene.at_end() == scene.originals()
    assert AFTER_SCENE["afterScene"] == "shopping"
