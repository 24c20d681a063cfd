"""How much room a cluster's nodes have beside the pods of our targets.

Pods are read page by page and added up per node; none is kept, because 43,000 pods must
not become 43,000 objects in memory. Pods that belong to a wanted target do not count:
what those need is planned, not read. Nodes that take no new pods (cordoned, not Ready,
control plane) have no room.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Final

from gala.errors import RequestFailed
from gala.fleet.amounts import Amount
from gala.fleet.answers import pages
from gala.fleet.client import ApiServer
from gala.fleet.paths import collection
from gala.fleet.pods import (
    NODE_NAME,
    NOTHING,
    Requests,
    condition,
    extended_of,
    millicores,
    requests_of,
    whole,
)
from gala.fleet.quotas import Quotas, read_quotas
from gala.fleet.trouble import is_refusal
from gala.fleet.watching import PAGE
from gala.planning.facts import NodeRoom, TargetKey
from gala.planning.quotas import Quota
from gala.planning.templates import NO_KEYS, Keys, Taint

_RESERVED: Final = ("node-role.kubernetes.io/control-plane", "node-role.kubernetes.io/master")
_KEEPS_AWAY: Final = frozenset({"NoSchedule", "NoExecute"})
_FINISHED: Final = frozenset({"Succeeded", "Failed"})
_PODS_PER_NODE: Final = "110"
"""The kubelet's own default."""

_TERM: Final = re.compile(r"\s*([^\s=!,()]+)\s+(in|notin)\s+\(([^)]*)\)\s*|\s*([^,()]+?)\s*(?:,|$)")


@dataclass(slots=True)
class _Node:
    cpu: int
    memory: int
    pods: int
    others: Requests = NOTHING
    other_pods: int = 0
    ours: Requests = NOTHING
    our_pods: int = 0
    labels: tuple[tuple[str, str], ...] = ()
    taints: tuple[Taint, ...] = ()
    extended: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One reading of a cluster's nodes and pods."""

    rooms: tuple[NodeRoom, ...]
    """Free beside our targets' pods, largest first."""
    nodes: int
    """Nodes that take pods."""
    allocatable: Amount
    requested: Amount
    """By all pods on these nodes, ours included."""
    quotas: Mapping[str, tuple[Quota, ...]] = field(default_factory=dict)
    """By namespace of our targets: what quotas leave beside pods of others."""
    keys: Keys = NO_KEYS
    """What nodes were asked for."""
    refused: RequestFailed | None = None
    """Why quotas are not known: an account with an older version's rights may not list them."""


class Owners:
    """Which pods belong to the targets that were asked for."""

    def __init__(self, wanted: Iterable[TargetKey], selectors: Mapping[TargetKey, str]) -> None:
        """``selectors`` are those of targets whose pods are known by label."""
        self.namespaces = sorted({key.namespace for key in wanted})
        self._by_owner = {(key.namespace, key.kind, key.name) for key in wanted if key not in selectors}
        self._by_label: dict[str, list[str]] = {}
        for key, selector in selectors.items():
            self._by_label.setdefault(key.namespace, []).append(selector)

    def owns(self, pod: Mapping[str, Any]) -> bool:
        """A Deployment's pods belong to its ReplicaSet ``<deployment>-<hash>``, all others to their owner."""
        metadata = pod.get("metadata") or {}
        namespace, labels = metadata.get("namespace") or "", metadata.get("labels") or {}
        for owner in metadata.get("ownerReferences") or ():
            kind, name = owner.get("kind") or "", owner.get("name") or ""
            if (namespace, kind, name) in self._by_owner:
                return True
            if (
                kind == "ReplicaSet"
                and (namespace, "Deployment", _deployment(name, labels)) in self._by_owner
            ):
                return True
        return any(matches(selector, labels) for selector in self._by_label.get(namespace, ()))


def matches(selector: str, labels: Mapping[str, str]) -> bool:
    """Whether labels satisfy a selector in Kubernetes' text form; an empty one matches nothing."""
    terms = [term for term in _TERM.finditer(selector) if term.group(0).strip(" ,")]
    return bool(terms) and all(_holds(term, labels) for term in terms)


