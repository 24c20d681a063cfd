"""What a page shows in a block is what a cluster, a shell or the sandbox takes."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml

from doc_commands import commands
from doc_pages import PAGES, ROOT, Block, blocks, languages
from foreign_objects import faults
from gala.api.cluster import Prometheus
from gala.api.documents import read_documents
from gala.api.event import GalaEvent
from gala.api.meta import API_VERSION
from gala.sandbox.__main__ import build
from gala.sandbox.apiserver.kinds import CRD
from gala.sandbox.apiserver.resources import Options
from gala.sandbox.apiserver.server import EmbeddedServer
from gala.sandbox.killpoints import KillPoint
from gala.sandbox.script import from_json
from gala.signals.query import freshness, rendered
from sandbox_builders import START, Client, serving

UNDERSTOOD = {"console", "yaml", "json", "promql", "bash", "text"}
ONLY_FILES = {"GalaFacts"}
"""Kinds of ours that no API server knows."""


def documents(block: Block) -> list[dict[str, Any]]:
    return [dict(document) for document in read_documents(block.text)]


@pytest.mark.parametrize("page", [pytest.param(page, id=page.name) for page in PAGES])
def test_every_block_is_of_a_language_that_some_test_understands(page: Path) -> None:
    assert languages(page) - UNDERSTOOD == set()


async def answer(client: Client, document: dict[str, Any]) -> tuple[int, Any]:
    """To `kubectl apply --dry-run=server --validate=strict` of an object that is not there yet."""
    kinds = client.server.resources.kinds.values()
    kind = next(one for one in kinds if one.kind == document["kind"] and one.group == "gala.dev")
    space = f"namespaces/{document['metadata']['namespace']}/"
    path = f"/apis/{API_VERSION}/{space}{kind.plural}"
    return await client.call("POST", path, document, dryRun="All", fieldValidation="Strict")


async def installed(client: Client) -> None:
    for path in sorted((ROOT / "crds").glob("*.yaml")):
        definition = yaml.safe_load(path.read_text(encoding="utf-8"))
        client.server.resources.create(CRD, "", definition, Options())
    for name in ("gala-system", "gala"):
        assert (await client.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}}))[0] == 201


async def test_an_api_server_takes_every_document_of_ours() -> None:
    refused = {}
    async with serving(EmbeddedServer("hub", lambda: START)) as client:
        await installed(client)
        for block in blocks("yaml"):
            for document in documents(block):
                if document.get("apiVersion") == API_VERSION and document["kind"] not in ONLY_FILES:
                    status, body = await answer(client, document)
                    if status != 201:
                        refused[block.name] = body
    assert refused == {}


async def test_a_field_that_the_kinds_do_not_have_is_refused() -> None:
    body = {"apiVersion": API_VERSION, "kind": "GalaCluster", "metadata": {"name": "a", "namespace": "gala"}}
    async with serving(EmbeddedServer("hub", lambda: START)) as client:
        await installed(client)
        assert (await answer(client, {**body, "spec": {"inCluster": True}}))[0] == 201
        status, told = await answer(client, {**body, "spec": {"inCloud": True}})
    assert (status, "unknown field" in told["message"]) == (400, True)


def test_every_other_document_is_a_kubernetes_object() -> None:
    wrong = {
        block.name: found
        for block in blocks("yaml")
        for document in documents(block)
        if document.get("apiVersion") != API_VERSION and (found := faults(document))
    }
    assert wrong == {}


@pytest.mark.parametrize(
    ("document", "want"),
    [
        pytest.param({"apiVersion": "v1", "kind": "Secret", "stringData": {"a": "b"}}, [], id="a Secret"),
        pytest.param(
            {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replica": 2}},
            ["Deployment.spec.replica is no field"],
            id="a Deployment with a field that does not exist",
        ),
        pytest.param(
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "Role",
                "rules": [{"verbs": "get", "resources": ["pods"]}],
            },
            ["Role.rules[0].verbs has to be a list"],
            id="a Role with a text where a list belongs",
        ),
        pytest.param(
            {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"replicas": True}},
            ["Deployment.spec.replicas has to be of type int"],
            id="a Deployment with a yes where a number belongs",
        ),
        pytest.param(
            {"apiVersion": "example.com/v1", "kind": "Deployment"},
            ["example.com/v1 Deployment is no kind that Kubernetes brings"],
            id="a kind of somebody else",
        ),
        pytest.param(
            {"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": 1}},
            ["ConfigMap.data.a has to be of type str"],
            id="a ConfigMap with a number",
        ),
    ],
)
def test_an_object_of_others_is_looked_through(document: dict[str, Any], want: list[str]) -> None:
    assert faults(document) == want


def test_a_sandbox_can_be_built_from_every_configuration() -> None:
    documents = [json.loads(block.text) for block in blocks("json")]
    (config,) = (document for document in documents if "night" in document)
    assert build(config).night.seed == config["night"]["seed"]
    assert len(from_json(config["incidents"])) == len(config["incidents"])
    assert [KillPoint(**point).cluster for point in config["killPoints"]] == ["hub"]


def test_the_query_on_the_page_is_the_one_that_is_asked() -> None:
    (block,) = (block for block in blocks("yaml") if block.page.name == "signals.md")
    event = GalaEvent.model_validate(documents(block)[0])
    query = rendered(event.spec.workloads[0], Prometheus(url="https://p"), event.metadata.namespace or "")
    text = block.page.read_text(encoding="utf-8")
    assert f"`{query}`" in text
    newest = str(freshness(str(query)))
    assert f"`{newest[: newest.index('{')]}{{…}}))`" in text


def test_every_query_in_a_block_is_promql() -> None:
    for block in blocks("promql"):
        assert promql_parser.parse(block.text)


def test_every_script_is_one_that_bash_can_read() -> None:
    scripts = [block.text for block in blocks("bash")]
    scripts += [command.line for page in PAGES for command in commands(page)]
    for script in scripts:
        done = subprocess.run(["bash", "-n"], input=script, capture_output=True, text=True, check=False)
        assert (script, done.returncode, done.stderr) == (script, 0, "")
