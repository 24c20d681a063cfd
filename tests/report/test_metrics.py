"""The operator's own metrics: each says what it is for, and is there as long as what it is about."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gala.report.families import FAMILIES, Family
from gala.report.metrics import Tale
from gala.report.reporter import Passed
from gala.report.vitals import Vitals
from metric_tales import LEADING, full, metrics, samples, told, value
from report_night import EVENT, T0
from report_passes import Done, Event, cluster, event_plan, health, plan, segment, snapshot, traffic, write

IT = {"event_namespace": EVENT.namespace, "event": EVENT.name}
WEB = {**IT, "workload": "web"}
EAST = {**IT, "member_cluster": "east"}
NORTH = {**IT, "member_cluster": "north"}
ROUND = {**IT, "round": "round-1"}
UNIT = re.compile(r"_(seconds|total|info|replicas|qps)$")
WITHOUT_UNIT = {
    "gala_leader", "gala_lease_problem", "gala_synced", "gala_clock_doubt", "gala_intake_problem",
    "gala_ledger_problems", "gala_events_vanished", "gala_cluster_valid", "gala_cluster_reachable",
    "gala_cluster_authorized", "gala_cluster_caches_behind", "gala_cluster_breaker_open",
    "gala_cluster_write_failures", "gala_event_valid", "gala_event_doubt", "gala_event_phase",
    "gala_event_condition", "gala_event_open_entries", "gala_event_findings", "gala_events",
    "gala_events_untold", "gala_event_signals_missing", "gala_cluster_signals_missing",
    "gala_event_cluster_unknown_targets",
}  # fmt: skip
"""States and counts of things."""


def exposed() -> dict[str, tuple[str, set[str], str]]:
    """By name as declared: kind, labels of its samples and help."""
    found = {}
    for family in text_string_to_metric_families(told().text(LEADING).decode()):
        name = f"{family.name}_total" if family.type == "counter" else family.name
        labels = {label for sample in family.samples for label in sample.labels} - {"le"}
        found[name] = (family.type, labels, family.documentation)
    return found


@pytest.mark.parametrize("family", [pytest.param(one, id=one.name) for one in FAMILIES])
def test_what_is_declared_is_exposed_as_declared(family: Family) -> None:
    assert exposed()[family.name] == (family.kind, set(family.labels), family.text)


def test_nothing_else_is_exposed_but_what_every_process_has() -> None:
    others = exposed().keys() - {family.name for family in FAMILIES}
    assert {name for name in others if not name.startswith("process_")} == set()


@pytest.mark.parametrize("family", [pytest.param(one, id=one.name) for one in FAMILIES])
def test_names_end_in_their_unit_and_say_what_they_are_for(family: Family) -> None:
    assert family.name.startswith("gala_")
    assert (family.kind == "counter") == family.name.endswith("_total")
    assert bool(UNIT.search(family.name)) != (family.name in WITHOUT_UNIT)
    assert len(family.text) > 30
    assert family.text.endswith(".")


def test_no_label_is_one_that_scrape_configurations_set_themselves() -> None:
    used = {label for family in FAMILIES for label in family.labels}
    assert used & {"namespace", "cluster", "pod", "instance", "job", "container", "service"} == set()


@pytest.mark.parametrize(
    ("name", "labels", "want"),
    [
        pytest.param("gala_leader", {}, 1, id="this process leads"),
        pytest.param("gala_passes_total", {"outcome": "Done"}, 7, id="passes are counted"),
        pytest.param("gala_pass_duration_seconds_bucket", {"le": "0.025"}, 1, id="a pass took 20 ms"),
        pytest.param("gala_pass_duration_seconds_bucket", {"le": "0.01"}, 0, id="and not less"),
        pytest.param("gala_decisions_total", {"reason": "OwnNeed"}, 1, id="decisions by their reason"),
        pytest.param(
            "gala_writes_total",
            {"member_cluster": "east", "outcome": "Written"},
            1,
            id="a write that went well",
        ),
        pytest.param(
            "gala_writes_total", {"member_cluster": "east", "outcome": "Conflict"}, 1, id="one that did not"
        ),
        pytest.param("gala_write_duration_seconds_count", {}, 1, id="only acknowledged writes are timed"),
        pytest.param("gala_cluster_valid", {"member_cluster": "north"}, 0, id="a cluster that is refused"),
        pytest.param("gala_cluster_reachable", {"member_cluster": "east"}, 1, id="a cluster that answers"),
        pytest.param("gala_cluster_reachable", {"member_cluster": "north"}, 0, id="and one that does not"),
        pytest.param("gala_cluster_authorized", {"member_cluster": "north"}, 0, id="and forbids something"),
        pytest.param(
            "gala_cluster_last_contact_timestamp_seconds",
            {"member_cluster": "east"},
            T0,
            id="the last contact",
        ),
        pytest.param(
            "gala_cluster_last_contact_timestamp_seconds",
            {"member_cluster": "north"},
            None,
            id="a cluster never reached has no last contact",
        ),
        pytest.param("gala_cluster_caches_behind", {"member_cluster": "north"}, 2, id="watches that ended"),
        pytest.param("gala_cluster_breaker_open", {"member_cluster": "east"}, 1, id="an open breaker"),
        pytest.param(
            "gala_cluster_request_duration_seconds_bucket",
            {"member_cluster": "east", "le": "0.25"},
            9,
            id="latencies add up",
        ),
        pytest.param(
            "gala_cluster_request_duration_seconds_count", {"member_cluster": "east"}, 10, id="all requests"
        ),
        pytest.param("gala_event_valid", IT, 1, id="a valid event"),
        pytest.param("gala_event_phase", {**IT, "phase": "Live"}, 1, id="the phase it is in"),
        pytest.param("gala_event_phase", {**IT, "phase": "Armed"}, None, id="no other phase"),
        pytest.param(
            "gala_event_condition",
            {**IT, "condition": "SignalsFresh", "status": "False"},
            1,
            id="a condition",
        ),
        pytest.param(
            "gala_event_condition",
            {**IT, "condition": "SignalsFresh", "status": "True"},
            0,
            id="its other status",
        ),
        pytest.param(
            "gala_event_findings", {**IT, "reason": "NotAdmitted"}, 1, id="findings by their reason"
        ),
        pytest.param("gala_workload_required_replicas", WEB, 14, id="the floors that are due"),
        pytest.param("gala_workload_ready_replicas", WEB, 2, id="what is Ready, as far as it is known"),
        pytest.param("gala_workload_missing_replicas", WEB, 8, id="what is known to be missing"),
        pytest.param("gala_event_cluster_required_replicas", NORTH, 4, id="a floor in one cluster"),
        pytest.param("gala_event_cluster_ready_replicas", EAST, 2, id="what is Ready in one cluster"),
        pytest.param(
            "gala_event_cluster_ready_replicas", NORTH, None, id="what nobody knows is not told as 0"
        ),
        pytest.param("gala_event_cluster_missing_replicas", EAST, 8, id="what is missing in one cluster"),
        pytest.param("gala_event_cluster_missing_replicas", NORTH, None, id="nobody knows what is missing"),
        pytest.param("gala_event_cluster_unknown_targets", NORTH, 1, id="and that is told"),
        pytest.param("gala_event_cluster_unknown_targets", EAST, 0, id="where all is known"),
        pytest.param("gala_event_cluster_intended_replicas", EAST, 12, id="what the ledger wants"),
        pytest.param("gala_round_start_timestamp_seconds", ROUND, T0 + 100, id="when a round starts"),
        pytest.param("gala_round_prepare_timestamp_seconds", ROUND, T0 + 20, id="when growing begins"),
        pytest.param("gala_round_short_replica_seconds", ROUND, 12, id="what a round went short of"),
        pytest.param("gala_round_required_replicas", ROUND, 10, id="what a round asks for"),
        pytest.param("gala_round_ready_replicas", ROUND, 2, id="what of it is Ready"),
        pytest.param("gala_workload_measured_qps", WEB, 900, id="measured traffic"),
        pytest.param("gala_event_signal_age_seconds", IT, 7, id="the age of its oldest figure"),
        pytest.param(
            "gala_event_signals_missing", {**IT, "reason": "NoData"}, 1, id="why there is no figure"
        ),
        pytest.param("gala_cluster_signal_age_seconds", {"member_cluster": "east"}, 7, id="age by cluster"),
        pytest.param("gala_cluster_signals_missing", {"member_cluster": "east"}, 0, id="all figures there"),
        pytest.param("gala_cluster_signals_missing", {"member_cluster": "north"}, 1, id="one is not there"),
        pytest.param(
            "gala_cluster_signal_age_seconds", {"member_cluster": "north"}, None, id="no figure has no age"
        ),
        pytest.param("gala_events", {}, 1, id="events that are known"),
        pytest.param("gala_events_untold", {}, 0, id="none of them is left out"),
    ],
)
def test_a_figure_is_what_the_pass_knew(name: str, labels: dict[str, str], want: float | None) -> None:
    assert value(told().text(LEADING), name, **labels) == want


@pytest.mark.parametrize(
    ("changes", "name", "want"),
    [
        pytest.param({"problems": 2}, "gala_ledger_problems", 2, id="ledgers that were not stored"),
        pytest.param({"vanished": 3}, "gala_events_vanished", 3, id="events that vanished"),
        pytest.param({"doubt": True}, "gala_clock_doubt", 1, id="a clock in doubt"),
    ],
)
def test_a_pass_tells_what_went_wrong_in_it(changes: dict[str, Any], name: str, want: float) -> None:
    assert value(told(**changes).text(LEADING), name) == want
    assert value(told().text(LEADING), name) == 0


@pytest.mark.parametrize(
    ("vitals", "name", "labels", "want"),
    [
        pytest.param({"loop_age": 4.0}, "gala_loop_age_seconds", {}, 4, id="a loop that is blocked"),
        pytest.param({"turn_age": 40.0}, "gala_turn_age_seconds", {}, 40, id="a turn that does not end"),
        pytest.param({"pass_age": 41.0}, "gala_pass_age_seconds", {}, 41, id="no pass of the leader"),
        pytest.param(
            {"pass_age": 9.0, "leads": False}, "gala_pass_age_seconds", {}, None, id="a standby has none"
        ),
        pytest.param(
            {"undecided": 5}, "gala_passes_total", {"outcome": "Undecided"}, 5, id="undecided passes"
        ),
        pytest.param({"faults": 6}, "gala_passes_total", {"outcome": "Fault"}, 6, id="faults of our own"),
        pytest.param({"jumps": 1}, "gala_clock_jumps_total", {}, 1, id="a clock that was set"),
        pytest.param({"lease_problem": "403"}, "gala_lease_problem", {}, 1, id="a Lease that cannot be had"),
        pytest.param({"listed_age": 90.0}, "gala_intake_list_age_seconds", {}, 90, id="an old list"),
        pytest.param({"listed_age": None}, "gala_intake_list_age_seconds", {}, None, id="no list yet"),
        pytest.param({"intake_restarts": 4}, "gala_intake_restarts_total", {}, 4, id="restarts of the watch"),
        pytest.param({"intake_problem": "no"}, "gala_intake_problem", {}, 1, id="a watch that cannot be had"),
    ],
)
def test_vitals_are_told(
    vitals: dict[str, Any], name: str, labels: dict[str, str], want: float | None
) -> None:
    assert value(told().text(replace(LEADING, **vitals)), name, **labels) == want


def test_a_process_that_does_not_lead_tells_of_itself_alone() -> None:
    names = {name for name, labels in samples(told().text(replace(LEADING, leads=False)))}
    assert {
        name for name in names if name.startswith(("gala_event_", "gala_round_", "gala_cluster_"))
    } == set()
    assert value(told().text(Vitals()), "gala_leader") == 0


def test_before_the_first_pass_there_is_nothing_to_say_of_events() -> None:
    assert value(metrics().text(LEADING), "gala_leader") == 1
    assert value(metrics().text(LEADING), "gala_workload_required_replicas", **WEB) is None


def _gone() -> Passed:
    nothing = snapshot(events=(), clusters={})
    south = {"south": health()}
    return full(events=(), clusters=(), health=south, plan=plan(events={}), snapshot=nothing)


def test_what_is_gone_from_the_last_pass_is_gone_from_the_answer() -> None:
    made = told()
    made.tell(Tale(passed=replace(_gone(), results=()), seconds=0.0))
    about = [dict(labels) for name, labels in samples(made.text(LEADING)) if name.startswith("gala_")]
    assert {one.get("event") or one.get("member_cluster") for one in about} == {None, "south"}


def test_a_round_that_is_over_is_not_told_of_any_more_but_for_what_it_came_to() -> None:
    over = event_plan("Cooling", segments=(segment(latest_end=T0),))
    text = told(full(plan=plan(over))).text(LEADING)
    assert value(text, "gala_round_start_timestamp_seconds", **ROUND) is None
    assert value(text, "gala_round_short_replica_seconds", **ROUND) == 12


@pytest.mark.parametrize(
    ("event", "want"),
    [
        pytest.param(Event(problems=("bad",)), 0, id="an event that is refused"),
        pytest.param(Event(), 1, id="an event that is taken"),
    ],
)
def test_an_invalid_event_is_told(event: Event, want: float) -> None:
    assert value(told(full(events=(event,))).text(LEADING), "gala_event_valid", **IT) == want


@pytest.mark.parametrize("doubt", [pytest.param(True, id="in doubt"), pytest.param(False, id="not in doubt")])
def test_an_event_in_doubt_is_told(doubt: bool) -> None:
    one = snapshot()
    seen = replace(one, events=(replace(one.events[0], doubt=doubt),))
    assert value(told(full(snapshot=seen)).text(LEADING), "gala_event_doubt", **IT) == doubt


def test_what_specs_name_may_hold_anything() -> None:
    odd = 'we"b\\\n'
    clusters = {odd: cluster(odd, traffic=traffic(1.0))}
    text = told(full(snapshot=snapshot(clusters=clusters))).text(LEADING)
    assert value(text, "gala_cluster_signals_missing", member_cluster=odd) == 0


def test_somebody_may_ask_while_passes_go_on() -> None:
    made, asked, over = metrics(), [0], threading.Event()

    def ask() -> None:
        while not over.is_set():
            made.text(LEADING)
            asked[0] += 1

    asker = threading.Thread(target=ask)
    asker.start()
    number = 0
    while asked[0] < 20 and asker.is_alive():
        number += 1
        results = (Done(write(2, 10)),)
        made.tell(Tale(passed=full(results=results, health={f"c{number}": health()}), seconds=0.0))
    over.set()
    asker.join()
    assert asked[0] >= 20
