"""One whole pass: ledgers, writes, and when the next one comes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gala.planning import reasons
from gala.planning.ledger import Allocation, LastShares, State
from gala.planning.outcome import Guard, Write
from gala.planning.plan import plan
from gala.planning.snapshot import Snapshot
from gala.settings import HOME_MANAGER, MANAGER
from planning_passes import LATCH, live, planned, told, writes
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
    traffic,
    with_capacity,
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


def test_a_lost_original_rises_from_what_runs() -> None:
    entry = an_entry(original=None, written=None, intended=30, state=State.INTENDED, floors=(a_floor(),))
    made = planned(live(running(10, manager=MANAGER), entry))
    assert writes(made) == [("east", "web", 10, 30)]


def test_an_entry_in_a_cluster_that_is_gone_stays() -> None:
    snapshot = live(cluster=a_cluster("west", targets={}))
    made = planned(snapshot)
    assert made.writes == ()
    assert made.ledgers.get((SHOW, "east"), "unchanged") is not None


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