async def read_room(server: ApiServer, owners: Owners, keys: Keys = NO_KEYS) -> Reading:
    """Reads all nodes and pods of a cluster, and the quotas of our targets' namespaces.

    Raises:
        RequestFailed: as every request; a reading is complete or not there, but for quotas that are refused.
    """
    refused: RequestFailed | None = None
    try:
        quotas = await read_quotas(server, owners.namespaces)
    except RequestFailed as error:
        if not is_refusal(error):
            raise
        quotas, refused = Quotas({}), error
    nodes: dict[str, _Node] = {}
    async for node in _pages(server, collection("v1", "nodes")):
        if _takes_pods(node):
            allocatable = (node.get("status") or {}).get("allocatable") or {}
            nodes[node["metadata"]["name"]] = _Node(
                millicores(str(allocatable.get("cpu", "0"))),
                whole(str(allocatable.get("memory", "0"))),
                whole(str(allocatable.get("pods", _PODS_PER_NODE))),
                labels=_labels(node["metadata"], keys.labels),
                taints=_taints(node),
                extended={
                    name: whole(str(allocatable[name]))
                    for name in sorted(keys.resources)
                    if name in allocatable
                },
            )
    async for pod in _pages(server, collection("v1", "pods")):
        _add(nodes, quotas, pod, owners)
    return replace(_reading(nodes.values()), quotas=quotas.left(), keys=keys, refused=refused)


def _labels(metadata: Mapping[str, Any], keys: Collection[str]) -> tuple[tuple[str, str], ...]:
    known = {**(metadata.get("labels") or {}), NODE_NAME: metadata["name"]}
    return tuple((key, str(known[key])) for key in sorted(keys) if key in known)


def _taints(node: Mapping[str, Any]) -> tuple[Taint, ...]:
    found = (node.get("spec") or {}).get("taints") or ()
    return tuple(
        sorted(
            Taint(str(one.get("key") or ""), str(one.get("value") or ""), str(one["effect"]))
            for one in found
            if one.get("effect") in _KEEPS_AWAY
        )
    )


async def _pages(server: ApiServer, path: str) -> AsyncGenerator[Mapping[str, Any], None]:
    async with aclosing(pages(server, path, {"limit": PAGE})) as listed:
        async for page, _ in listed:
            for item in page:
                yield item


def _takes_pods(node: Mapping[str, Any]) -> bool:
    spec = node.get("spec") or {}
    if spec.get("unschedulable") or not condition(node, "Ready"):
        return False
    return not any(
        taint.get("key") in _RESERVED and taint.get("effect") != "PreferNoSchedule"
        for taint in spec.get("taints") or ()
    )


def _add(nodes: Mapping[str, _Node], quotas: Quotas, pod: Mapping[str, Any], owners: Owners) -> None:
    if (pod.get("status") or {}).get("phase") in _FINISHED:
        return
    spec = pod.get("spec") or {}
    node, ours, asks = nodes.get(spec.get("nodeName") or ""), owners.owns(pod), requests_of(spec)
    if not ours:
        quotas.count((pod.get("metadata") or {}).get("namespace") or "", spec, asks)
    if node is None:
        return
    if ours:
        node.ours = node.ours.plus(asks)
        node.our_pods += 1
    else:
        node.others = node.others.plus(asks)
        node.other_pods += 1
        if node.extended:
            for name, taken in extended_of(spec):
                if name in node.extended:
                    node.extended[name] -= taken


def _reading(nodes: Iterable[_Node]) -> Reading:
    counted = list(nodes)
    free = Counter(
        (
            max(0, node.cpu - node.others.cpu),
            max(0, node.memory - node.others.memory),
            max(0, node.pods - node.other_pods),
            node.labels,
            node.taints,
            tuple((name, max(0, free)) for name, free in sorted(node.extended.items())),
        )
        for node in counted
    )
    return Reading(
        rooms=tuple(NodeRoom(count, *vector) for vector, count in sorted(free.items(), reverse=True)),
        nodes=len(counted),
        allocatable=Amount(
            cpu=sum(node.cpu for node in counted),
            memory=sum(node.memory for node in counted),
            pods=sum(node.pods for node in counted),
        ),
        requested=Amount(
            cpu=sum(node.others.cpu + node.ours.cpu for node in counted),
            memory=sum(node.others.memory + node.ours.memory for node in counted),
            pods=sum(node.other_pods + node.our_pods for node in counted),
        ),
    )


def _deployment(replica_set: str, labels: Mapping[str, str]) -> str:
    template = labels.get("pod-template-hash")
    if template and replica_set.endswith(f"-{template}"):
        return replica_set[: -len(template) - 1]
    return replica_set.rpartition("-")[0]


def _holds(term: re.Match[str], labels: Mapping[str, str]) -> bool:
    key, operator, listed, plain = term.groups()
    if operator:
        values = {value.strip() for value in listed.split(",")}
        return (labels.get(key) in values) == (operator == "in")
    name, sign, value = re.split(r"\s*(==|!=|=|$)\s*", plain, maxsplit=1)
    if name.startswith("!"):
        return name[1:].strip() not in labels
    if not sign:
        return name in labels
    return (labels.get(name) == value) == (sign != "!=")
