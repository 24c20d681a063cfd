"""The status of a GalaEvent: phases, sums, and conditions that people and tools wait for."""

from __future__ import annotations

from typing import Any

import pytest

from gala.api.event_status import GalaEventStatus
from gala.planning.facts import Missing
from gala.planning.outcome import ClusterWindow, Need, Placement, Weight
from gala.report.conditions import Judgement, merge, several
from gala.report.event_judgements import EventView, RoundProgress, Trouble, judge
from gala.report.status import event_status, invalid_status, to_wire
from report_night import EVENT, T0
from report_passes import cluster, event_plan, facts, finding, segment, snapshot, traffic


def view(at: float = 0, **changes: Any) -> EventView:
    """The event as of ``at`` seconds after T0."""
    values: dict[str, Any] = {
        "key": EVENT,
        "generation": 3,
        "spec": facts().spec,
        "plan": event_plan(),
        "snapshot": snapshot(),
        "now": T0 + at,
    }
    return EventView(**(values | changes))


def condition(one: EventView, kind: str) -> tuple[str, str]:
    found = {judgement.type: judgement for judgement in judge(one)}[kind]
    return found.status, found.reason


def later(name: str = "round-2", start: float = 1000) -> Any:
    """Another round, an hour's quarter later."""
    return segment(
        name=name, round=name, start=T0 + start, ready_by=T0 + start - 10,
        earliest_end=T0 + start + 50, latest_end=T0 + start + 70,
        windows=(ClusterWindow("east", T0 + start - 80, T0 + start + 70, "", 0.0),),
        needs=(Need("web", 30, 4, "NoRoom", 0),), placements=(Placement("web", "east", 1, 26, 26, 26, 2),),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("at", "ready", "want"),
    [
        pytest.param(0, 2, "Planned", id="before its preparation"),
        pytest.param(20, 2, "Preparing", id="from prepareAt on"),
        pytest.param(80, 10, "Armed", id="once every floor is there"),
        pytest.param(90, 2, "Live", id="from readyBy on, whatever is Ready"),
        pytest.param(169.9, 10, "Live", id="until its latest end"),
        pytest.param(170, 10, "Done", id="from its latest end on"),
    ],
)
def test_phase_of_a_round(at: float, ready: int, want: str) -> None:
    status = event_status(view(at, plan=event_plan(ready={("web", "east"): ready})))
    assert status.rounds[0].phase == want


@pytest.mark.parametrize(
    ("at", "want"),
    [
        pytest.param(0, ("", "round-1", "2/10"), id="ahead of the night the next round is shown"),
        pytest.param(100, ("round-1", "round-2", "2/10"), id="in a round that round"),
        pytest.param(500, ("", "round-2", "2/30"), id="between two rounds the next"),
        pytest.param(5000, ("", "", ""), id="after the last none"),
    ],
)
def test_current_and_next_round(at: float, want: tuple[str, str, str]) -> None:
    status = event_status(view(at, plan=event_plan(segments=(segment(), later()))))
    assert (status.current_round, status.next_round, status.ready) == want


def test_the_lists_say_what_is_wanted_and_what_is_there() -> None:
    plan = event_plan(
        "Live", floors={("web", "east"): 10}, ready={("web", "east"): 9}, segments=(segment(), later())
    )
    seen = snapshot(clusters={"east": cluster(traffic=traffic(812.6))})
    document = to_wire(event_status(view(100, plan=plan, snapshot=seen)))
    assert document["workloads"] == [{"name": "web", "required": 10, "ready": 9, "short": 0}]
    assert document["clusters"] == [
        {"name": "east", "required": 10, "ready": 9, "qps": 813, "trafficWeight": 100, "state": "Reachable"}
    ]
    assert document["clustersReachable"] == "1/1"
    assert document["rounds"][0] == {
        "name": "round-1", "phase": "Live", "start": "2027-02-05T12:01:40Z",
        "prepareAt": "2027-02-05T12:00:20Z", "readyBy": "2027-02-05T12:01:30Z",
        "required": 10, "ready": 9, "shortReplicaSeconds": 0,
    }  # fmt: skip


def test_a_round_that_finds_no_room_says_how_much() -> None:
    status = event_status(view(500, plan=event_plan(segments=(later(),))))
    assert status.workloads[0].short == 4


@pytest.mark.parametrize(
    ("clusters", "want"),
    [
        pytest.param(
            {"east": cluster()}, ("Reachable", None), id="without a sample its QPS are absent and not zero"
        ),
        pytest.param(
            {"east": cluster(traffic=traffic(Missing("Stale", "old")))},
            ("Reachable", None),
            id="a missing sample is no zero",
        ),
        pytest.param({"east": cluster(reachable=False)}, ("Unreachable", None), id="without contact"),
        pytest.param({}, ("NotFound", None), id="a cluster that is no longer there"),
    ],
)
def test_state_of_a_cluster(clusters: dict[str, Any], want: tuple[str, int | None]) -> None:
    status = event_status(view(snapshot=snapshot(clusters=clusters)))
    assert (status.clusters[0].state, status.clusters[0].qps) == want


