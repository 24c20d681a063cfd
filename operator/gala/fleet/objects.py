"""What is kept of each object: projections from the JSON that an API server sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from gala.fleet.pods import NOTHING, Requests, is_ready, requests_of, template_of
from gala.planning.templates import PLAIN, Template
from gala.settings import HOME_MANAGER, MANAGER


class Scaled(NamedTuple):
    """A Deployment, a StatefulSet or any other kind with ``/scale``."""

    uid: str
    resource_version: str
    replicas: int | None
    """None where the object does not say it as ``spec.replicas``."""
    pods: int
    """Those that exist; ending ones too where the API server tells."""
    ready: int | None
    """``status.readyReplicas``; None for kinds whose pods are counted by selector."""
    manager: str
    requests: Requests
    template: Template
    ordered: bool
    deletes_volumes: bool


class Reference(NamedTuple):
    """An autoscaler and what it scales."""

    kind: str
    target: str
    name: str
    """``kind/name`` of the autoscaler itself."""


def native(obj: Mapping[str, Any]) -> Scaled:
    """Of a Deployment or ReplicaSet, whose status counts Ready pods; absent there is 0.

    ``status.replicas`` leaves out pods that are still ending; Kubernetes tells those apart from 1.35 on.
    """
    status, seen = obj.get("status") or {}, foreign(obj)
    ending = int(status.get("terminatingReplicas") or 0)
    return seen._replace(ready=int(status.get("readyReplicas") or 0), pods=seen.pods + ending)


def stateful(obj: Mapping[str, Any]) -> Scaled:
    """Of a StatefulSet; the items of a list do not say their kind, so the caller has to know it."""
    policy = (obj.get("spec") or {}).get("podManagementPolicy") or "OrderedReady"
    return native(obj)._replace(ordered=policy == "OrderedReady")


def foreign(obj: Mapping[str, Any]) -> Scaled:
    """Of any other kind."""
    metadata, spec, status = (obj.get(part) or {} for part in ("metadata", "spec", "status"))
    replicas = spec.get("replicas")
    pod = spec.get("template") or {}
    template, labels = pod.get("spec"), (pod.get("metadata") or {}).get("labels")
    keep = (spec.get("persistentVolumeClaimRetentionPolicy") or {}).get("whenScaled")
    return Scaled(
        uid=str(metadata.get("uid") or ""),
        resource_version=str(metadata.get("resourceVersion") or ""),
        replicas=int(replicas) if isinstance(replicas, int) else None,
        pods=int(status.get("replicas") or 0),
        ready=None,
        manager=replicas_manager(metadata.get("managedFields") or ()),
        requests=requests_of(template) if isinstance(template, Mapping) else NOTHING,
        template=template_of(template, labels) if isinstance(template, Mapping) else PLAIN,
        ordered=spec.get("podManagementPolicy") == "OrderedReady",
        deletes_volumes=keep == "Delete",
    )


def replicas_manager(managed: Any) -> str:
    """Who manages ``spec.replicas``: us if we are among them, else who wrote last, ``""`` if nobody says.

    A value of ours that was left where it is belongs to ``HOME_MANAGER`` too, and so to nobody.
    """
    owners = [
        (str(entry.get("time") or ""), str(entry.get("manager") or ""))
        for entry in managed
        if "f:replicas" in ((entry.get("fieldsV1") or {}).get("f:spec") or {})
    ]
    names = {manager for _, manager in owners}
    if MANAGER in names:
        return HOME_MANAGER if HOME_MANAGER in names else MANAGER
    return max(owners, default=("", ""))[1]


def pod_ready(obj: Mapping[str, Any]) -> bool:
    """Of a pod."""
    return is_ready(obj)


def horizontal(obj: Mapping[str, Any]) -> Reference:
    """Of a HorizontalPodAutoscaler."""
    return _reference(obj, "HorizontalPodAutoscaler")


def keda(obj: Mapping[str, Any]) -> Reference:
    """Of a ScaledObject, which means a Deployment where it names no kind."""
    return _reference(obj, "ScaledObject")


def _reference(obj: Mapping[str, Any], kind: str) -> Reference:
    target = (obj.get("spec") or {}).get("scaleTargetRef") or {}
    name = (obj.get("metadata") or {}).get("name") or ""
    return Reference(target.get("kind") or "Deployment", target.get("name") or "", f"{kind}/{name}")
