"""Why replicas found no room: what each cluster lacks for one more of them, and the same in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final, NamedTuple

_NAMED = 3
"""So many clusters are named, of others how many they are."""


class Lack(NamedTuple):
    """What keeps one more pod out of a cluster."""

    reason: str
    words: str
    """Goes on with the clusters: ``quota few allows no more pods``."""


class Cause(NamedTuple):
    """What one cluster lacks."""

    cluster: str
    lack: Lack


class Short(NamedTuple):
    """Replicas that found no room, and which bound was met."""

    replicas: int
    reason: str
    """What most clusters lack."""
    why: str
    """What each lacks, as the end of a sentence."""


BOUND = Lack("PerClusterMax", "perCluster.max allows no more")
"""The workload's own limit was met."""

NOWHERE = Lack("InsufficientRoom", "no cluster takes more of it")
"""There is no cluster that could lack anything."""


CAME_FREE = Lack("InsufficientRoom", "room has come free since, and is not counted yet")
"""What was latched is less than what fits now, which the next pass takes."""

NO_NODE = Lack("NodeSelector", "no node takes such a pod by its labels and taints")

UNEVEN = Lack("TopologySpread", "some zones have room, but one is full and they may not differ by more")

FRAGMENTED = Lack("Fragmented", "enough is free, but too little on each node")

CPU, MEMORY, PODS = "CPU", "memory", "pod slots"
_LACKS = {
    CPU: Lack("InsufficientCPU", "not enough CPU is free"),
    MEMORY: Lack("InsufficientMemory", "not enough memory is free"),
    PODS: Lack("InsufficientPods", "not enough pod slots are free"),
}


OF_ROOM: Final = frozenset(
    {
        "QuotaExceeded",
        "InsufficientResource",
        *(lack.reason for lack in (NOWHERE, NO_NODE, UNEVEN, FRAGMENTED, *_LACKS.values())),
    }
)
"""Every reason for which a cluster, and not the event itself, has no room for more."""


class Amount(NamedTuple):
    """One resource over all nodes that a pod may use."""

    resource: str
    free: int
    asked: int
    """By one pod."""


def of_quota(quota: str, resource: str) -> Lack:
    """A quota of the namespace allows no more."""
    return Lack("QuotaExceeded", f"quota {quota} allows no more {resource}")


def of_device(resource: str) -> Lack:
    """Too little of something that is neither CPU, memory nor a pod slot."""
    return Lack("InsufficientResource", f"not enough {resource} is free")


def lacking(amounts: Iterable[Amount], pods: int) -> Lack:
    """What so many pods lack of which not one finds a node: the first resource that is too little in sum."""
    for resource, free, asked in amounts:
        if free < asked * pods:
            return _LACKS.get(resource) or of_device(resource)
    return FRAGMENTED


def short_of(replicas: int, causes: Iterable[Cause]) -> Short:
    """A shortfall and why; where clusters lack different things, the reason is what most of them lack.

    ``causes`` come in the order of the clusters' names; the first of them decides between equals.
    """
    found = [*causes]
    if not found:
        return Short(replicas, NOWHERE.reason, NOWHERE.words)
    by_lack: dict[Lack, list[str]] = {}
    reasons = Counter[str]()
    for cluster, lack in found:
        by_lack.setdefault(lack, []).append(cluster)
        reasons[lack.reason] += 1
    ordered = sorted(by_lack.items(), key=lambda one: -len(one[1]))
    why = "; ".join(f"{lack.words} in {_names(clusters)}" for lack, clusters in ordered)
    return Short(replicas, reasons.most_common(1)[0][0], why)


def _names(clusters: list[str]) -> str:
    named, more = clusters[:_NAMED], len(clusters) - _NAMED
    if more > 0:
        return f"{', '.join(named)} and {more} more"
    return " and ".join(filter(None, [", ".join(named[:-1]), named[-1]]))
