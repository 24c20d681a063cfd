"""What can be a target, and what is left alone and named: whatever an autoscaler, or a volume, depends on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from clusters.audit import Asked
from clusters.cluster import Cluster
from clusters.local import LocalCluster
from events import Object, event, part, soon, workload
from external_metrics import METRIC, Metrics, external_metrics
from foreign_kinds import definition
from operating import ACCOUNT, Stage
from workloads import deployment

BEFORE, LASTS = 60, 10
STARS = "stages.example.com"

REPLICAS = {"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"}


OF_OTHERS = (
    definition("scaledobjects", "keda.sh", "v1alpha1", "ScaledObject"),
    definition("stars", STARS, "v1", "Star", status={}, scale=REPLICAS),
)


@pytest.fixture
def kinds(cluster: Cluster) -> Iterator[None]:
    """A kind with /scale, and KEDA's without KEDA."""
    names = [one["metadata"]["name"] for one in OF_OTHERS]
    cluster.apply(*OF_OTHERS)
    cluster.kubectl("wait", "crd", *names, "--for=condition=Established", "--timeout=60s")
    yield
    cluster.kubectl("delete", "crd", *names, "--wait=false")


@pytest.fixture
def metrics(cluster: Cluster, namespace: str, tmp_path: Path) -> Iterator[Metrics]:
    """What HPAs of this namespace are told; a cluster of others cannot reach this machine."""
    if not isinstance(cluster, LocalCluster):
        pytest.skip("only a local cluster can ask a metrics server of this machine")
    with external_metrics(cluster, namespace, tmp_path, 30) as told:
        yield told


def stateful(name: str, namespace: str, replicas: int, *, deletes: bool = False) -> Object:
    """A StatefulSet that starts its pods one after another, as is the default."""
    found = deployment(name, namespace, replicas)
    found["kind"] = "StatefulSet"
    found["spec"]["serviceName"] = name
    if deletes:
        found["spec"]["persistentVolumeClaimRetentionPolicy"] = {"whenScaled": "Delete"}
    return found


def of_kind(api: str, kind: str, name: str, namespace: str, spec: Object) -> Object:
    metadata = {"name": name, "namespace": namespace}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, "spec": spec}


def autoscaler(name: str, namespace: str) -> Object:
    """An HPA that wants a pod for each ten of what is queued."""
    each = {"metric": {"name": METRIC}, "target": {"type": "AverageValue", "averageValue": "10"}}
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": 9}
    metrics = [{"type": "External", "external": each}]
    return of_kind("autoscaling/v2", "HorizontalPodAutoscaler", name, namespace, {**spec, "metrics": metrics})


def scale_writes(cluster: Cluster, since: int, namespace: str) -> Mapping[str, list[int]]:
    """What the operator set, by name, in its order."""
    found: dict[str, list[int]] = {}
    for one in cluster.audit(since):
        if _ours(one, namespace) and one.replicas is not None:
            found.setdefault(one.name, []).append(one.replicas)
    return found


def _ours(one: Asked, namespace: str) -> bool:
    return one.user == ACCOUNT and one.namespace == namespace and one.accepted


@pytest.mark.usefixtures("kinds")
def test_what_can_be_scaled_is_and_what_others_scale_is_named_and_left_alone(
    stage: Stage, cluster: Cluster, metrics: Metrics
) -> None:
    namespace = stage.namespace
    names = ("hpa", "keda")
    cluster.apply(
        stateful("store", namespace, 1),
        stateful("volumes", namespace, 1, deletes=True),
        of_kind(f"{STARS}/v1", "Star", "star", namespace, {"replicas": 2}),
        *(deployment(name, namespace, 2) for name in names),
        autoscaler("hpa", namespace),
        of_kind("keda.sh/v1alpha1", "ScaledObject", "keda", namespace, {"scaleTargetRef": {"name": "keda"}}),
    )
    cluster.until(lambda: stage.replicas_in(cluster, "hpa") == 3, "the HPA has set 3 by its metric")
    mark = cluster.audit_mark()
    stage.admit(cluster)
    stage.operator()
    star = {"target": {"apiVersion": f"{STARS}/v1", "kind": "Star", "name": "star"}}
    workloads = [
        workload("store", kind="StatefulSet"),
        workload("volumes", kind="StatefulSet"),
        {**workload("star"), **star},
        *(workload(name) for name in names),
    ]
    demand = {"store": 4, "volumes": 4, "star": 5, "hpa": 5, "keda": 5}

    stage.apply(event("show", namespace, workloads, [part("only", soon(BEFORE), LASTS, demand)]))
    stage.until(lambda: cluster.ready("statefulset", "store", namespace) == 4, "the StatefulSet is Ready")
    stage.until_phase("show", "Live", seconds=BEFORE + 60)
    metrics.value = 60
    stage.until(lambda: stage.replicas_in(cluster, "hpa") == 6, "the HPA follows its metric in the round")
    preflight = stage.condition("show", "PreflightPassed")
    stage.until_phase("show", "HandedBack")

    assert preflight["status"] == "False"
    assert all(
        text in preflight["message"]
        for text in (
            "is scaled by HorizontalPodAutoscaler/hpa",
            "is scaled by ScaledObject/keda",
            f"volumes in cluster {cluster.name} deletes its volumes when scaled down",
        )
    ), preflight["message"]
    assert scale_writes(cluster, mark, namespace) == {"store": [4, 1], "star": [5, 2]}, stage.tell()
    assert stage.replicas_in(cluster, "hpa") == 6
