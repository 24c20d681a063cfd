"""Whose traffic is how much: stated, else measured, else the last complete set, else weight.

Unknown is not zero: one missing sample makes the whole measurement incomplete, and the
set before it is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from gala.api.event import GalaEventSpec
from gala.planning.facts import ClusterFacts, EventKey, Sample
from gala.planning.ledger import LastShares
from gala.settings import Settings


class Shares(NamedTuple):
    """Integer weights by cluster, and where they came from."""

    weights: Mapping[str, int]
    source: str
    """``Stated``, ``Measured``, ``LastMeasured`` or ``Weight``."""


def fresh_sample(
    cluster: ClusterFacts, event: EventKey, workload: str, *, now: float, stale_after: float
) -> Sample | None:
    """The latest sample of a workload in a cluster if it is young enough by its own timestamp."""
    traffic = cluster.traffic.get((event, workload))
    if traffic is None or not isinstance(traffic.latest, Sample):
        return None
    return traffic.latest if now - traffic.latest.at <= stale_after else None


def measured(
    event: EventKey, workload: str, eligible: Sequence[ClusterFacts], *, now: float, stale_after: float
) -> Mapping[str, int] | None:
    """Measured weights in thousandths of a query per second, or None where they are not complete.

    Complete: a fresh sample from every reachable eligible cluster that has a signal
    configured, and a sum above 0. A cluster without a signal gets 0.
    """
    weights: dict[str, int] = {}
    for cluster in eligible:
        sample = fresh_sample(cluster, event, workload, now=now, stale_after=stale_after)
        if sample is not None:
            weights[cluster.name] = max(0, round(sample.qps * 1000))
        elif cluster.signal_configured and cluster.reachable:
            return None
        else:
            weights[cluster.name] = 0
    return weights if sum(weights.values()) > 0 else None


def choose(  # noqa: PLR0913 - the four sources of a share and what they are judged by
    spec: GalaEventSpec,
    event: EventKey,
    workload: str,
    eligible: Sequence[ClusterFacts],
    *,
    last: LastShares | None,
    now: float,
    settings: Settings,
) -> Shares:
    """The shares of one workload over its eligible clusters, from the first source that says anything."""
    stated = {share.cluster: share.weight for share in spec.division.shares}
    weights: Mapping[str, int] | None = {c.name: stated.get(c.name, 0) for c in eligible}
    if weights and any(weights.values()):
        return Shares(weights, "Stated")
    weights = measured(event, workload, eligible, now=now, stale_after=spec.rebalance.stale_after)
    if weights is not None:
        return Shares(weights, "Measured")
    if last is not None and now - last.at <= settings.shares_max_age:
        known = dict(last.shares)
        weights = {c.name: known.get(c.name, 0) for c in eligible}
        if any(weights.values()):
            return Shares(weights, "LastMeasured")
    return Shares({c.name: c.weight for c in eligible}, "Weight")
