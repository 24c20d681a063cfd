from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from builders_api import raw_cluster, raw_cue, raw_donor, raw_event
from gala.api.allocation import GalaAllocation
from gala.api.cluster import ClusterClass, GalaCluster
from gala.api.cue import GalaCue
from gala.api.event import Capacity, GalaEvent, Mode, OnDelete, Round, Tier, Window
from gala.api.facts_file import parse_facts
from gala.api.meta import Selector
from gala.api.model import Model
from gala.api.validation import parse_cluster, parse_event
from gala.errors import InvalidInput

NOON = 1_801_828_800.0

LEDGER: dict[str, Any] = {
    "metadata": {"name": "gala.show.east", "namespace": "gala-system"},
    "spec": {
        "schemaVersion": 1,
        "eventRef": {"namespace": "gala", "name": "show", "uid": "u1"},
        "cluster": "east",
        "policy": {"onDelete": "Keep", "cooldown": "1m", "maxStepPercent": 10},
        "holdUntil": "2027-02-05T12:00:00Z",
        "entries": [
            {
                "workload": "web",
                "target": {
                    "apiVersion": "apps/v1",
                    "kind": "Deployment",
                    "namespace": "gala",
                    "name": "web",
                    "uid": "u2",
                },
                "mechanism": "Scale",
                "original": 0,
                "intended": 7,
                "state": "Intended",
                "since": "2027-02-05T12:00:00Z",
                "reason": "Floor",
                "rule": "ratchet",
                "floors": [
                    {
                        "segment": "first",
                        "replicas": 7,
                        "required": 9,
                        "division": 7,
                        "taken": 1,
                        "stragglers": 2,
                        "basis": {"uid": "u1", "generation": 3, "cues": 1},
                    }
                ],
            }
        ],
    },
}

RECORD: dict[str, Any] = {
    "metadata": {"name": "gala.show", "namespace": "gala-system"},
    "spec": {
        "schemaVersion": 1,
        "eventRef": {"namespace": "gala", "name": "show", "uid": "u1"},
        "policy": {"onDelete": "HandBack", "cooldown": "5m", "maxStepPercent": 50},
        "latched": [
            {
                "segment": "first",
                "basis": {"uid": "u1", "generation": 3, "cues": 0},
                "readyBy": "2027-02-05T12:00:00Z",
                "end": "2027-02-05T12:15:00Z",
                "capsAt": "2027-02-05T11:50:00Z",
                "clusters": [{"cluster": "east", "prepareAt": "2027-02-05T11:50:00Z", "gap": "Hold"}],
                "allocations": [{"workload": "web", "cluster": "east", "share": 3, "cap": 40}],
            }
        ],
        "moves": [
            {
                "workload": "web",
                "segment": "first",
                "from": "north",
                "to": "east",
                "count": 4,
                "phase": "Warming",
                "sourceFloor": 6,
                "toFloor": 14,
                "at": "2027-02-05T12:01:00Z",
            }
        ],
        "lastShares": [
            {
                "workload": "web",
                "at": "2027-02-05T12:00:30Z",
                "shares": [{"cluster": "east", "share": 7}, {"cluster": "north", "share": 3}],
            }
        ],
        "cues": [
            {
                "uid": "u9",
                "name": "show-1-slip",
                "action": "Slip",
                "by": "-1m30s",
                "at": "2027-02-05T11:59:00Z",
                "phase": "Applied",
                "effect": "first starts 90 s sooner",
            }
        ],
    },
}

FULL_EVENT = raw_event(
    {
        "spec.mode": "Rehearsal",
        "spec.rehearsal": {"scalePercent": 10, "start": "2027-01-20T02:00:00Z"},
        "spec.clusterSelector": {"matchLabels": {"region": "east"}},
        "spec.workloads.0.signal": {"metric": "http_requests_total", "matchLabels": {"app": "web"}},
        "spec.workloads.0.perCluster": {"min": 2, "max": 9},
        "spec.workloads.1.query": "sum(rate(pay[1m]))",
        "spec.rounds.0.scene": "calm",
        "spec.rounds.0.afterScene": "calm",
        "spec.rounds.0.window": {"early": "1m", "late": "90s"},
        "spec.donors": [raw_donor(floor={"percent": 20})],
        "spec.division": {"shares": [{"cluster": "east", "weight": 3}]},
        "spec.resilience": {"survive": 1, "tiers": ["S", "A"]},
        "spec.handback": {"cooldown": "1m", "onDelete": "Keep"},
    }
)

