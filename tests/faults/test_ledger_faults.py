"""What the ledger needs is taken away in the middle of a night: nothing is lowered, and people are told."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from gala.api import crd
from gala.engine.parts import LARGEST
from gala.sandbox.apiserver.resources import Options
from gala.sandbox.demo import SETTINGS
from gala.sandbox.fleet import SandboxFleet
from hub_server import NAMESPACE, without
from scenes import (
    COOLDOWN,
    KEY,
    ROUND_AT,
    ROUND_END,
    WEB_EAST,
    WEB_NORTH,
    Json,
    Scene,
    at,
    event,
    night,
    play,
    show_round,
    workload,
)

pytestmark = pytest.mark.faults

LIVE = ROUND_AT + 20.0


def one_round() -> Json:
    return event(workloads=[workload()], scenes=[], rounds=[show_round()])


def install(fleet: SandboxFleet, definition: Json) -> Callable[[], None]:
    """Somebody applies a definition."""

    def applied() -> None:
        kind = fleet.hub.resources.find("customresourcedefinitions")
        fleet.hub.resources.update(kind, ("", definition["metadata"]["name"]), definition, "", Options())

    return applied


def remove(fleet: SandboxFleet, plural: str, name: str) -> Callable[[], None]:
    """Somebody deletes an object of no namespace."""

    def removed() -> None:
        fleet.hub.resources.delete(fleet.hub.resources.find(plural), ("", name), {})

    return removed


async def test_a_fleet_namespace_that_is_deleted_in_a_round_lowers_nothing_for_the_rest_of_the_night(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def prepare(fleet: SandboxFleet) -> None:
        at(fleet, LIVE, remove(fleet, "namespaces", NAMESPACE))

    scene = await play(night(one_round()), prepare=prepare)

    assert scene.writes(first=LIVE) == []
    assert {place: scene.at_end()[place] for place in (WEB_NORTH, WEB_EAST)} == {
        place: scene.value(place, LIVE) for place in (WEB_NORTH, WEB_EAST)
    }
    assert "kubectl create namespace gala-system" in caplog.text


async def test_a_definition_that_lacks_figures_is_told_and_costs_neither_the_round_nor_the_way_home() -> None:
    def prepare(fleet: SandboxFleet) -> None:
        old = without("galaallocations", "entries[].floors[].stragglers", "entries[].floors[].taken")
        at(fleet, 10.0, install(fleet, old))

    scene = await play(night(one_round()), prepare=prepare)

    assert scene.value(WEB_EAST, ROUND_AT) >= scene.floor(WEB_EAST)
    assert scene.decreases(0, ROUND_END + COOLDOWN) == []
    held = next(done for done in scene.passes if done.troubles)
    (trouble,) = held.troubles[KEY]
    assert (trouble.reason, trouble.stuck) == ("LedgerInDoubt", True)
    assert "spec.entries[].floors[].stragglers, spec.entries[].floors[].taken" in trouble.message
    came_home(scene)


async def test_a_definition_that_would_lose_originals_gets_no_write_to_any_target_until_it_is_new() -> None:
    def prepare(fleet: SandboxFleet) -> None:
        at(fleet, 10.0, install(fleet, without("galaallocations", "entries[].original")))
        at(fleet, ROUND_AT - 60.0, install(fleet, crd.render("GalaAllocation")))

    scene = await play(night(one_round()), prepare=prepare)

    assert scene.writes(last=ROUND_AT - 60.0) == []
    told = {trouble.message for done in scene.passes for trouble in done.troubles.get(KEY, ())}
    assert any("nothing is written to a target" in text for text in told)
    came_home(scene)


async def test_a_definition_that_is_deleted_in_a_round_lowers_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def prepare(fleet: SandboxFleet) -> None:
        at(fleet, LIVE, remove(fleet, "customresourcedefinitions", "galaallocations.gala.dev"))

    scene = await play(night(one_round()), prepare=prepare)

    assert scene.decreases() == []
    assert "gala crds | kubectl apply --server-side -f -" in caplog.text


async def test_a_ledger_in_many_parts_is_kept_and_given_back_like_one_in_one() -> None:
    """Two workloads do not fit into one part of one entry."""
    small = replace(SETTINGS, ledger_part=1)
    parts: set[str] = set()

    def prepare(fleet: SandboxFleet) -> None:
        def look() -> None:
            kind = fleet.hub.resources.find("galaallocations")
            found = fleet.hub.store.all(kind)
            parts.update(one["metadata"]["name"] for one in found)
            assert all(len(json.dumps(one)) < LARGEST for one in found)

        at(fleet, ROUND_END + 30.0, look)

    scene = await play(night(), prepare=prepare, settings=small)

    assert {"show.gala.north", "show.gala.north.p1"} <= parts
    came_home(scene)


def came_home(scene: Scene) -> None:
    """Everything is back where it was, and the servers saw nothing wrong."""
    assert scene.at_end() == scene.originals()
    assert set(scene.closes().values()) == {"HandedBack"}
    assert scene.verdict.wrong_decreases == 0
