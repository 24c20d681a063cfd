"""Whose a value is after we let go of it: the next show has to find an original again."""

from __future__ import annotations

from gala.sandbox.fleet import SandboxFleet
from gala.sandbox.script import Incident
from scenes import (
    COOLDOWN,
    ROUND_AT,
    ROUND_END,
    WEB_EAST,
    WEB_NORTH,
    event,
    night,
    play,
    show_round,
    workload,
)

NEXT_AT = ROUND_AT + 700.0
NEXT_END = NEXT_AT + ROUND_END - ROUND_AT
PLACES = (WEB_NORTH, WEB_EAST)


async def test_what_one_event_kept_is_the_original_of_the_next() -> None:
    handback = {"cooldown": f"{int(COOLDOWN)}s", "onDelete": "Keep"}
    kept = event(workloads=[workload()], scenes=[], rounds=[show_round()], handback=handback)
    after = event(
        "next", workloads=[workload()], scenes=[], rounds=[show_round(at=NEXT_AT, web={"replicas": 90})]
    )
    deleted = Incident(after=ROUND_AT + 20, what="DeleteEvent")

    def add(fleet: SandboxFleet) -> None:
        fleet.apply_event(after)

    scene = await play(night(kept, end=NEXT_END + COOLDOWN + 90.0), deleted, prepare=add)

    values = {place: scene.value(place, ROUND_AT + 60) for place in PLACES}
    assert scene.closes() == dict.fromkeys(PLACES, "Kept")
    assert scene.closes("next") == dict.fromkeys(PLACES, "HandedBack")
    assert {place: scene.value(place, NEXT_AT) > values[place] for place in PLACES} == dict.fromkeys(
        PLACES, True
    )
    assert {place: scene.at_end()[place] for place in PLACES} == values


async def test_a_scene_smaller_than_the_originals_leaves_them_to_be_found_by_the_next_round() -> None:
    calm = {"name": "calm", "demand": [{"workload": "web", "replicas": 2}]}
    web = {"replicas": 48}
    rounds = [
        show_round(web=web, afterScene="calm", afterDuration="60s"),
        show_round("round-2", at=NEXT_AT, web=web),
    ]
    uncounted = {name: value for name, value in workload().items() if name not in ("capacity", "signal")}
    body = event(workloads=[uncounted], scenes=[calm], rounds=rounds)
    scene = await play(night(body, end=NEXT_END + COOLDOWN + 90.0))

    assert [finding for finding in scene.findings() if finding.reason == "OriginalLost"] == []
    assert scene.at_end() == scene.originals()
    assert scene.verdict.breaches == ()
