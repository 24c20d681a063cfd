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

NO_OFFSET = "start has no offset, so nobody knows when it is; write it as 2027-02-05T20:00:00+08:00"
NO_TIME = "start is no time that exists in this century; write it as 2027-02-05T20:00:00+08:00"
NO_DURATION = "duration is zero; write how long the round lasts, as 10m"
NO_DEMAND = "a round without demand asks for nothing; write `scene` or `demand`"
NO_SCENE = "a round names a scene that is not in `scenes`; write one that is, or add it"
NO_AFTER = "a round names an afterScene that is not in `scenes`; write one that is, or add it"
RATE_OR_COUNT = "a demand is a rate or a count; write exactly one of `qps` and `replicas`"
SMALL_M = "qps with a small m means thousandths; write a capital M for millions, as 2M"
MIN_MAX = "min is above max; write a min of at most max"
TWO_SIGNALS = "`signal` and `query` exclude each other; write one of them"
NO_REHEARSAL = "`mode: Rehearsal` needs `rehearsal`; write scalePercent or start in it"
TWO_FLOORS = "`replicas` and `percent` exclude each other; write one of them"
ONE_OR_MANY = "a donor is one application or many; write exactly one of `target` and `selector`"
STATEFUL = "a StatefulSet lends only with `allowStateful: true`; write that, or another target"
TWO_HOMES = "`kubeconfig` and `inCluster: true` exclude each other; write one of them"
FIXED = "a cue cannot be changed; write another one that says the opposite"
BY = "Slip and Extend need `by`, as 90s, and no other action has it"
LONGER = "Extend only makes a round longer; write End to end it sooner"
WHICH = "Skip needs `round`; write the name of the round that is left out"

ROUND = "spec.rounds[0]"
DEMAND = "spec.rounds[0].demand[0]"
DONOR = "spec.donors[0]"
LABELS = {"matchLabels": {"a": "b"}}
STATEFUL_SET = {"kind": "StatefulSet", "name": "db"}

EVENTS = [
    pytest.param(
        {"spec.rounds.0.start": "2027-02-05T20:00:00"}, (ROUND, NO_OFFSET), id="a time without offset"
    ),
    pytest.param({"spec.rounds.0.start": "2027-02-30T20:00:00Z"}, (ROUND, NO_TIME), id="a day that is not"),
    pytest.param({"spec.rounds.0.start": "1927-02-05T20:00:00Z"}, (ROUND, NO_TIME), id="a mistyped year"),
    pytest.param({"spec.rounds.0.start": "9999-12-31T23:59:59Z"}, (ROUND, NO_TIME), id="the end of all time"),
    pytest.param({"spec.rounds.0.duration": "0s"}, (ROUND, NO_DURATION), id="a round of no time"),
    pytest.param({"spec.rounds.0.demand": REMOVE}, (ROUND, NO_DEMAND), id="a round without demand"),
    pytest.param({"spec.rounds.0.demand": []}, (ROUND, NO_DEMAND), id="a round with an empty demand"),
    pytest.param({"spec.rounds.0.scene": "storm"}, ("spec", NO_SCENE), id="an unknown scene"),
    pytest.param(
        {"spec.rounds.0.scene": "calm", "spec.scenes": REMOVE},
        ("spec", NO_SCENE),
        id="a scene where there are none",
    ),
    pytest.param({"spec.rounds.0.afterScene": "storm"}, ("spec", NO_AFTER), id="an unknown after-scene"),
    pytest.param({"spec.rounds.0.demand.0.replicas": 3}, (DEMAND, RATE_OR_COUNT), id="a rate and a count"),
    pytest.param(
        {"spec.rounds.0.demand.0.qps": REMOVE}, (DEMAND, RATE_OR_COUNT), id="neither rate nor count"
    ),
    pytest.param(
        {"spec.scenes.0.demand.0.qps": REMOVE},
        ("spec.scenes[0].demand[0]", RATE_OR_COUNT),
        id="neither rate nor count in a scene",
    ),
    pytest.param({"spec.rounds.0.demand.0.qps": "2m"}, (DEMAND, SMALL_M), id="a small m"),
    pytest.param(
        {"spec.workloads.0.perCluster": {"min": 5, "max": 4}},
        ("spec.workloads[0].perCluster", MIN_MAX),
        id="a least number above the greatest",
    ),
    pytest.param(
        {"spec.workloads.0.signal": {"metric": "m"}, "spec.workloads.0.query": "m"},
        ("spec.workloads[0]", TWO_SIGNALS),
        id="two signals",
    ),
    pytest.param({"spec.mode": "Rehearsal"}, ("spec", NO_REHEARSAL), id="a rehearsal without figures"),
    pytest.param(
        {"spec.donors": [raw_donor(floor={"replicas": 1, "percent": 1})]},
        (f"{DONOR}.floor", TWO_FLOORS),
        id="two floors",
    ),
    pytest.param(
        {"spec.donors": [raw_donor(selector=LABELS)]}, (DONOR, ONE_OR_MANY), id="a donor of both kinds"
    ),
    pytest.param({"spec.donors": [{"name": "batch"}]}, (DONOR, ONE_OR_MANY), id="a donor of no kind"),
    pytest.param(
        {"spec.donors": [raw_donor(target=STATEFUL_SET)]},
        (DONOR, STATEFUL),
        id="a StatefulSet that lends unasked",
    ),
]

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
    pytest.param({"spec.donors": [{"name": "batch", "selector": LABELS}]}, id="donors by label"),
    pytest.param(
        {"spec.donors": [raw_donor(target=STATEFUL_SET, allowStateful=True)]},
        id="a StatefulSet that may lend",
    ),
]

CUES = [
    pytest.param({"spec.by": REMOVE}, BY, id="a slip of no length"),
    pytest.param({"spec.action": "Pause"}, BY, id="a pause with a length"),
    pytest.param({"spec.action": "Extend"}, LONGER, id="an extension that shortens"),
    pytest.param(
        {"spec.action": "Skip", "spec.by": REMOVE, "spec.round": REMOVE},
        WHICH,
        id="a skip of nothing in particular",
    ),
]

CLUSTER_WITH_BOTH = {"spec.kubeconfig": {"secretRef": {"name": "s"}}, "spec.inCluster": True}


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
