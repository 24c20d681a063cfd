"""Events that are replaced, deleted or only seem to be: what stands in the ledger is kept to."""

from __future__ import annotations

from dataclasses import replace

from gala.sandbox.apiserver.kinds import find_builtin
from gala.sandbox.demo import SETTINGS
from gala.sandbox.fleet import SandboxFleet
from gala.sandbox.script import Incident
from scenes import (
    COOLDOWN,
    DURATION,
    HOLD_END,
    KEY,
    NAMESPACE,
    ROUND_AT,
    ROUND_END,
    SHOP_NORTH,
    WEB_EAST,
    WEB_NORTH,
    at,
    event,
    night,
    play,
    play_lives,
    show_round,
    workload,
)

ONE_ROUND = event(workloads=[workload()], scenes=[], rounds=[show_round()])
BACK_AT = ROUND_END + COOLDOWN
LISTS_BACK = ROUND_END + 20
RELISTING = replace(SETTINGS, relist_interval=0.02)
"""Wall seconds: the lists are read again many times in each minute of the night."""


async def test_a_replaced_event_goes_on_with_the_ledger_of_the_one_before() -> None:
    scene = await play(night(), Incident(after=ROUND_AT + 50, what="ReplaceEvent"))

    uids = [one.body["metadata"]["uid"] for one in scene.seen.specs if one.body]
    assert len(set(uids)) == 2
    owners = [d.gathered.snapshot.ledgers[KEY, "north"].uid for d in scene.passes
              if (KEY, "north") in d.gathered.snapshot.ledgers]  # fmt: skip
    assert list(dict.fromkeys(owners)) == uids
    assert scene.decreases(ROUND_AT - 10, ROUND_END) == []
    assert scene.at_end() == scene.originals()
    assert scene.verdict.breaches == ()
    assert scene.status()["phase"] == "HandedBack"


async def test_an_event_deleted_in_a_round_is_held_to_its_end_and_then_handed_back() -> None:
    scene = await play(night(ONE_ROUND), Incident(after=ROUND_AT + 20, what="DeleteEvent"))

    assert scene.decreases(0, BACK_AT) == []
    assert scene.closes() == dict.fromkeys((WEB_NORTH, WEB_EAST), "HandedBack")
    assert scene.at_end() == scene.originals()
    assert scene.verdict.breaches == ()


async def test_nothing_begins_any_more_once_an_event_is_deleted() -> None:
    later = show_round("round-2", at=ROUND_AT + 600, web={"replicas": 90})
    body = event(workloads=[workload()], scenes=[], rounds=[show_round(), later])
    deleted = Incident(after=ROUND_AT + 20, what="DeleteEvent")
    scene = await play(night(body, end=ROUND_AT + 800), deleted)

    assert scene.at_end() == scene.originals()
    assert scene.writes(first=BACK_AT + 60) == []
    assert scene.verdict.breaches == ()


async def test_an_event_that_says_keep_leaves_its_capacity_when_it_is_deleted() -> None:
    handback = {"cooldown": f"{int(COOLDOWN)}s", "onDelete": "Keep"}
    body = event(workloads=[workload()], scenes=[], rounds=[show_round()], handback=handback)
    scene = await play(night(body), Incident(after=ROUND_AT + 20, what="DeleteEvent"))

    assert scene.decreases() == []
    assert scene.closes() == dict.fromkeys((WEB_NORTH, WEB_EAST), "Kept")
    kept = {place: scene.value(place, ROUND_AT + 60) for place in (WEB_NORTH, WEB_EAST)}
    assert {place: scene.at_end()[place] for place in kept} == kept
    assert scene.seen.open == {}


async def test_an_event_deleted_while_the_operator_is_down_is_handed_back_once_it_is_there_again() -> None:
    deleted = Incident(after=ROUND_AT + 40, what="DeleteEvent")
    scene = await play_lives(night(ONE_ROUND), deleted, down=[(ROUND_AT + 20, ROUND_AT + 70)])

    assert scene.decreases(0, BACK_AT) == []
    assert scene.writes(first=ROUND_AT + 20, last=ROUND_AT + 70) == []
    assert scene.at_end() == scene.originals()
    assert scene.verdict.breaches == ()


async def test_an_operator_that_was_down_until_long_after_the_show_still_hands_back() -> None:
    deleted = Incident(after=ROUND_AT + 40, what="DeleteEvent")
    down = (ROUND_AT + 20, HOLD_END + 100)
    scene = await play_lives(night(ONE_ROUND, end=HOLD_END + 200), deleted, down=[down])

    assert scene.at_end() == scene.originals()
    assert scene.verdict.breaches == ()


async def test_a_list_that_comes_back_empty_lowers_nothing_and_the_show_goes_on() -> None:
    lost = Incident(after=100, what="EmptyEventLists", seconds=LISTS_BACK - 100)
    scene = await play(night(), lost, settings=RELISTING)

    doubted = [d.now for d in scene.passes if any(e.missing for e in d.gathered.events)]
    assert len(doubted) > 100
    assert scene.decreases(0, LISTS_BACK) == []
    assert ROUND_END < LISTS_BACK
    assert scene.value(SHOP_NORTH, ROUND_AT + DURATION) >= scene.floor(SHOP_NORTH, "round-1/after")
    assert scene.at_end() == scene.originals()
    assert scene.verdict.breaches == ()


async def test_an_operator_that_starts_on_an_empty_list_holds_what_the_ledger_says() -> None:
    back = BACK_AT + 60
    lost = Incident(after=ROUND_AT + 15, what="EmptyEventLists", seconds=back - ROUND_AT - 15)
    down = (ROUND_AT + 20, ROUND_AT + 30)
    scene = await play_lives(night(ONE_ROUND, end=back + 150), lost, down=[down], settings=RELISTING)

    assert scene.decreases(0, back) == []
    assert scene.at_end() == scene.originals()
    assert scene.verdict.breaches == ()


async def test_a_namespace_that_is_deleted_with_its_event_is_held_and_handed_back() -> None:
    def lose_namespace(fleet: SandboxFleet) -> None:
        resources = fleet.hub.resources
        at(
            fleet,
            ROUND_AT + 20,
            lambda: resources.delete(find_builtin("namespaces"), ("", NAMESPACE), {}),
        )

    scene = await play(night(ONE_ROUND), prepare=lose_namespace)

    assert scene.decreases(0, BACK_AT) == []
    assert scene.at_end() == scene.originals()
    assert scene.verdict.breaches == ()
