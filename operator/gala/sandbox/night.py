"""The demo's night, made from a seed: an event, three clusters, and the traffic that comes.

Modelled on the Spring Festival Gala of 2022: seven rounds in four hours, and capacity that goes
from the red envelopes to the shops after each. All figures are invented; only the weight of the
first round is anchored in anything published.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from math import ceil
from random import Random
from typing import NamedTuple

from gala.api.scalars import format_instant
from gala.sandbox.apiserver.errors import Json
from gala.sandbox.nodes import NodeGroup
from gala.sandbox.traffic import Load, Skew, Surge, TrafficPlan, Wave, hot

NAMESPACE = "gala-show"
"""Of the event, and of its targets in every cluster."""

START = datetime.fromisoformat("2027-02-05T20:00:00+08:00").timestamp()
METRIC = "http_requests_total"

_WEIGHTS = (0.21, 0.12, 0.12, 0.13, 0.13, 0.14, 0.15)
_TAIL = 600.0
"""Seconds after the last cooldown in which everything has to be back."""

_FORECAST_ERROR = 0.92
"""What comes is that part of the forecast."""
_HOT_ROUND = 3
_HOT = 1.3


class ClusterDesign(NamedTuple):
    """One member cluster; ``share`` is its part of the traffic."""

    name: str
    private: bool
    fill_order: int
    share: float
    nodes: int


class WorkloadDesign(NamedTuple):
    """One workload; rates in QPS for the whole fleet."""

    name: str
    tier: str
    qps_per_replica: int
    cpu: str
    memory: str
    base: int
    peak: int
    """Forecast of the largest round; 0 where the round means nothing to it but ``during``."""
    during: int
    """Forecast in every round, beside ``peak``."""
    after: int
    """Forecast of the scene after each round; 0 where it is not part of it."""
    kind: str = "Deployment"
    """Or ``StatefulSet``."""
    only: tuple[str, ...] = ()
    """The clusters that have its target; empty: all."""

    @property
    def plural(self) -> str:
        """Its kind's name in URLs."""
        return f"{self.kind.lower()}s"


