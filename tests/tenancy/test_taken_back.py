"""What is taken back in the middle of a hold stays until its round is over, and nothing more comes."""

from __future__ import annotations

import pytest

from tenancy_all import IN_A_HOLD
from tenancy_objects import DURATION, ROUND_AT, SHOWS, WANTED, admitting, cluster, event, show_round
from tenancy_town import Act, Town, a_town
from tenancy_ways import Turn

HELD = {"north shows/front": WANTED}
HANDED_BACK = ROUND_AT + DURATION + 60.0
"""Seconds after the start: cooldown and steps are over by then."""


@pytest.mark.parametrize("turn", [pytest.param(turn, id=says) for says, turn in IN_A_HOLD.items()])
async def test_a_turn_in_a_hold_gains_nothing_and_is_told(turn: Turn) -> None:
    before: list[dict[str, int]] = []

    def turned(town: Town) -> None:
        before.append(town.grown())
        for obj in turn.then:
            town.apply(obj)

    async with a_town() as town:
        for obj in turn.objects:
            town.apply(obj)

        await town.play(seconds=20.0, later={8.0: turned})

        assert before == [HELD], "the hold has to have begun"
        told = town.condition(turn.told.obj, turn.told.condition)
        assert (told["status"], told["reason"]) == ("False", turn.told.reason)
        assert turn.told.grants in told["message"]
        assert town.escapes({"north": (SHOWS,)}) == []
        assert town.grown() == HELD


@pytest.mark.parametrize(
    "rounds",
    [
        pytest.param([show_round()], id="after its only round"),
        pytest.param(
            [show_round(), show_round("two", at=ROUND_AT + DURATION - 10.0, replicas=50)],
            id="after the round in which it was, although the next one overlaps it",
        ),
        pytest.param(
            [show_round(), show_round("two", at=ROUND_AT + DURATION + 5.0, replicas=50)],
            id="after the round in which it was, although the next one is too near for a release",
        ),
    ],
)
async def test_what_is_not_admitted_any_more_is_handed_back(rounds: list[dict[str, object]]) -> None:
    show = event(rounds=rounds)
    seen: dict[float, dict[str, int]] = {}

    def look(town: Town) -> None:
        seen[town.clock.now()] = town.grown()

    def withdraw(town: Town) -> None:
        town.apply(cluster())

    looks: dict[float, Act] = dict.fromkeys((20.0, ROUND_AT, ROUND_AT + DURATION - 1.0), look)
    async with a_town() as town:
        town.apply(admitting())
        town.apply(show)

        await town.play(seconds=HANDED_BACK, later={8.0: withdraw, **looks})

        assert list(seen.values()) == [HELD, HELD, HELD]
        assert max(write.to for done in town.passes for write in done.plan.writes) == WANTED
        assert town.grown() == {}
        assert town.condition(show, "HandedBack")["reason"] == "OriginalsRestored"
        assert town.escapes({"north": (SHOWS,)}) == []
