"""Events that are frozen, in doubt, deleted, replaced, or share a target."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gala.planning import reasons
from gala.planning.ledger import Basis, Phase, Policy, State
from gala.planning.snapshot import Snapshot
from gala.settings import MANAGER
from planning_passes import LATCH, SALE, findings, live, planned, writes
from planning_values import (
    BASIS,
    SHOW,
    a_cluster,
    a_floor,
    a_ledger,
    a_move,
    a_record,
    a_round,
    a_snapshot,
    a_spec,
    an_entry,
    an_event,
    running,
    target,
)


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"paused": True}, id="a paused event"),
        pytest.param({"mode": "Observe"}, id="an observed event"),
    ],
)
def test_a_frozen_event_stores_and_writes_nothing(spec: dict[str, Any]) -> None:
    frozen = live(running(4, manager="argocd"), spec=spec)
    made = planned(frozen)
    assert (made.records, made.ledgers, made.writes) == ({}, {}, ())
    ahead = planned(a_snapshot(an_event(a_spec(a_round(start=20), **spec))))
    assert (ahead.records, ahead.ledgers, ahead.writes) == ({}, {}, ())


def test_a_frozen_event_on_its_way_home_stays_there() -> None:
    entry = an_entry(state=State.RETURNING)
    made = planned(live(running(20, manager=MANAGER), entry, spec={"paused": True}))
    assert (made.ledgers, made.writes) == ({}, ())


def test_an_event_in_doubt_keeps_what_it_holds() -> None:
    made = planned(live(running(30, manager=MANAGER), events=()), 9000)
    assert made.writes == ()
    assert made.ledgers[SHOW, "east"] is not None


def test_an_event_that_is_doubted_itself_lowers_nothing() -> None:
    event = replace(an_event(a_spec(a_round(start=-9000))), doubt=True)
    assert planned(live(events=(event,), record=a_record())).writes == ()


@pytest.mark.parametrize(
    ("policy", "want"),
    [
        pytest.param(Policy(), [("east", "web", 30, 17)], id="a deleted event gives back after its hold"),
        pytest.param(Policy(on_delete="Keep"), [("east", "web", 30, 30)], id="one that keeps is let go"),
    ],
)
def test_deletion(policy: Policy, want: list[tuple[str, str, int, int]]) -> None:
    entry = an_entry(floors=(a_floor(),))
    snapshot = live(
        events=(),
        record=replace(a_record(LATCH), policy=policy),
        ledgers=[a_ledger(entry, policy=policy)],
        deleted=frozenset({SHOW}),
    )
    assert writes(planned(snapshot)) == []
    assert writes(planned(snapshot, 799)) == []
    assert writes(planned(snapshot, 800)) == want


def test_a_deleted_event_is_forgotten_when_everything_is_home() -> None:
    gone = a_snapshot(records=[a_record()], deleted=frozenset({SHOW}))
    assert planned(gone).records == {SHOW: None}


def test_an_open_move_closes_with_its_event() -> None:
    record = replace(a_record(LATCH), moves=(a_move(Phase.ADDING), a_move(Phase.CLOSED, workload="b")))
    made = planned(live(events=(), record=record)).records[SHOW]
    assert made is not None
    assert [m.phase for m in made.moves] == [Phase.CLOSED, Phase.CLOSED]


def test_a_replaced_event_adopts_entries_and_record() -> None:
    event = an_event(a_spec(a_round(start=-50, duration="550s")), uid="uid-new")
    made = planned(live(events=(event,)))
    record, ledger = made.records[SHOW], made.ledgers[SHOW, "east"]
    assert record is not None
    assert ledger is not None
    assert (record.uid, ledger.uid) == ("uid-new", "uid-new")
    assert ledger.entries[0].floors[0].basis == Basis("uid-new", 1)
    assert ledger.entries[0].original == 4
    assert made.writes == ()
    assert ledger.entries[0].floors[0].basis != BASIS


def shared(show_at: float, sale_at: float, facts: Any, **more: Any) -> Snapshot:
    """Two events on one target, each with a round of 100 s that needs 30 and 50."""
    sale = a_spec(a_round(start=sale_at, demand=[{"workload": "web", "replicas": 50}]))
    return a_snapshot(
        an_event(a_spec(a_round(start=show_at))),
        an_event(sale, SALE, uid="uid-sale", created=2.0),
        clusters=[a_cluster(targets={target(): facts})],
        **more,
    )


def test_two_events_write_the_higher_of_their_floors_once() -> None:
    made = planned(shared(0, 0, running(4)))
    assert sorted(made.ledgers) == [(SALE, "east"), (SHOW, "east")]
    assert writes(made) == [("east", "web", 4, 50)]
    assert {ledger.entries[0].original for ledger in made.ledgers.values() if ledger} == {4}


def test_an_event_whose_entry_is_not_stored_yet_is_waited_for() -> None:
    snapshot = shared(
        -900,
        0,
        running(30, manager=MANAGER),
        records=[a_record()],
        ledgers=[a_ledger(an_entry())],
    )
    made = planned(snapshot)
    assert writes(made) == [("east", "web", 30, 50)]
    ledger = made.ledgers[SALE, "east"]
    assert ledger is not None
    assert ledger.entries[0].original == 4
    stored = {**snapshot.ledgers, (SALE, "east"): ledger}
    records = {key: record for key, record in made.records.items() if record is not None}
    closed = planned(replace(snapshot, ledgers=stored, records=records))
    assert closed.ledgers[SHOW, "east"] is None
    assert reasons.HANDED_OVER in findings(closed)


def test_two_events_on_their_way_home_take_the_same_steps() -> None:
    entry = an_entry(intended=30, state=State.RETURNING)
    ledgers = [a_ledger(entry), a_ledger(entry, event=SALE)]
    made = planned(shared(-9000, -9000, running(30, manager=MANAGER), ledgers=ledgers))
    assert writes(made) == [("east", "web", 30, 17)]
