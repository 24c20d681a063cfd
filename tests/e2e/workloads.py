"""Workloads as the tests want them: real objects that cost little."""

from __future__ import annotations

from typing import Any

from clusters.pools import POOL

IMAGE = "registry.k8s.io/pause:3.10"
"""Where nodes are real, the smallest that runs."""


def deployment(
    name: str, namespace: str, replicas: int, *, pool: str = "show", cpu: str = "10m", memory: str = "16Mi"
) -> dict[str, Any]:
    """A Deployment on the nodes of a pool, rolled out and scaled without a limit."""
    labels = {"app": name}
    container = {"name": "app", "image": IMAGE, "resources": {"requests": {"cpu": cpu, "memory": memory}}}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "nodeSelector": {POOL: pool},
                    "terminationGracePeriodSeconds": 0,
                    "containers": [container],
                },
            },
        },
    }
