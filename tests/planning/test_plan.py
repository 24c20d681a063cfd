"""One whole pass: ledgers, writes, and what people are told."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gala.planning import reasons
from gala.planning.facts import EventKey, Missing, Snapshot
from gala.planning.ledger import Allocation, Basis, LastShares, Phase, Policy, State
from gala.planning.outcome import EventPlan, Guard, Plan, Write
from gala.planning.plan import plan
from gala.settings import HOME_MANAGER, MANAGER
from planning_values import (
    BASIS,
    NOW,
    SETTINGS,
    SHOW,
    a_cluster,
    a_floor,
    a_ledger,
    a_move,
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
    traffic,
    with_capacity,
)

SALE = EventKey("gala", "sale")


def planned(snapshot: Snapshot, now: float = 0) -> Plan:
    return plan(snapshot, NOW + now, SETTINGS)


def writes(made: Plan) -> list[tuple[str, str, int, int]]:
    return [(w.cluster, w.target.name, w.was, w.to) for w in made.writes]


def told(made: Plan, key: EventKey = SHOW) -> EventPlan:
    return made.events[key]


def findings(made: Plan, key: EventKey = SHOW) -> list[str]:
    return [finding.reason for finding in told(made, key).findings]


LATCH = latched(prepare_at=-200, ready_by=-50, end=500, allocations=(Allocation("web", "east", 1, 100),))


def live(
    facts: Any = None, entry: Any = None, *, cluster: Any = None, record: Any = None, **more: Any
) -> Snapshot:
    """A round that needs 30 and runs since 50 s; its hold began 200 s ago."""
    spec = a_spec(a_round(start=-50, duration="550s"), **more.pop("spec", {}))
    held = entry or an_entry(floors=(a_floor(),))
    place = cluster or a_cluster(targets={target(): facts or running(30, manager=MANAGER)})
    return a_snapshot(
        *more.pop("events", (an_event(spec),)),
        clusters=[place],
        records=[record or a_record(LATCH)],
        ledgers=more.pop("ledgers", [a_ledger(held)]),
        **more,
    )


def test_a_hold_that_begins_stores_its_record_and_entry_and_writes() -> None:
    made = planned(a_snapshot(an_event()), 900)
    assert made.records[SHOW] is not None
    ledger = made.ledgers[SHOW, "east"]
    assert ledger is not None
    assert ledger.hold_until == NOW + 1100 + 300
    assert [(e.original, e.intended, e.written) for e in ledger.entries] == [(4, 30, None)]
    want = Write(
        cluster="east",
        target=target(),
        uid="t1",
        resource_version="7",
        was=4,
        to=30,
        guard=Guard.RESOURCE_VERSION,
        manager=MANAGER,
        event=SHOW,
        workload="web",
        reason=reasons.PRE_SCALE,
        rule="ratchet",
    )
    assert made.writes == (want,)
    assert [d.reason for d in made.decisions] == [reasons.PRE_SCALE]
    assert told(made).phase == "Preparing"


def test_nothing_is_stored_before_a_hold_begins() -> None:
    made = planned(a_snapshot(an_event()))
    assert (made.records, made.ledgers, made.writes, made.busy) == ({}, {}, (), False)
    assert told(made).phase == "Planned"
    assert made.wake_at < NOW + 1000


def test_a_quiet_pass_stores_and_writes_nothing() -> None:
    made = planned(live(facts=running(30, manager=MANAGER)))
    assert (made.records, made.ledgers, made.writes) == ({}, {(SHOW, "east"): made.ledgers[SHOW, "east"]}, ())
    again = live(ledgers=[made.ledgers[SHOW, "east"]])
    assert planned(again).ledgers == {}


def test_a_large_rise_opens_in_waves() -> None:
    spec = a_spec(a_round(demand=[{"workload": "web", "replicas": 400}]))
    cluster = a_cluster(nodes=100)
    snapshot = a_snapshot(an_event(spec), clusters=[cluster])
    begins = planned(snapshot).events[SHOW].segments[0].prepare_at
    first = plan(snapshot, begins, SETTINGS)
    assert [w.to for w in first.writes] == [104]
    later = replace(snapshot, records=dict(first.records), ledgers=dict(first.ledgers))
    cluster = replace(cluster, targets={target(): running(104, manager=MANAGER)})
    second = plan(replace(later, clusters={"east": cluster}), begins + 10, SETTINGS)
    assert [w.to for w in second.writes] == [204]
    between = plan(replace(later, clusters={"east": cluster}), begins + 9, SETTINGS)
    assert between.writes == ()
    assert second.wake_at == begins + 20


def test_what_falls_is_written_before_what_rises() -> None:
    spec = a_spec(
        a_round(start=-50, duration="550s", demand=[{"workload": "b", "replicas": 20}]),
        workloads=[a_workload("a", tier="S"), a_workload("b")],
    )
    cluster = a_cluster(
        targets={target("a"): running(50, manager=MANAGER), target("b"): running(4, manager=MANAGER)}
    )
    entries = [an_entry("a", intended=50), an_entry("b", written=4, intended=4, floors=(a_floor("r", 20),))]
    made = planned(
        a_snapshot(
            an_event(spec), clusters=[cluster], records=[a_record(LATCH)], ledgers=[a_ledger(*entries)]
        )
    )
    assert writes(made) == [("east", "a", 50, 27), ("east", "b", 4, 20)]


def test_the_last_step_home_and_the_close() -> None:
    entry = an_entry(intended=5, written=6, state=State.RETURNING)
    snapshot = live(running(5, manager=MANAGER), entry, events=(an_event(),), record=a_record())
    made = planned(snapshot)
    assert [(w.to, w.manager, w.guard) for w in made.writes] == [(4, HOME_MANAGER, Guard.VALUE)]
    home = replace(
        snapshot,
        clusters={"east": a_cluster(targets={target(): running(4, manager=HOME_MANAGER)})},
        ledgers={(SHOW, "east"): made.ledgers[SHOW, "east"]},
    )
    closed = planned(home)
    assert closed.ledgers == {(SHOW, "east"): None}
    assert [d.reason for d in closed.decisions] == [reasons.HANDED_BACK]
    assert told(closed).ever_opened
    assert told(closed).open_entries == 0


@pytest.mark.parametrize(
    ("ago", "want"),
    [
        pytest.param(None, [30], id="a value below the floor is raised again"),
        pytest.param(10, [30], id="after the back-off it is raised again"),
        pytest.param(9, [], id="within the back-off it is left"),
    ],
)
def test_contested(ago: float | None, want: list[int]) -> None:
    asserted = {} if ago is None else {("east", target()): NOW - ago}
    made = planned(live(running(10, manager="argocd"), reasserted=asserted))
    assert [w.to for w in made.writes] == want
    assert reasons.CONTESTED in findings(made)
    assert "argocd" in next(f.message for f in told(made).findings if f.reason == reasons.CONTESTED)


def test_a_contest_with_nobody_in_particular_is_told_as_well() -> None:
    made = planned(live(running(10, manager="")))
    assert "an unknown writer" in next(f.message for f in told(made).findings)


def test_a_lost_original_is_told_and_raised() -> None:
    made = planned(live(running(10, manager=MANAGER), ledgers=[]))
    assert [w.to for w in made.writes] == [30]
    assert [w.guard for w in made.writes] == [Guard.VALUE]
    assert reasons.ORIGINAL_LOST in findings(made)


def test_a_lost_original_rises_from_what_runs() -> None:
    entry = an_entry(original=None, written=None, intended=30, state=State.INTENDED, floors=(a_floor(),))
    made = planned(live(running(10, manager=MANAGER), entry))
    assert writes(made) == [("east", "web", 10, 30)]


def test_an_entry_closed_for_another_reason_is_told() -> None:
    entry = an_entry(state=State.RETURNING)
    made = planned(live(running(17), entry, events=(an_event(),), record=a_record()))
    assert reasons.CHANGED_BY_OTHER in findings(made)


def test_a_target_that_cannot_be_read_is_told() -> None:
    made = planned(live(Missing("Forbidden", "not allowed")))
    assert "TargetUnknown" in findings(made)
    assert told(made).ready == {("web", "east"): None}


def test_an_unreachable_cluster_is_told_and_not_written() -> None:
    cluster = a_cluster(reachable=False, targets={target(): running(4)})
    made = planned(live(cluster=cluster))
    assert made.writes == ()
    assert "ClusterUnreachable" in findings(made)


def test_an_entry_in_a_cluster_that_is_gone_stays() -> None:
    snapshot = live(cluster=a_cluster("west", targets={}))
    made = planned(snapshot)
    assert made.writes == ()
    assert made.ledgers.get((SHOW, "east"), "unchanged") is not None


@pytest.mark.parametrize(
    ("more", "want"),
    [
        pytest.param({}, "Armed", id="when all is warm before the round the event is armed"),
        pytest.param({"warm": 29}, "Preparing", id="while a pod is cold it prepares"),
        pytest.param(
            {"warm": Missing("WarmUnknown", "x")}, "Preparing", id="while warmth is unknown it prepares"
        ),
    ],
)
def test_before_the_round(more: dict[str, Any], want: str) -> None:
    item = latched(prepare_at=-200, ready_by=50, end=600, allocations=LATCH.allocations)
    snapshot = live(running(30, manager=MANAGER, **more), record=a_record(item))
    event = an_event(a_spec(a_round(start=50, duration="550s")))
    assert told(planned(replace(snapshot, events=(event,)))).phase == want


def test_a_target_that_holds_nothing_now_does_not_delay_the_arming() -> None:
    item = latched(prepare_at=-200, ready_by=50, end=600, allocations=LATCH.allocations)
    entries = [an_entry(floors=(a_floor(),)), an_entry("old", original=3, intended=3, state=State.RETURNING)]
    cluster = a_cluster(
        targets={target(): running(30, manager=MANAGER), target("old"): running(9, manager=MANAGER)}
    )
    snapshot = live(cluster=cluster, record=a_record(item), ledgers=[a_ledger(*entries)])
    event = an_event(a_spec(a_round(start=50, duration="550s")))
    assert told(planned(replace(snapshot, events=(event,)))).phase == "Armed"


def test_phases_during_and_after_the_round() -> None:
    assert told(planned(live())).phase == "Live"
    over = live(
        events=(an_event(a_spec(a_round(start=-900))),), record=a_record(replace(LATCH, end=NOW - 100))
    )
    assert told(planned(over)).phase == "Cooling"
    done = a_snapshot(an_event(a_spec(a_round(start=-900))))
    assert told(planned(done)).phase == "HandedBack"
    assert told(planned(a_snapshot(an_event(a_spec(a_round(), paused=True))))).phase == "Paused"


def test_a_late_start_is_told() -> None:
    made = planned(a_snapshot(an_event(a_spec(a_round(start=20)))))
    assert "LateStart" in findings(made)
    assert told(made).segments[0].windows[0].late > 0


def test_a_shortfall_is_told_with_the_bound_that_was_met() -> None:
    small = a_snapshot(an_event(), clusters=[a_cluster(nodes=1)])
    bound = a_snapshot(an_event(a_spec(workloads=[a_workload(perCluster={"max": 7})])))
    for snapshot, reason, short in ((small, "InsufficientRoom", 20), (bound, "PerClusterMax", 23)):
        made = planned(snapshot)
        assert reason in findings(made)
        need = told(made).segments[0].needs[0]
        assert (need.short, need.short_reason, need.required) == (short, reason, 30)


def test_what_nobody_can_cover_is_a_shortfall() -> None:
    gone = a_cluster(targets={target(): Missing("NotFound", "There is no such target.")})
    made = planned(live(cluster=gone))
    need = told(made).segments[0].needs[0]
    assert (need.short, need.short_reason) == (30, reasons.UNCOVERED)
    assert reasons.UNCOVERED in findings(made)


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


MEASURED = {"signal_configured": True, "traffic": {(SHOW, "web"): traffic(100, 100)}}


def measuring(start: float = 1000, last: Any = (), **more: Any) -> Snapshot:
    spec = a_spec(
        a_round(start=start, demand=[{"workload": "web", "qps": 300}]),
        workloads=[a_workload(**with_capacity())],
    )
    records = [a_record(last_shares=last)] if last else []
    return a_snapshot(an_event(spec), clusters=[a_cluster(**(MEASURED | more))], records=records)


OLD = LastShares("web", NOW - 601, (("east", 1),))


@pytest.mark.parametrize(
    ("snapshot", "want"),
    [
        pytest.param(measuring(), NOW, id="a complete set of shares is remembered"),
        pytest.param(measuring(9000), None, id="a round far ahead needs none yet"),
        pytest.param(measuring(last=(OLD,)), NOW, id="an old set is renewed"),
        pytest.param(measuring(last=(OLD._replace(at=NOW - 500),)), NOW - 500, id="a young set is kept"),
        pytest.param(measuring(reachable=False), None, id="a set without a cluster is not complete"),
        pytest.param(measuring(traffic={}), None, id="without a figure nothing is remembered"),
    ],
)
def test_last_shares(snapshot: Snapshot, want: float | None) -> None:
    record = planned(snapshot).records.get(SHOW, snapshot.records.get(SHOW))
    assert (record.last_shares[0].at if record else None) == want


def test_shares_are_forgotten_when_the_last_round_is_over() -> None:
    assert planned(measuring(-9000, last=(OLD,))).records == {SHOW: None}


def test_a_raise_before_the_hold_has_begun_begins_it() -> None:
    spec = a_spec(
        a_round(start=20, duration="500s", demand=[{"workload": "web", "qps": 600}]),
        workloads=[a_workload(**with_capacity())],
        rebalance={"enabled": False},
    )
    item = latched(
        ready_by=20,
        end=520,
        prepare_at=-100,
        clusters=("east",),
        allocations=(Allocation("web", "east", 1, 100), Allocation("web", "west", 0, 100)),
    )
    west = a_cluster("west", targets={target(): running(0)}, traffic={(SHOW, "web"): traffic(80, 80)})
    snapshot = a_snapshot(
        an_event(spec),
        clusters=[a_cluster(targets={target(): running(60, manager=MANAGER)}), west],
        records=[a_record(item)],
        ledgers=[a_ledger(an_entry(floors=(a_floor("r", 60),)))],
    )
    made = planned(snapshot)
    record = made.records[SHOW]
    assert record is not None
    assert {c.cluster: c.prepare_at for c in record.latched[0].clusters} == {"east": NOW - 100, "west": NOW}
    assert writes(made) == [("west", "web", 0, 8)]


def test_the_next_edges() -> None:
    assert planned(a_snapshot()).wake_at == float("inf")
    quiet = planned(live())
    assert quiet.busy
    assert quiet.wake_at == NOW + 10
    frozen = planned(live(spec={"paused": True}))
    assert frozen.wake_at > NOW
    stepping = an_entry(intended=17, state=State.RETURNING, since=NOW - 5)
    waiting = live(
        running(17, pods=20, manager=MANAGER),
        stepping,
        events=(),
        record=a_record(),
        deleted=frozenset({SHOW}),
    )
    assert planned(waiting).wake_at == NOW + 25


def test_a_held_gap_keeps_the_short_tick() -> None:
    spec = a_spec(a_round("r", -200), a_round("s", 400))
    record = a_record(latched("r", ready_by=-200, end=-100, prepare_at=-300))
    made = planned(
        a_snapshot(
            an_event(spec),
            clusters=[a_cluster(targets={target(): running(30, manager=MANAGER)})],
            records=[record],
            ledgers=[a_ledger(an_entry(floors=(a_floor("r"),)))],
        )
    )
    assert made.busy
    assert made.writes == ()


def test_a_latched_cluster_that_nobody_knows_is_planned_and_not_written() -> None:
    item = replace(LATCH, allocations=(*LATCH.allocations, Allocation("web", "gone", 1, 100)))
    made = planned(live(record=a_record(item)))
    assert {p.cluster: p.division for p in told(made).segments[0].placements} == {"east": 15, "gone": 15}
    assert (SHOW, "gone") not in made.ledgers


def test_an_event_is_told_by_namespace_and_name() -> None:
    assert (str(SHOW), str(target())) == ("gala/show", "Deployment gala/web")
