"""What a plan tells people."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gala.planning import reasons
from gala.planning.facts import Missing
from gala.planning.ledger import Allocation, State
from gala.planning.outcome import Guard
from gala.settings import MANAGER
from planning_passes import LATCH, findings, live, planned, told
from planning_values import (
    NOW,
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


def test_an_entry_closed_for_another_reason_is_told() -> None:
    entry = an_entry(state=State.RETURNING)
    made = planned(live(running(17), entry, events=(an_event(),), record=a_record()))
    assert reasons.CHANGED_BY_OTHER in findings(made)


def test_a_target_that_cannot_be_read_is_told() -> None:
    made = planned(live(Missing("Forbidden", "not allowed")))
    assert "TargetUnknown" in findings(made)
    assert told(made).ready == {("web", "east"): None}


def test_what_is_ready_of_a_deleted_event_is_told_as_long_as_it_holds_something() -> None:
    made = planned(live(running(29, manager=MANAGER), events=(), deleted=frozenset({SHOW})))
    assert told(made).floors == {("web", "east"): 30}
    assert told(made).ready == {("web", "east"): 29}


def test_an_unreachable_cluster_is_told_and_not_written() -> None:
    cluster = a_cluster(reachable=False, targets={target(): running(4)})
    made = planned(live(cluster=cluster))
    assert made.writes == ()
    assert "ClusterUnreachable" in findings(made)


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


@pytest.mark.parametrize(
    ("warm", "want"),
    [
        pytest.param(30, "Preparing", id="its cold floor is one that is due, so the event prepares"),
        pytest.param(40, "Armed", id="once it is warm as well the event is armed"),
    ],
)
def test_before_a_round_whose_after_scene_has_begun(warm: int, want: str) -> None:
    spec = a_spec(
        a_round(start=50, duration="30s", afterScene="encore"),
        scenes=[{"name": "encore", "demand": [{"workload": "web", "replicas": 40}]}],
    )
    share = LATCH.allocations
    record = a_record(
        latched(prepare_at=-200, ready_by=50, end=380, allocations=share),
        latched("r/after", prepare_at=-5, ready_by=80, end=980, allocations=share),
    )
    entry = an_entry(intended=40, floors=(a_floor(), a_floor("r/after", 40)))
    facts = running(40, manager=MANAGER, ready=warm, warm=warm)
    made = planned(live(facts, entry, events=(an_event(spec),), record=record))
    assert (told(made).phase, told(made).floors) == (want, {("web", "east"): 40})


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


def test_a_held_round_that_an_edit_puts_into_the_past_cools_down_from_then_on() -> None:
    edited = an_event(a_spec(a_round(start=-5000, duration="550s")), generation=2)
    made = planned(live(events=(edited,)))
    assert (told(made).phase, told(made).floors, made.writes) == ("Cooling", {("web", "east"): 30}, ())
    record = made.records[SHOW]
    assert record is not None
    assert [(item.segment, item.end) for item in record.latched] == [("r", NOW)]


def test_a_late_start_is_told() -> None:
    made = planned(a_snapshot(an_event(a_spec(a_round(start=20)))))
    assert "LateStart" in findings(made)
    assert told(made).segments[0].windows[0].late > 0


@pytest.mark.parametrize(
    ("warm", "want"),
    [
        pytest.param(29, True, id="while a pod is cold it is told"),
        pytest.param(Missing("WarmUnknown", "x"), True, id="while warmth is unknown it is told"),
        pytest.param(30, False, id="once all is warm it is not told any more"),
    ],
)
def test_a_hold_whose_pods_were_slower_than_thought(warm: Any, want: bool) -> None:
    item = latched(prepare_at=-5, ready_by=20, end=600, allocations=LATCH.allocations)
    snapshot = live(running(30, manager=MANAGER, warm=warm), record=a_record(item))
    event = an_event(a_spec(a_round(start=20, duration="580s")))
    made = planned(replace(snapshot, events=(event,)))
    assert told(made).segments[0].windows[0].late > 0
    assert ("LateStart" in findings(made)) is want


def test_a_shortfall_is_told_with_the_bound_that_was_met() -> None:
    small = a_snapshot(an_event(), clusters=[a_cluster(nodes=1)])
    bound = a_snapshot(an_event(a_spec(workloads=[a_workload(perCluster={"max": 7})])))
    for snapshot, reason, short in ((small, "InsufficientCPU", 20), (bound, "PerClusterMax", 23)):
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


def test_an_event_is_told_by_namespace_and_name() -> None:
    assert (str(SHOW), str(target())) == ("gala/show", "Deployment gala/web")


def test_a_round_whose_own_pods_are_warm_is_not_late_for_those_of_another() -> None:
    rounds = [
        a_round(start=20, duration="580s"),
        a_round("s", start=25, duration="575s", demand=[{"workload": "shop", "replicas": 30}]),
    ]
    event = an_event(a_spec(*rounds, workloads=[a_workload(), a_workload("shop")]))
    shares = [Allocation(name, "east", 1, 100) for name in ("web", "shop")]
    record = a_record(
        latched(prepare_at=-5, ready_by=20, end=600, allocations=(shares[0],)),
        latched("s", prepare_at=-5, ready_by=25, end=600, allocations=(shares[1],)),
    )
    entries = [an_entry(floors=(a_floor(),)), an_entry("shop", floors=(a_floor("s"),))]
    targets = {
        target(): running(30, manager=MANAGER),
        target("shop"): running(30, manager=MANAGER, warm=4),
    }
    snapshot = live(
        events=(event,), cluster=a_cluster(targets=targets), record=record, ledgers=[a_ledger(*entries)]
    )
    late = [one.message for one in told(planned(snapshot)).findings if one.reason == "LateStart"]
    assert [text.partition(" begins ")[0] for text in late] == ["s"]
