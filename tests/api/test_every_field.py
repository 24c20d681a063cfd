"""Every field of every kind that people write, wrong in every way: the server and `gala` refuse the same."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError

from crd_server import Schema, root_schema
from full_documents import CLUSTER, CUE, EVENT
from gala.api.crd import render
from gala.api.cue import GalaCue
from gala.api.facts_file import parse_facts
from gala.api.refusal import sentence
from gala.api.scalars import WIRE
from gala.api.validation import parse_cluster, parse_event
from gala.errors import InvalidInput
from wrong_values import Path, Wrong, shown, unfilled, wrongs


def parse_cue(raw: Mapping[str, Any]) -> None:
    try:
        GalaCue.model_validate(raw, by_alias=True, by_name=False, context={WIRE: True})
    except ValidationError as error:
        raise InvalidInput(sentence(error, GalaCue)) from error


KINDS: Mapping[str, tuple[dict[str, Any], Callable[[Mapping[str, Any]], object]]] = {
    "GalaEvent": (EVENT, parse_event),
    "GalaCluster": (CLUSTER, parse_cluster),
    "GalaCue": (CUE, parse_cue),
}
SCHEMAS = {kind: root_schema(render(kind)) for kind in KINDS}


def strict(schema: Schema) -> Schema:
    """The schema with strict field validation, as kubectl asks for it, and with rates as they are written."""
    made: dict[str, Any] = copy.deepcopy(dict(schema))
    for part in _parts(made["properties"]["spec"]):
        if "properties" in part:
            part["additionalProperties"] = False
        if part.pop("x-kubernetes-int-or-string", False):
            part["type"] = ["integer", "string"]
        if "pattern" in part:
            part["pattern"] = re.sub(r"\$$", r"\\Z", part["pattern"])
    return made


def _parts(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield schema
    below = [*schema.get("properties", {}).values(), schema.get("items"), schema.get("additionalProperties")]
    for child in below:
        if isinstance(child, dict):
            yield from _parts(child)


STRICT = {kind: jsonschema.Draft202012Validator(strict(schema)) for kind, schema in SCHEMAS.items()}
CASES = [
    pytest.param(kind, path, found, id=f"{kind}: {shown(path)} in {len(found)} ways")
    for kind, (document, _) in KINDS.items()
    for path, found in wrongs(json.loads(json.dumps(document)), SCHEMAS[kind])
]
SAYS_WHAT_TO_WRITE = re.compile(r"; (write|remove) | such as |write one ")


@pytest.mark.parametrize("kind", KINDS)
def test_the_document_that_all_others_are_made_from_has_every_field_and_is_fine(kind: str) -> None:
    document, parse = KINDS[kind]

    assert unfilled(document, SCHEMAS[kind]) == set()
    assert [str(error) for error in STRICT[kind].iter_errors(document)] == []
    parse(document)


@pytest.mark.parametrize(("kind", "path", "wrong"), CASES)
def test_the_schema_refuses_every_wrong_value(kind: str, path: Path, wrong: Sequence[Wrong]) -> None:
    assert [each.what for each in wrong if STRICT[kind].is_valid(each.document)] == []


@pytest.mark.parametrize(("kind", "path", "wrong"), CASES)
def test_gala_refuses_every_wrong_value_in_one_sentence_that_says_what_to_write(
    kind: str, path: Path, wrong: Sequence[Wrong]
) -> None:
    _, parse = KINDS[kind]
    for each in wrong:
        with pytest.raises(InvalidInput) as refusal:
            parse(each.document)

        said = str(refusal.value)
        assert said.startswith(shown(path)), (each.what, said)
        assert SAYS_WHAT_TO_WRITE.search(said), (each.what, said)
        assert len(said.splitlines()) == 1, each.what
        assert len(said) < 400, each.what


FACTS = {
    "apiVersion": "gala.dev/v1alpha1",
    "kind": "GalaFacts",
    "clusters": [
        {
            "name": "east",
            "nodes": [{"count": 1, "cpu": "13500m", "memory": "50Gi", "pods": 110}],
            "targets": [{"workload": "web", "replicas": 3, "cpu": "1", "memory": "1Gi"}],
        }
    ],
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(path, value, id=f"{shown(path)} is {value!r}"[:80])
        for path, values in {
            ("clusters",): (5, {}, "x", [1], [FACTS["clusters"][0]] * 257),
            ("clusters", 0, "name"): (5, "", "North_1", ["x"]),
            ("clusters", 0, "nodes"): (5, {}, [1]),
            ("clusters", 0, "nodes", 0, "count"): (0, -1, "1", 1.5, True, 100_001),
            ("clusters", 0, "nodes", 0, "cpu"): (1.5, True, "-1", "many", "1e400", []),
            ("clusters", 0, "nodes", 0, "memory"): (1.5, True, "-1Gi", "1gb", []),
            ("clusters", 0, "nodes", 0, "pods"): (-1, "1", 1.5),
            ("clusters", 0, "nodes", 0, "labels"): (5, ["a"], {"a": 5}),
            ("clusters", 0, "nodes", 0, "taints"): (5, [{"value": "x"}], [{"key": "x", "effect": "Never"}]),
            ("clusters", 0, "quotas"): (
                5,
                [{"namespace": "gala"}],
                [{"namespace": "g", "name": "x", "pods": -1}],
            ),
            ("clusters", 0, "targets", 0, "nodeSelector"): (5, ["a"]),
            ("clusters", 0, "targets", 0, "tolerations"): (5, [{"operator": "Almost"}]),
            ("clusters", 0, "targets", 0, "workload"): (5, "", "Web_1"),
            ("clusters", 0, "targets", 0, "replicas"): (-1, "3", 1.5, True, 1_000_001),
            ("clusters", 0, "targets", 0, "colour"): ("red",),
        }.items()
        for value in values
    ],
)
def test_facts_are_refused_in_one_sentence_with_its_path(path: tuple[str | int, ...], value: Any) -> None:
    facts: Any = copy.deepcopy(FACTS)
    owner = facts
    for step in path[:-1]:
        owner = owner[step]
    owner[path[-1]] = value
    with pytest.raises(InvalidInput) as refusal:
        parse_facts(facts)

    assert str(refusal.value).startswith(shown(path))
    assert len(str(refusal.value).splitlines()) == 1
