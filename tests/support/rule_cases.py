"""For each CEL rule documents that it refuses, with the path and the message that a person is shown."""

from __future__ import annotations

import pytest

from builders_api import REMOVE, raw_donor

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
        {"spec.rehearsal": {"start": "2027-01-20T02:00:00"}},
        ("spec.rehearsal", NO_OFFSET),
        id="a rehearsal at a time without offset",
    ),
    pytest.param(
        {"spec.rehearsal": {"start": "2207-01-20T02:00:00Z"}},
        ("spec.rehearsal", NO_TIME),
        id="a rehearsal in a mistyped year",
    ),
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
