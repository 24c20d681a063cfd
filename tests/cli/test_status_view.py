"""What `gala status` makes of what the operator wrote: marks, what comes next, what is wrong first."""

from __future__ import annotations

from typing import Any

import pytest

from gala.cli.status_view import Mark
from status_objects import (
    NOW,
    cluster,
    cluster_status,
    conditions,
    entry,
    event,
    ledger,
    round_status,
    seen,
    show,
)

PLAN = "gala plan -f EVENT.yaml --clusters CLUSTERS.yaml"
DESCRIBE = "kubectl describe galaclusters -n gala-system"
MISSING = {"Ready": ("False", "FloorNotMet", "web in north: 20 of 30 are Ready")}


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        pytest.param({}, True, id="an event whose condition is true is ready"),
        pytest.param({"conditions": conditions(**MISSING)}, False, id="a floor that is not met is not ready"),
        pytest.param({"conditions": []}, False, id="an event that nobody judged is not ready"),
        pytest.param({"observedGeneration": 0}, False, id="a judgement of an older spec does not count"),
    ],
)
def test_ready_is_what_the_operator_says_of_the_spec_as_it_is_now(
    changes: dict[str, Any], want: bool
) -> None:
    assert show(event(**changes)).ready is want


@pytest.mark.parametrize(
    ("ready", "now", "want"),
    [
        pytest.param(20, NOW, Mark.BUSY, id="pods on their way before they are due"),
        pytest.param(30, NOW, Mark.GOOD, id="all of them are Ready"),
        pytest.param(20, NOW + 61, Mark.BAD, id="pods that are missing when the round has to be Ready"),
        pytest.param(None, NOW, Mark.UNKNOWN, id="nobody knows how many are Ready"),
    ],
)
def test_a_workload_is_marked_by_what_has_to_be_ready(ready: int | None, now: float, want: Mark) -> None:
    found = show(event(), ledger(status=[seen(ready=ready)]), now=now)
    assert found.clusters[0].workloads[0].mark is want
    assert found.clusters[0].mark is want


def test_capacity_for_a_later_segment_is_not_late_while_a_round_is_live() -> None:
    later = entry("shop", intended=9, floors=[{"segment": "opening/after", "replicas": 9}])
    scenes = [{"name": "shopping", "demand": [{"workload": "shop", "replicas": 9}]}]
    rounds = [{**event()["spec"]["rounds"][0], "afterScene": "shopping"}]
    workloads = [{"name": name, "target": {"name": name}} for name in ("web", "shop")]
    spec = {"scenes": scenes, "rounds": rounds, "workloads": workloads}
    stored = ledger(entry(), later, status=[seen(ready=30), seen("shop", ready=3)])
    found = show(event(spec=spec), stored, now=NOW + 61)
    assert [(line.name, line.mark) for line in found.clusters[0].workloads] == [
        ("shop", Mark.BUSY),
        ("web", Mark.GOOD),
    ]


def test_what_is_on_its_way_home_is_marked_so() -> None:
    found = show(event(), ledger(entry(state="Returning", intended=17)))
    assert found.clusters[0].workloads[0].mark is Mark.BUSY


@pytest.mark.parametrize(
    ("status", "now", "want"),
    [
        pytest.param({"state": "Unreachable"}, NOW, Mark.BAD, id="it does not answer"),
        pytest.param({"state": "NotFound"}, NOW, Mark.BAD, id="there is no such GalaCluster"),
        pytest.param({"ready": 30}, NOW, Mark.GOOD, id="everything is there"),
        pytest.param({}, NOW, Mark.BUSY, id="it grows and is in time"),
        pytest.param({}, NOW + 61, Mark.BAD, id="it is late"),
    ],
)
def test_a_cluster_is_marked_without_the_ledger_as_well(
    status: dict[str, Any], now: float, want: Mark
) -> None:
    found = show(event(clusters=[cluster_status(**status)]), now=now)
    assert found.clusters[0].mark is want


def test_nothing_is_missing_while_nothing_is_held() -> None:
    planned = event(phase="Planned", currentRound="", nextRound="opening")
    assert show(planned).clusters[0].mark is Mark.WAITING


def test_a_cluster_that_only_the_ledger_knows_is_shown() -> None:
    found = show(event(clusters=[]), ledger(cluster="gone"))
    assert [(line.status.name, line.mark) for line in found.clusters] == [("gone", Mark.UNKNOWN)]


