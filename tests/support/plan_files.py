"""Files for `gala plan` whose every figure can be worked out by hand.

One workload, web: 100 queries per second a replica, 20 % headroom, 30 s warm-up. One round at
12:00 UTC that may begin a minute early: 10,000 queries per second, so 120 replicas. Two
clusters: east with two thirds of them and 20 running, north with one third and 10 running.
"""

from __future__ import annotations

import json
from typing import Any

from gala.cli.plan_outlook import Outlook, before_the_first, look_out
from gala.cli.plan_snapshot import Files, Text, read_files, snapshot_of
from gala.settings import Settings

Document = dict[str, Any]

START = "2027-02-05T12:00:00Z"


def round_(name: str = "opening", start: str = START, **changes: Any) -> Document:
    """Ten minutes that may begin a minute early and five minutes late."""
    return {
        "name": name,
        "start": start,
        "duration": "10m",
        "window": {"early": "1m", "late": "5m"},
        "demand": [{"workload": "web", "qps": "10k"}],
        **changes,
    }


def event(name: str = "show", **spec: Any) -> Document:
    """An event in namespace gala."""
    web = {"name": "web", "target": {"name": "web"}, "capacity": {"qpsPerReplica": 100}}
    return {
        "apiVersion": "gala.dev/v1alpha1",
        "kind": "GalaEvent",
        "metadata": {"name": name, "namespace": "gala"},
        "spec": {"workloads": [web], "rounds": [round_()], **spec},
    }


def cluster(name: str, **spec: Any) -> Document:
    """A cluster that admits the events of namespace gala in that namespace; starts ten pods a second."""
    admits = [{"eventNamespace": "gala", "targetNamespaces": ["gala"], "maxTier": "S"}]
    return {
        "apiVersion": "gala.dev/v1alpha1",
        "kind": "GalaCluster",
        "metadata": {"name": name, "namespace": "gala-system"},
        "spec": {"admits": admits, **spec},
    }


def nodes(cores: int) -> list[Document]:
    """One node with so many cores, and more than enough of everything else."""
    return [{"count": 1, "cpu": str(cores), "memory": "10000Gi", "pods": 10_000}]


def running(replicas: int, workload: str = "web", **more: str) -> Document:
    """What runs of a workload, a core for each pod."""
    return {"workload": workload, "replicas": replicas, "cpu": "1", "memory": "1Gi", **more}


def facts(**clusters: Document) -> Document:
    """GalaFacts; each cluster as what stands beside its name."""
    entries = [{"name": name, **known} for name, known in clusters.items()]
    return {"apiVersion": "gala.dev/v1alpha1", "kind": "GalaFacts", "clusters": entries}


def fleet(*, east: int = 1000, north: int = 1000) -> list[Document]:
    """Both clusters with so many cores each."""
    return [
        cluster("east", weight=2, fillOrder=1),
        cluster("north", weight=1, fillOrder=2),
        facts(
            east={"nodes": nodes(east), "targets": [running(20)]},
            north={"nodes": nodes(north), "targets": [running(10)]},
        ),
    ]


def text(name: str, *documents: Document) -> Text:
    """A file; JSON is YAML."""
    return Text(name, "\n---\n".join(json.dumps(document) for document in documents))


def read(events: list[Document], clusters: list[Document], namespace: str = "default") -> Files:
    """What the two files say."""
    return read_files([text("event.yaml", *events)], [text("clusters.yaml", *clusters)], namespace=namespace)


def outlook(files: Files) -> Outlook:
    """The outlook from the day before."""
    snapshot = snapshot_of(files)
    return look_out(snapshot, before_the_first(snapshot), Settings())
