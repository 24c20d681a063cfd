"""The conditions of a GalaEvent, which people and tools wait for."""

from __future__ import annotations

from typing import Any

import pytest

from gala.planning.facts import Missing
from gala.report.event_judgements import Trouble, judge
from gala.report.status import event_status, hindered_status
from report_night import T0
from report_passes import cluster, event_plan, finding, snapshot, traffic
from report_views import condition, later, view


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        pytest.param({}, ("True", "FloorsMet"), id="weeks ahead nothing is due, so it is true"),
        pytest.param(
            {"plan": event_plan(floors={("web", "east"): 10})},
            ("False", "FloorNotMet"),
            id="a floor that is due is not met",
        ),
        pytest.param(
            {"plan": event_plan(floors={("web", "east"): 10}, ready={("web", "east"): 10})},
            ("True", "FloorsMet"),
            id="every floor that is due is met",
        ),
        pytest.param(
            {"plan": event_plan(floors={("web", "east"): 10}, ready={("web", "east"): None})},
            ("Unknown", "ReadyUnknown"),
            id="nobody knows what is Ready",
        ),
        pytest.param(
            {"problems": ("spec.rounds: none",)}, ("False", "InvalidSpec"), id="the spec is invalid"
        ),
        pytest.param(
            {"troubles": (Trouble("LedgerNotStored", "no right"),)},
            ("False", "LedgerNotStored"),
            id="its ledger cannot be kept",
        ),
    ],
)
def test_ready(changes: dict[str, Any], want: tuple[str, str]) -> None:
    assert condition(view(**changes), "Ready") == want


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        pytest.param({}, ("True", "ChecksPassed"), id="nothing found"),
        pytest.param(
            {"plan": event_plan(findings=(finding(),))}, ("False", "NotAdmitted"), id="the first finding"
        ),
        pytest.param(
            {"unsupported": ("spec.donors",), "plan": event_plan(findings=(finding(),))},
            ("False", "NotYetSupported"),
            id="a feature that is not built yet",
        ),
        pytest.param(
            {"plan": event_plan(findings=(finding("NotYetSupported", "an HPA scales it"),))},
            ("False", "NotYetSupported"),
            id="a target with an HPA",
        ),
        pytest.param(
            {"plan": event_plan(segments=(), ready={})}, ("False", "NoClusters"), id="nowhere to run"
        ),
        pytest.param(
            {"plan": event_plan(findings=(finding("ChangedByOther", "somebody took it over"),))},
            ("True", "ChecksPassed"),
            id="how an entry ended is no preflight",
        ),
        pytest.param(
            {"plan": event_plan(segments=(later(),), findings=(finding("NoRoom", "4 do not fit"),))},
            ("True", "ChecksPassed"),
            id="a shortfall has a condition of its own",
        ),
    ],
)
def test_preflight_passed(changes: dict[str, Any], want: tuple[str, str]) -> None:
    assert condition(view(**changes), "PreflightPassed") == want


def test_features_that_are_not_built_yet_are_named() -> None:
    found = {one.type: one for one in judge(view(unsupported=("spec.donors", "spec.resilience.survive")))}
    want = (
        "spec.donors is not yet supported, so nothing lends; later it will take may: [Lend] in spec.admits "
        'from the platform team and the label gala.dev/may-lend: "true" from whoever owns the donor; '
        "spec.resilience.survive is not yet supported"
    )
    assert found["PreflightPassed"].message == want


def test_an_event_that_no_cluster_admits_is_told_who_can_change_that() -> None:
    found = {one.type: one for one in judge(view(plan=event_plan(segments=(), ready={})))}
    want = (
        "no cluster takes part in events of namespace show; "
        "the platform team can grant it in spec.admits of a GalaCluster"
    )
    assert found["PreflightPassed"].message == want


@pytest.mark.parametrize(
    ("phase", "want"),
    [
        pytest.param("Planned", ("False", "NothingPrepared"), id="planned"),
        pytest.param("Preparing", ("False", "Preparing"), id="preparing"),
        pytest.param("Armed", ("True", "EveryFloorWarm"), id="armed"),
        pytest.param("Live", ("True", "Live"), id="live"),
        pytest.param("Cooling", ("False", "ShowOver"), id="cooling"),
        pytest.param("HandedBack", ("False", "ShowOver"), id="handed back"),
        pytest.param("Paused", ("Unknown", "Paused"), id="paused"),
    ],
)
def test_armed(phase: str, want: tuple[str, str]) -> None:
    assert condition(view(plan=event_plan(phase)), "Armed") == want


@pytest.mark.parametrize(
    ("east", "want"),
    [
        pytest.param(
            {}, ("Unknown", "NotConfigured"), id="without Prometheus it is unknown and blocks nothing"
        ),
        pytest.param({"signal_configured": True}, ("False", "NotAsked"), id="configured and never asked"),
        pytest.param(
            {"signal_configured": True, "traffic": traffic(5.0)}, ("True", "Fresh"), id="a fresh sample"
        ),
        pytest.param(
            {"signal_configured": True, "traffic": traffic(5.0, at=T0 - 61)},
            ("False", "Stale"),
            id="a sample over a minute old",
        ),
        pytest.param(
            {"signal_configured": True, "traffic": traffic(Missing("Empty", "no data"))},
            ("False", "Empty"),
            id="an empty answer with its own reason",
        ),
    ],
)
def test_signals_fresh(east: dict[str, Any], want: tuple[str, str]) -> None:
    assert condition(view(snapshot=snapshot(clusters={"east": cluster(**east)})), "SignalsFresh") == want