def test_what_is_wrong_stands_before_what_is_good() -> None:
    statuses = [cluster_status("a", ready=30), cluster_status("b"), cluster_status("c", state="Unreachable")]
    assert [line.status.name for line in show(event(clusters=statuses)).clusters] == ["c", "b", "a"]


def test_a_cluster_says_in_its_own_words_what_is_wrong_with_it() -> None:
    found = show(event(), clusters=(cluster(ready=("False", "Forbidden", "it may not list pods")),))
    assert found.clusters[0].trouble == "Forbidden: it may not list pods"


def test_parts_of_a_ledger_are_put_together() -> None:
    second = ledger(entry("shop"), status=[seen("shop")], part=1)
    found = show(event(), second, ledger())
    assert sorted(line.name for line in found.clusters[0].workloads) == ["shop", "web"]


def test_ledgers_of_other_events_and_records_are_left_out() -> None:
    record = ledger()
    del record["spec"]["cluster"]
    found = show(event(), record, ledger(cluster="east", event="other"))
    assert [(line.status.name, line.workloads) for line in found.clusters] == [("north", ())]


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        pytest.param({"phase": "Planned"}, Mark.WAITING, id="a round to come waits"),
        pytest.param({"phase": "Preparing"}, Mark.BUSY, id="a round in preparation is on its way"),
        pytest.param({"phase": "Armed"}, Mark.GOOD, id="an armed round is good"),
        pytest.param({"phase": "Live"}, Mark.BAD, id="a live round lacks pods"),
        pytest.param({"phase": "Live", "ready": 30}, Mark.GOOD, id="a live round has all its pods"),
        pytest.param({"phase": "Done"}, Mark.GOOD, id="a round that was never short"),
        pytest.param({"phase": "Done", "shortReplicaSeconds": 7}, Mark.BAD, id="a round that was short"),
        pytest.param({"phase": "Skipped"}, Mark.WAITING, id="a round that was skipped"),
    ],
)
def test_a_round_is_marked_by_its_phase_and_its_figures(changes: dict[str, Any], want: Mark) -> None:
    assert show(event(rounds=[round_status(**changes)])).rounds[0].mark is want


@pytest.mark.parametrize(
    ("after", "want"),
    [
        pytest.param(-600, ("opening", "begins to grow", 120), id="growing comes first"),
        pytest.param(0, ("opening", "has to be Ready", 60), id="then it has to be Ready"),
        pytest.param(60, ("opening", "starts", 60), id="an edge that is now is past"),
        pytest.param(600, ("opening", "ends at the latest", 420), id="then it ends"),
        pytest.param(1020, ("", "goes home", 300), id="then everything goes home"),
    ],
)
def test_the_next_edge_is_the_first_that_lies_ahead(after: float, want: tuple[str, str, int]) -> None:
    found = show(event(), ledger(holdUntil="2027-02-05T20:20:00+08:00"), now=NOW + after).next_edge
    assert found is not None
    assert (found.round, found.what, found.at - NOW - after) == want


def test_after_everything_nothing_comes() -> None:
    assert show(now=NOW + 86_400).next_edge is None


