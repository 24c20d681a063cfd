"""What stands in the files, and what is refused in one sentence."""

from __future__ import annotations

from typing import Any

import pytest

import plan_files as build
from gala.cli.plan_snapshot import Text, read_files, snapshot_of
from gala.errors import InvalidInput
from gala.planning.facts import EventKey, Missing, NodeRoom, TargetFacts, TargetKey

WEB = TargetKey("apps/v1", "Deployment", "gala", "web")


@pytest.mark.parametrize(
    ("events", "clusters", "want"),
    [
        pytest.param(
            [build.event(rounds=[build.round_(start="2027-02-05T12:00:00")])],
            build.fleet(),
            "event.yaml: spec.rounds[0].start: ",
            id="a time without an offset is refused with the name of the file",
        ),
        pytest.param(
            [build.event(), build.event()],
            build.fleet(),
            "GalaEvent gala/show stands in the files twice; write it once",
            id="one event twice is refused",
        ),
        pytest.param(
            [build.event()],
            [*build.fleet(), build.cluster("east")],
            "GalaCluster east stands in the files twice; write it once",
            id="one cluster twice is refused",
        ),
        pytest.param(
            [build.event()],
            [*build.fleet(), build.facts(east={})],
            "cluster in GalaFacts east stands in the files twice; write it once",
            id="the facts of one cluster twice are refused",
        ),
        pytest.param(
            [build.cluster("east")],
            build.fleet(),
            "event.yaml: GalaCluster is not read here; write GalaEvent of gala.dev/v1alpha1",
            id="a cluster among the events is refused",
        ),
        pytest.param(
            [build.event()],
            [build.event()],
            "clusters.yaml: GalaEvent is not read here; write GalaCluster or GalaFacts of gala.dev/v1alpha1",
            id="an event among the clusters is refused",
        ),
        pytest.param(
            [{"apiVersion": "gala.dev/v1alpha1", "metadata": {"name": "show"}}],
            build.fleet(),
            "event.yaml: an object without kind is not read here; write GalaEvent of gala.dev/v1alpha1",
            id="an object without a kind is refused",
        ),
        pytest.param(
            [{"apiVersion": "v1", "kind": "Namespace"}],
            build.fleet(),
            "event.yaml: no GalaEvent in it; write one, as examples/minimal.yaml is",
            id="a file without an event is refused",
        ),
        pytest.param(
            [build.event()],
            [build.cluster("east")],
            "clusters.yaml: no GalaFacts in it; add one",
            id="clusters without facts are refused",
        ),
        pytest.param(
            [build.event()],
            [build.cluster("east"), build.facts(eats={})],
            "clusters.yaml: GalaFacts tells of cluster 'eats', of which there is no GalaCluster; "
            "add it, or write east",
            id="facts of a cluster that is none are refused",
        ),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_sentence(
    events: list[Any], clusters: list[Any], want: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        build.read(events, clusters)
    assert str(refused.value).startswith(want)


def test_a_file_that_is_no_yaml_is_refused_with_its_name() -> None:
    with pytest.raises(InvalidInput, match=r"^broken\.yaml: this is not YAML"):
        read_files([Text("broken.yaml", "a: [")], [build.text("c", *build.fleet())], namespace="x")


def test_objects_of_other_groups_are_passed_over() -> None:
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "gala"}}
    files = build.read([namespace, build.event()], [namespace, *build.fleet()])
    assert [e.metadata.name for e in files.events] == ["show"]
    assert [c.metadata.name for c in files.clusters] == ["east", "north"]


def test_an_event_that_names_no_namespace_is_planned_in_the_one_of_the_command_line() -> None:
    document = build.event()
    del document["metadata"]["namespace"]
    snapshot = snapshot_of(build.read([document], build.fleet(), namespace="gala"))
    assert [event.key for event in snapshot.events] == [EventKey("gala", "show")]


def test_what_runs_is_the_original_and_every_pod_of_it_is_ready() -> None:
    found = snapshot_of(build.read([build.event()], build.fleet())).clusters["east"].targets[WEB]
    assert isinstance(found, TargetFacts)
    assert (found.replicas, found.pods, found.ready, found.warm) == (20, 20, 20, 20)
    assert (found.cpu, found.memory) == (1000, 2**30)


def test_what_no_event_plans_with_takes_its_room() -> None:
    other = build.facts(east={"nodes": build.nodes(100), "targets": [build.running(30, "batch")]})
    snapshot = snapshot_of(build.read([build.event()], [build.cluster("east"), other]))
    want = (NodeRoom(1, 70_000, 9_970 * 2**30, 9_970),)
    assert snapshot.clusters["east"].nodes == want


@pytest.mark.parametrize(
    "clusters",
    [
        pytest.param(
            [build.cluster("east"), build.facts(east={"targets": [build.running(20)]})],
            id="no nodes in its facts",
        ),
        pytest.param(
            [build.cluster("east"), build.cluster("far"), build.facts(far={})], id="no facts at all"
        ),
    ],
)
def test_room_that_nobody_stated_is_missing_and_not_zero(clusters: list[Any]) -> None:
    nodes = snapshot_of(build.read([build.event()], clusters)).clusters["east"].nodes
    assert isinstance(nodes, Missing)


def test_a_target_that_the_facts_do_not_name_is_missing_with_what_to_write() -> None:
    snapshot = snapshot_of(
        build.read([build.event()], [build.cluster("east"), build.facts(east={"nodes": []})])
    )
    found = snapshot.clusters["east"].targets[WEB]
    assert isinstance(found, Missing)
    assert "add it to that cluster's targets" in found.message


def test_a_cluster_that_the_selector_leaves_out_is_asked_for_no_target() -> None:
    document = build.event(clusterSelector={"matchLabels": {"region": "south"}})
    assert snapshot_of(build.read([document], build.fleet())).clusters["east"].targets == {}


def test_the_cluster_of_the_operator_admits_an_event_in_its_own_namespace() -> None:
    local = build.cluster("local", inCluster=True, admits=[])
    known = build.facts(local={"targets": [build.running(20)]})
    admits = snapshot_of(build.read([build.event()], [local, known])).clusters["local"].admits
    assert [(a.event_namespace, a.target_namespaces) for a in admits] == [("gala", ("gala",))]
