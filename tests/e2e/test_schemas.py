"""A real API server takes the definitions of crds/ and refuses all that the tests of the schema refuse."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
import requests

from builders_api import Document, raw_cluster, raw_cue, raw_event
from clusters.cluster import Cluster
from crd_server import defaulted, root_schema
from doc_pages import ROOT
from full_documents import CLUSTER, CUE, EVENT
from gala.api.crd import KINDS, render
from gala.api.documents import read_documents
from ledger_values import a_ledger, a_record, as_object
from rule_cases import CLUSTER_WITH_BOTH, CUES, EVENTS, FIXED, TWO_HOMES
from wrong_values import Path, Wrong, shown, wrongs

pytestmark = pytest.mark.usefixtures("definitions")

EXAMPLES = [
    pytest.param(document, id=f"{path.name} {document['metadata']['name']}")
    for path in sorted((ROOT / "examples").glob("*.yaml"))
    for document in read_documents(path.read_text())
    if document["kind"] in KINDS
]
RULES = [
    *(pytest.param(raw_event(case.values[0]), case.values[1], id=case.id) for case in EVENTS),
    *(pytest.param(raw_cue(case.values[0]), ("spec", case.values[1]), id=case.id) for case in CUES),
    pytest.param(raw_cluster(CLUSTER_WITH_BOTH), ("spec", TWO_HOMES), id="a cluster with two homes"),
]
JSON = {"Content-Type": "application/json"}
FULL: Mapping[str, Document] = {"GalaEvent": EVENT, "GalaCluster": CLUSTER, "GalaCue": CUE}
WRONG = [
    pytest.param(kind, path, found, id=f"{kind}: {shown(path)} in {len(found)} ways")
    for kind, document in FULL.items()
    for path, found in wrongs(json.loads(json.dumps(document)), root_schema(render(kind)))
]
FULL_AND_LEDGERS = [
    *(pytest.param(document, id=f"a {kind} with every field") for kind, document in FULL.items()),
    pytest.param(raw_event(), id="a GalaEvent with few fields"),
    pytest.param(raw_cluster(), id="a GalaCluster with few fields"),
    pytest.param(as_object(a_ledger(3)), id="a ledger"),
    pytest.param(as_object(a_record()), id="a record of latched segments"),
]


@pytest.fixture(scope="module")
def url(fleet: Sequence[Cluster], definitions: None) -> Iterator[str]:
    """Where the first cluster takes requests without credentials."""
    with fleet[0].proxied() as address:
        yield address


@pytest.fixture(scope="module")
def session() -> Iterator[requests.Session]:
    with requests.Session() as session:
        session.trust_env = False
        yield session


def placed(document: Mapping[str, Any], namespace: str) -> Document:
    """A copy in this namespace."""
    return {**document, "metadata": {**document["metadata"], "namespace": namespace}}


@pytest.mark.parametrize("kind", KINDS)
def test_a_server_establishes_the_kind_and_finds_its_schema_structural(cluster: Cluster, kind: str) -> None:
    definition = cluster.get("crd", render(kind)["metadata"]["name"])
    conditions = {each["type"]: each["status"] for each in definition["status"]["conditions"]}

    assert conditions["Established"] == "True"
    assert conditions["NamesAccepted"] == "True"
    assert conditions.get("NonStructuralSchema", "False") == "False"


def test_definitions_that_are_there_already_are_no_change(cluster: Cluster) -> None:
    assert cluster.run("diff", "--server-side", "-f", str(ROOT / "crds")).out == ""


@pytest.mark.parametrize("document", EXAMPLES)
def test_a_server_would_take_every_example(cluster: Cluster, document: Mapping[str, Any]) -> None:
    text = json.dumps(placed(document, "default"))

    for how in ((), ("--server-side",)):
        told = cluster.kubectl("apply", "--dry-run=server", *how, "-f", "-", stdin=text)
        assert document["metadata"]["name"] in told


@pytest.mark.parametrize("document", FULL_AND_LEDGERS)
def test_a_server_fills_in_the_defaults_that_the_tests_believe_in(
    cluster: Cluster, document: Mapping[str, Any]
) -> None:
    asked = placed(document, "default")
    out = cluster.kubectl("create", "--dry-run=server", "-o", "json", "-f", "-", stdin=json.dumps(asked))

    want = defaulted(root_schema(render(document["kind"])), asked)["spec"]
    assert json.loads(out)["spec"] == json.loads(json.dumps(want))


@pytest.mark.parametrize(("document", "want"), RULES)
def test_a_rule_refuses_with_its_path_and_its_message(
    cluster: Cluster, document: Mapping[str, Any], want: tuple[str, str]
) -> None:
    path, message = want
    text = json.dumps(placed(document, "default"))
    ran = cluster.run("apply", "--dry-run=server", "-f", "-", stdin=text)

    assert ran.code == 1
    assert f"{path}: Invalid value: " in ran.err
    assert f": {message}\n" in ran.err


def test_a_cue_that_was_given_cannot_be_changed(cluster: Cluster, namespace: str) -> None:
    cluster.apply(placed(raw_cue(), namespace))
    text = json.dumps(placed(raw_cue({"spec.by": "60s"}), namespace))

    ran = cluster.run("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=text)

    assert ran.code == 1
    assert FIXED in ran.err
    assert cluster.get("cue", "show-1-slip", "-n", namespace)["spec"]["by"] == "-90s"


@pytest.mark.parametrize(("kind", "path", "wrong"), WRONG)
def test_a_server_refuses_every_wrong_value_and_says_where(
    url: str, session: requests.Session, kind: str, path: Path, wrong: Sequence[Wrong]
) -> None:
    plural = render(kind)["spec"]["names"]["plural"]
    where = f"{url}/apis/gala.dev/v1alpha1/namespaces/default/{plural}?dryRun=All&fieldValidation=Strict"
    for each in filter(sayable, wrong):
        document = json.dumps(placed(each.document, "default"))
        answer = session.post(where, data=document, headers=JSON, timeout=20)

        assert answer.status_code in {400, 422}, (each.what, answer.text)
        assert shown(path) in answer.json()["message"], (each.what, answer.text[:500])


def sayable(wrong: Wrong) -> bool:
    """JSON has no way to write what is no number."""
    return not any(isinstance(value, float) and not math.isfinite(value) for value in leaves(wrong.document))


def leaves(value: Any) -> Iterator[Any]:
    """Every value that holds no other."""
    if isinstance(value, Mapping):
        for child in value.values():
            yield from leaves(child)
    elif isinstance(value, list):
        for child in value:
            yield from leaves(child)
    else:
        yield value
