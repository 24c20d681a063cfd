"""What a plan knows when there is no cluster: a snapshot from files.

The same validator and the same admission rules as in the operator stand between a file and
the plan, so that what is refused or left out here is refused or left out there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

from gala.api.cluster import ClusterClass, GalaCluster
from gala.api.documents import read_documents
from gala.api.event import GalaEvent, Workload
from gala.api.facts_file import FactsCluster, GalaFacts, parse_facts
from gala.api.meta import API_VERSION, GROUP
from gala.api.validation import parse_cluster, parse_event
from gala.cli.plan_facts import ClusterInFiles
from gala.errors import InvalidInput
from gala.fleet.admission import admissions, admits_own
from gala.fleet.amounts import Amount
from gala.fleet.elastic import elastic_room
from gala.planning.facts import (
    ClusterFacts,
    EventFacts,
    EventKey,
    Missing,
    NodeRoom,
    PodStart,
    TargetFacts,
    TargetKey,
)
from gala.planning.quotas import Quota
from gala.planning.sites import selects, target_key
from gala.planning.snapshot import Snapshot

T = TypeVar("T")
Document = Mapping[str, Any]


class Text(NamedTuple):
    """One file, read; ``name`` is what errors call it."""

    name: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Files:
    """What stood in the files, each object valid by itself."""

    events: tuple[GalaEvent, ...]
    clusters: tuple[GalaCluster, ...]
    facts: Mapping[str, FactsCluster]
    """By cluster name."""


def read_files(events: Sequence[Text], clusters: Sequence[Text], *, namespace: str) -> Files:
    """Reads and validates; objects of other API groups are passed over, as they say nothing to a plan.

    ``namespace`` is that of events which name none. InvalidInput has one sentence with the
    name of the file.
    """
    shows = read_events(events, namespace=namespace)
    members, facts = read_fleet(clusters)
    names = ", ".join(file.name for file in clusters)
    if not facts:
        raise InvalidInput(
            f"{names}: no GalaFacts in it; add one that says what runs and how much room is free in "
            "each cluster, as examples/clusters.yaml does"
        )
    known = {cluster.metadata.name for cluster in members}
    for name in facts:
        if name not in known:
            raise InvalidInput(
                f"{names}: GalaFacts tells of cluster {name!r}, of which there is no GalaCluster; "
                f"add it, or write {' or '.join(sorted(known)) or 'one'}"
            )
    return Files(events=shows, clusters=members, facts=facts)


def read_events(files: Sequence[Text], *, namespace: str) -> tuple[GalaEvent, ...]:
    """At least one event, each valid and of a name of its own; InvalidInput has one sentence."""
    shows: list[GalaEvent] = []
    for file in files:
        documents = _documents(file, ("GalaEvent",))
        shows.extend(_parsed(file, parse_event, _placed(document, namespace)) for document in documents)
    _once((str(event_key(show)) for show in shows), "GalaEvent")
    if not shows:
        raise InvalidInput(
            f"{', '.join(file.name for file in files)}: no GalaEvent in it; "
            "write one, as examples/minimal.yaml is"
        )
    return tuple(shows)


def read_fleet(files: Sequence[Text]) -> tuple[tuple[GalaCluster, ...], dict[str, FactsCluster]]:
    """Clusters, and facts by the name of a cluster; InvalidInput has one sentence."""
    members: list[GalaCluster] = []
    facts: list[FactsCluster] = []
    for file in files:
        for document in _documents(file, ("GalaCluster", "GalaFacts")):
            if document["kind"] == "GalaFacts":
                facts.extend(_parsed(file, _facts, document).clusters)
            else:
                members.append(_parsed(file, parse_cluster, document))
    _once((cluster.metadata.name for cluster in members), "GalaCluster")
    _once((cluster.name for cluster in facts), "cluster in GalaFacts")
    return tuple(members), {cluster.name: cluster for cluster in facts}


def _documents(file: Text, kinds: Sequence[str]) -> list[Document]:
    """The documents of our own kinds; one of them in the wrong place is refused."""
    found = []
    for document in _parsed(file, read_documents, file.text):
        kind, version = document.get("kind"), document.get("apiVersion")
        if not isinstance(version, str):
            raise InvalidInput(f"{file.name}: an object without apiVersion; write apiVersion: {API_VERSION}")
        if version.partition("/")[0] != GROUP and kind not in kinds:
            continue
        if kind not in kinds:
            raise InvalidInput(
                f"{file.name}: {kind or 'an object without kind'} is not read here; "
                f"write {' or '.join(kinds)} of {API_VERSION}"
            )
        found.append(document)
    return found


def _parsed(file: Text, parse: Callable[[Any], T], raw: Any) -> T:
    try:
        return parse(raw)
    except InvalidInput as refused:
        raise InvalidInput(f"{file.name}: {refused}") from refused


def _facts(raw: Document) -> GalaFacts:
    return parse_facts({key: value for key, value in raw.items() if key != "metadata"})


def _placed(document: Document, namespace: str) -> Document:
    """The event in its namespace, as ``kubectl -n`` would put it there."""
    metadata = document.get("metadata")
    if not isinstance(metadata, Mapping) or metadata.get("namespace") is not None:
        return document
    return {**document, "metadata": {**metadata, "namespace": namespace}}


def _once(names: Iterable[str], noun: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise InvalidInput(f"{noun} {name} stands in the files twice; write it once")
        seen.add(name)


def snapshot_of(files: Files) -> Snapshot:
    """One snapshot in which nothing is held yet: what runs are the originals, and every pod is Ready."""
    events = tuple(_event(event) for event in files.events)
    return Snapshot(
        events=events,
        clusters={
            cluster.metadata.name: _cluster(cluster, files.facts.get(cluster.metadata.name), events)
            for cluster in files.clusters
        },
    )


def event_key(event: GalaEvent) -> EventKey:
    """Namespace and name."""
    return EventKey(event.metadata.namespace, event.metadata.name)


def _event(event: GalaEvent) -> EventFacts:
    key = event_key(event)
    return EventFacts(key=key, uid=str(key), generation=1, created=0.0, spec=event.spec)


def _cluster(cluster: GalaCluster, facts: FactsCluster | None, events: Sequence[EventFacts]) -> ClusterFacts:
    wanted = [
        (target_key(workload, event.key.namespace), workload.name)
        for event in events
        for workload in event.spec.workloads
        if takes_part(event, workload, cluster)
    ]
    known = ClusterInFiles(facts, cluster.metadata.name, wanted)
    return cluster_facts(
        cluster,
        targets={key: known.target(key) for key, _ in wanted},
        nodes=known.room(),
        quotas=known.quotas(),
    )


def cluster_facts(
    cluster: GalaCluster,
    *,
    targets: Mapping[TargetKey, TargetFacts | Missing],
    nodes: tuple[NodeRoom, ...] | Missing,
    quotas: Mapping[str, tuple[Quota, ...]] | None = None,
) -> ClusterFacts:
    """A cluster that answers, as its GalaCluster describes it."""
    spec = cluster.spec
    return ClusterFacts(
        name=cluster.metadata.name,
        private=spec.cluster_class is ClusterClass.PRIVATE,
        fill_order=spec.fill_order,
        weight=spec.effective_weight,
        labels=cluster.metadata.labels,
        admits=admissions(spec, {key.namespace for key in targets}),
        admits_own=admits_own(spec),
        targets=targets,
        nodes=nodes,
        elastic=None if isinstance(nodes, Missing) else elastic_room(spec.elastic, _sum(nodes)),
        quotas=quotas or {},
        pod_start=PodStart(per_second=spec.pod_start.per_second, p95=spec.pod_start.p95),
        signal_configured=spec.prometheus is not None,
    )


def _sum(nodes: Iterable[NodeRoom]) -> Amount:
    """All that is free counts as all that is there: files do not tell what others use."""
    known = [*nodes]
    return Amount(
        cpu=sum(node.count * node.cpu for node in known),
        memory=sum(node.count * node.memory for node in known),
        pods=sum(node.count * node.pods for node in known),
    )


def takes_part(event: EventFacts, workload: Workload, cluster: GalaCluster) -> bool:
    """Whether the selectors of event and workload pick the cluster."""
    labels = cluster.metadata.labels
    return selects(event.spec.cluster_selector, labels) and selects(workload.cluster_selector, labels)
