"""Alert rules and dashboard ask for what the operator exposes, and each alert says what to do."""

from __future__ import annotations

import functools
import re
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

import monitoring_files as files
from doc_pages import ROOT, anchors
from gala.api.event_status import EventPhase
from gala.planning import reasons
from gala.report.event_judgements import EventView, judge
from gala.report.families import FAMILIES
from gala.report.gauges import STATUSES
from metric_tales import LEADING, told
from report_night import EVENT, T0
from report_passes import event_plan, facts, snapshot

EXPRESSIONS = [pytest.param(text, id=name) for name, text in files.expressions().items()]
ALERTS = [pytest.param(name, rule, id=name) for name, rule in files.alerts().items()]
PANELS = [pytest.param(panel, id=panel["title"]) for panel in files.panels()]

BY_PROMETHEUS = {"job", "instance", "namespace"}
"""Labels that a scrape adds."""

ALERT_LABELS = {"alertname", "alertstate", "severity", "event", "round", "member_cluster"}


@functools.cache
def exposed() -> dict[str, set[str]]:
    """The labels of every sample that a scrape of the operator gives, by its name."""
    labels = {family.name: set(family.labels) for family in FAMILIES}
    found: dict[str, set[str]] = {"ALERTS": ALERT_LABELS}
    for family in text_string_to_metric_families(told().text(LEADING).decode()):
        for sample in family.samples:
            own = labels.get(family.name) or labels.get(f"{family.name}_total") or set()
            found[sample.name] = own | {"le"} if sample.name.endswith("_bucket") else own
    return found


def conditions() -> set[str]:
    """The types of the conditions of an event."""
    event = facts()
    assert event.spec is not None
    view = EventView(key=EVENT, generation=1, spec=event.spec, plan=event_plan(), snapshot=snapshot(), now=T0)
    return {one.type for one in judge(view)}


CONSTANTS: dict[str, set[str]] = {
    "condition": conditions(),
    "status": set(STATUSES),
    "phase": {phase.value for phase in EventPhase},
    "reason": {value for name, value in vars(reasons).items() if name.isupper()} | {"LateStart"},
    "outcome": {
        "Done", "Undecided", "Fault",
        "Written", "Conflict", "LeadershipLost", "Rejected", "Throttled", "Unreachable",
    },
    "severity": {"critical", "warning"},
    "alertstate": {"firing"},
}  # fmt: skip


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_asks_for_metrics_that_are_exposed_with_these_labels(expression: str) -> None:
    asked = list(files.selectors(expression))
    assert asked
    assert {one.name for one in asked} - exposed().keys() == set()
    for one in asked:
        assert set(one.labels) <= exposed()[one.name] | BY_PROMETHEUS


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_groups_and_joins_by_labels_that_are_there(expression: str) -> None:
    there = BY_PROMETHEUS.union(*(exposed()[one.name] for one in files.selectors(expression)))
    assert files.grouped(expression) <= there


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_label_is_compared_with_values_that_it_can_have(expression: str) -> None:
    for one in files.selectors(expression):
        for label, (_, value) in one.labels.items():
            if label in CONSTANTS:
                assert set(value.split("|")) <= CONSTANTS[label]


def test_each_metric_of_ours_is_looked_at_by_an_alert_or_a_panel() -> None:
    asked = {one.name for text in files.expressions().values() for one in files.selectors(text)}
    unseen = {family.name for family in FAMILIES} - {re.sub(r"_bucket$", "", name) for name in asked}
    assert unseen == {
        "gala_clock_doubt",  # a figure beside gala_clock_jumps_total
        "gala_cluster_cache_restarts_total",  # beside gala_cluster_watch_age_seconds
        "gala_event_cluster_ready_replicas",  # beside gala_event_cluster_missing_replicas
        "gala_events",
        "gala_intake_problem",  # beside gala_intake_list_age_seconds
        "gala_status_writes_total",
    }


@pytest.mark.parametrize(("name", "rule"), ALERTS)
def test_an_alert_says_how_grave_it_is_and_what_to_do(name: str, rule: dict[str, Any]) -> None:
    assert re.fullmatch(r"Gala[A-Z][A-Za-z]+", name)
    assert re.fullmatch(r"\d+[smh]", rule["for"])
    assert rule["labels"] == {"severity": rule["labels"]["severity"]}
    assert rule["labels"]["severity"] in CONSTANTS["severity"]
    assert set(rule["annotations"]) == {"summary", "description", "runbook"}
    assert all(rule["annotations"][text].strip().endswith(".") for text in ("summary", "description"))
    assert len(rule["annotations"]["summary"]) < 200


