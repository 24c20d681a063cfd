"""Kinds of somebody else's, as a cluster has them that runs more than Deployments."""

from __future__ import annotations

from typing import Any

from clusters.cluster import Object


def definition(plural: str, group: str, version: str, kind: str, **subresources: Any) -> Object:
    """A kind whose objects may hold anything."""
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    served = {
        "name": version,
        "served": True,
        "storage": True,
        "schema": schema,
        "subresources": subresources,
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": plural, "kind": kind},
            "versions": [served],
        },
    }
