"""The night's times and numbers, worked out from the spec alone and a second time: a check on the planner.

Nothing of ``planning`` is used here on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass

from gala.api.event import GalaEventSpec, Round


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A round or the scene after it; times are seconds since the epoch."""

    name: str
    is_round: bool
    start: float
    ready_by: float
    counted_end: float
    """Until here ``required`` must be Ready: start + duration. Of a scene: its ``ready_by``."""
    end: float
    """Its floors hold at least until here."""
    required: dict[str, int]
    """Replicas by workload, in the whole fleet."""


def stretches(spec: GalaEventSpec) -> list[Stretch]:
    """All rounds and scenes in order of ``ready_by``."""
    rounds = sorted(spec.rounds, key=lambda item: item.start)
    found: list[Stretch] = []
    for index, item in enumerate(rounds):
        found.append(_round(spec, item))
        following = rounds[index + 1] if index + 1 < len(rounds) else None
        if item.after_scene is not None:
            found.append(_scene(spec, item, following))
    return [one for one in found if one.end > one.ready_by]


def _round(spec: GalaEventSpec, item: Round) -> Stretch:
    wanted = _scene_demand(spec, item.scene)
    for demand in item.demand:
        wanted[demand.workload] = _replicas(spec, demand.workload, demand.qps, demand.replicas)
    return Stretch(
        name=item.name,
        is_round=True,
        start=item.start,
        ready_by=item.start - item.window.early,
        counted_end=item.start + item.duration,
        end=item.start + item.window.late + item.duration,
        required=wanted,
    )


def _scene(spec: GalaEventSpec, item: Round, following: Round | None) -> Stretch:
    ready_by = item.start - item.window.early + item.duration
    end = item.start + item.window.late + item.duration + item.after_duration
    if following is not None:
        end = min(end, following.start - following.window.early)
    return Stretch(
        name=f"{item.name}/after",
        is_round=False,
        start=ready_by,
        ready_by=ready_by,
        counted_end=ready_by,
        end=end,
        required=_scene_demand(spec, item.after_scene),
    )


def _scene_demand(spec: GalaEventSpec, name: str | None) -> dict[str, int]:
    return {
        demand.workload: _replicas(spec, demand.workload, demand.qps, demand.replicas)
        for scene in spec.scenes
        if scene.name == name
        for demand in scene.demand
    }


def _replicas(spec: GalaEventSpec, workload: str, qps: int | None, replicas: int | None) -> int:
    if replicas is not None:
        return replicas
    capacity = next(item.capacity for item in spec.workloads if item.name == workload)
    if capacity is None or qps is None:
        raise ValueError(f"{workload} states qps without capacity")
    served_percent = 100 * capacity.qps_per_replica
    return (qps * (100 + capacity.headroom_percent) + served_percent - 1) // served_percent


def warmup(spec: GalaEventSpec, workload: str) -> float:
    """Seconds from Ready to warm."""
    return next((w.capacity.warmup for w in spec.workloads if w.name == workload and w.capacity), 30.0)
