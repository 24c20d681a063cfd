"""The recorder: passes go in, the operator's own night log comes out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gala.errors import Conflict
from gala.planning.facts import Missing, NodeRoom
from gala.planning.ledger import EventRecord, Move, Phase, Policy
from gala.planning.outcome import ClusterWindow
from gala.report.event_judgements import RoundProgress
from gala.report.event_report import build
from gala.report.nightlog import NightLog, Place
from gala.report.recorder import Recorder
from report_night import EVENT, T0
from report_passes import (
    Done,
    cluster,
    decision,
    event_plan,
    facts,
    floor,
    ledger,
    plan,
    segment,
    snapshot,
    target,
    traffic,
    write,
)

WEB = Place("web", "east")


def played(recorder: Recorder) -> NightLog:
    log = recorder.log(EVENT)
    assert log is not None
    return log


def take(recorder: Recorder, at: float, *, ready: int | None = 10, due: int = 10, **changes: Any) -> None:
    """A pass ``at`` seconds after T0 in which ``due`` are held and ``ready`` are Ready."""
    held = ledger(max(due, 2), floor(due)) if due else None
    ledgers = {(EVENT, "east"): held} if held else {}
    have = target(max(due, 2), Missing("Unreachable", "no contact") if ready is None else ready)
    values: dict[str, Any] = {
        "snapshot": snapshot(ledgers=ledgers, clusters={"east": cluster(web=have)}),
        "plan": plan(
            event_plan(
                floors={("web", "east"): due}, ready={("web", "east"): ready}, open_entries=1 if due else 0
            )
        ),
        "results": (),
    }
    chosen = values | changes
    recorder.observe(T0 + at, chosen["snapshot"], chosen["plan"], chosen["results"])


def one_night() -> Recorder:
    """Prepared at 20 s, Ready at 70 s, back at 180 s."""
    recorder = Recorder()
    take(recorder, 0, due=0, ready=2)
    take(
        recorder,
        20,
        ready=2,
        results=(Done(write(2, 10)),),
        plan=plan(
            event_plan(floors={("web", "east"): 10}, ready={("web", "east"): 2}, open_entries=1),
            decisions=(decision(T0 + 20, 2, 10),),
            ledgers={(EVENT, "east"): ledger(10, floor())},
        ),
    )
    for at in (70, 90, 100, 150, 170):
        take(recorder, at)
    take(
        recorder,
        180,
        due=0,
        results=(Done(write(10, 2, "HandBack")),),
        plan=plan(
            event_plan("HandedBack", ready={("web", "east"): 10}),
            decisions=(decision(T0 + 180, 10, 2, "HandBack"), decision(T0 + 180, 2, 2, "HandedBack")),
            ledgers={(EVENT, "east"): None},
        ),
    )
    return recorder


def test_a_night_comes_out_as_it_was() -> None:
    log = played(one_night())
    assert list(log.spec[WEB]) == [(T0, 2), (T0 + 20, 10), (T0 + 180, 2)]
    assert list(log.ready[WEB]) == [(T0, 2), (T0 + 70, 10)]
    assert list(log.intended[WEB]) == [(T0, 2), (T0 + 20, 10), (T0 + 180, 2)]
    report = build(log)
    assert report.verdict == "every round was Ready, everything was given back"
    assert report.rounds[0].ready_at == T0 + 70
    assert (report.writes.total, len(report.decisions)) == (2, 3)
    assert log.time_zone == "Asia/Shanghai"


def test_after_the_end_nothing_is_added() -> None:
    recorder = one_night()
    ended = played(recorder).ended_at
    take(recorder, 9000, due=0, ready=2)
    assert played(recorder).ended_at == ended == T0 + 180


def test_an_event_that_was_never_seen_has_no_log() -> None:
    recorder = Recorder()
    take(recorder, 0, snapshot=snapshot(events=()))
    assert recorder.log(EVENT) is None
    assert recorder.progress(EVENT) == {}
    assert recorder.contested_at(EVENT) is None


def test_a_deleted_event_is_recorded_to_its_end() -> None:
    recorder = Recorder()
    take(recorder, 20)
    gone = snapshot(
        events=(), ledgers={(EVENT, "east"): ledger(10, floor())}, clusters={"east": cluster(web=target(10))}
    )
    take(recorder, 40, ready=8, snapshot=gone)
    assert played(recorder).ready[WEB].value_at(T0 + 40) == 8
    recorder.keep(())
    assert recorder.log(EVENT) is None


def test_ready_that_is_unknown_stays_unknown() -> None:
    recorder = Recorder()
    take(recorder, 95)
    take(recorder, 105, ready=None)
    take(recorder, 165)
    log = played(recorder)
    assert log.ready[WEB].value_at(T0 + 110) is None
    assert log.warm[WEB].value_at(T0 + 110) is None
    assert build(log).rounds[0].estimated


def test_days_before_the_show_nothing_is_kept() -> None:
    recorder = Recorder()
    for day in range(19, 0, -1):
        take(recorder, -86_400.0 * day, due=0, ready=day)
    take(recorder, 0, due=0, ready=2)
    log = played(recorder)
    assert list(log.ready[WEB]) == [(T0, 2)]
    assert log.started_at == T0


def test_a_series_that_grows_without_end_forgets_its_older_half() -> None:
    recorder = Recorder(max_steps=100)
    long = event_plan(segments=(segment(latest_end=T0 + 10**9),))
    for index in range(110):
        view = replace(long, ready={("web", "east"): index % 7})
        take(recorder, 25.0 + index, plan=plan(view), snapshot=snapshot())
    assert 50 <= len(played(recorder).ready[WEB]) <= 100


def test_samples_of_traffic_are_taken_at_their_own_time_and_once() -> None:
    recorder = Recorder()
    for at, (qps, sampled) in enumerate([(100.0, 3), (100.0, 3), (200.0, 18), (300.0, 10)]):
        seen = snapshot(clusters={"east": cluster(traffic=traffic(qps, at=T0 + sampled))})
        take(recorder, 20.0 + at, snapshot=seen)
    take(
        recorder, 30, snapshot=snapshot(clusters={"east": cluster(traffic=traffic(Missing("Stale", "old")))})
    )
    assert list(played(recorder).offered[WEB]) == [(T0 + 3, 100), (T0 + 18, 200)]


def test_the_floor_is_the_one_at_ready_by_and_takes_lower_it() -> None:
    recorder = Recorder()
    take(recorder, 80, due=8)
    take(recorder, 90, due=10)
    moved = snapshot(ledgers={(EVENT, "east"): ledger(7, floor(7, taken=3))})
    take(recorder, 120, due=7, snapshot=moved)
    (found,) = played(recorder).floors
    assert (found.at_ready_by, found.takes) == (10, ((T0 + 120, 3),))


@pytest.mark.parametrize(
    ("to", "held", "want"),
    [
        pytest.param(9, floor(10), 1, id="below the floor of a live round: wrong"),
        pytest.param(10, floor(10), 0, id="down to the floor: right"),
        pytest.param(7, floor(7, taken=3), 0, id="after the take of a move: right"),
        pytest.param(6, floor(6, generation=2), 0, id="a person's newer word: right"),
        pytest.param(6, floor(6), 1, id="a floor that fell without a reason: wrong"),
    ],
)
def test_wrong_decreases(to: int, held: Any, want: int) -> None:
    recorder = Recorder()
    take(recorder, 90, due=10)
    now = snapshot(
        ledgers={(EVENT, "east"): ledger(held.replicas, held)}, clusters={"east": cluster(web=target(12))}
    )
    take(recorder, 120, snapshot=now, results=(Done(write(12, to)),))
    assert played(recorder).wrong_decreases == want


def test_a_decrease_after_the_round_is_not_wrong() -> None:
    recorder = Recorder()
    take(recorder, 90, due=10)
    take(recorder, 171, due=0, results=(Done(write(10, 2)),))
    assert played(recorder).wrong_decreases == 0


def test_a_write_that_failed_counts_as_failed_and_changes_nothing() -> None:
    recorder = Recorder()
    take(recorder, 90, due=10)
    take(recorder, 120, results=(Done(write(12, 1), Conflict("it changed", status=409)),))
    log = played(recorder)
    assert [one.error for one in log.writes] == ["Conflict"]
    assert log.wrong_decreases == 0
    assert log.spec[WEB].value_at(T0 + 120) == 10


@pytest.mark.parametrize(
    ("reason", "want"),
    [
        pytest.param("HandedBack", True, id="at its exact original"),
        pytest.param("HandedOver", True, id="taken over by another event"),
        pytest.param("ChangedByOther", False, id="left to somebody else"),
        pytest.param("OriginalLost", False, id="its original is lost"),
        pytest.param("Kept", False, id="kept on purpose"),
    ],
)
def test_handed_back_is_said_of_exact_originals_only(reason: str, want: bool) -> None:
    recorder = Recorder()
    take(recorder, 90)
    closing = plan(event_plan("HandedBack"), decisions=(decision(T0 + 180, 2, 2, reason),))
    take(recorder, 180, due=0, plan=closing)
    assert played(recorder).handed_back is want


@pytest.mark.parametrize(
    ("reason", "want"),
    [
        pytest.param("OriginalLost", {WEB}, id="its original is lost"),
        pytest.param("ChangedByOther", set(), id="somebody else has set it"),
    ],
)
def test_a_target_that_is_let_go_without_its_original_is_remembered(reason: str, want: set[Place]) -> None:
    recorder = Recorder()
    take(recorder, 90)
    closing = plan(event_plan("Live", open_entries=1), decisions=(decision(T0 + 180, 9, 9, reason),))
    take(recorder, 180, due=0, plan=closing)
    assert recorder.left(EVENT) == want


def test_capacity_that_is_still_held_is_not_handed_back() -> None:
    recorder = Recorder()
    take(recorder, 120)
    assert not played(recorder).handed_back


def test_a_contest_is_counted_and_its_time_kept() -> None:
    recorder = Recorder()
    take(recorder, 120, plan=plan(decisions=(decision(T0 + 120, 4, 10, "Contested"),)))
    assert (played(recorder).contested, recorder.contested_at(EVENT)) == (1, T0 + 120)


def test_each_move_counts_once_through_all_its_phases() -> None:
    recorder = Recorder()
    move = Move(
        workload="web", segment="round-1", source="west", to="east", count=3, phase=Phase.ADDING,
        source_floor=7, to_floor=13, at=T0 + 110,
    )  # fmt: skip
    moves = [replace(move, phase=phase, at=T0 + 110 + n) for n, phase in enumerate(Phase)]
    moves.append(replace(move, to_floor=16, at=T0 + 140))
    for index, one in enumerate(moves):
        record = EventRecord(event=EVENT, uid="u1", policy=Policy(), moves=(one,))
        take(recorder, 110.0 + index, plan=plan(records={EVENT: record}))
    found = played(recorder).moves
    assert [(one.opened_at, one.source, one.to, one.replicas) for one in found] == [
        (T0 + 110, "west", "east", 3),
        (T0 + 140, "west", "east", 3),
    ]


def test_nodes_that_were_not_there_at_first_are_servers_added() -> None:
    recorder = Recorder()
    for at, count in enumerate((3, 2, 5, 4)):
        rooms = (NodeRoom(count, 1000, 1, 10),)
        take(recorder, 20.0 + at, snapshot=snapshot(clusters={"east": cluster(nodes=rooms)}))
    assert played(recorder).servers_added == 2


def test_progress_of_a_round_as_it_goes_on() -> None:
    recorder = Recorder()
    take(recorder, 0, due=0, ready=2)
    assert recorder.progress(EVENT) == {}
    take(recorder, 90)
    assert recorder.progress(EVENT) == {"round-1": RoundProgress(ready_at=T0 + 90)}
    take(recorder, 110, ready=7)
    take(recorder, 120, ready=7)
    want = RoundProgress(ready_at=T0 + 90, ready_at_start=10, short_replica_seconds=30)
    assert recorder.progress(EVENT) == {"round-1": want}
    take(recorder, 160, ready=7)
    assert recorder.progress(EVENT)["round-1"].short_replica_seconds == 150
    take(recorder, 400, ready=0)
    assert recorder.progress(EVENT)["round-1"].short_replica_seconds == 150


def test_a_round_that_was_taken_out_before_it_began_is_forgotten_one_that_ran_is_not() -> None:
    later = segment(
        name="round-2", round="round-2", start=T0 + 5000, ready_by=T0 + 5000, latest_end=T0 + 6000,
        windows=(ClusterWindow("east", T0 + 4000, T0 + 6000, "", 0.0),),
    )  # fmt: skip
    recorder = Recorder()
    take(recorder, 60, plan=plan(event_plan(segments=(segment(), later))))
    take(recorder, 80, plan=plan(event_plan(segments=())))
    assert [one.name for one in played(recorder).segments] == ["round-1"]


def test_an_observed_event_is_judged_by_its_plan() -> None:
    recorder = Recorder()
    for at in (0, 95, 165):
        view = event_plan(floors={("web", "east"): 10}, ready={("web", "east"): 2})
        take(recorder, at, plan=plan(view), snapshot=snapshot(events=(facts(),)))
    log = played(recorder)
    assert build(log).rounds[0].short_replica_seconds == 8 * 60
    assert log.intended[WEB].value_at(T0 + 95) == 10
