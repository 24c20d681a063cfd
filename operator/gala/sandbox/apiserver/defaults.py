"""What a server adds to built-in objects, and the least it demands of them."""

from __future__ import annotations

import base64
from typing import Any

from gala.sandbox.apiserver.errors import Json
from gala.sandbox.apiserver.kinds import Kind
from gala.sandbox.apiserver.schema import Problems
from gala.sandbox.apiserver.selectors import stamp

_DEPLOYMENT: Json = {
    "replicas": 1,
    "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": "25%"}},
    "revisionHistoryLimit": 10,
    "progressDeadlineSeconds": 600,
}
_STATEFUL_SET: Json = {
    "replicas": 1,
    "podManagementPolicy": "OrderedReady",
    "persistentVolumeClaimRetentionPolicy": {"whenDeleted": "Retain", "whenScaled": "Retain"},
    "revisionHistoryLimit": 10,
}
_WORKLOADS = {"Deployment": _DEPLOYMENT, "StatefulSet": _STATEFUL_SET}


def default(kind: Kind, body: Json, now: float) -> Json:
    """The body with the defaults of its built-in kind."""
    if kind.kind in _WORKLOADS:
        return {**body, "spec": {**_WORKLOADS[kind.kind], **body.get("spec", {})}}
    if kind.kind == "Namespace":
        return _namespace(body)
    if kind.kind == "Secret":
        return _secret(body)
    if kind.kind == "CustomResourceDefinition":
        return _definition(body, now)
    return body


def check(kind: Kind, body: Json) -> Problems:
    """What a built-in object lacks."""
    problems: Problems = []
    if kind.kind in _WORKLOADS:
        spec = body["spec"]
        replicas = spec.get("replicas")
        if not isinstance(replicas, int) or replicas < 0:
            problems.append(
                ("spec.replicas", f"Invalid value: {replicas}: must be greater than or equal to 0")
            )
        labels = spec.get("template", {}).get("metadata", {}).get("labels", {})
        wanted = spec.get("selector", {}).get("matchLabels")
        if not wanted:
            problems.append(("spec.selector", "Required value"))
        elif any(labels.get(key) != value for key, value in wanted.items()):
            problems.append(
                (
                    "spec.template.metadata.labels",
                    "Invalid value: `selector` does not match template `labels`",
                )
            )
    if kind.kind == "HorizontalPodAutoscaler":
        spec = body.get("spec", {})
        if spec.get("minReplicas", 1) > spec.get("maxReplicas", 0):
            problems.append(
                ("spec.maxReplicas", "Invalid value: must be greater than or equal to `minReplicas`")
            )
    return problems


def _namespace(body: Json) -> Json:
    meta = body["metadata"]
    labels = {**meta.get("labels", {}), "kubernetes.io/metadata.name": meta["name"]}
    return {**body, "metadata": {**meta, "labels": labels}, "status": {"phase": "Active"}}


def _secret(body: Json) -> Json:
    plain: dict[str, Any] = body.get("stringData") or {}
    encoded = {name: base64.b64encode(str(value).encode()).decode() for name, value in plain.items()}
    rest = {name: value for name, value in body.items() if name != "stringData"}
    return {"type": "Opaque", **rest, "data": {**body.get("data", {}), **encoded}}


def _definition(body: Json, now: float) -> Json:
    at = stamp(now)
    condition = {"status": "True", "lastTransitionTime": at, "message": ""}
    status = {
        "conditions": [
            {"type": "NamesAccepted", "reason": "NoConflicts", **condition},
            {"type": "Established", "reason": "InitialNamesAccepted", **condition},
        ],
        "acceptedNames": body["spec"]["names"],
        "storedVersions": [v["name"] for v in body["spec"]["versions"] if v.get("storage")],
    }
    return {**body, "status": status}
