"""The night as a list of segments: each round, and the scene after it.

A round's edges are uncertain: it may begin ``early`` or end ``late``. An uncertain edge
counts at its earliest for capacity that must be there and at its latest for lowering, so
the scene after a round is Ready at the round's earliest end while the round's own floors
stay until its latest.
"""

from __future__ import annotations

from typing import NamedTuple

from gala.api.event import Demand, GalaEventSpec, Round

AFTER = "/after"
"""Suffix of a scene's segment name; a round's name cannot contain the slash."""


class Segment(NamedTuple):
    """One stretch of the night with a demand of its own; times are seconds since the epoch."""

    name: str
    round: str
    is_round: bool
    start: float
    ready_by: float
    earliest_end: float
    latest_end: float
    demand: tuple[Demand, ...]


def covers(start: float, end: float, now: float) -> bool:
    """Whether ``now`` lies in the half-open window [start, end)."""
    return start <= now < end


def is_round_name(segment: str) -> bool:
    """Whether a segment's name is that of a round; the ledger stores nothing but the name."""
    return not segment.endswith(AFTER)


def segments(spec: GalaEventSpec) -> tuple[Segment, ...]:
    """All segments of an event, by ``ready_by``, then end, then name."""
    scenes = {scene.name: scene.demand for scene in spec.scenes}
    rounds = sorted(spec.rounds, key=lambda r: (r.start, r.name))
    found: list[Segment] = []
    for index, item in enumerate(rounds):
        found.append(_of_round(item, scenes))
        following = rounds[index + 1] if index + 1 < len(rounds) else None
        scene = _after(item, scenes, following)
        if scene is not None:
            found.append(scene)
    return tuple(sorted(found, key=lambda s: (s.ready_by, s.latest_end, s.name)))


def _of_round(item: Round, scenes: dict[str, tuple[Demand, ...]]) -> Segment:
    own = {demand.workload: demand for demand in item.demand}
    merged = {demand.workload: demand for demand in scenes.get(item.scene or "", ())} | own
    ready_by = item.start - item.window.early
    return Segment(
        name=item.name,
        round=item.name,
        is_round=True,
        start=item.start,
        ready_by=ready_by,
        earliest_end=ready_by + item.duration,
        latest_end=item.start + item.window.late + item.duration,
        demand=tuple(merged[name] for name in sorted(merged)),
    )


def _after(item: Round, scenes: dict[str, tuple[Demand, ...]], following: Round | None) -> Segment | None:
    """The scene after a round; it yields to the round that follows, so it may have no time at all."""
    if item.after_scene is None:
        return None
    ready_by = item.start - item.window.early + item.duration
    end = item.start + item.window.late + item.duration + item.after_duration
    if following is not None:
        end = min(end, following.start - following.window.early)
    if end <= ready_by:
        return None
    return Segment(
        name=item.name + AFTER,
        round=item.name,
        is_round=False,
        start=ready_by,
        ready_by=ready_by,
        earliest_end=end,
        latest_end=end,
        demand=tuple(sorted(scenes.get(item.after_scene, ()), key=lambda d: d.workload)),
    )