def test_where_a_workload_takes_no_part_its_traffic_is_not_waited_for() -> None:
    place = snapshot(clusters={"east": cluster(signal_configured=True)})
    elsewhere = view(snapshot=place, plan=event_plan(ready={("other", "east"): 2}))
    assert condition(elsewhere, "SignalsFresh") == ("Unknown", "NotConfigured")


@pytest.mark.parametrize(
    ("clusters", "want"),
    [
        pytest.param({"east": cluster()}, ("True", "EveryClusterReachable"), id="all answer"),
        pytest.param({"east": cluster(reachable=False)}, ("False", "ClustersUnreachable"), id="one does not"),
        pytest.param({}, ("False", "ClustersUnreachable"), id="one is gone"),
    ],
)
def test_fleet_reachable(clusters: dict[str, Any], want: tuple[str, str]) -> None:
    assert condition(view(snapshot=snapshot(clusters=clusters)), "FleetReachable") == want


@pytest.mark.parametrize(
    ("at", "want"),
    [
        pytest.param(500, ("False", "NoRoom"), id="a round ahead finds no room"),
        pytest.param(1070, ("True", "EverythingFits"), id="what is over is no shortfall any more"),
    ],
)
def test_capacity_sufficient(at: float, want: tuple[str, str]) -> None:
    assert condition(view(at, plan=event_plan(segments=(later(),))), "CapacitySufficient") == want


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        pytest.param({}, ("False", "NobodyElseWrites"), id="nobody else writes"),
        pytest.param(
            {"plan": event_plan(findings=(finding("Contested", "kubectl set it to 1"),))},
            ("True", "ForeignWriter"),
            id="somebody does right now",
        ),
        pytest.param({"contested_at": T0 - 59}, ("True", "ForeignWriter"), id="it is shown for a minute"),
        pytest.param({"contested_at": T0 - 60}, ("False", "NobodyElseWrites"), id="and then no longer"),
    ],
)
def test_contested(changes: dict[str, Any], want: tuple[str, str]) -> None:
    assert condition(view(**changes), "Contested") == want


@pytest.mark.parametrize(
    ("at", "plan", "want"),
    [
        pytest.param(0, event_plan(), ("False", "NothingTaken"), id="before the show"),
        pytest.param(100, event_plan("Live", open_entries=1), ("False", "CapacityHeld"), id="in the show"),
        pytest.param(900, event_plan("HandedBack"), ("True", "OriginalsRestored"), id="after the show"),
    ],
)
def test_handed_back(at: float, plan: Any, want: tuple[str, str]) -> None:
    assert condition(view(at, plan=plan), "HandedBack") == want


def test_a_target_that_was_let_go_without_its_original_is_told_to_the_end_of_the_event() -> None:
    held = event_plan("Live", open_entries=1)
    lost = event_plan("Live", open_entries=1, findings=(finding("OriginalLost", "web in east: by hand"),))
    first = event_status(view(300, plan=lost, left={("shop", "west")}))
    again = event_status(view(990, plan=held, previous=first))
    over = event_status(view(1900, plan=event_plan("HandedBack"), previous=again))
    told = [one for status in (first, again, over) for one in status.conditions if one.type == "HandedBack"]
    assert {(one.status, one.reason) for one in told} == {("False", "OriginalLost")}
    assert told[0].message == ("not given back, set the replicas by hand: shop in west; web in east: by hand")
    assert told[2].message == "not given back, set the replicas by hand: shop in west"
    assert [(one.workload, one.cluster) for one in over.originals_lost] == [("shop", "west")]


def test_an_original_that_comes_back_with_its_ledger_is_not_lost_any_more() -> None:
    lost = event_plan("Live", open_entries=1, findings=(finding("OriginalLost", "web in east: by hand"),))
    first = event_status(view(300, plan=lost))
    mended = view(330, plan=event_plan("Live", open_entries=1), previous=first)
    assert condition(mended, "HandedBack") == ("False", "CapacityHeld")
    over = view(900, plan=event_plan("HandedBack"), previous=event_status(mended))
    assert condition(over, "HandedBack") == ("True", "OriginalsRestored")


@pytest.mark.parametrize(
    ("trouble", "want"),
    [
        pytest.param(
            Trouble("PlanningFailed", "a fault"), ("True", "PlanningFailed"), id="waits for a person"
        ),
        pytest.param(
            Trouble("LedgerNotStored", "no answer", stuck=False),
            ("False", "InProgress"),
            id="passes by itself",
        ),
    ],
)
def test_an_event_is_stalled_only_by_what(trouble: Trouble, want: tuple[str, str]) -> None:
    assert condition(view(troubles=(trouble,)), "Stalled") == want


def test_an_event_that_cannot_be_planned_keeps_its_phase_and_says_why() -> None:
    before = event_status(view(100, plan=event_plan("Live")))
    status = hindered_status((Trouble("PlanningFailed", "a fault"),), generation=4, now=T0, previous=before)
    found = {one.type: (one.status, one.reason) for one in status.conditions}
    assert (status.phase, status.rounds, status.observed_generation) == ("Live", before.rounds, 4)
    assert found == {
        "Ready": ("False", "PlanningFailed"),
        "Stalled": ("True", "PlanningFailed"),
        "Valid": ("True", "SpecAccepted"),
    }
