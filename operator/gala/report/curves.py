"""Which curves are drawn: demand, capacity intended, capacity Ready, all three in replicas.

Traffic is drawn as the replicas that it needs (QPS through ``qpsPerReplica``), because only
so can several workloads stand on one axis with the capacity that serves them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf

from gala.report.nightlog import NightLog, Place, SegmentLog
from gala.report.series import StepSeries, total


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """One panel's data; ``demand`` and ``offered`` are empty where no traffic is known."""

    title: str
    demand: StepSeries
    """Replicas that the traffic needs."""
    intended: StepSeries
    ready: StepSeries
    offered: tuple[StepSeries, ...]
    """All traffic in QPS, also of workloads without a stated capacity."""

    def highest(self, start: float, end: float) -> float:
        """The top of what is to be drawn in ``[start, end)``; at least 1."""
        tops = [
            max((piece.values[0] or 0.0 for piece in series.pieces(start, end)), default=0.0)
            for series in (self.demand, self.intended, self.ready)
        ]
        return max(1.0, *tops)

    def qps_at(self, time: float) -> float | None:
        """All traffic at that time; None where none was measured."""
        known = [value for series in self.offered if (value := series.value_at(time)) is not None]
        return sum(known) if known else None


def by_cluster(log: NightLog) -> tuple[Curves, ...]:
    """One panel for each cluster."""
    return tuple(
        _curves(log, name, [place for place in log.ready if place.cluster == name]) for name in log.clusters
    )


def by_workload(log: NightLog) -> tuple[Curves, ...]:
    """One panel for each workload."""
    return tuple(
        _curves(log, one.name, [place for place in log.ready if place.workload == one.name])
        for one in log.workloads
    )


def together(panels: Sequence[Curves]) -> Curves:
    """The sum of panels that share no place."""
    return Curves(
        title="All clusters",
        demand=total(panel.demand for panel in panels),
        intended=total(panel.intended for panel in panels),
        ready=total(panel.ready for panel in panels),
        offered=tuple(series for panel in panels for series in panel.offered),
    )


def of_round(log: NightLog, segment: SegmentLog, start: float, end: float) -> Curves:
    """The workloads that a round asks for, in all clusters, in ``[start, end)``."""
    places = [place for place in log.ready if place.workload in segment.required]
    return _curves(log, segment.round, places, lambda series: series.between(start, end))


def _whole(series: StepSeries) -> StepSeries:
    return series


def _curves(
    log: NightLog, title: str, places: Sequence[Place], cut: Callable[[StepSeries], StepSeries] = _whole
) -> Curves:
    per_replica = {one.name: one.qps_per_replica for one in log.workloads}
    offered = {place: cut(log.offered[place]) for place in places if place in log.offered}
    served = [place for place in offered if per_replica.get(place.workload) is not None]
    return Curves(
        title=title,
        demand=total(
            (offered[place] for place in served),
            [1 / (per_replica[place.workload] or inf) for place in served],
        ),
        intended=total(cut(log.intended[place]) for place in places if place in log.intended),
        ready=total(cut(log.ready[place]) for place in places),
        offered=tuple(offered.values()),
    )
