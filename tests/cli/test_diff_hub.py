"""`gala diff` against a hub over HTTP: what is stored, what the ledger says, and what the clusters answer."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from cli_stage import Stage, gala, night_at, write_kubeconfig
from gala.api.scalars import format_instant
from gala.cli.refusals import told
from gala.errors import Unreachable
from gala.sandbox.apiserver.faults import Call, Refuse
from hub_server import NAMESPACE, SHOWS, Hub, a_hub, cluster, event
from scenes import ROUND_AT, START
from scenes import event as scene_event

Json = dict[str, Any]

BEFORE, LIVE = 10.0, ROUND_AT + 60


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    """A hub with our kinds, two namespaces and nothing in them."""
    async with a_hub() as found:
        yield found


def file(folder: Path, *documents: Json) -> str:
    path = folder / "event.yaml"
    path.write_text("\n---\n".join(json.dumps(document) for document in documents))
    return str(path)


def edited(qps: str = "60k") -> Json:
    """The scene's event with more traffic in its round."""
    changed = scene_event()
    changed["spec"]["rounds"][0]["demand"] = [{"workload": "web", "qps": qps}]
    return changed


async def diff(stage: Stage, after: float, wanted: Json, *more: str) -> Result:
    path = file(Path(stage.kubeconfig).parent, wanted)
    return await stage.gala("diff", "-f", path, "--at", format_instant(START + after), *more)


async def document(stage: Stage, after: float, wanted: Json, *more: str) -> Json:
    found: Json = json.loads((await diff(stage, after, wanted, "-o", "json", *more)).stdout)
    return found


def figures(found: Json, name: str) -> dict[tuple[str, str], Any]:
    return {(one["workload"], one["cluster"]): one[name] for one in found["events"][0]["targets"]}


async def test_while_a_round_is_live_the_ledger_knows_what_runs(tmp_path: Path) -> None:
    async with night_at(LIVE, tmp_path) as stage:
        same = await diff(stage, LIVE, scene_event())
        found = await document(stage, LIVE, scene_event())
        runs = {
            (name, place): stage.fleet.deployment(place, name)["spec"]["replicas"]
            for name in ("web", "shop")
            for place in ("east", "north")
        }
    assert (same.return_value, found["changes"], found["below"], found["notes"]) == (0, False, False, [])
    assert figures(found, "runs") == runs
    assert figures(found, "original") == {
        ("shop", "east"): 2,
        ("web", "east"): 3,
        ("shop", "north"): 3,
        ("web", "north"): 4,
    }


async def test_an_edit_in_a_live_round_says_what_would_be_due_at_once(tmp_path: Path) -> None:
    async with night_at(LIVE, tmp_path) as stage:
        result = await diff(stage, LIVE, edited())
        found = await document(stage, LIVE, edited())
    due = figures(found, "dueNow")["web", "north"]
    assert result.return_value == 1
    assert due["wanted"] > due["stored"]
    assert "BELOW: web in north: " in result.stdout


async def test_what_the_clusters_answer_and_what_the_ledger_says_give_the_same_plan(tmp_path: Path) -> None:
    async with night_at(LIVE, tmp_path) as stage:
        stored = await document(stage, LIVE, edited())
        live = await document(stage, LIVE, edited(), "--live")
    assert stored == live


async def test_before_anything_is_held_only_the_clusters_know_what_runs(tmp_path: Path) -> None:
    async with night_at(BEFORE, tmp_path) as stage:
        blind = await document(stage, BEFORE, edited())
        live = await document(stage, BEFORE, edited(), "--live")
        page = await diff(stage, BEFORE, edited())
    assert (blind["changes"], blind["events"][0]["unknown"], figures(blind, "runs")) == (
        True,
        ["east", "north"],
        {},
    )
    assert "ask the clusters with --live" in page.stdout
    assert (live["events"][0]["unknown"], figures(live, "runs")["web", "north"]) == ([], 4)
    assert figures(live, "toAdd")["web", "north"] > 20


async def test_facts_in_a_file_count_where_the_clusters_are_not_asked(tmp_path: Path) -> None:
    targets = [{"workload": "web", "replicas": 7, "cpu": "1", "memory": "2Gi"}]
    facts = {
        "apiVersion": "gala.dev/v1alpha1",
        "kind": "GalaFacts",
        "clusters": [{"name": "north", "targets": targets}],
    }
    path = tmp_path / "facts.yaml"
    path.write_text(json.dumps(facts))
    async with night_at(BEFORE, tmp_path) as stage:
        found = await document(stage, BEFORE, edited(), "--clusters", str(path))
    assert figures(found, "runs") == {("web", "north"): 7}


async def test_a_cluster_without_a_context_is_named_and_its_ledger_counts(tmp_path: Path) -> None:
    async with night_at(LIVE, tmp_path) as stage:
        hub_only = Stage(stage.fleet, write_kubeconfig(tmp_path, stage.fleet.hub_url))
        found = await document(hub_only, LIVE, scene_event(), "--live")
    assert [note.split(":")[0] for note in found["notes"]] == [
        "cluster east was not asked what runs there",
        "cluster north was not asked what runs there",
    ]
    assert figures(found, "runs")["web", "east"] == 19


async def test_what_a_cluster_refuses_is_told_and_its_ledger_counts(tmp_path: Path) -> None:
    async with night_at(LIVE, tmp_path) as stage:
        refusals = [Refuse(status=403, path="/deployments/web"), Refuse(status=403, path="/nodes")]
        stage.fleet.worlds["north"].server.faults.refusals = refusals
        found = await document(stage, LIVE, scene_event(), "--live")
    assert [note.split(" cannot")[0].split(" is not")[0] for note in found["notes"]] == [
        "Deployment show/web in cluster north",
        "free room in cluster north",
    ]
    assert figures(found, "runs")["web", "north"] == 32


