"""Two events on one target: the higher floor holds, and the last one out restores the original."""

from __future__ import annotations

from typing import Any

import pytest

from gala.sandbox.fleet import SandboxFleet
from scenes import (
    COOLDOWN,
    DURATION,
    LATE,
    ROUND_AT,
    WEB_EAST,
    WEB_NORTH,
    Json,
    event,
    night,
    play,
    show_round,
    workload,
)

SECOND_AT = ROUND_AT + 100.0
FIRST_END = ROUND_AT + DURATION + LATE
SECOND_END = SECOND_AT + DURATION + LATE


def on_web(name: str, at: float, replicas: int) -> Json:
    """An event with one round of web alone."""
    round_ = show_round(at=at, web={"replicas": replicas})
    return event(name, workloads=[workload()], scenes=[], rounds=[round_])


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param(40, 70, id="the event that comes later wants more"),
        pytest.param(70, 40, id="the event that comes later wants less"),
    ],
)
async def test_an_event_that_ends_hands_its_target_over_and_the_last_one_restores_it(
    first: int, second: int
) -> None:
    def add(fleet: SandboxFleet) -> None:
        fleet.apply_event(on_web("second", SECOND_AT, second))

    scene = await play(night(on_web("gala", ROUND_AT, first), end=SECOND_END + COOLDOWN + 90.0), prepare=add)

    want: dict[Any, str] = dict.fromkeys((WEB_NORTH, WEB_EAST), "HandedOver")
    assert scene.closes("gala") == want
    want = dict.fromkeys((WEB_NORTH, WEB_EAST), "HandedBack")
    assert scene.closes("second") == want
    assert scene.at_end() == scene.originals()
    assert scene.verdict.breaches == ()
    total = {"gala": 0, "second": 0}
    for place in (WEB_NORTH, WEB_EAST):
        floors = {name: scene.promised(place, name) for name in total}
        total = {name: total[name] + floors[name] for name in total}
        assert scene.lowest(place, ROUND_AT - 10, FIRST_END + COOLDOWN) >= floors["gala"]
        assert scene.lowest(place, SECOND_AT - 10, SECOND_END + COOLDOWN) >= floors["second"]
        late_pods = 1 + floors["second"] // 10
        assert scene.value(place, SECOND_END) <= floors["second"] + late_pods
    assert total == {"gala": first, "second": second}
