"""All events on one set of facts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gala.planning.books import Books
from gala.planning.facts import EventFacts, EventKey
from gala.planning.ledger import Allocation, Basis, GapRule, LatchedCluster, Policy
from gala.planning.night import Night
from gala.planning.projection import project
from gala.planning.snapshot import Snapshot
from planning_values import (
    NOW,
    SETTINGS,
    SHOW,
    a_cluster,
    a_floor,
    a_ledger,
    a_record,
    a_round,
    a_snapshot,
    a_spec,
    a_workload,
    an_entry,
    an_event,
    latched,
    running,
    target,
)

SALE = EventKey("gala", "sale")
ROOM = [a_cluster(nodes=5, targets={target(name): running(0) for name in ("web", "shop")})]
"""Room for 50 pods, nothing runs."""


def show(*rounds: dict[str, Any], tier: str = "B", **more: Any) -> EventFacts:
    return an_event(a_spec(*rounds, workloads=[a_workload("web", tier=tier)], **more))


def sale(*rounds: dict[str, Any], tier: str = "B", created: float = 2.0, **more: Any) -> EventFacts:
    spec = a_spec(*rounds, workloads=[a_workload("shop", tier=tier)], **more)
    return an_event(spec, SALE, uid="uid-sale", created=created)


def wants(workload: str, replicas: int = 40, start: float = 1000, **more: Any) -> dict[str, Any]:
    return a_round(start=start, demand=[{"workload": workload, "replicas": replicas}], **more)


def projected(snapshot: Snapshot) -> dict[EventKey, Night]:
    return project(snapshot, Books(snapshot), NOW, SETTINGS)


def placed(snapshot: Snapshot) -> dict[str, int]:
    """What each event's round r gets in the east."""
    nights = projected(snapshot)
    return {
        key.name: sum(sum(counts.values()) for counts in night.placed["r"].divisions.values())
        for key, night in nights.items()
    }


@pytest.mark.parametrize(
    ("events", "want"),
    [
        pytest.param(
            [show(wants("web")), sale(wants("shop"))],
            {"show": 10, "sale": 40},
            id="at one time and tier the name decides who is served first",
        ),
        pytest.param(
            [show(wants("web"), tier="S"), sale(wants("shop"))],
            {"show": 40, "sale": 10},
            id="at one time the higher tier is served first, whoever it belongs to",
        ),
        pytest.param(
            [show(wants("web", start=999)), sale(wants("shop"), tier="S")],
            {"show": 40, "sale": 10},
            id="what has to be ready sooner is served first",
        ),
        pytest.param(
            [show(wants("web")), sale(wants("shop", start=2000))],
            {"show": 40, "sale": 40},
            id="rounds at other times do not take each other's room",
        ),
        pytest.param(
            [show(wants("web")), sale(wants("shop"), mode="Observe", tier="S")],
            {"show": 40, "sale": 10},
            id="what is only observed takes nobody's room",
        ),
    ],
)
def test_who_gets_the_room(events: list[EventFacts], want: dict[str, int]) -> None:
    assert placed(a_snapshot(*events, clusters=ROOM)) == want
    assert placed(a_snapshot(*events[::-1], clusters=ROOM)) == want


def test_what_is_latched_is_placed_before_what_is_not() -> None:
    events = [show(wants("web"), tier="S"), sale(wants("shop"))]
    record = a_record(latched(prepare_at=-100), event=SALE)
    assert placed(a_snapshot(*events, clusters=ROOM, records=[record])) == {"show": 10, "sale": 40}


def test_two_latched_events_of_which_one_is_only_observed_keep_their_own_shares() -> None:
    kept = [latched(allocations=(Allocation(workload, "east", 1, 40),)) for workload in ("web", "shop")]
    records = [a_record(kept[0]), a_record(kept[1], event=SALE, uid="uid-sale")]
    events = show(wants("web", 30)), sale(wants("shop", 20), mode="Observe")
    nights = projected(a_snapshot(*events, clusters=ROOM, records=records))
    assert nights[SHOW].placed["r"].divisions["web"] == {"east": 30}
    assert nights[SALE].placed["r"].divisions["shop"] == {"east": 20}


def test_a_stored_floor_holds_its_room_against_other_events() -> None:
    entry = an_entry("shop", original=0, floors=(a_floor("r", 45),))
    snapshot = a_snapshot(
        show(wants("web")),
        clusters=ROOM,
        records=[a_record(latched(prepare_at=-100), event=SALE)],
        ledgers=[a_ledger(entry, event=SALE)],
    )
    nights = project(snapshot, Books(snapshot), NOW, SETTINGS)
    assert nights[SHOW].placed["r"].divisions["web"] == {"east": 5}


def test_a_target_that_only_a_ledger_knows_keeps_the_room_of_its_original() -> None:
    cluster = a_cluster(nodes=5, targets={target("web"): running(0), target("shop"): running(30)})
    snapshot = a_snapshot(
        show(wants("web")),
        clusters=[cluster],
        ledgers=[a_ledger(an_entry("shop", original=20), event=SALE)],
    )
    assert night(snapshot).placed["r"].divisions["web"] == {"east": 30}