def test_the_traffic_weight_over_several_workloads_is_their_mean_by_size() -> None:
    both = segment(
        needs=(Need("shop", 10, 0, "", 0), Need("web", 30, 0, "", 0)),
        weights=(Weight("shop", "east", 20), Weight("web", "east", 60)),
    )
    assert event_status(view(plan=event_plan(segments=(both,)))).clusters[0].traffic_weight == 50


def test_what_was_seen_of_a_round_outlives_a_restart() -> None:
    seen = {"round-1": RoundProgress(ready_at=T0 + 70, ready_at_start=10, short_replica_seconds=40)}
    before = event_status(view(120, progress=seen))
    fresh = {"round-1": RoundProgress(ready_at=None, ready_at_start=None, short_replica_seconds=3)}
    again = event_status(view(130, progress=fresh, previous=before)).rounds[0]
    assert (again.ready_at, again.ready_at_start, again.short_replica_seconds) == (T0 + 70, 10, 40)


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


def test_a_lost_original_is_told_until_something_new_is_held() -> None:
    lost = event_plan("Live", open_entries=1, findings=(finding("OriginalLost", "web in east: by hand"),))
    first = event_status(view(300, plan=lost))
    over = event_status(view(900, plan=event_plan("HandedBack"), previous=first))
    again = event_status(view(990, plan=event_plan("Live", open_entries=1), previous=over))
    told = [one for status in (first, over, again) for one in status.conditions if one.type == "HandedBack"]
    assert [(one.status, one.reason) for one in told] == [
        ("False", "OriginalLost"),
        ("False", "OriginalLost"),
        ("False", "CapacityHeld"),
    ]
    assert told[1].message == "web in east: by hand"


def test_a_broken_edit_is_invalid_and_stalled_while_the_last_good_spec_goes_on() -> None:
    status = event_status(
        view(100, plan=event_plan("Live"), problems=("spec.rounds[0].start: write an offset",))
    )
    found = {one.type: (one.status, one.reason) for one in status.conditions}
    assert (status.phase, status.current_round) == ("Invalid", "round-1")
    assert found["Valid"] == ("False", "InvalidSpec")
    assert found["Stalled"] == ("True", "InvalidSpec")


def test_an_event_that_was_never_good_says_what_to_change() -> None:
    status = invalid_status(("spec.rounds: write one",), generation=4, now=T0, previous=None)
    assert (status.phase, status.observed_generation) == ("Invalid", 4)
    assert {one.type: one.message for one in status.conditions}["Valid"] == "spec.rounds: write one"


def test_every_condition_carries_the_generation_and_can_be_read_back() -> None:
    status = event_status(view())
    assert {one.observed_generation for one in status.conditions} == {3}
    assert GalaEventStatus.model_validate(to_wire(status)) == status


@pytest.mark.parametrize(
    ("status", "want"),
    [
        pytest.param("True", T0, id="the time stays while the status does, whatever the reason"),
        pytest.param("False", T0 + 50, id="the time moves with the status"),
    ],
)
def test_last_transition_time(status: str, want: float) -> None:
    before = merge((Judgement("Ready", "True", "FloorsMet", "fine"),), (), generation=1, now=T0 + 0.7)
    (after,) = merge((Judgement("Ready", status, "Other", "text"),), before, generation=2, now=T0 + 50)
    assert (after.last_transition_time, after.reason, after.observed_generation) == (want, "Other", 2)


def test_a_condition_that_nobody_judges_any_more_is_gone() -> None:
    before = merge((Judgement("Old", "True", "Yes"),), (), generation=1, now=T0)
    assert [one.type for one in merge((Judgement("New", "True", "Yes"),), before, generation=1, now=T0)] == [
        "New"
    ]


def test_many_messages_are_cut_and_counted() -> None:
    assert several(["a", "b", "c", "d", "e"]) == "a; b; c; and 2 more"


def test_a_round_that_the_plan_has_forgotten_keeps_what_was_said_of_it() -> None:
    seen = {"round-1": RoundProgress(ready_at=T0 + 70, ready_at_start=10)}
    live = event_status(view(160, plan=event_plan("Live", ready={("web", "east"): 10}), progress=seen))
    gone = event_plan("HandedBack", segments=())
    (over,) = event_status(view(900, plan=gone, progress=seen, previous=live)).rounds
    assert (over.phase, over.required, over.ready, over.ready_at_start) == ("Done", 10, 10, 10)
    assert over.prepare_at == T0 + 20


def test_a_round_that_the_plan_does_not_look_at_yet_is_planned() -> None:
    (ahead,) = event_status(view(plan=event_plan(segments=()))).rounds
    assert (ahead.phase, ahead.start, ahead.ready_by) == ("Planned", T0 + 100, T0 + 90)


def test_a_round_that_was_taken_out_of_the_spec_is_shown_while_it_lasts() -> None:
    status = event_status(view(50, plan=event_plan(segments=(segment(name="old", round="old"),))))
    assert [(one.name, one.phase) for one in status.rounds] == [("round-1", "Planned"), ("old", "Preparing")]


def test_clusters_are_shown_after_the_show_too() -> None:
    status = event_status(view(900, plan=event_plan("HandedBack", segments=())))
    assert [one.name for one in status.clusters] == ["east"]
    assert status.clusters_reachable == "1/1"
