"""The examples are valid, for `gala` and for a real API server, and say what they claim."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from crd_server import defaulted, root_schema, rule_failures
from gala.api.crd import KINDS, render
from gala.api.documents import read_documents
from gala.api.event import Demand, GalaEvent, Round
from gala.api.facts_file import parse_facts
from gala.api.validation import parse_cluster, parse_event, unsupported

EXAMPLES = Path(__file__).parents[2] / "examples"
GALA = "spring-festival-gala.yaml"


def documents(name: str) -> tuple[Mapping[str, Any], ...]:
    return read_documents((EXAMPLES / name).read_text())


def clusters() -> list[Mapping[str, Any]]:
    return [document for document in documents("clusters.yaml") if document["kind"] == "GalaCluster"]


def event(name: str) -> GalaEvent:
    (document,) = documents(name)
    return parse_event(document)


def all_objects() -> list[Any]:
    return [
        pytest.param(document, id=f"{path.name} {document['metadata']['name']}")
        for path in sorted(EXAMPLES.glob("*.yaml"))
        for document in documents(path.name)
        if document["kind"] in KINDS
    ]


@pytest.mark.parametrize("document", all_objects())
def test_an_example_is_accepted_by_its_schema_and_its_rules(document: Mapping[str, Any]) -> None:
    schema = root_schema(render(document["kind"]))
    filled = defaulted(schema, document)

    jsonschema.validate(filled, closed(schema))
    assert rule_failures(schema, filled) == []


@pytest.mark.parametrize("name", ["minimal.yaml", GALA])
def test_an_example_asks_for_nothing_that_is_not_built(name: str) -> None:
    assert unsupported(event(name)) == ()


def test_the_minimal_event_has_about_25_lines() -> None:
    assert len((EXAMPLES / "minimal.yaml").read_text().splitlines()) <= 25


def test_the_night_has_seven_rounds_two_scenes_and_crosses_midnight() -> None:
    spec = event(GALA).spec

    assert len(spec.rounds) == 7
    assert {scene.name for scene in spec.scenes} == {"red-envelope", "shopping"}
    assert {workload.tier for workload in spec.workloads} == {"S", "A", "B"}
    assert [part.name for part in sorted(spec.rounds, key=lambda r: r.start)] == [p.name for p in spec.rounds]
    assert "2027-02-06T00:" in (EXAMPLES / GALA).read_text()


def test_the_largest_round_adds_at_least_2000_replicas() -> None:
    show = event(GALA)
    (facts,) = (parse_facts(d) for d in documents("clusters.yaml") if d["kind"] == "GalaFacts")
    originals: dict[str, int] = {}
    for cluster in facts.clusters:
        for target in cluster.targets:
            originals[target.workload] = originals.get(target.workload, 0) + target.replicas

    added = {
        part.name: sum(max(0, count - originals[name]) for name, count in required(show, part).items())
        for part in show.spec.rounds
    }

    assert max(added.values()) == added["round-1"] >= 2000


def test_the_comments_beside_demands_say_the_replicas_that_follow() -> None:
    show = event(GALA)
    first, last = show.spec.rounds[0], show.spec.rounds[-1]

    assert required(show, first) == {"gateway": 720, "red-envelope": 1500, "login": 450, "payment": 195}
    assert required(show, last) == {"gateway": 540, "red-envelope": 1125, "login": 180, "payment": 130}


def test_facts_describe_the_clusters_of_the_same_file_and_the_workloads_of_the_night() -> None:
    (facts,) = (parse_facts(d) for d in documents("clusters.yaml") if d["kind"] == "GalaFacts")
    workloads = {workload.name for workload in event(GALA).spec.workloads}

    assert [c.name for c in facts.clusters] == [document["metadata"]["name"] for document in clusters()]
    assert all({target.workload for target in c.targets} == workloads for c in facts.clusters)


def test_two_clusters_are_private_one_is_public_and_all_differ_in_size() -> None:
    (facts,) = (parse_facts(d) for d in documents("clusters.yaml") if d["kind"] == "GalaFacts")
    sizes = {sum(node.count * node.cpu for node in cluster.nodes) for cluster in facts.clusters}

    assert [parse_cluster(d).spec.cluster_class for d in clusters()] == ["Private", "Private", "Public"]
    assert len(sizes) == 3


def required(show: GalaEvent, part: Round) -> dict[str, int]:
    scenes = {scene.name: scene.demand for scene in show.spec.scenes}
    demands = {d.workload: d for d in (*scenes.get(part.scene or "", ()), *part.demand)}
    return {name: replicas(show, demand) for name, demand in demands.items()}


def replicas(show: GalaEvent, demand: Demand) -> int:
    if demand.replicas is not None:
        return demand.replicas
    (capacity,) = (w.capacity for w in show.spec.workloads if w.name == demand.workload)
    assert capacity is not None
    assert demand.qps is not None
    return -(-demand.qps * (100 + capacity.headroom_percent) // (100 * capacity.qps_per_replica))


def closed(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema as strict field validation reads it: what is not listed is refused."""
    result = dict(schema)
    if "properties" in schema:
        result["properties"] = {name: closed(child) for name, child in schema["properties"].items()}
        result["additionalProperties"] = False
    if "items" in schema:
        result["items"] = closed(schema["items"])
    return result
