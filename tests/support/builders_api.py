"""Documents as a person would write them, with one thing changed at a time."""

from __future__ import annotations

import copy
from typing import Any

Document = dict[str, Any]

_EVENT: Document = {
    "apiVersion": "gala.dev/v1alpha1",
    "kind": "GalaEvent",
    "metadata": {"name": "show", "namespace": "gala"},
    "spec": {
        "workloads": [
            {"name": "web", "target": {"name": "web"}, "capacity": {"qpsPerReplica": 100}},
            {"name": "pay", "target": {"name": "pay"}},
        ],
        "scenes": [{"name": "calm", "demand": [{"workload": "web", "qps": "5k"}]}],
        "rounds": [
            {
                "name": "first",
                "start": "2027-02-05T20:00:00+08:00",
                "duration": "10m",
                "demand": [{"workload": "web", "qps": "300k"}, {"workload": "pay", "replicas": 30}],
            }
        ],
    },
}

_CLUSTER: Document = {
    "apiVersion": "gala.dev/v1alpha1",
    "kind": "GalaCluster",
    "metadata": {"name": "east", "namespace": "gala-system"},
    "spec": {"admits": [{"eventNamespace": "gala", "targetNamespaces": ["gala"]}]},
}

REMOVE = object()
"""As a value: take the field away."""


def raw_event(changes: dict[str, Any] | None = None) -> Document:
    """A valid GalaEvent, with values set at paths such as ``spec.rounds.0.start``."""
    return _changed(_EVENT, changes or {})


def raw_cluster(changes: dict[str, Any] | None = None) -> Document:
    """A valid GalaCluster, with values set at paths."""
    return _changed(_CLUSTER, changes or {})


def raw_cue(changes: dict[str, Any] | None = None) -> Document:
    """A valid GalaCue, with values set at paths."""
    cue: Document = {
        "apiVersion": "gala.dev/v1alpha1",
        "kind": "GalaCue",
        "metadata": {"name": "show-1-slip", "namespace": "gala"},
        "spec": {"eventRef": {"name": "show"}, "action": "Slip", "round": "first", "by": "-90s"},
    }
    return _changed(cue, changes or {})


def raw_donor(**changes: Any) -> Document:
    """A valid donor."""
    return {"name": "batch", "target": {"name": "batch"}, **changes}


def _changed(document: Document, changes: dict[str, Any]) -> Document:
    result = copy.deepcopy(document)
    for path, value in changes.items():
        *parents, last = [int(step) if step.isdigit() else step for step in path.split(".")]
        owner: Any = result
        for step in parents:
            owner = owner[step] if isinstance(step, int) else owner.setdefault(step, {})
        if value is REMOVE:
            del owner[last]
        elif isinstance(last, int) and last == len(owner):
            owner.append(value)
        else:
            owner[last] = value
    return result
