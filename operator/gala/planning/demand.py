"""From a forecast to replicas, in integers: no rounding error ever costs a pod."""

from __future__ import annotations

from gala.api.event import Demand, Workload


def replicas_for(qps: int, *, per_replica: int, headroom_percent: int) -> int:
    """Replicas that serve ``qps`` with headroom, rounded up."""
    return -(-qps * (100 + headroom_percent) // (100 * per_replica))


def replicas_without_headroom(qps: float, *, per_replica: int) -> int:
    """Replicas that serve a measured rate with nothing to spare, rounded up."""
    whole = int(qps)
    milli = whole * 1000 + -int(-(qps - whole) * 1000 // 1)
    return -(-milli // (1000 * per_replica))


def required(demand: Demand, workload: Workload) -> int:
    """The fleet's total for one workload: stated as replicas, or from its forecast.

    Replicas that the event states get no headroom on top.
    """
    if demand.replicas is not None:
        return demand.replicas
    if demand.qps is None or workload.capacity is None:
        return 0
    return replicas_for(
        demand.qps,
        per_replica=workload.capacity.qps_per_replica,
        headroom_percent=workload.capacity.headroom_percent,
    )
