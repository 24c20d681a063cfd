"""Random shows and the clusters they run in."""

from __future__ import annotations

import random
from typing import Any

from gala.api.scalars import format_instant
from gala.planning.facts import EventKey, TargetKey
from night_world import Cluster, Scalable

START = 1_800_000_000.0
NAMESPACE = "gala"


def clusters(rng: random.Random) -> dict[str, Cluster]:
    found = {}
    for name in ["east", "west", "north", "south", "cloud"][: rng.choice([1, 2, 2, 3, 3, 4, 5])]:
        public = name in ("cloud", "south")
        found[name] = Cluster(
            name,
            nodes=rng.randint(4, 12),
            private=not public,
            fill_order=rng.choice([0, 1, 2]),
            weight=0 if public else rng.choice([1, 1, 2, 3]),
            per_second=rng.choice([5, 20, 50]),
            signal=rng.random() < 0.7,
        )
    return found


def spec(rng: random.Random, clusters: dict[str, Cluster], suffix: str) -> dict[str, Any]:
    workloads = [_workload(rng, f"app{index}{suffix}") for index in range(rng.choice([1, 1, 2, 2, 3, 4]))]
    scenes = [
        {
            "name": name,
            "demand": [d for d in (_demand(rng, w) for w in workloads) if d]
            or [_demand(rng, workloads[0], always=True)],
        }
        for name in ("rush", "calm")
    ]
    rounds = []
    at = START + rng.choice([60, 300, 700])
    for index in range(rng.choice([1, 1, 2, 2, 3, 4, 5])):
        duration = rng.choice([60, 120, 240])
        item: dict[str, Any] = {
            "name": f"r{index}",
            "start": format_instant(at),
            "duration": f"{duration}s",
            "window": {"early": f"{rng.choice([0, 0, 30, 60])}s", "late": f"{rng.choice([0, 60, 120])}s"},
            "scene": rng.choice(["rush", "rush", "calm"]),
        }
        if rng.random() < 0.5:
            item |= {"afterScene": "calm", "afterDuration": f"{rng.choice([30, 120, 300])}s"}
        rounds.append(item)
        at += rng.choice([30, duration, duration + 60, duration + 200, duration + 900])
    spec: dict[str, Any] = {
        "workloads": workloads,
        "scenes": scenes,
        "rounds": rounds,
        "handback": {
            "cooldown": f"{rng.choice([0, 30, 60, 200])}s",
            "maxStepPercent": rng.choice([20, 50, 100]),
        },
        "rebalance": {"cooldown": f"{rng.choice([0, 30, 120])}s", "enabled": rng.random() < 0.8},
    }
    if rng.random() < 0.4:
        shares = [{"cluster": name, "weight": rng.choice([0, 1, 5, 60])} for name in clusters]
        spec["division"] = {"shares": shares}
    return spec


def _workload(rng: random.Random, name: str) -> dict[str, Any]:
    item: dict[str, Any] = {"name": name, "target": {"name": name}, "tier": rng.choice("SABC")}
    if rng.random() < 0.75:
        item["capacity"] = {
            "qpsPerReplica": rng.choice([10, 50, 100, 333]),
            "headroomPercent": rng.choice([0, 20, 50]),
            "warmup": f"{rng.choice([0, 15, 30])}s",
        }
    bounds = {}
    if rng.random() < 0.25:
        bounds["min"] = rng.choice([1, 2, 10])
    if rng.random() < 0.2:
        bounds["max"] = rng.choice([20, 50])
    return item | ({"perCluster": bounds} if bounds else {})


def _demand(rng: random.Random, workload: dict[str, Any], *, always: bool = False) -> dict[str, Any] | None:
    if not always and rng.random() < 0.25:
        return None
    replicas = rng.choice([1, 7, 40, 120, 300])
    if "capacity" in workload and rng.random() < 0.8:
        return {"workload": workload["name"], "qps": replicas * workload["capacity"]["qpsPerReplica"]}
    return {"workload": workload["name"], "replicas": replicas}


def fill(rng: random.Random, clusters: dict[str, Cluster], raw: dict[EventKey, dict[str, Any]]) -> None:
    names = sorted({w["name"] for spec in raw.values() for w in spec["workloads"]})
    for name in names:
        cpu = rng.choice([250, 500, 1000, 2000])
        for cluster in clusters.values():
            if rng.random() < 0.07 and len(clusters) > 1:
                continue
            scalable = Scalable(f"{cluster.name}-{name}", rng.choice([0, 1, 3, 8, 12]), cpu=cpu)
            cluster.targets[target(name)] = scalable


def target(name: str) -> TargetKey:
    return TargetKey("apps/v1", "Deployment", NAMESPACE, name)