FULL_CLUSTER = raw_cluster(
    {
        "spec.class": "Public",
        "spec.kubeconfig": {"secretRef": {"name": "east-kubeconfig"}},
        "spec.prometheus": {
            "url": "https://prometheus.example.com",
            "clusterLabel": "east",
            "bearerTokenSecretRef": {"name": "token", "key": "token"},
            "caSecretRef": {"name": "ca", "key": "ca.crt"},
        },
        "spec.elastic": {"maxCores": 5000, "nodeStart": "3m"},
        "spec.podStart": {"perSecond": 20, "p95": "1m30s"},
        "spec.costPerCoreHour": "0.04",
        "status": {"allocatable": {"cpu": "1500m", "memory": "64Gi", "pods": 110}, "nodes": 3},
    }
)


@pytest.mark.parametrize(
    ("model", "raw"),
    [
        pytest.param(GalaEvent, raw_event(), id="a plain event"),
        pytest.param(GalaEvent, FULL_EVENT, id="an event with everything"),
        pytest.param(GalaCluster, raw_cluster(), id="a plain cluster"),
        pytest.param(GalaCluster, FULL_CLUSTER, id="a cluster with everything"),
        pytest.param(GalaCue, raw_cue(), id="a cue"),
        pytest.param(GalaAllocation, LEDGER, id="a ledger"),
        pytest.param(GalaAllocation, RECORD, id="an event record"),
    ],
)
def test_what_is_written_is_read_back_as_it_was(model: type[Model], raw: dict[str, Any]) -> None:
    want = model.model_validate(raw)

    written = json.loads(want.model_dump_json(by_alias=True, exclude_none=True))

    assert model.model_validate(written) == want


@pytest.mark.parametrize(
    "raw", [pytest.param(LEDGER, id="a ledger"), pytest.param(RECORD, id="an event record")]
)
def test_the_ledger_is_written_word_for_word(raw: dict[str, Any]) -> None:
    ledger = GalaAllocation.model_validate(raw)

    assert json.loads(ledger.spec.model_dump_json(by_alias=True, exclude_unset=True)) == raw["spec"]


def test_fields_of_a_later_version_survive_a_rewrite_of_the_ledger() -> None:
    raw = json.loads(json.dumps(LEDGER))
    raw["spec"]["entries"][0]["floors"][0]["colour"] = {"deep": ["red"]}
    raw["spec"]["mood"] = 5

    written = GalaAllocation.model_validate(raw).spec.model_dump(by_alias=True)

    assert written["mood"] == 5
    assert written["entries"][0]["floors"][0]["colour"] == {"deep": ["red"]}


def test_an_original_of_zero_is_not_a_lost_one() -> None:
    ledger = GalaAllocation.model_validate(LEDGER)

    written = json.loads(ledger.model_dump_json(by_alias=True, exclude_none=True))

    assert written["spec"]["entries"][0]["original"] == 0
    assert "written" not in written["spec"]["entries"][0]


def test_a_plain_event_has_every_default() -> None:
    spec = parse_event(raw_event()).spec

    assert (spec.mode, spec.paused, spec.time_zone) == (Mode.ENFORCE, False, "UTC")
    assert spec.workloads[0].tier is Tier.B
    assert spec.workloads[0].target.kind == "Deployment"
    assert spec.workloads[0].target.namespace is None
    assert spec.workloads[0].per_cluster.min == 0
    assert spec.workloads[0].capacity == Capacity(qps_per_replica=100, headroom_percent=20, warmup=30.0)
    assert spec.rounds[0].window == Window(early=0.0, late=300.0)
    assert spec.rounds[0].after_duration == 600.0
    assert (spec.rebalance.interval, spec.rebalance.tolerance_percent) == (15.0, 10)
    assert (spec.rebalance.max_step_percent, spec.rebalance.stale_after) == (20, 60.0)
    assert (spec.handback.cooldown, spec.handback.max_step_percent) == (300.0, 50)
    assert spec.handback.on_delete is OnDelete.HAND_BACK
    assert (spec.division.shares, spec.resilience.survive) == ((), 0)


def test_text_is_read_as_numbers() -> None:
    (part,) = parse_event(raw_event()).spec.rounds

    assert (part.start, part.duration) == (NOON, 600.0)
    assert part.demand[0].qps == 300_000


def test_numbers_are_fine_in_code() -> None:
    part = Round(name="first", start=NOON, duration=600.0, scene="calm")

    assert (part.start, part.duration) == (NOON, 600.0)


def test_a_time_that_another_yaml_reader_made_a_datetime_is_read() -> None:
    start = datetime(2027, 2, 5, 12, tzinfo=UTC)

    assert parse_event(raw_event({"spec.rounds.0.start": start})).spec.rounds[0].start == NOON


