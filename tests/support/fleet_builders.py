"""Objects and values for the tests of the fleet."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fleet_server import FleetServer, kubeconfig
from gala.api.cluster import GalaCluster
from gala.fleet.client import ApiServer
from gala.fleet.kubeconfig import Credentials
from gala.planning.facts import EventKey, TargetKey
from gala.planning.outcome import Guard, Write
from gala.settings import MANAGER, Settings

DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"
STATEFUL_SETS = "/apis/apps/v1/namespaces/shop/statefulsets"
HPAS = "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers"
PODS = "/api/v1/namespaces/shop/pods"
NODES = "/api/v1/nodes"
SECRETS = "/api/v1/namespaces/gala-system/secrets"

QUICK = Settings(request_deadline=2.0, watch_idle=5.0)
WEB = TargetKey("apps/v1", "Deployment", "shop", "web")


class Now:
    """A clock that moves when told."""

    def __init__(self, at: float = 1_000.0) -> None:
        self.at = at

    def __call__(self) -> float:
        return self.at

    def pass_by(self, seconds: float) -> None:
        self.at += seconds


@dataclass(frozen=True)
class Wish:
    """A wanted target."""

    target: TargetKey = WEB
    warmup: float = 30.0


def client(server: FleetServer, settings: Settings = QUICK, **credentials: Any) -> ApiServer:
    """A client of a test's server."""
    return ApiServer("north", Credentials(server=server.url, **credentials), settings)


def deployment(name: str = "web", *, replicas: int = 3, ready: int = 3, **spec: Any) -> dict[str, Any]:
    """A Deployment in ``shop`` whose pods ask for 500m and 256Mi."""
    container = {"name": "app", "resources": {"requests": {"cpu": "500m", "memory": "256Mi"}}}
    return {
        "metadata": {"name": name, "namespace": "shop"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"spec": {"containers": [container]}},
            **spec,
        },
        "status": {"replicas": replicas, "readyReplicas": ready} if ready else {"replicas": replicas},
    }


def node(
    name: str, *, cpu: str = "8", memory: str = "32Gi", ready: str = "True", **spec: Any
) -> dict[str, Any]:
    """A node with room for 110 pods."""
    return {
        "metadata": {"name": name},
        "spec": spec,
        "status": {
            "allocatable": {"cpu": cpu, "memory": memory, "pods": "110"},
            "conditions": [{"type": "Ready", "status": ready}],
        },
    }


def pod(
    name: str,
    *,
    on: str = "n1",
    cpu: str = "1",
    owner: tuple[str, str] | None = None,
    phase: str = "Running",
    labels: Mapping[str, str] | None = None,
    ready: str = "True",
) -> dict[str, Any]:
    """A pod in ``shop`` that asks for some CPU and 1Gi."""
    owners = [{"kind": owner[0], "name": owner[1], "controller": True}] if owner else []
    requests = {"cpu": cpu, "memory": "1Gi"}
    return {
        "metadata": {
            "name": name,
            "namespace": "shop",
            "labels": dict(labels or {}),
            "ownerReferences": owners,
        },
        "spec": {"nodeName": on, "containers": [{"name": "app", "resources": {"requests": requests}}]},
        "status": {"phase": phase, "conditions": [{"type": "Ready", "status": ready}]},
    }


def member(name: str = "north", namespace: str = "gala-system", **spec: Any) -> GalaCluster:
    """A GalaCluster with its Secret in the default place."""
    return GalaCluster.model_validate({"metadata": {"name": name, "namespace": namespace}, "spec": spec})


def enrol(hub: FleetServer, server: FleetServer, name: str = "north", **user: str) -> None:
    """Puts the kubeconfig of a member cluster into the hub."""
    secret = {"metadata": {"name": f"{name}-kubeconfig"}, "data": {"value": kubeconfig(server.url, **user)}}
    hub.put(SECRETS, secret)


def write(
    to: int = 5,
    *,
    was: int = 3,
    name: str = "web",
    cluster: str = "north",
    uid: str | None = None,
    version: str = "101",
    guard: Guard = Guard.VALUE,
    manager: str = MANAGER,
) -> Write:
    """A write of ``shop/web`` from 3 to 5."""
    return Write(
        cluster=cluster,
        target=TargetKey("apps/v1", "Deployment", "shop", name),
        uid=uid or f"uid-{name}",
        resource_version=version,
        was=was,
        to=to,
        guard=guard,
        manager=manager,
        event=EventKey("shop", "night"),
        workload=name,
        reason="RoundFloor",
        rule="floor",
    )
