"""The rules of the hour: what the facts demand on top of the plan, in a fixed order."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gala.planning import reasons
from gala.planning.facts import ClusterFacts, Elastic, Missing, NodeRoom
from gala.planning.ledger import Basis
from gala.planning.snapshot import Snapshot
from planning_hours import FULL, HELD, QUIET, busy, found, part, show, silent, staged
from planning_values import (
    SHOW,
    a_cluster,
    a_floor,
    a_round,
    a_spec,
    a_workload,
    an_event,
    latched,
    running,
)


def test_in_a_quiet_hour_nothing_changes() -> None:
    assert found(show(part("east"), part("west"))) == QUIET


@pytest.mark.parametrize(
    ("clusters", "want"),
    [
        pytest.param(
            [part("east"), silent("west", 29)], QUIET, id="a cluster that is silent for a moment is not lost"
        ),
        pytest.param(
            [part("east"), silent("west", 30, replicas=20)],
            QUIET,
            id="what a lost cluster has acknowledged counts",
        ),
        pytest.param(
            [part("east"), silent("west", 30), part("far", fill_order=-1)],
            {"east": (30, ""), "far": (30, ""), "west": (30, "")},
            id="a lost cluster that has all it should have is not covered",
        ),
    ],
)
def test_unreachable(clusters: list[ClusterFacts], want: dict[str, tuple[int, str]]) -> None:
    assert found(show(*clusters)) == want


def lost(acknowledged: int, *others: ClusterFacts, **more: Any) -> Snapshot:
    """West is lost and has written and shown no more than so many replicas."""
    made = show(*others, silent("west", 60, replicas=acknowledged), **more)
    ledger = made.ledgers[SHOW, "west"]
    entry = replace(ledger.entries[0], written=acknowledged)
    return replace(made, ledgers={**made.ledgers, (SHOW, "west"): replace(ledger, entries=(entry,))})


def test_what_a_lost_cluster_has_not_acknowledged_is_covered_by_fill_order() -> None:
    got = found(lost(10, part("east", fill_order=2), part("far", fill_order=1), required=90))
    assert got == {"east": (30, ""), "far": (50, reasons.COVER), "west": (30, "")}


def test_a_cluster_that_is_silent_for_a_moment_covers_nobody() -> None:
    got = found(lost(10, part("east"), silent("far", 5), required=90))
    assert got == {"east": (50, reasons.COVER), "far": (30, ""), "west": (30, "")}


def test_what_finds_no_room_is_uncovered() -> None:
    made = staged(lost(10, part("east", nodes=FULL)))
    assert made.uncovered == {("r", "web"): 20}


def test_a_target_that_is_gone_is_covered_at_once() -> None:
    gone = part("west", facts=Missing("NotFound", "There is no such target."))
    assert found(show(part("east"), gone)) == {"east": (60, reasons.COVER), "west": (30, "")}


def test_a_target_that_cannot_be_read_is_not_covered() -> None:
    blind = part("west", facts=Missing("Forbidden", "not allowed"))
    assert found(show(part("east"), blind)) == QUIET


def test_a_cluster_that_was_taken_out_keeps_what_it_acknowledged() -> None:
    selector = {"matchLabels": {"in": "yes"}}
    made = show(part("east", labels={"in": "yes"}), part("west"), clusterSelector=selector)
    assert found(made) == QUIET


def test_a_latched_cluster_without_a_place_and_an_entry_is_covered_whole() -> None:
    made = show(part("east"), a_cluster("west", targets={}))
    made = replace(made, ledgers={(SHOW, "east"): made.ledgers[SHOW, "east"]})
    assert found(made)["east"] == (60, reasons.COVER)


def test_what_lost_its_nodes_is_covered_as_far_as_it_is_not_ready() -> None:
    facts = running(30, ready=25, manager="gala-operator")
    broken = part("west", facts=facts, nodes=(NodeRoom(2, 10_000, 10 << 30, 100),))
    assert found(show(part("east"), broken)) == {"east": (35, reasons.COVER), "west": (30, "")}


def test_what_is_ready_needs_no_cover_whatever_the_nodes_seem_to_say() -> None:
    assert found(show(part("east"), part("west", nodes=(NodeRoom(2, 10_000, 10 << 30, 100),)))) == QUIET


@pytest.mark.parametrize(
    ("ready_by", "want"),
    [
        pytest.param(500, QUIET, id="before the start nodes may still come"),
        pytest.param(
            -1, {"east": (38, reasons.COVER), "west": (30, "")}, id="from the start on they are there or not"
        ),
    ],
)
def test_nodes_that_an_autoscaler_adds(ready_by: float, want: dict[str, tuple[int, str]]) -> None:
    facts = running(30, ready=22, manager="gala-operator")
    growing = part(
        "west",
        facts=facts,
        nodes=(NodeRoom(2, 10_000, 10 << 30, 100),),
        elastic=Elastic(10_000, 10 << 30, 100, 180.0),
    )
    assert found(show(part("east"), growing, ready_by=ready_by)) == want


def test_where_readiness_is_unknown_the_nodes_decide() -> None:
    facts = running(30, ready=Missing("PodsUnknown", "x"), manager="gala-operator")
    broken = part("west", facts=facts, nodes=(NodeRoom(2, 10_000, 10 << 30, 100),))
    assert found(show(part("east"), broken)) == {"east": (40, reasons.COVER), "west": (30, "")}


@pytest.mark.parametrize(
    ("east", "ready_by", "more", "want"),
    [
        pytest.param(
            busy("east", 420, 400), -50, {}, (42, reasons.OWN_NEED), id="a need in two samples raises"
        ),
        pytest.param(
            busy("east", 420, 400, facts=running(30, ready=60)),
            30,
            {},
            (42, reasons.OWN_NEED),
            id="half a minute before it raises",
        ),
        pytest.param(busy("east", 420, 400), 31, {}, (30, ""), id="earlier it does not"),
        pytest.param(busy("east", 420, 100), -50, {}, (30, ""), id="a need in one sample does not"),
        pytest.param(
            busy("east", 420, 400, nodes=FULL), -50, {}, (30, ""), id="where nothing fits nothing is raised"
        ),
        pytest.param(
            busy("east", 420, 400),
            -50,
            {"workload": {"perCluster": {"max": 35}}},
            (35, reasons.OWN_NEED),
            id="no more than the limit of the workload",
        ),
        pytest.param(
            busy("east", 420, 400, reachable=False),
            -50,
            {},
            (30, ""),
            id="an unreachable cluster's need is not believed",
        ),
    ],
)
def test_own_need(east: ClusterFacts, ready_by: float, more: dict[str, Any], want: tuple[int, str]) -> None:
    got = found(show(east, part("west"), ready_by=ready_by, rebalance={"enabled": False}, **more))
    assert got["east"] == want


def test_own_need_leaves_what_was_made_up_for_its_room() -> None:
    floors = {"east": a_floor("r", HELD, required=60, stragglers=8)}
    got = found(show(busy("east", 900, 900, nodes=4), part("west"), floors=floors))
    assert got["east"] == (40, reasons.OWN_NEED)


def test_own_need_costs_nothing_where_another_segment_holds_as_much() -> None:
    base = show(busy("east", 420, 400, nodes=5), part("west"))
    extra = latched("s", ready_by=-50, end=400, prepare_at=-100, clusters=("east",))
    entry = base.ledgers[SHOW, "east"].entries[0]
    entry = replace(entry, floors=(*entry.floors, a_floor("s", 50)))
    record = base.records[SHOW]
    made = replace(
        base,
        records={SHOW: replace(record, latched=(*record.latched, extra))},
        ledgers={**base.ledgers, (SHOW, "east"): replace(base.ledgers[SHOW, "east"], entries=(entry,))},
        events=(
            replace(
                base.events[0],
                spec=base.events[0].spec.model_copy(
                    update={
                        "rounds": (
                            *base.events[0].spec.rounds,
                            a_spec(a_round("s", start=-50, duration="450s")).rounds[0],
                        )
                    }
                ),
            ),
        ),
    )
    assert found(made)["east"] == (42, reasons.OWN_NEED)


def without_capacity(snapshot: Snapshot) -> Snapshot:
    event = snapshot.events[0]
    spec = a_spec(a_round(start=-50, duration="500s", demand=[{"workload": "web", "replicas": 60}]))
    return replace(snapshot, events=(replace(event, spec=spec),))


def test_a_workload_without_a_capacity_has_no_need_of_its_own() -> None:
    got = found(without_capacity(show(busy("east", 900, 900), busy("west", 100, 100))))
    assert got == QUIET


def late(name: str, ready: Any, **more: Any) -> ClusterFacts:
    return part(name, facts=running(30, ready=ready, manager="gala-operator"), **more)


@pytest.mark.parametrize(
    ("east", "ready_by", "want"),
    [
        pytest.param(late("east", 28), 80, (32, reasons.STRAGGLERS), id="late pods are made up for"),
        pytest.param(late("east", 10), 80, (33, reasons.STRAGGLERS), id="at most a tenth is made up for"),
        pytest.param(late("east", 28), 91, (30, ""), id="before a new pod would just make it nobody is late"),
        pytest.param(late("east", 28), 0, (30, ""), id="once it has to be ready it is too late"),
        pytest.param(late("east", Missing("x", "y")), 80, (30, ""), id="unknown readiness is not lateness"),
        pytest.param(
            part("east", facts=Missing("Forbidden", "x")), 80, (30, ""), id="an unreadable target is not late"
        ),
    ],
)
def test_stragglers(east: ClusterFacts, ready_by: float, want: tuple[int, str]) -> None:
    assert found(show(east, part("west"), ready_by=ready_by))["east"] == want


def test_late_pods_are_made_up_for_in_the_next_cluster_where_their_own_is_full() -> None:
    got = found(show(late("east", 28, nodes=FULL), part("west"), ready_by=80))
    assert got == {"east": (30, ""), "west": (32, reasons.STRAGGLERS)}


def test_late_pods_are_made_up_for_in_no_unreachable_cluster() -> None:
    got = found(show(late("east", 28, nodes=FULL), silent("west", 5), ready_by=80))
    assert got == QUIET


def test_what_was_made_up_for_is_not_made_up_for_again() -> None:
    floors = {"east": a_floor("r", HELD, required=60, stragglers=2)}
    assert found(show(late("east", 28), part("west"), ready_by=80, floors=floors))["east"] == (32, "")


NEWER = Basis("uid", 1)


def test_a_demand_that_was_taken_out_lets_its_floors_fall() -> None:
    made = show(part("east"), part("west"))
    spec = a_spec(
        a_round(start=-50, duration="500s", demand=[{"workload": "shop", "replicas": 1}]),
        workloads=[a_workload("web"), a_workload("shop")],
    )
    got = found(replace(made, events=(an_event(spec, generation=2),)))
    assert got == {"east": (0, reasons.EDITED), "west": (0, reasons.EDITED)}


def test_a_workload_that_was_taken_out_keeps_its_floors() -> None:
    made = show(part("east"), part("west"))
    spec = a_spec(
        a_round(start=-50, duration="500s", demand=[{"workload": "shop", "replicas": 1}]),
        workloads=[a_workload("shop")],
    )
    assert found(replace(made, events=(an_event(spec, generation=2),))) == QUIET