_CLUSTERS = (
    ClusterDesign("north", private=True, fill_order=1, share=0.45, nodes=56),
    ClusterDesign("east", private=True, fill_order=2, share=0.35, nodes=44),
    ClusterDesign("cloud", private=False, fill_order=3, share=0.20, nodes=60),
)
_WORKLOADS = (
    WorkloadDesign("gateway", "S", 2000, "1", "2Gi", 60_000, 1_200_000, 0, 400_000),
    WorkloadDesign("red-envelope", "S", 1000, "1", "2Gi", 40_000, 1_200_000, 0, 0),
    WorkloadDesign("login", "A", 500, "1", "2Gi", 8_000, 120_000, 0, 0),
    WorkloadDesign("payment", "S", 600, "1", "2Gi", 24_000, 0, 54_000, 72_000),
    WorkloadDesign("shop-front", "A", 1000, "1", "2Gi", 75_000, 0, 165_000, 300_000),
    WorkloadDesign("cart", "B", 800, "2", "4Gi", 30_000, 0, 66_000, 120_000),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Programme:
    """What is shown when; times in seconds."""

    name: str = "spring-gala"
    namespace: str = NAMESPACE
    time_zone: str = "Asia/Shanghai"
    start: float = START
    """Of the night, since the epoch."""
    offsets: tuple[float, ...] = (900.0, 2880.0, 4800.0, 6360.0, 8400.0, 10_620.0, 13_200.0)
    """Of the rounds; the gap before the fourth is so short that it is held, the last crosses midnight."""
    duration: float = 300.0
    after: float = 600.0
    """Of the scene after a round."""
    late: float = 120.0
    cooldown: float = 300.0
    workloads: tuple[WorkloadDesign, ...] = _WORKLOADS


GALA = Programme()
"""The night of the demo."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """Everything that a sandbox is built from."""

    name: str
    namespace: str
    seed: int
    start: float
    end: float
    clusters: tuple[ClusterDesign, ...]
    workloads: tuple[WorkloadDesign, ...]
    event: Json
    """The GalaEvent."""
    traffic: TrafficPlan

    def original(self, workload: WorkloadDesign, cluster: ClusterDesign) -> int:
        """Replicas before the show: enough for base traffic and its warm-up."""
        return max(2, ceil(workload.base * 1.6 * cluster.share / workload.qps_per_replica))

    def nodes(self, cluster: ClusterDesign) -> NodeGroup:
        """Nodes of 32 cores."""
        return NodeGroup(count=cluster.nodes)


def build_night(
    *, seed: int = 0, rounds: int = 7, clusters: int = 3, scale: float = 1.0, programme: Programme = GALA
) -> Night:
    """The first ``rounds`` of the night on the first ``clusters``; ``scale`` shrinks traffic and nodes."""
    designs = _shrink(_CLUSTERS[:clusters], scale)
    workloads = tuple(_scaled(workload, scale) for workload in programme.workloads)
    starts = [programme.start + offset for offset in programme.offsets[:rounds]]
    end = starts[-1] + programme.late + programme.duration + programme.after + programme.cooldown + _TAIL
    shares = {cluster.name: cluster.share for cluster in designs}
    loads = {workload.name: _load(workload, starts, programme.duration) for workload in workloads}
    skews = _skews(seed, starts, shares, programme.duration)
    return Night(
        name=programme.name,
        namespace=programme.namespace,
        seed=seed,
        start=programme.start,
        end=end,
        clusters=designs,
        workloads=workloads,
        event=_event(programme, workloads, starts),
        traffic=TrafficPlan(start=programme.start, end=end, loads=loads, shares=shares, skews=skews),
    )


def _shrink(designs: tuple[ClusterDesign, ...], scale: float) -> tuple[ClusterDesign, ...]:
    """Fewer clusters get the room of all, or the night would not fit."""
    whole = sum(cluster.share for cluster in designs)
    wider = scale * sum(cluster.nodes for cluster in _CLUSTERS) / sum(cluster.nodes for cluster in designs)
    return tuple(
        cluster._replace(share=cluster.share / whole, nodes=max(2, ceil(cluster.nodes * wider)))
        for cluster in designs
    )


def _scaled(workload: WorkloadDesign, scale: float) -> WorkloadDesign:
    rates = {name: ceil(getattr(workload, name) * scale) for name in ("base", "peak", "during", "after")}
    return workload._replace(**rates)


def _weight(index: int) -> float:
    return _WEIGHTS[index] / max(_WEIGHTS)


def _load(workload: WorkloadDesign, starts: list[float], duration: float) -> Load:
    surges, waves = [], []
    for index, start in enumerate(starts):
        if workload.peak:
            came = workload.peak * _weight(index) * _FORECAST_ERROR
            surges.append(Surge(start, came - workload.base, cut=duration))
        if workload.during:
            extra = workload.during * _FORECAST_ERROR - workload.base
            surges.append(Surge(start + 30.0, extra, cut=duration - 30.0))
        if workload.after:
            waves.append(Wave(start + duration, workload.after * _FORECAST_ERROR - workload.base))
    return Load(workload.base, tuple(surges), tuple(waves))


def _skews(seed: int, starts: list[float], shares: dict[str, float], duration: float) -> tuple[Skew, ...]:
    draw = Random(f"{seed}/skew").uniform  # noqa: S311 (a model, no secret)
    found = []
    for index, start in enumerate(starts):
        factors = {name: 1.0 + draw(-0.04, 0.04) for name in shares}
        if index == _HOT_ROUND and len(shares) > 1:
            factors = hot(shares, next(iter(shares)), _HOT)
        found.append(Skew(start, start + duration, factors))
    return tuple(found)


def _event(programme: Programme, workloads: tuple[WorkloadDesign, ...], starts: list[float]) -> Json:
    shown = tuple(one for one in workloads if one.peak or one.during or one.after)
    return {
        "apiVersion": "gala.dev/v1alpha1",
        "kind": "GalaEvent",
        "metadata": {"name": programme.name, "namespace": programme.namespace},
        "spec": {
            "timeZone": programme.time_zone,
            "workloads": [_workload(workload) for workload in shown],
            "scenes": [
                {"name": "red-envelope", "demand": _demand(workloads, "during")},
                {"name": "shopping", "demand": _demand(workloads, "after")},
            ],
            "rounds": [_round(programme, workloads, index, start) for index, start in enumerate(starts)],
            "handback": {"cooldown": f"{int(programme.cooldown)}s"},
        },
    }


def _workload(workload: WorkloadDesign) -> Json:
    return {
        "name": workload.name,
        "target": {"apiVersion": "apps/v1", "kind": workload.kind, "name": workload.name},
        "tier": workload.tier,
        "capacity": {"qpsPerReplica": workload.qps_per_replica, "headroomPercent": 20, "warmup": "30s"},
        "signal": {"metric": METRIC, "matchLabels": {"app": workload.name}, "window": "30s"},
    }


def _demand(workloads: tuple[WorkloadDesign, ...], when: str) -> list[Json]:
    wanted = [(workload.name, getattr(workload, when)) for workload in workloads]
    return [{"workload": name, "qps": qps} for name, qps in wanted if qps]


def _round(programme: Programme, workloads: tuple[WorkloadDesign, ...], index: int, start: float) -> Json:
    own = [
        {"workload": workload.name, "qps": ceil(workload.peak * _weight(index))}
        for workload in workloads
        if workload.peak
    ]
    return {
        "name": f"round-{index + 1}",
        "start": format_instant(start),
        "duration": f"{int(programme.duration)}s",
        "window": {"early": "30s", "late": f"{int(programme.late)}s"},
        "scene": "red-envelope",
        "demand": own,
        "afterScene": "shopping",
        "afterDuration": f"{int(programme.after)}s",
    }


def without_skew(night: Night) -> Night:
    """The same night with traffic that comes exactly where it was forecast."""
    return replace(night, traffic=replace(night.traffic, skews=()))