async def test_a_target_that_is_gone_is_gone_whatever_the_ledger_says(tmp_path: Path) -> None:
    async with night_at(BEFORE, tmp_path) as stage:
        stage.fleet.worlds["north"].server.faults.refusals = [Refuse(status=404, path="/deployments/web")]
        found = await document(stage, BEFORE, scene_event(), "--live")
    reasons = {(one["reason"], one["cluster"], one["workload"]) for one in found["events"][0]["findings"]}
    assert ("NotFound", "north", "web") in reasons


async def test_nothing_but_reads_reaches_any_server(tmp_path: Path) -> None:
    asked: list[str] = []

    async def note(call: Call) -> None:
        asked.append(call.method)

    async with night_at(LIVE, tmp_path) as stage:
        for server in (stage.fleet.hub, *(world.server for world in stage.fleet.worlds.values())):
            server.faults.before = note
        await diff(stage, LIVE, edited(), "--live")
    assert set(asked) == {"GET"}


async def called(hub: Hub, folder: Path, *documents: Json, arguments: tuple[str, ...] = ()) -> Result:
    """`gala diff -o json` on a hub without a fleet of servers behind it."""
    kubeconfig = write_kubeconfig(folder, hub.server.url, namespace=SHOWS)
    path = file(folder, *(documents or (event(),)))
    return await gala("diff", "-o", "json", "-f", path, "--kubeconfig", kubeconfig, *arguments)


async def register(hub: Hub, **spec: Any) -> None:
    path = f"/apis/gala.dev/v1alpha1/namespaces/{NAMESPACE}/galaclusters"
    await hub.api.request("POST", path, body=cluster(**spec))


async def test_the_cluster_that_is_the_hub_is_asked_without_a_context(hub: Hub, tmp_path: Path) -> None:
    await register(hub)
    found = json.loads((await called(hub, tmp_path)).stdout)
    assert {one["reason"] for one in found["events"][0]["findings"]} >= {"NotFound"}
    assert found["events"][0]["new"] is True


async def test_an_event_that_names_no_namespace_is_in_that_of_the_context(hub: Hub, tmp_path: Path) -> None:
    await register(hub)
    body = event()
    del body["metadata"]["namespace"]
    found = json.loads((await called(hub, tmp_path, body)).stdout)
    assert found["events"][0]["namespace"] == SHOWS


async def test_where_other_namespaces_may_not_be_read_that_is_noted(hub: Hub, tmp_path: Path) -> None:
    await register(hub)
    await hub.create_event()
    hub.server.faults.refusals = [
        Refuse(status=403, path="/v1alpha1/galaevents"),
        Refuse(status=403, path="/galaallocations"),
    ]
    found = json.loads((await called(hub, tmp_path)).stdout)
    assert found["events"][0]["new"] is False
    assert found["notes"] == [
        "events of other namespaces may not be read; the room that they take is not counted",
        "you may not list galaallocations in namespace gala-system, so what it says is not known",
    ]


async def test_without_clusters_there_is_nothing_to_compare(hub: Hub, tmp_path: Path) -> None:
    result = await called(hub, tmp_path)
    assert (result.return_value, result.stdout) == (2, "")
    assert result.stderr == (
        "gala: No GalaCluster is known, so nothing can be placed; register one with: kubectl apply -f "
        "CLUSTER.yaml, or name a file that has them with --clusters\n"
    )


async def test_a_hub_that_is_not_well_has_exit_status_2_and_says_what_to_try(
    hub: Hub, tmp_path: Path
) -> None:
    hub.server.faults.refusals = [Refuse(status=503, path="/galaclusters")]
    result = await called(hub, tmp_path)
    assert result.return_value == 2
    assert result.stderr.endswith(told(Unreachable("503: refused on request")).partition("503")[2] + "\n")


async def test_a_ledger_that_cannot_be_read_puts_its_event_in_doubt(hub: Hub, tmp_path: Path) -> None:
    await register(hub)
    await hub.create_event()
    kind = hub.server.resources.find("galaallocations")
    broken = {"eventRef": {"namespace": SHOWS, "name": "gala"}, "cluster": "north", "entries": [{}]}
    metadata = {"name": "shows.gala.north", "namespace": "gala-system"}
    hub.server.resources.store.put(kind, {"metadata": metadata, "spec": broken})
    found = json.loads((await called(hub, tmp_path)).stdout)
    assert found["notes"] == ["the ledger of shows/gala cannot be read, so what it holds is not known"]


async def test_what_is_stored_and_cannot_be_used_is_told(hub: Hub, tmp_path: Path) -> None:
    for plural, body in (("galaevents", event("old")), ("galaclusters", cluster("odd"))):
        kind = hub.server.resources.find(plural)
        hub.server.resources.store.put(kind, {**body, "spec": {"timeZone": 7, "weight": "much"}})
    await register(hub)
    found = json.loads((await called(hub, tmp_path)).stdout)
    assert [note.split(":")[0] for note in found["notes"]] == [
        "the stored event shows/old cannot be used",
        "the GalaCluster odd cannot be used",
    ]


async def test_a_cluster_in_a_file_counts_more_than_the_stored_one(hub: Hub, tmp_path: Path) -> None:
    await register(hub, namespaceSameness=True)
    path = tmp_path / "clusters.yaml"
    path.write_text(json.dumps(cluster(admits=[{"eventNamespace": "other", "targetNamespaces": ["*"]}])))
    found = json.loads((await called(hub, tmp_path, arguments=("--clusters", str(path)))).stdout)
    assert "NoClusters" in {one["reason"] for one in found["events"][0]["findings"]}