def test_an_entry_in_a_cluster_that_is_gone_takes_no_room() -> None:
    snapshot = a_snapshot(
        show(wants("web")), clusters=ROOM, ledgers=[a_ledger(an_entry("shop"), cluster="gone", event=SALE)]
    )
    assert night(snapshot).placed["r"].divisions["web"] == {"east": 40}


def test_what_lies_too_far_ahead_is_left_out() -> None:
    event = show(wants("web"), wants("web", start=9000, name="late"))
    snapshot = a_snapshot(event, clusters=ROOM)
    near = project(snapshot, Books(snapshot), NOW, SETTINGS, ahead=3600)[SHOW]
    whole = project(snapshot, Books(snapshot), NOW, SETTINGS)[SHOW]
    assert ([s.name for s in near.segments], near.later) == (["r"], True)
    assert ([s.name for s in whole.segments], whole.later) == (["r", "late"], False)


def night(snapshot: Snapshot, now: float = 0) -> Night:
    return project(snapshot, Books(snapshot), NOW + now, SETTINGS)[SHOW]


def spans(one: Night) -> dict[str, tuple[float, float]]:
    return {s.name: (s.ready_by - NOW, s.latest_end - NOW) for s in one.segments}


def test_a_round_that_is_over_and_not_latched_is_gone() -> None:
    snapshot = a_snapshot(show(wants("web", start=-500), wants("web", start=1000, name="s")))
    assert list(spans(night(snapshot))) == ["s"]


def test_a_latched_round_that_was_removed_ends_when_that_is_seen() -> None:
    snapshot = a_snapshot(
        show(wants("web", name="s")), records=[a_record(latched("r", ready_by=-50, end=200))]
    )
    assert spans(night(snapshot)) == {"r": (-50, 0), "s": (1000, 1100)}


def test_a_removed_round_has_ended_when_it_was_first_seen_to_be_gone() -> None:
    snapshot = a_snapshot(
        show(wants("web", name="s")), records=[a_record(latched("r", ready_by=-50, end=-20))]
    )
    assert spans(night(snapshot))["r"] == (-50, -20)


def test_an_edit_makes_a_latch_outdated_and_a_removed_round_does_not() -> None:
    basis = Basis("uid", 0)
    held = latched("r", prepare_at=-900, basis=basis, gap=GapRule.HOLD)
    entry = an_entry(floors=(a_floor("r"),))
    edited = a_snapshot(show(wants("web", start=90_000)), records=[a_record(held)], ledgers=[a_ledger(entry)])
    removed = a_snapshot(show(wants("web", name="s")), records=[a_record(held)], ledgers=[a_ledger(entry)])
    assert night(edited).windows["r"]["east"].released
    assert not night(removed).windows["r"]["east"].released


def test_after_a_deletion_nothing_further_begins_in_any_cluster() -> None:
    item = replace(
        latched("r"),
        clusters=(LatchedCluster("east", NOW - 50), LatchedCluster("west", NOW + 50)),
    )
    ahead = latched("s", ready_by=2000, end=2100, prepare_at=1800)
    entries = [a_ledger(an_entry(floors=(a_floor("r"),)), cluster=c) for c in ("east", "west")]
    snapshot = a_snapshot(
        clusters=[a_cluster("east"), a_cluster("west")],
        records=[a_record(item, ahead)],
        ledgers=entries,
        deleted=frozenset({SHOW}),
    )
    one = night(snapshot)
    assert list(one.windows) == ["r"]
    assert list(one.windows["r"]) == ["east"]
    doubt = night(a_snapshot(records=[a_record(item, ahead)], ledgers=entries))
    assert sorted(doubt.windows["r"]) == ["east", "west"]


def test_the_policy_of_an_event_that_is_gone_is_the_stored_one() -> None:
    kept = Policy(on_delete="Keep", cooldown=1.0, max_step_percent=9)
    assert night(a_snapshot(records=[a_record(policy=kept)])).policy == kept
    assert night(a_snapshot(ledgers=[a_ledger(an_entry(), policy=kept)])).policy == kept


def test_a_workload_that_was_taken_out_keeps_its_window() -> None:
    entry = an_entry("old", original=3, floors=(a_floor("r", 20),))
    lost = an_entry("lost", original=None, floors=(a_floor("r", 20),))
    snapshot = a_snapshot(
        show(wants("web")), records=[a_record(latched(prepare_at=-5))], ledgers=[a_ledger(entry, lost)]
    )
    assert night(snapshot).windows["r"]["east"].prepare_at == NOW - 5


@pytest.mark.parametrize(
    ("more", "want"),
    [
        pytest.param({}, (False, False), id="an event that is enforced"),
        pytest.param({"paused": True}, (False, True), id="a paused event is frozen"),
        pytest.param({"mode": "Observe"}, (True, True), id="an observed event is frozen"),
    ],
)
def test_frozen(more: dict[str, Any], want: tuple[bool, bool]) -> None:
    one = night(a_snapshot(show(wants("web"), **more)))
    assert (one.observed, one.frozen) == want
