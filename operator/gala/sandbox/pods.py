"""The pods of one workload as arrays, and their bodies when somebody asks."""

from __future__ import annotations

from bisect import bisect_right, insort
from math import inf
from typing import NamedTuple
from zlib import crc32

from gala.sandbox.apiserver.errors import Json
from gala.sandbox.apiserver.kinds import Kind
from gala.sandbox.apiserver.selectors import stamp

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Leaving(NamedTuple):
    """A pod in its termination grace; it still takes its room."""

    gone_at: float
    ordinal: int
    node: int | None
    ready_at: float
    created: float


class PodArray:
    """All pods of one Deployment or StatefulSet in one cluster, in the order of their creation."""

    def __init__(self, kind: Kind, body: Json) -> None:
        self.kind = kind
        self.body = body
        self.namespace: str = body["metadata"]["namespace"]
        self.name: str = body["metadata"]["name"]
        self.cpu, self.memory = requests(body)
        ordered = body["spec"].get("podManagementPolicy") == "OrderedReady"
        self.ordered = kind.kind == "StatefulSet" and ordered
        self.hash = f"{crc32(f'{self.namespace}/{self.name}'.encode()):010d}"[:10]
        self.ordinals: list[int] = []
        self.created: list[float] = []
        self.nodes: list[int | None] = []
        self.ready_at: list[float] = []
        """``inf`` while a pod has no node."""
        self.leaving: list[Leaving] = []
        self.times: list[float] = []
        """The finite ``ready_at``, sorted."""
        self.born = 0
        """Pods created so far: the next ordinal, but for a StatefulSet, which uses its numbers again."""
        self.revision = int(body["metadata"]["resourceVersion"])

    @property
    def key(self) -> tuple[str, str]:
        """Namespace and name."""
        return self.namespace, self.name

    def __len__(self) -> int:
        return len(self.ordinals)

    def ready(self, at: float) -> int:
        """Pods Ready at a time that is not before the last change of this array."""
        return bisect_right(self.times, at)

    def add(self, now: float) -> int:
        """One more pod, without a node yet; returns its ordinal."""
        ordinal = self.born
        if self.kind.kind == "StatefulSet":
            ordinal = self.ordinals[-1] + 1 if self.ordinals else 0
        self.born += 1
        self.ordinals.append(ordinal)
        self.created.append(now)
        self.nodes.append(None)
        self.ready_at.append(inf)
        return ordinal

    def place(self, index: int, node: int, ready_at: float) -> None:
        """The pod has a node and will be Ready at ``ready_at``."""
        self.nodes[index] = node
        self.ready_at[index] = ready_at
        insort(self.times, ready_at)

    def pick(self, now: float) -> int:
        """The pod to stop first: without a node, then not Ready, then the newest."""
        last = len(self) - 1
        if self.nodes[last] is None or self.kind.kind == "StatefulSet":
            return last
        worst = max(range(len(self)), key=lambda i: (self.nodes[i] is None, self.ready_at[i] > now, i))
        return worst if self.nodes[worst] is None or self.ready_at[worst] > now else last

    def remove(self, index: int) -> tuple[int, int | None, float, float]:
        """Takes a pod out at once; returns its (ordinal, node, ready_at, created)."""
        ready_at = self.ready_at.pop(index)
        if ready_at != inf:
            del self.times[bisect_right(self.times, ready_at) - 1]
        return self.ordinals.pop(index), self.nodes.pop(index), ready_at, self.created.pop(index)

    def pod_name(self, ordinal: int) -> str:
        """As a Deployment's ReplicaSet, or a StatefulSet, would name it; sorts by age."""
        if self.kind.kind == "StatefulSet":
            return f"{self.name}-{ordinal}"
        return f"{self.name}-{self.hash}-{_base36(ordinal)}"


def _base36(number: int) -> str:
    text = ""
    for _ in range(5):
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
    return text


def requests(body: Json) -> tuple[int, int]:
    """What one pod of a workload requests: millicores and bytes, summed over its containers."""
    cpu = memory = 0
    for container in body["spec"]["template"].get("spec", {}).get("containers", ()):
        wanted = container.get("resources", {}).get("requests", {})
        cpu += quantity(str(wanted.get("cpu", "0")), milli=True)
        memory += quantity(str(wanted.get("memory", "0")))
    return cpu, memory


_SUFFIXES = {"Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "Ti": 1 << 40, "k": 10**3, "M": 10**6, "G": 10**9}


def quantity(text: str, *, milli: bool = False) -> int:
    """A Kubernetes quantity as an integer, in thousandths where ``milli``."""
    factor = 1000 if milli else 1
    if text.endswith("m"):
        return int(text[:-1]) * factor // 1000
    for suffix, size in _SUFFIXES.items():
        if text.endswith(suffix):
            return int(float(text.removesuffix(suffix)) * size * factor)
    return int(float(text) * factor)


class Seen(NamedTuple):
    """A pod as a client sees it at one time."""

    name: str
    node: str
    ready_at: float
    created: float
    leaving: bool


def pod_body(pods: PodArray, seen: Seen, now: float) -> Json:
    """One Pod object."""
    template = pods.body["spec"]["template"]
    is_set = pods.kind.kind == "StatefulSet"
    labels = dict(template.get("metadata", {}).get("labels", {}))
    owner_kind, owner = ("StatefulSet", pods.name) if is_set else ("ReplicaSet", f"{pods.name}-{pods.hash}")
    if not is_set:
        labels["pod-template-hash"] = pods.hash
    meta: Json = {
        "name": seen.name,
        "namespace": pods.namespace,
        "uid": f"pod-{pods.namespace}-{seen.name}",
        "resourceVersion": str(pods.revision),
        "creationTimestamp": stamp(seen.created),
        "labels": labels,
        "ownerReferences": [
            {
                "apiVersion": "apps/v1",
                "kind": owner_kind,
                "name": owner,
                "uid": pods.body["metadata"]["uid"] if is_set else f"rs-{pods.namespace}-{owner}",
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }
    if seen.leaving:
        meta["deletionTimestamp"] = stamp(now)
    ready = seen.ready_at <= now and not seen.leaving
    since = stamp(min(seen.ready_at, now) if ready else seen.created)
    conditions = [
        {"type": "PodScheduled", "status": str(bool(seen.node)), "lastTransitionTime": stamp(seen.created)},
        {"type": "Ready", "status": str(ready), "lastTransitionTime": since},
    ]
    spec = {**template.get("spec", {})}
    if seen.node:
        spec["nodeName"] = seen.node
    phase = "Running" if seen.ready_at <= now else "Pending"
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": meta,
        "spec": spec,
        "status": {"phase": phase, "conditions": conditions, "startTime": stamp(seen.created)},
    }
