"""Shows as the end-to-end tests want them: real times a few seconds ahead, rounds of seconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

Object = dict[str, Any]

API = "gala.dev/v1alpha1"


def soon(seconds: float) -> datetime:
    """So many seconds from now, on a whole second, as the schema's times are."""
    at = datetime.now(UTC) + timedelta(seconds=seconds)  # noqa: TID251 (a real show needs real times)
    return at.replace(microsecond=0)


def workload(name: str, *, kind: str = "Deployment", **more: Any) -> Object:
    """A workload of this event whose target has its name; warm one second after Ready."""
    capacity = {"qpsPerReplica": 100, "headroomPercent": 0, "warmup": "1s"}
    return {"name": name, "target": {"kind": kind, "name": name}, "capacity": capacity, **more}


def part(name: str, start: datetime, seconds: int, demand: Mapping[str, int], **more: Any) -> Object:
    """A round of so many seconds with this many replicas of each workload, all clusters together."""
    return {
        "name": name,
        "start": start.isoformat(),
        "duration": f"{seconds}s",
        "window": {"late": "0s"},
        "demand": [{"workload": one, "replicas": count} for one, count in demand.items()],
        **more,
    }


def event(
    name: str, namespace: str, workloads: Sequence[Object], rounds: Sequence[Object], **spec: Any
) -> Object:
    """A GalaEvent that gives back at once and in one step where ``spec`` does not say otherwise."""
    return {
        "apiVersion": API,
        "kind": "GalaEvent",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "workloads": list(workloads),
            "rounds": list(rounds),
            "handback": {"cooldown": "1s", "maxStepPercent": 100},
            **spec,
        },
    }


def cue(name: str, namespace: str, of: str, action: str, **more: Any) -> Object:
    """A GalaCue."""
    return {
        "apiVersion": API,
        "kind": "GalaCue",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"eventRef": {"name": of}, "action": action, **more},
    }
