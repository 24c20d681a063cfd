"""A cluster whose own fresh traffic needs more than its floor gets it at once.

It waits for no move, no step and no cooldown, because a rebalance needs a cold donor and
at three times the forecast there is none. Raise only; two samples running, so that one
lying sample moves nothing.
"""

from __future__ import annotations

from gala.planning.demand import replicas_without_headroom
from gala.planning.facts import Sample, Traffic


def own_need(
    traffic: Traffic | None, *, per_replica: int, floor: int, now: float, stale_after: float
) -> int | None:
    """Replicas that the latest sample needs, if it and the one before both exceed ``floor``; else None."""
    if traffic is None or not isinstance(traffic.latest, Sample) or traffic.previous is None:
        return None
    latest, previous = traffic.latest, traffic.previous
    if now - latest.at > stale_after or latest.at - previous.at > stale_after:
        return None
    needs = [replicas_without_headroom(sample.qps, per_replica=per_replica) for sample in (latest, previous)]
    return needs[0] if min(needs) > floor else None
