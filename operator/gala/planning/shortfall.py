"""Why replicas found no room: what each cluster lacks for one more of them, and the same in words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

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


def short_of(replicas: int, causes: Iterable[Cause]) -> Short:
    """A shortfall and why; where clusters lack different things, the reason is what most of them lack.

    Ties: what the first of them by name lacks.
    """
    found = sorted(causes)
    if not found:
        return Short(replicas, NOWHERE.reason, NOWHERE.words)
    reasons = Counter(cause.lack.reason for cause in found)
    by_lack: dict[Lack, list[str]] = {}
    for cluster, lack in found:
        by_lack.setdefault(lack, []).append(cluster)
    ordered = sorted(by_lack.items(), key=lambda one: -len(one[1]))
    why = "; ".join(f"{lack.words} in {_names(clusters)}" for lack, clusters in ordered)
    return Short(replicas, reasons.most_common(1)[0][0], why)


def _names(clusters: list[str]) -> str:
    named, more = clusters[:_NAMED], len(clusters) - _NAMED
    if more > 0:
        return f"{', '.join(named)} and {more} more"
    return " and ".join(filter(None, [", ".join(named[:-1]), named[-1]]))