def test_a_datetime_without_an_offset_is_refused() -> None:
    start = datetime(2027, 2, 5, 12)  # noqa: DTZ001

    with pytest.raises(InvalidInput, match=r"spec.rounds\[0\].start"):
        parse_event(raw_event({"spec.rounds.0.start": start}))


def test_a_model_cannot_be_changed() -> None:
    event = parse_event(raw_event())

    with pytest.raises(ValidationError, match="frozen"):
        event.spec.paused = True  # type: ignore[misc]


def test_a_null_is_a_field_that_is_absent() -> None:
    event = parse_event(raw_event({"spec.rounds.0.window": None, "spec.donors": None}))

    assert event == parse_event(raw_event())


def test_a_status_that_cannot_be_read_is_no_fault_of_the_event() -> None:
    assert parse_event(raw_event({"status": {"phase": "Flying"}})).status is None


def test_a_status_is_read_with_fields_of_a_later_version() -> None:
    status = parse_event(raw_event({"status": {"phase": "Live", "colour": "red"}})).status

    assert status is not None
    assert status.phase == "Live"


def test_metadata_of_the_server_is_read() -> None:
    metadata = {
        "uid": "u1",
        "generation": 3,
        "creationTimestamp": "2027-02-05T12:00:00Z",
        "managedFields": [],
    }

    read = parse_event(raw_event({f"metadata.{name}": value for name, value in metadata.items()})).metadata

    assert (read.uid, read.generation, read.creation_timestamp) == ("u1", 3, NOON)


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        pytest.param({}, 1, id="a private cluster has weight one"),
        pytest.param({"spec.class": "Public"}, 0, id="a public cluster has weight zero"),
        pytest.param({"spec.class": "Public", "spec.weight": 3}, 3, id="a stated weight counts"),
        pytest.param({"spec.weight": 0}, 0, id="a stated zero counts"),
    ],
)
def test_a_weight_follows_the_class(changes: dict[str, Any], want: int) -> None:
    assert parse_cluster(raw_cluster(changes)).spec.effective_weight == want


def test_a_cluster_is_private_and_lets_nobody_lend_unless_it_says_so() -> None:
    spec = parse_cluster(raw_cluster()).spec

    assert spec.cluster_class is ClusterClass.PRIVATE
    assert (spec.admits[0].may, spec.admits[0].max_tier) == (("Grow",), Tier.B)
    assert not spec.namespace_sameness


def test_tiers_are_ranked_from_s_to_c() -> None:
    assert sorted(Tier, key=lambda tier: tier.rank) == [Tier.S, Tier.A, Tier.B, Tier.C]


@pytest.mark.parametrize(
    ("wanted", "want"),
    [
        pytest.param({}, True, id="no labels pick everything"),
        pytest.param({"a": "b"}, True, id="a label that is there"),
        pytest.param({"a": "c"}, False, id="a label with another value"),
        pytest.param({"a": "b", "x": "y"}, False, id="one label of two"),
    ],
)
def test_a_selector_picks_by_all_its_labels(wanted: dict[str, str], want: bool) -> None:
    assert Selector(match_labels=wanted).matches({"a": "b", "c": "d"}) is want


def test_facts_are_read_in_millicores_and_bytes() -> None:
    facts = parse_facts(
        {
            "kind": "GalaFacts",
            "clusters": [
                {
                    "name": "east",
                    "nodes": [{"count": 2, "cpu": "1500m", "memory": "1Gi", "pods": 10}],
                    "targets": [{"workload": "web", "replicas": 3, "cpu": 1, "memory": "512Mi"}],
                }
            ],
        }
    )

    (cluster,) = facts.clusters
    assert (cluster.nodes[0].cpu, cluster.nodes[0].memory) == (1500, 1024**3)
    assert (cluster.targets[0].cpu, cluster.targets[0].memory) == (1000, 1024**3 // 2)


@pytest.mark.parametrize(
    ("clusters", "want"),
    [
        pytest.param(
            [{"name": "east", "nodes": [{"count": 1, "cpu": 0.5, "memory": "1Gi", "pods": 1}]}],
            "clusters[0].nodes[0].cpu: 0.5 is not a quantity; write it as 1500m or 8",
            id="a floating number of cores",
        ),
        pytest.param(
            [{"name": "east", "nodes": [{"count": 1, "cpu": 1, "memory": True, "pods": 1}]}],
            "clusters[0].nodes[0].memory: True is not a quantity; write it as 512Mi or 64Gi",
            id="a truth value of memory",
        ),
        pytest.param(
            [{"name": "east", "target": []}],
            "clusters[0].target: there is no such field; write targets",
            id="an unknown field",
        ),
    ],
)
def test_facts_are_refused_in_one_sentence(clusters: list[Any], want: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        parse_facts({"clusters": clusters})

    assert str(refusal.value) == want
