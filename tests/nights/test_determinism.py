"""The same seed gives the same night, however the requests happen to be delayed."""

from __future__ import annotations

import json
from random import Random

from gala.sandbox.fleet import SandboxFleet
from gala.sandbox.traffic import Skew, hot
from scenes import EAST, NORTH, ROUND_AT, ROUND_END, START, Prepare, Scene, night, play

MILLISECOND = 0.001


def slow(number: int) -> Prepare:
    """Delays every request and watch of every server by up to two milliseconds."""

    def prepare(fleet: SandboxFleet) -> None:
        for index, server in enumerate([fleet.hub, *(world.server for world in fleet.worlds.values())]):
            dice = Random(f"{number}/{index}")
            server.faults.delay = lambda dice=dice: dice.uniform(0.0, 2 * MILLISECOND)

    return prepare


def told(scene: Scene) -> bytes:
    return json.dumps(scene.decisions()).encode()


async def test_the_same_seed_gives_byte_equal_decisions_also_with_delays() -> None:
    shares = {cluster.name: cluster.share for cluster in (NORTH, EAST)}
    skews = [Skew(START + ROUND_AT, START + ROUND_END, hot(shares, "north", 1.3))]
    first = await play(night(skews=skews))
    again = await play(night(skews=skews))
    delayed = await play(night(skews=skews), prepare=slow(1))

    want = told(first)
    assert len(first.decisions()) > 20
    assert told(again) == want
    assert told(delayed) == want
