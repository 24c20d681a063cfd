"""What people write in the tests of tenancy: an event of ``shows``, the clusters ``north`` and ``home``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gala.api.scalars import format_instant

Json = dict[str, Any]

START = 1_800_000_000.0
ROUND_AT = 140.0
"""Seconds after the start; the hold begins a few seconds after it."""
DURATION = 60.0
COOLDOWN = 10.0

FLEET, SHOWS, BANK, SYSTEM = "gala-system", "shows", "bank", "kube-system"
"""Where the platform team works, where the event is written, somebody else's, and Kubernetes' own."""

APPS: Mapping[str, tuple[str, ...]] = {
    FLEET: ("gala-operator",),
    SHOWS: ("front", "back"),
    BANK: ("front", "vault"),
    SYSTEM: ("coredns",),
}
"""The Deployments of each namespace, the same in both clusters."""

ORIGINAL = 4
WANTED = 30


def workload(name: str = "front", **more: Any) -> Json:
    """One of an event's workloads; its target is called like it unless ``target`` says otherwise."""
    return {"name": name, "target": {"name": name, **more.pop("target", {})}, **more}


def of_the_bank(name: str = "vault", **more: Any) -> Json:
    """A workload whose target belongs to somebody else."""
    return workload(name, target={"name": name, "namespace": BANK}, **more)


def event(name: str = "gala", namespace: str = SHOWS, **spec: Any) -> Json:
    """A show that wants 30 replicas of the first of its workloads, soon."""
    meta = {"name": name, "namespace": namespace, **spec.pop("metadata", {})}
    workloads = spec.pop("workloads", [workload()])
    demand = [{"workload": workloads[0]["name"], "replicas": WANTED}]
    base: Json = {
        "workloads": workloads,
        "rounds": [show_round(demand=demand)],
        "handback": {"cooldown": f"{int(COOLDOWN)}s", "maxStepPercent": 100},
    }
    return {
        "apiVersion": "gala.dev/v1alpha1",
        "kind": "GalaEvent",
        "metadata": meta,
        "spec": {**base, **spec},
    }


def show_round(name: str = "one", *, at: float = ROUND_AT, replicas: int = WANTED, **more: Any) -> Json:
    """One round of ``front``, ``at`` so many seconds after the start."""
    return {
        "name": name,
        "start": format_instant(START + at),
        "duration": f"{int(DURATION)}s",
        "window": {"early": "0s", "late": "0s"},
        "demand": [{"workload": "front", "replicas": replicas}],
        **more,
    }


def cluster(name: str = "north", namespace: str = FLEET, **spec: Any) -> Json:
    """A GalaCluster that says nothing of who may touch what; ``north`` is remote."""
    meta = {"name": name, "namespace": namespace, **spec.pop("metadata", {})}
    return {"apiVersion": "gala.dev/v1alpha1", "kind": "GalaCluster", "metadata": meta, "spec": spec}


def home(**spec: Any) -> Json:
    """The GalaCluster of the operator's own cluster."""
    return cluster("home", **{"inCluster": True, **spec})


def admit(*targets: str, event_namespace: str = SHOWS, **more: Any) -> Json:
    """One of a cluster's ``admits``: by default events of ``shows`` in their own namespace."""
    return {"eventNamespace": event_namespace, "targetNamespaces": list(targets or (SHOWS,)), **more}


def admitting(*targets: str, **more: Any) -> Json:
    """``north`` with one admission for events of ``shows``."""
    return cluster(admits=[admit(*targets, **more)])


def measuring(**prometheus: Any) -> Json:
    """``north`` with a Prometheus, and with events of ``shows`` in their own namespace admitted."""
    return cluster(admits=[admit()], prometheus={"url": "http://127.0.0.1:PORT", **prometheus})


def measured(**more: Any) -> Json:
    """An event whose workload has its traffic measured as ``more`` says."""
    return event(workloads=[workload(**more)])
