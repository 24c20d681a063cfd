"""The status of a GalaEvent: phases, sums, and what outlives a pass."""

from __future__ import annotations

from typing import Any

import pytest

from gala.api.event_status import GalaEventStatus
from gala.planning.facts import Missing
from gala.planning.outcome import Need, Weight
from gala.report.conditions import Judgement, counted, merge, several
from gala.report.event_judgements import RoundProgress
from gala.report.status import event_status, invalid_status, to_wire
from report_night import T0
from report_passes import cluster, event_plan, segment, snapshot, traffic
from report_views import later, view


@pytest.mark.parametrize(
    ("at", "ready", "want"),
    [
        pytest.param(0, 2, "Planned", id="before its preparation"),
        pytest.param(20, 2, "Preparing", id="from prepareAt on"),
        pytest.param(80, 10, "Armed", id="once every floor is there"),
        pytest.param(80, None, "Preparing", id="while it is unknown what is Ready"),
        pytest.param(90, 2, "Live", id="from readyBy on, whatever is Ready"),
        pytest.param(169.9, 10, "Live", id="until its latest end"),
        pytest.param(170, 10, "Done", id="from its latest end on"),
    ],
)
def test_phase_of_a_round(at: float, ready: int | None, want: str) -> None:
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


@pytest.mark.parametrize(
    ("count", "want"),
    [
        pytest.param(0, "0 clusters answer", id="none"),
        pytest.param(1, "1 cluster answers", id="one"),
        pytest.param(2, "2 clusters answer", id="several"),
    ],
)
def test_a_number_has_the_words_that_belong_to_it(count: int, want: str) -> None:
    assert counted(count, "cluster answers", "clusters answer") == want
