"""What can be known of events, clusters and their traffic.

Everything here is a frozen value. What could not be read is ``Missing`` with its reason,
never a zero; counts are pods, CPU is in millicores, memory in bytes, times are seconds
since the epoch, QPS are per second.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gala.api.event import GalaEventSpec
from gala.planning.quotas import Quota
from gala.planning.templates import PLAIN, Taint, Template

TARGET_GONE = "NotFound"
"""Reason of a ``Missing`` target that is known not to exist; every other reason is doubt."""


class EventKey(NamedTuple):
    """Which event; the uid is not part of it, so that a replaced event finds its ledger."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


class TargetKey(NamedTuple):
    """Which scalable object inside one cluster."""

    api_version: str
    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True, slots=True)
class Missing:
    """A fact that is not there; ``reason`` is a PascalCase constant, ``message`` a sentence."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetFacts:
    """One scalable object as last read."""

    uid: str
    resource_version: str
    replicas: int
    """``spec.replicas``; absent on the wire means 0 for ``/scale`` and 1 never occurs here."""
    pods: int
    """``status.replicas``: pods that exist, Ready or not; hand-back waits for them to be gone."""
    ready: int | Missing
    warm: int | Missing
    """What was Ready a warm-up ago, never more than is Ready now."""
    manager: str
    """Field manager of ``spec.replicas``, ``""`` where managedFields does not say."""
    cpu: int = 0
    """Requested per pod, millicores; 0 where the kind has no pod template we can read."""
    memory: int = 0
    """Requested per pod, bytes."""
    template: Template = PLAIN
    """What else each pod asks for."""
    ordered: bool = False
    """A StatefulSet with ``OrderedReady``: its pods start one after another."""
    autoscaler: str = ""
    """``kind/name`` of an HPA or ScaledObject on this target; it is then not written."""
    deletes_volumes: bool = False
    """``whenScaled: Delete``: a hand-back would delete volumes, so growth is refused."""


class NodeRoom(NamedTuple):
    """``count`` equal nodes, each with this much free beside pods that are no target of ours."""

    count: int  # type: ignore[assignment]  # the field's plain name is worth more than tuple.count
    cpu: int
    memory: int
    pods: int
    labels: tuple[tuple[str, str], ...] = ()
    """Those that a pod of a target asks for, by key."""
    taints: tuple[Taint, ...] = ()
    """Those that keep pods away."""
    extended: tuple[tuple[str, int], ...] = ()
    """Free of the resources that a pod of a target asks for beside CPU and memory, by name."""


class Elastic(NamedTuple):
    """What a node autoscaler can still add, told as one node."""

    cpu: int
    memory: int
    pods: int
    node_start: float
    """Seconds from a Pending pod to a Ready node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodStart:
    """How fast a cluster starts pods: the slower of what is stated and what was seen."""

    per_second: int = 10
    p95: float = 60.0
    slowest: float | None = None
    """The largest time to Ready seen lately, None before anything was seen."""


class Sample(NamedTuple):
    """A measured rate and the time the sample itself carries."""

    qps: float
    at: float


@dataclass(frozen=True, slots=True)
class Traffic:
    """The last two distinct samples of one workload in one cluster."""

    latest: Sample | Missing
    previous: Sample | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """What the platform team lets events of one namespace do in a cluster."""

    event_namespace: str
    target_namespaces: tuple[str, ...]
    """``("*",)`` admits every namespace."""
    may_grow: bool = True
    max_tier: str = "B"
    """The highest tier an event may claim here; S is above A, B and C."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterFacts:
    """One member cluster as last seen; facts outlive contact, ``reachable`` says whether they are fresh."""

    name: str
    private: bool = True
    fill_order: int = 0
    weight: int = 1
    labels: Mapping[str, str] = field(default_factory=dict)
    admits: tuple[Admission, ...] = ()
    admits_own: bool = False
    """Whether events of every namespace are admitted in their own one, as far as targets are wanted there."""
    reachable: bool = True
    unreachable_reason: str = ""
    last_contact: float | None = None
    """None if it was never reached since this process started."""
    targets: Mapping[TargetKey, TargetFacts | Missing] = field(default_factory=dict)
    """Only targets that were asked for; a key that is absent was never read."""
    nodes: tuple[NodeRoom, ...] | Missing = ()
    elastic: Elastic | None = None
    quotas: Mapping[str, tuple[Quota, ...]] = field(default_factory=dict)
    """By namespace of the targets; one whose quotas are not known has none."""
    pod_start: PodStart = field(default_factory=PodStart)
    signal_configured: bool = False
    traffic: Mapping[tuple[EventKey, str], Traffic] = field(default_factory=dict)
    """By event and workload name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventFacts:
    """A GalaEvent that exists and is valid (or the last valid spec seen of one that is not now)."""

    key: EventKey
    uid: str
    generation: int
    created: float
    spec: GalaEventSpec
    doubt: bool = False
    """It could not be found where it was, or its ledger cannot be fully read: hold or raise, never lower."""
