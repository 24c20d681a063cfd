"""The rendered CRDs: as committed, structural, bounded, and what kubectl prints."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml
from pydantic import BaseModel

from crd_server import Node, nodes, root_schema
from gala.api.crd import KINDS, render, render_all, render_files
from gala.api.structural import SchemaError, structural

COMMITTED = Path(__file__).parents[2] / "crds"
TYPES = {"array", "boolean", "integer", "object", "string"}
FORBIDDEN = {"$ref", "$defs", "title", "anyOf", "oneOf", "allOf", "const", "format", "nullable"}


def every_node() -> list[Any]:
    return [
        pytest.param(node, id=f"{kind} {node.path or 'root'}")
        for kind in KINDS
        for node in nodes(root_schema(render(kind)))
    ]


def test_what_is_committed_is_what_the_models_render() -> None:
    committed = {path.name: path.read_text() for path in COMMITTED.glob("*.yaml")}

    assert committed == render_files()


def test_all_definitions_in_one_text_are_the_files_one_after_another() -> None:
    assert list(yaml.safe_load_all(render_all())) == [render(kind) for kind in KINDS]


@pytest.mark.parametrize("node", every_node())
def test_a_schema_is_structural_and_bounded(node: Node) -> None:
    schema = node.schema

    assert not FORBIDDEN & schema.keys()
    assert schema.get("type") in TYPES or schema.get("x-kubernetes-int-or-string") is True
    if schema.get("type") == "array":
        assert schema["maxItems"] > 0
        assert schema["x-kubernetes-list-type"] in ("atomic", "map", "set")
    if schema.get("type") == "string" and node.path not in ("apiVersion", "kind"):
        assert "maxLength" in schema or "enum" in schema
    if isinstance(schema.get("additionalProperties"), dict):
        assert schema["maxProperties"] > 0
        assert "properties" not in schema
    assert schema.get("additionalProperties") is not True
    assert set(schema.get("required", ())) <= set(schema.get("properties", ()))


@pytest.mark.parametrize("node", [case for case in every_node() if "default" in case.values[0].schema])
def test_a_default_is_valid_by_its_own_schema(node: Node) -> None:
    jsonschema.validate(node.schema["default"], node.schema)


@pytest.mark.parametrize(
    "node", [case for case in every_node() if "x-kubernetes-list-map-keys" in case.values[0].schema]
)
def test_the_key_of_a_list_is_a_required_text(node: Node) -> None:
    (key,) = node.schema["x-kubernetes-list-map-keys"]

    assert key in node.schema["items"]["required"]
    assert node.schema["items"]["properties"][key]["type"] == "string"


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("spec.workloads", id="workloads are told apart by name"),
        pytest.param("spec.scenes", id="scenes are told apart by name"),
        pytest.param("spec.rounds", id="rounds are told apart by name"),
        pytest.param("spec.donors", id="donors are told apart by name"),
        pytest.param("status.rounds", id="the status of rounds is told apart by name"),
    ],
)
def test_the_server_itself_refuses_two_of_one_name(path: str) -> None:
    (node,) = (node for node in nodes(root_schema(render("GalaEvent"))) if node.path == path)

    assert node.schema["x-kubernetes-list-type"] == "map"
    assert node.schema["x-kubernetes-list-map-keys"] == ["name"]


@pytest.mark.parametrize("node", [c for c in every_node() if not c.values[0].path.endswith((".*", "[]"))])
def test_a_field_says_what_it_means(node: Node) -> None:
    if node.path in ("apiVersion", "kind", "metadata"):
        return
    assert node.schema["description"].endswith((".", "…"))


def test_entries_of_the_ledger_are_one_atomic_list_that_keeps_unknown_fields() -> None:
    (entries,) = (n for n in nodes(root_schema(render("GalaAllocation"))) if n.path == "spec.entries")

    assert entries.schema["x-kubernetes-list-type"] == "atomic"
    assert entries.schema["items"]["x-kubernetes-preserve-unknown-fields"] is True


def test_only_the_ledger_keeps_unknown_fields() -> None:
    keeping = {
        kind
        for kind in KINDS
        for node in nodes(root_schema(render(kind)))
        if "x-kubernetes-preserve-unknown-fields" in node.schema
    }

    assert keeping == {"GalaAllocation"}


def test_the_server_fills_in_nothing_that_the_operator_writes() -> None:
    filled = {
        (kind, node.path.partition(".")[0])
        for kind in KINDS
        for node in nodes(root_schema(render(kind)))
        if "default" in node.schema
    }

    assert filled == {("GalaEvent", "spec"), ("GalaCluster", "spec")}


@pytest.mark.parametrize(
    ("kind", "short", "want"),
    [
        pytest.param(
            "GalaEvent", "ge", ["Phase", "Round", "Next", "Ready", "Clusters", "Age"], id="of an event"
        ),
        pytest.param(
            "GalaCluster",
            "gc",
            ["Class", "Order", "Reachable", "Nodes", "Cores", "Free", "Age"],
            id="of a cluster",
        ),
        pytest.param("GalaCue", "cue", ["Event", "Action", "Round", "By", "Phase", "Age"], id="of a cue"),
        pytest.param(
            "GalaAllocation",
            "ga",
            ["Event-Namespace", "Event", "Cluster", "Outstanding", "Hold-Until", "Age"],
            id="of the ledger",
        ),
    ],
)
def test_kubectl_prints_columns_and_knows_short_names(kind: str, short: str, want: list[str]) -> None:
    spec = render(kind)["spec"]

    assert [column["name"] for column in spec["versions"][0]["additionalPrinterColumns"]] == want
    assert spec["names"]["shortNames"] == [short]
    assert spec["names"]["categories"] == ["gala"]
    assert spec["versions"][0]["subresources"] == {"status": {}}


@pytest.mark.parametrize("kind", KINDS)
def test_no_column_repeats_one_that_kubectl_prints_by_itself(kind: str) -> None:
    columns = render(kind)["spec"]["versions"][0]["additionalPrinterColumns"]

    assert {column["name"] for column in columns}.isdisjoint({"Namespace", "Name"})


@pytest.mark.parametrize("kind", KINDS)
def test_a_column_shows_a_field_that_is_there(kind: str) -> None:
    known = {f".{node.path}" for node in nodes(root_schema(render(kind)))}
    paths = [
        column["jsonPath"].replace('[?(@.type=="Reachable")]', "[]")
        for column in render(kind)["spec"]["versions"][0]["additionalPrinterColumns"]
    ]

    assert set(paths) - known == {".metadata.creationTimestamp"}


class Either(BaseModel):
    field: int | str


class Fraction(BaseModel):
    field: float


class Formatted(BaseModel):
    field: bytes


class Anything(BaseModel):
    field: Any


@pytest.mark.parametrize(
    ("model", "want"),
    [
        pytest.param(Either, "Either.field: anyOf of 2 types", id="a choice of types"),
        pytest.param(Fraction, "Fraction.field: number is no type of this API", id="a floating number"),
        pytest.param(Formatted, "Formatted.field: format is not known here", id="a format"),
        pytest.param(Anything, "Anything.field: no type", id="a field that may be anything"),
    ],
)
def test_what_the_renderer_does_not_know_is_an_error(model: type[BaseModel], want: str) -> None:
    with pytest.raises(SchemaError, match=want):
        structural(model, defaults=True)
