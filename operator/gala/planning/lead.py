"""How long before ``ready_by`` a cluster must begin, and how long giving back takes.

Planned for the last pod, not for the p95: of 1,000 new pods 50 are later than the p95.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from gala.planning.facts import PodStart
from gala.settings import Settings


class Growth(NamedTuple):
    """What a segment adds in one cluster on top of its baseline."""

    pods: int
    ordered: int = 0
    """The largest growth of one OrderedReady StatefulSet, which starts its pods one after another."""
    warmup: float = 0.0
    """The largest warm-up of the workloads that grow, seconds."""
    node_start: float = 0.0
    """Seconds until a node is there that has to be added first."""


def last_pod(pod_start: PodStart, settings: Settings) -> float:
    """Seconds after which the last pod is expected Ready: the slowest seen, else the p95, × 1.25."""
    seen = pod_start.p95 if pod_start.slowest is None else pod_start.slowest
    return max(seen, pod_start.p95) * settings.last_pod_percent / 100


def wave_time(pods: int, pod_start: PodStart) -> float:
    """Seconds that a cluster needs to start this many pods at its own rate."""
    return pods / max(1, pod_start.per_second)


def lead(growth: Growth, pod_start: PodStart, settings: Settings) -> float:
    """New nodes + waves + last pod + warm-up + margin, in whole seconds; 0 where nothing grows."""
    if growth.pods <= 0:
        return 0.0
    starting = max(wave_time(growth.pods, pod_start), growth.ordered * pod_start.p95)
    terms = growth.node_start + starting + last_pod(pod_start, settings) + growth.warmup
    return float(math.ceil(terms + max(settings.margin_min, terms * settings.margin_percent / 100)))


def shrink_time(growth: int, *, step_percent: int, settings: Settings) -> float:
    """Seconds until ``growth`` pods above the original are given back in steps, each at its longest."""
    steps = 0
    while growth > 0:
        growth -= max(1, -(-growth * step_percent // 100))
        steps += 1
    return steps * settings.step_wait
