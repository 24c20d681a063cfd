"""The night that every figure is measured on: several teams' events on one fleet, made from a size.

An event may name 100 workloads and a round 32 demands, so 200 workloads are eight events of 25. Every round
asks for other amounts than the rounds before it, so that no round can be answered with another's division.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any, Final

from gala.api.scalars import format_instant

Json = dict[str, Any]

NAMESPACE: Final = "show"
FLEET_NAMESPACE: Final = "gala-system"
TEAM: Final = 25
"""Workloads of one event."""

APART: Final = 1800.0
"""Seconds between the starts of two rounds."""

NODE_GROUPS: Final = 20
"""Groups of nodes with different free room in each cluster: what other people's pods leave."""

TIERS: Final = "SABC"
GIB: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Size:
    """How large a fleet is, and how long its night."""

    clusters: int = 70
    workloads: int = 200
    rounds: int = 7

    def __str__(self) -> str:
        return f"{self.clusters} × {self.workloads} × {self.rounds}"


@dataclass(frozen=True, slots=True)
class Load:
    """One workload: what a pod of it requests and carries, and the fleet's QPS in the largest round."""

    name: str
    tier: str
    cpu: int
    """Millicores."""
    memory: int
    """Bytes."""
    per_replica: int
    peak: int
    original: int
    """Replicas in each cluster before the show."""


def loads(size: Size) -> tuple[Load, ...]:
    """The workloads of all teams; about ten pods of each in every cluster at the peak."""
    rng = Random(size.workloads)
    found = []
    for number in range(size.workloads):
        per_replica = rng.choice((100, 250, 600, 1000))
        pods = size.clusters * rng.choice((4, 6, 9, 14))
        found.append(
            Load(
                name=f"app-{number:03}",
                tier=TIERS[number % len(TIERS)],
                cpu=rng.choice((250, 500, 1000, 2000)),
                memory=rng.choice((1, 2, 4)) * GIB // 2,
                per_replica=per_replica,
                peak=pods * per_replica,
                original=rng.choice((2, 3, 4)),
            )
        )
    return tuple(found)


def teams(size: Size) -> list[tuple[Load, ...]]:
    """The workloads of each event."""
    every = loads(size)
    return [every[first : first + TEAM] for first in range(0, len(every), TEAM)]


def nodes_of(size: Size) -> int:
    """Nodes of each cluster, of 16 to 32 free cores: half as many again as an even division needs."""
    cores = sum(load.cpu for load in loads(size)) * 13 // 1000
    return max(NODE_GROUPS, cores // 24)


def free_cores(cluster: int) -> list[int]:
    """Millicores that other people's pods leave on a node of each group."""
    rng = Random(cluster)
    return [rng.randint(16_000, 32_000) for _ in range(NODE_GROUPS)]


def event_name(number: int) -> str:
    """Of the event of one team."""
    return f"team-{number:02}"


def cluster_name(number: int) -> str:
    """Of a cluster."""
    return f"cluster-{number:03}"


def events(size: Size, start: float, *, after: bool = False, early: float = 0.0) -> list[Json]:
    """One GalaEvent for each team; the first round begins at ``start`` (seconds since the epoch).

    ``after`` gives every round a scene that follows it, ``early`` (seconds) a window before its start.
    """
    return [
        _event(event_name(number), team, size.rounds, start, after=after, early=early)
        for number, team in enumerate(teams(size))
    ]


def _event(
    name: str, team: tuple[Load, ...], rounds: int, start: float, *, after: bool, early: float
) -> Json:
    spec: Json = {
        "workloads": [_workload(load) for load in team],
        "rounds": [_round(number, team, start, after=after, early=early) for number in range(rounds)],
    }
    if after:
        spec["scenes"] = [{"name": "shop", "demand": _demands(team, 0.5)}]
    return {
        "apiVersion": "gala.dev/v1alpha1",
        "kind": "GalaEvent",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": spec,
    }


def _workload(load: Load) -> Json:
    return {
        "name": load.name,
        "tier": load.tier,
        "target": {"name": load.name},
        "capacity": {"qpsPerReplica": load.per_replica, "headroomPercent": 20, "warmup": "30s"},
        "signal": {"metric": "http_requests_total", "matchLabels": {"app": load.name}},
    }


def _round(number: int, team: tuple[Load, ...], start: float, *, after: bool, early: float) -> Json:
    found: Json = {
        "name": f"round-{number + 1}",
        "start": format_instant(start + number * APART),
        "duration": "5m",
        "window": {"early": f"{early:.0f}s", "late": "2m"},
        "demand": _demands(team, 1.0 - 0.6 * number / (number + 7)),
    }
    return found | ({"afterScene": "shop", "afterDuration": "10m"} if after else {})


def _demands(team: tuple[Load, ...], part: float) -> list[Json]:
    return [{"workload": load.name, "qps": int(load.peak * part)} for load in team]
