"""The ``/scale`` subresource of Deployments and StatefulSets."""

from __future__ import annotations

from gala.sandbox.apiserver.errors import Json, invalid


def to_scale(body: Json) -> Json:
    """The autoscaling/v1 Scale of a workload; zero replicas are left out, as on the wire of a real server."""
    meta = body["metadata"]
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    replicas = body["spec"].get("replicas", 0)
    labels = body["spec"].get("selector", {}).get("matchLabels", {})
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {name: meta[name] for name in kept if name in meta},
        "spec": {"replicas": replicas} if replicas else {},
        "status": {
            "replicas": body.get("status", {}).get("replicas", 0),
            "selector": ",".join(f"{key}={value}" for key, value in sorted(labels.items())),
        },
    }


def from_scale(body: Json, scale: Json) -> Json:
    """The workload with the replicas of a Scale; raises 422 for a number that cannot be."""
    replicas = (scale.get("spec") or {}).get("replicas", 0)
    if not isinstance(replicas, int) or isinstance(replicas, bool) or replicas < 0:
        name = body["metadata"]["name"]
        problem = f"Invalid value: {replicas}: must be greater than or equal to 0"
        raise invalid("Scale.autoscaling", name, [("spec.replicas", problem)])
    given = scale.get("metadata") or {}
    meta = body["metadata"]
    guards = {name: given[name] for name in ("uid", "resourceVersion") if name in given}
    if any(value != meta[name] for name, value in guards.items()):
        return {**body, "metadata": {**meta, **guards}}
    if replicas == body["spec"].get("replicas"):
        return body
    return {**body, "spec": {**body["spec"], "replicas": replicas}}