@pytest.mark.parametrize(
    ("raw", "now", "want"),
    [
        pytest.param(event(), NOW, [], id="nothing is wrong on a good day"),
        pytest.param(
            event(conditions=conditions(**MISSING)),
            NOW,
            [("Ready=False", "FloorNotMet", "it is on its way, and still in time")],
            id="what is not due yet is on its way",
        ),
        pytest.param(
            event(conditions=conditions(**MISSING)),
            NOW + 61,
            [
                (
                    "Ready=False",
                    "FloorNotMet",
                    "look at the pods in those clusters: kubectl get pods -n show",
                )
            ],
            id="what is late is to be looked at",
        ),
        pytest.param(
            event(
                conditions=conditions(
                    Ready=("False", "InvalidSpec", "no"),
                    Stalled=("True", "InvalidSpec", "no"),
                    Valid=("False", "InvalidSpec", "no"),
                )
            ),
            NOW,
            [("Valid=False", "InvalidSpec", "mend it: kubectl edit galaevent gala -n show")],
            id="one cause is told once",
        ),
        pytest.param(
            event(
                conditions=conditions(
                    SignalsFresh=("False", "Stale", "old"),
                    FleetReachable=("False", "ClustersUnreachable", "east: no contact"),
                    Contested=("True", "ForeignWriter", "somebody writes"),
                    CapacitySufficient=("False", "InsufficientRoom", "no room"),
                    PreflightPassed=("False", "NotAdmitted", "not admitted"),
                )
            ),
            NOW,
            [
                (
                    "FleetReachable=False",
                    "ClustersUnreachable",
                    f"see what they say: {DESCRIBE}",
                ),
                (
                    "PreflightPassed=False",
                    "NotAdmitted",
                    "see all of it: kubectl describe galaevent gala -n show",
                ),
                (
                    "CapacitySufficient=False",
                    "InsufficientRoom",
                    f"add room or ask for less, and try it out: {PLAN}",
                ),
                (
                    "Contested=True",
                    "ForeignWriter",
                    "find who writes: kubectl get deployments -n show -o yaml --show-managed-fields",
                ),
                (
                    "SignalsFresh=False",
                    "Stale",
                    f"nothing is lowered meanwhile; see spec.prometheus: {DESCRIBE}",
                ),
            ],
            id="causes stand before what they cause, each with its next command",
        ),
        pytest.param(
            event(conditions=conditions(SignalsFresh=("Unknown", "NotConfigured", "no Prometheus"))),
            NOW,
            [],
            id="an event without measured traffic lacks nothing",
        ),
        pytest.param(
            event(generation=3),
            NOW,
            [
                (
                    "Ready=Unknown",
                    "NotLookedAt",
                    "see that one runs: kubectl get lease gala-operator -n gala-system",
                )
            ],
            id="an operator that has not seen the latest spec may not run",
        ),
    ],
)
def test_problems_come_with_what_to_do(
    raw: dict[str, Any], now: float, want: list[tuple[str, str, str]]
) -> None:
    found = [(one.condition, one.reason, one.advice) for one in show(raw, now=now).problems]
    assert found == want


def test_an_event_without_a_status_waits_for_an_operator() -> None:
    raw = event()
    del raw["status"]
    found = show(raw)
    assert (found.mark, found.ready) == (Mark.UNKNOWN, False)
    assert found.problems[0].message == "the operator has not looked at this event"


def test_a_spec_that_cannot_be_read_is_a_problem_and_no_crash() -> None:
    found = show(event(spec={"timeZone": "Asia/Shanghia"}))
    assert (found.spec, found.ready) == (None, False)
    assert "write a name of the IANA database, as Asia/Shanghai" in found.problems[0].message


def test_a_status_that_cannot_be_read_counts_as_none() -> None:
    found = show(event(spec={"timeZone": 7}, phase="Dancing"))
    assert [one.reason for one in found.problems] == ["NotLookedAt", "InvalidSpec"]


def test_a_ledger_that_cannot_be_read_is_told_with_its_name() -> None:
    found = show(event(), ledger(entry(intended=-1)))
    assert [(one.reason, one.advice) for one in found.problems] == [
        ("Unreadable", "repair it: kubectl edit galaallocation show.gala.north -n gala-system")
    ]


def test_a_cluster_whose_status_cannot_be_read_says_nothing() -> None:
    broken = {**cluster(), "status": {"nodes": "many"}}
    assert show(event(), clusters=(broken,)).clusters[0].trouble == ""


@pytest.mark.parametrize(
    ("changes", "now", "want"),
    [
        pytest.param({}, NOW, Mark.GOOD, id="Ready is good"),
        pytest.param({"conditions": conditions(**MISSING)}, NOW, Mark.BUSY, id="in time is on its way"),
        pytest.param({"conditions": conditions(**MISSING)}, NOW + 61, Mark.BAD, id="late is bad"),
        pytest.param(
            {"phase": "Invalid", "conditions": conditions(Ready=("False", "InvalidSpec", "no"))},
            NOW,
            Mark.BAD,
            id="an invalid spec is bad",
        ),
        pytest.param(
            {"conditions": conditions(Ready=("Unknown", "ReadyUnknown", "blind"))},
            NOW,
            Mark.UNKNOWN,
            id="what nobody knows is unknown",
        ),
    ],
)
def test_an_event_is_marked_by_whether_it_is_ready(changes: dict[str, Any], now: float, want: Mark) -> None:
    assert show(event(**changes), now=now).mark is want
