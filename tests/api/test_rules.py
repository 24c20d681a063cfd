"""Each CEL rule, evaluated: what it refuses, that Python refuses the same, that a server can afford it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from builders_api import REMOVE, Document, raw_cluster, raw_cue, raw_donor, raw_event
from crd_server import defaulted, estimated_cost, nodes, root_schema, rule_failures
from gala.api.crd import KINDS, render
from gala.api.cue import GalaCue
from gala.api.scalars import WIRE
from gala.api.validation import parse_cluster, parse_event
from gala.errors import InvalidInput
from rule_cases import CLUSTER_WITH_BOTH, CUES, EVENTS, FIXED, LABELS, STATEFUL_SET, TWO_HOMES

ALLOWED_EVENTS = [
    pytest.param({}, id="the event all others are made from"),
    pytest.param({"spec.rounds.0.demand.0.qps": 300_000}, id="a rate that is an integer"),
    pytest.param({"spec.rounds.0.start": "2027-02-05T12:00:00Z"}, id="a time in UTC"),
    pytest.param(
        {"spec.rounds.0.scene": "calm", "spec.rounds.0.afterScene": "calm"}, id="scenes that are there"
    ),
    pytest.param(
        {"spec.rounds.0.scene": "calm", "spec.rounds.0.demand": REMOVE}, id="a scene without own demand"
    ),
    pytest.param({"spec.workloads.0.perCluster": {"max": 4}}, id="a greatest number alone"),
    pytest.param({"spec.mode": "Rehearsal", "spec.rehearsal": {"scalePercent": 10}}, id="a rehearsal"),
    pytest.param(
        {"spec.rehearsal": {"start": "2027-01-20T02:00:00Z"}}, id="a rehearsal at a time of its own"
    ),
    pytest.param({"spec.donors": [{"name": "batch", "selector": LABELS}]}, id="donors by label"),
    pytest.param(
        {"spec.donors": [raw_donor(target=STATEFUL_SET, allowStateful=True)]},
        id="a StatefulSet that may lend",
    ),
]


def failures(kind: str, document: Document, old: Document | None = None) -> list[tuple[str, str]]:
    schema = root_schema(render(kind))
    return rule_failures(schema, defaulted(schema, document), None if old is None else defaulted(schema, old))


@pytest.mark.parametrize(("changes", "want"), EVENTS)
def test_a_rule_refuses_an_event(changes: dict[str, Any], want: tuple[str, str]) -> None:
    assert failures("GalaEvent", raw_event(changes)) == [want]


@pytest.mark.parametrize(("changes", "want"), EVENTS)
def test_python_refuses_an_event_that_a_rule_refuses(changes: dict[str, Any], want: tuple[str, str]) -> None:
    path, _ = want
    with pytest.raises(InvalidInput) as refusal:
        parse_event(raw_event(changes))

    assert str(refusal.value).startswith(path)


@pytest.mark.parametrize("changes", ALLOWED_EVENTS)
def test_rules_and_python_allow_an_event(changes: dict[str, Any]) -> None:
    assert failures("GalaEvent", raw_event(changes)) == []
    assert parse_event(raw_event(changes)).metadata.name == "show"


@pytest.mark.parametrize(("changes", "want"), CUES)
def test_a_rule_and_python_refuse_a_cue(changes: dict[str, Any], want: str) -> None:
    cue = raw_cue(changes)

    assert failures("GalaCue", cue) == [("spec", want)]
    with pytest.raises(ValidationError, match=want.replace("`", ".")):
        GalaCue.model_validate(cue, context={WIRE: True})


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="a slip to an earlier time"),
        pytest.param({"spec.action": "Extend", "spec.by": "5m"}, id="an extension"),
        pytest.param({"spec.action": "Skip", "spec.by": REMOVE}, id="a skip of a round"),
        pytest.param({"spec.action": "Pause", "spec.by": REMOVE, "spec.round": REMOVE}, id="a pause"),
    ],
)
def test_rules_and_python_allow_a_cue(changes: dict[str, Any]) -> None:
    assert failures("GalaCue", raw_cue(changes)) == []
    assert GalaCue.model_validate(raw_cue(changes), context={WIRE: True}).spec.event_ref.name == "show"


def test_a_rule_refuses_a_cue_that_changes() -> None:
    assert failures("GalaCue", raw_cue({"spec.by": "60s"}), old=raw_cue()) == [("spec", FIXED)]


def test_a_cue_that_stays_as_it_is_may_be_written_again() -> None:
    assert failures("GalaCue", raw_cue({"metadata.labels": {"a": "b"}}), old=raw_cue()) == []


def test_a_rule_and_python_refuse_a_cluster_with_two_homes() -> None:
    assert failures("GalaCluster", raw_cluster(CLUSTER_WITH_BOTH)) == [("spec", TWO_HOMES)]
    with pytest.raises(InvalidInput, match="exclude each other"):
        parse_cluster(raw_cluster(CLUSTER_WITH_BOTH))


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"spec.kubeconfig": {"secretRef": {"name": "s"}}}, id="credentials alone"),
        pytest.param({"spec.inCluster": True}, id="the own cluster alone"),
        pytest.param({}, id="neither, for the Secret has a default name"),
    ],
)
def test_a_rule_allows_a_cluster_with_one_home(changes: dict[str, Any]) -> None:
    assert failures("GalaCluster", raw_cluster(changes)) == []


def test_every_rule_of_every_kind_is_refused_somewhere_above() -> None:
    want = {
        rule["message"]
        for kind in KINDS
        for node in nodes(root_schema(render(kind)))
        for rule in node.schema.get("x-kubernetes-validations", ())
    }
    refused = {case.values[1][1] for case in EVENTS} | {case.values[1] for case in CUES} | {FIXED, TWO_HOMES}

    assert refused == want


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_can_afford_every_rule_and_all_of_them(kind: str) -> None:
    costs = {
        (node.path, rule["rule"]): estimated_cost(node, rule["rule"])
        for node in nodes(root_schema(render(kind)))
        for rule in node.schema.get("x-kubernetes-validations", ())
    }

    assert max(costs.values(), default=0) < 10_000_000
    assert sum(costs.values()) < 100_000_000


def test_a_rule_over_two_long_lists_would_not_be_affordable() -> None:
    (spec,) = (node for node in nodes(root_schema(render("GalaEvent"))) if node.path == "spec")
    rule = "self.workloads.all(w, self.donors.all(d, self.rounds.all(r, w.name != d.name)))"

    assert estimated_cost(spec, rule) > 10_000_000