@pytest.mark.parametrize(("name", "rule"), ALERTS)
def test_the_runbook_of_an_alert_is_a_heading_of_its_own(name: str, rule: dict[str, Any]) -> None:
    page, _, anchor = rule["annotations"]["runbook"].partition("#")
    assert anchor == name.lower()
    assert anchor in anchors(ROOT / page)


def test_the_runbook_has_no_alert_that_is_gone() -> None:
    known = {name.lower() for name in files.alerts()}
    told_of = {anchor for anchor in anchors(ROOT / "docs" / "alerts.md") if anchor.startswith("gala")}
    assert told_of == known


@pytest.mark.parametrize(("name", "rule"), ALERTS)
def test_promtool_tries_an_alert_while_all_is_well_and_when_it_is_not(
    name: str, rule: dict[str, Any]
) -> None:
    one = files.rule_tests()[name]
    wants = [bool(check["exp_samples"]) for check in one["promql_expr_test"]]
    assert {check["expr"] for check in one["promql_expr_test"]} == {
        f'count(ALERTS{{alertname="{name}",alertstate="firing"}})'
    }
    assert wants[0] is False, "it is silent while all is well"
    assert wants[-1] is True, "and fires when it is not"
    assert len(wants) == 3 or rule["for"] == "0s", "and not before its `for` is over"


def test_promtool_tries_a_healthy_operator_on_every_metric_that_alerts_ask_for() -> None:
    healthy = files.rule_tests()["Healthy"]
    given = {series["series"].partition("{")[0] for series in healthy["input_series"]}
    asked = {one.name for rule in files.alerts().values() for one in files.selectors(rule["expr"])}
    assert given == asked
    assert all(check["exp_samples"] == [] for check in healthy["promql_expr_test"])


@pytest.mark.parametrize("test", [pytest.param(one, id=name) for name, one in files.rule_tests().items()])
def test_promtool_is_given_series_as_the_operator_exposes_them(test: dict[str, Any]) -> None:
    for series in test["input_series"]:
        (one,) = files.selectors(series["series"])
        assert set(one.labels) - {"job", "instance"} == exposed()[one.name]


def test_panels_do_not_share_an_id_or_a_place() -> None:
    every = files.dashboard()["panels"]
    assert len({panel["id"] for panel in every}) == len(every)
    taken: set[tuple[int, int]] = set()
    for panel in every:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


@pytest.mark.parametrize("panel", PANELS)
def test_a_panel_says_what_it_shows_and_asks_the_chosen_prometheus(panel: dict[str, Any]) -> None:
    assert panel["description"].endswith(".")
    assert panel["type"] in {"stat", "timeseries", "table", "state-timeline"}
    references = [target["refId"] for target in panel["targets"]]
    assert len(set(references)) == len(references)
    for source in (panel, *panel["targets"]):
        assert source["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


@pytest.mark.parametrize("panel", PANELS)
def test_a_table_names_its_columns_after_what_was_asked(panel: dict[str, Any]) -> None:
    if panel["type"] != "table":
        assert "transformations" not in panel
        return
    renamed = panel["transformations"][-1]["options"]["renameByName"]
    references = [target["refId"] for target in panel["targets"]]
    assert list(renamed) == (
        ["Value"] if len(references) == 1 else [f"Value #{reference}" for reference in references]
    )


def test_every_variable_that_is_used_is_declared_and_the_other_way_round() -> None:
    dashboard = files.dashboard()
    declared = {variable["name"] for variable in dashboard["templating"]["list"]}
    text = str(dashboard)
    used = set(re.findall(r"\$\{?([a-z]\w*)\}?", text))
    assert used == declared
    assert declared == {"datasource", "job", "event_namespace", "event", "cluster"}


def test_the_dashboard_is_one_that_grafana_ten_imports() -> None:
    dashboard = files.dashboard()
    assert dashboard["schemaVersion"] == 39
    assert "id" not in dashboard
    assert "__inputs" not in dashboard
    assert re.fullmatch(r"[a-z-]{1,40}", dashboard["uid"])
