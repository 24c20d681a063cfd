"""Every refusal: the path, what is wrong, and what to write instead."""

from __future__ import annotations

from typing import Any

import pytest

from builders_api import REMOVE, raw_cluster, raw_donor, raw_event
from gala.api.validation import parse_cluster, parse_event
from gala.errors import InvalidInput

DONOR_WEB = raw_donor(target={"name": "web"})
STATEFUL = raw_donor(target={"kind": "StatefulSet", "name": "db"})


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        pytest.param(
            {"spec.rounds.0.start": "2027-02-05T20:00:00"},
            "spec.rounds[0].start: '2027-02-05T20:00:00' is not a time with an offset; "
            "write it as 2027-02-05T20:00:00+08:00 or 2027-02-05T12:00:00Z",
            id="a time without an offset is refused",
        ),
        pytest.param(
            {"spec.rounds.0.start": 1801828800},
            "spec.rounds[0].start: 1801828800 is not text; write it as '2027-02-05T20:00:00+08:00'",
            id="a time that is a number is refused",
        ),
        pytest.param(
            {"spec.rounds.0.start": "0027-02-05T20:00:00+08:00"},
            "spec.rounds[0]: start is no time that exists in this century; "
            "write it as 2027-02-05T20:00:00+08:00",
            id="a mistyped year is refused",
        ),
        pytest.param(
            {"spec.rounds.0.duration": 600},
            "spec.rounds[0].duration: 600 is not text; write it as '5m'",
            id="a duration that is a number is refused",
        ),
        pytest.param(
            {"spec.rounds.0.duration": "0s"},
            "spec.rounds[0].duration: '0s' is no time at all; write more than 0s, such as 5m",
            id="a round that lasts no time is refused",
        ),
        pytest.param(
            {"spec.rounds.0.window": {"late": "-5m"}},
            "spec.rounds[0].window.late: '-5m' is negative; write it without the minus sign",
            id="a negative window is refused",
        ),
        pytest.param(
            {"spec.rounds.0.duration": REMOVE},
            "spec.rounds[0].duration: this is required and missing; write it",
            id="a round without duration is refused",
        ),
        pytest.param(
            {"spec.rounds.0.demand": REMOVE},
            "spec.rounds[0]: a round without demand asks for nothing; write `scene` or `demand`",
            id="a round without demand is refused",
        ),
        pytest.param(
            {"spec.rounds.0.demand": []},
            "spec.rounds[0]: a round without demand asks for nothing; write `scene` or `demand`",
            id="a round with an empty demand is refused",
        ),
        pytest.param(
            {"spec.rounds.1": raw_event()["spec"]["rounds"][0]},
            "spec.rounds: 2 times a round 'first'; write each once, under a name of its own",
            id="two rounds of one name are refused",
        ),
        pytest.param(
            {"spec.workloads.2": {"name": "web", "target": {"name": "other"}}},
            "spec.workloads: 2 times a workload 'web'; write each once, under a name of its own",
            id="two workloads of one name are refused",
        ),
        pytest.param(
            {"spec.scenes.1": raw_event()["spec"]["scenes"][0]},
            "spec.scenes: 2 times a scene 'calm'; write each once, under a name of its own",
            id="two scenes of one name are refused",
        ),
        pytest.param(
            {"spec.rounds.0.demand.2": {"workload": "pay", "replicas": 3}},
            "spec.rounds[0].demand: 2 times a demand for workload 'pay'; "
            "write each once, under a name of its own",
            id="two demands for one workload are refused",
        ),
        pytest.param(
            {"spec.division": {"shares": [{"cluster": "a", "weight": 1}, {"cluster": "a", "weight": 2}]}},
            "spec.division.shares: 2 times a cluster 'a'; write each once, under a name of its own",
            id="two shares of one cluster are refused",
        ),
        pytest.param(
            {"spec.rounds.0.scene": "storm"},
            "spec.rounds[0].scene: there is no scene 'storm'; write calm",
            id="an unknown scene is refused with the scenes there are",
        ),
        pytest.param(
            {"spec.rounds.0.afterScene": "storm", "spec.scenes": REMOVE},
            "spec.rounds[0].afterScene: there is no scene 'storm'; write it into spec.scenes",
            id="an unknown after-scene is refused where there are no scenes",
        ),
        pytest.param(
            {"spec.rounds.0.demand.0.workload": "wbe"},
            "spec.rounds[0].demand[0].workload: there is no workload 'wbe'; write one of web, pay",
            id="an unknown workload in a round is refused",
        ),
        pytest.param(
            {"spec.scenes.0.demand.0.workload": "wbe"},
            "spec.scenes[0].demand[0].workload: there is no workload 'wbe'; write one of web, pay",
            id="an unknown workload in a scene is refused",
        ),
        pytest.param(
            {"spec.rounds.0.demand.1": {"workload": "pay", "qps": 100}},
            "spec.rounds[0].demand[1].qps: workload 'pay' does not say what a replica carries; "
            "write capacity.qpsPerReplica there, or replicas here",
            id="a rate for a workload without capacity is refused",
        ),
        pytest.param(
            {"spec.rounds.0.demand.0": {"workload": "web", "qps": 100, "replicas": 3}},
            "spec.rounds[0].demand[0]: a demand is a rate or a count; "
            "write exactly one of `qps` and `replicas`",
            id="a demand with a rate and a count is refused",
        ),
        pytest.param(
            {"spec.rounds.0.demand.0": {"workload": "web"}},
            "spec.rounds[0].demand[0]: a demand is a rate or a count; "
            "write exactly one of `qps` and `replicas`",
            id="a demand with neither rate nor count is refused",
        ),
        pytest.param(
            {"spec.rounds.0.demand.0.qps": "2m"},
            "spec.rounds[0].demand[0].qps: '2m' is thousandths of a query per second; write 2M for millions",
            id="a rate with a small m is refused",
        ),
        pytest.param(
            {"spec.rounds.0.demand.0.qps": 1.5},
            "spec.rounds[0].demand[0].qps: 1.5 is not a rate; "
            "write whole queries per second, such as 300000, 300k or 2M",
            id="a rate with a fraction is refused",
        ),
        pytest.param(
            {"spec.rounds.0.demand.0.qps": True},
            "spec.rounds[0].demand[0].qps: True is not a rate; "
            "write whole queries per second, such as 300000, 300k or 2M",
            id="a rate that is a truth value is refused",
        ),
        pytest.param(
            {"spec.rounds.0.demand.1.replicas": 0},
            "spec.rounds[0].demand[1].replicas: 0 is too small; write 1 or more",
            id="a demand of no replicas is refused",
        ),
        pytest.param(
            {"spec.rounds.0.demand.1.replicas": "30"},
            "spec.rounds[0].demand[1].replicas: '30' is not a whole number; "
            "write one without quotes or fraction, as 20",
            id="a number in quotes is refused as the API server does",
        ),
        pytest.param(
            {"spec.workloads.0.capacity.qpsPerReplica": 0},
            "spec.workloads[0].capacity.qpsPerReplica: 0 is too small; write 1 or more",
            id="a capacity of zero is refused",
        ),
        pytest.param(
            {"spec.workloads.0.capacity.qpsPerReplica": -5},
            "spec.workloads[0].capacity.qpsPerReplica: -5 is too small; write 1 or more",
            id="a negative capacity is refused",
        ),
        pytest.param(
            {"spec.workloads.0.capacity.headroomPercent": 1001},
            "spec.workloads[0].capacity.headroomPercent: 1001 is too large; write 1000 or less",
            id="a headroom beyond all bounds is refused",
        ),
        pytest.param(
            {"spec.workloads.0.perCluster": {"min": 5, "max": 4}},
            "spec.workloads[0].perCluster: min is above max; write a min of at most max",
            id="a least number above the greatest is refused",
        ),
        pytest.param(
            {"spec.workloads.0.signal": {"metric": "m"}, "spec.workloads.0.query": "sum(m)"},
            "spec.workloads[0]: `signal` and `query` exclude each other; write one of them",
            id="a workload with two signals is refused",
        ),
        pytest.param(
            {"spec.workloads.0.signal": {"metric": 'm{x="'}},
            "spec.workloads[0].signal.metric: 'm{x=\"' does not have the right form; "
            "write something that matches ^[a-zA-Z_:][a-zA-Z0-9_:]*$",
            id="a metric that smuggles in a query is refused",
        ),
        pytest.param(
            {"spec.workloads.1.target": {"name": "web", "namespace": "gala"}},
            "spec.workloads[1].target: Deployment gala/web is the target of workload 'web' already; "
            "write another one",
            id="two workloads with one target are refused though one leaves its namespace out",
        ),
        pytest.param(
            {"spec.workloads.0.tier": "D"},
            "spec.workloads[0].tier: 'D' is none of the choices; write 'S', 'A', 'B' or 'C'",
            id="an unknown tier is refused with the tiers there are",
        ),
        pytest.param(
            {"spec.workloads.0.name": "Web_1"},
            "spec.workloads[0].name: 'Web_1' is not a name; "
            "write lower-case letters, digits and hyphens, as round-1",
            id="a name that is no DNS label is refused",
        ),
        pytest.param(
            {"spec.workloads.0.name": "x" * 64},
            f"spec.workloads[0].name: '{'x' * 64}' is too long; write at most 63 characters",
            id="a name that is too long is refused",
        ),
        pytest.param(
            {"spec.workloads": []},
            "spec.workloads: a list of 0 is too short; write at least 1",
            id="an event without workloads is refused",
        ),
        pytest.param(
            {"spec.rounds": [{}] * 65},
            "spec.rounds[0].name: this is required and missing; write it (194 more problems after this one)",
            id="the number of further problems is said",
        ),
        pytest.param(
            {"spec.rounds": {"first": {}}},
            "spec.rounds: an object is not a list; write one item per line, each after a hyphen",
            id="an object in place of a list is refused",
        ),
        pytest.param(
            {"spec.workloads.0.target": "web"},
            "spec.workloads[0].target: 'web' is not an object; write its fields below it, indented",
            id="a text in place of an object is refused",
        ),
        pytest.param(
            {"spec.workloads.0.signal": {"metric": "m", "matchLabels": ["a"]}},
            "spec.workloads[0].signal.matchLabels: a list of 1 is not an object; "
            "write `key: value` lines below it, indented",
            id="a list in place of labels is refused",
        ),
        pytest.param(
            {"spec.paused": "yes"},
            "spec.paused: 'yes' is neither true nor false; write one of them, without quotes",
            id="a text in place of true or false is refused",
        ),
        pytest.param(
            {"spec.timeZone": 8},
            "spec.timeZone: 8 is not text; write it in quotes",
            id="a number in place of text is refused",
        ),
        pytest.param(
            {"spec.timeZone": True},
            "spec.timeZone: true is not text; write it in quotes",
            id="a truth value in place of text is refused",
        ),
        pytest.param(
            {"spec.time_zone": "Asia/Shanghai"},
            "spec.time_zone: there is no such field; write timeZone",
            id="a field in snake case is refused as the API server does",
        ),
        pytest.param(
            {"spec.timeZone": "Asia/Shangai"},
            "spec.timeZone: 'Asia/Shangai' is no time zone; "
            "write a name of the IANA database, as Asia/Shanghai",
            id="a time zone that is misspelt is refused with the nearest one",
        ),
        pytest.param(
            {"spec.timeZone": "../etc/passwd"},
            "spec.timeZone: '../etc/passwd' is no time zone; "
            "write a name of the IANA database, as Asia/Shanghai",
            id="a time zone that is a path is refused",
        ),
        pytest.param(
            {"spec.round": []},
            "spec.round: there is no such field; write rounds",
            id="an unknown field is refused with the nearest one",
        ),
        pytest.param(
            {"spec.rounds.0.window": {"before": "1m"}},
            "spec.rounds[0].window.before: there is no such field; remove it, or write one of early, late",
            id="an unknown field far from all others is refused with those there are",
        ),
        pytest.param(
            {"spec.rounds.0.duration": REMOVE, "spec.rounds.0.durration": "5m"},
            "spec.rounds[0].durration: there is no such field; write duration",
            id="a mistyped field that is required is told once",
        ),
        pytest.param(
            {"spec.workloads.0.capacity.qpsPerPod": 5},
            "spec.workloads[0].capacity.qpsPerPod: there is no such field; write qpsPerReplica",
            id="an unknown field in an optional object is refused with the nearest one",
        ),
        pytest.param(
            {"spec.mode": "Rehearsal"},
            "spec: `mode: Rehearsal` needs `rehearsal`; write scalePercent or start in it",
            id="a rehearsal without figures is refused",
        ),
        pytest.param(
            {"spec.donors": [DONOR_WEB]},
            "spec.donors[0].target: Deployment gala/web is the target of workload 'web' and cannot lend; "
            "remove it",
            id="a target that is also a donor is refused",
        ),
        pytest.param(
            {"spec.donors": [raw_donor(), raw_donor(name="again")]},
            "spec.donors[1].target: Deployment gala/batch is donor 'batch' already; remove one of them",
            id="two donors with one target are refused",
        ),
        pytest.param(
            {"spec.donors": [raw_donor(), raw_donor(target={"name": "other"})]},
            "spec.donors: 2 times a donor 'batch'; write each once, under a name of its own",
            id="two donors of one name are refused",
        ),
        pytest.param(
            {"spec.donors": [raw_donor(selector={"matchLabels": {"a": "b"}})]},
            "spec.donors[0]: a donor is one application or many; "
            "write exactly one of `target` and `selector`",
            id="a donor with target and selector is refused",
        ),
        pytest.param(
            {"spec.donors": [STATEFUL]},
            "spec.donors[0]: a StatefulSet lends only with `allowStateful: true`; "
            "write that, or another target",
            id="a StatefulSet that lends unasked is refused",
        ),
        pytest.param(
            {"spec.donors": [raw_donor(floor={"replicas": 1, "percent": 5})]},
            "spec.donors[0].floor: `replicas` and `percent` exclude each other; write one of them",
            id="a donor with two floors is refused",
        ),
        pytest.param(
            {"spec.donors": [raw_donor(selector={"kind": "StatefulSet", "matchLabels": {"a": "b"}})]},
            "spec.donors[0].selector.kind: 'StatefulSet' is not what belongs here; "
            "write 'Deployment' or 'ReplicaSet'",
            id="StatefulSets that lend by selector are refused",
        ),
        pytest.param(
            {"kind": "GalaShow"},
            "kind: 'GalaShow' is not what belongs here; write 'GalaEvent'",
            id="another kind is refused",
        ),
        pytest.param(
            {"metadata.name": REMOVE},
            "metadata.name: this is required and missing; write it",
            id="an event without a name is refused",
        ),
    ],
)
def test_an_event_is_refused_in_one_sentence(changes: dict[str, Any], want: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_event(raw_event(changes))

    assert str(refusal.value) == want


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        pytest.param(
            {"spec.kubeconfig": {"secretRef": {"name": "s"}}, "spec.inCluster": True},
            "spec: `kubeconfig` and `inCluster: true` exclude each other; write one of them",
            id="credentials for the own cluster are refused",
        ),
        pytest.param(
            {"spec.class": "Rented"},
            "spec.class: 'Rented' is none of the choices; write 'Private' or 'Public'",
            id="an unknown class is refused",
        ),
        pytest.param(
            {"spec.prometheus": {"url": "https://user:secret@prometheus.example.com"}},
            "spec.prometheus.url: 'https://user:secret@prometheus.example.com' does not have the right form; "
            r"write something that matches ^https?://[^\s@]+$",
            id="a password in an address is refused",
        ),
        pytest.param(
            {"spec.admits.0.targetNamespaces": ["*x"]},
            "spec.admits[0].targetNamespaces[0]: '*x' does not have the right form; "
            r"write something that matches ^(\*|[a-z0-9]([-a-z0-9]*[a-z0-9])?)$",
            id="a pattern of namespaces is refused",
        ),
        pytest.param(
            {"spec.weight": -1},
            "spec.weight: -1 is too small; write 0 or more",
            id="a negative weight is refused",
        ),
        pytest.param(
            {"spec.costPerCoreHour": 0.04},
            "spec.costPerCoreHour: 0.04 is not text; write it in quotes",
            id="a cost that is a floating number is refused",
        ),
        pytest.param(
            {"spec.podStart": {"p95": "0s"}},
            "spec.podStart.p95: '0s' is no time at all; write more than 0s, such as 5m",
            id="pods that start in no time are refused",
        ),
    ],
)
def test_a_cluster_is_refused_in_one_sentence(changes: dict[str, Any], want: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_cluster(raw_cluster(changes))

    assert str(refusal.value) == want
