"""A rise in waves, at the rate at which the cluster starts pods.

A function of time since the hold began, so that a restarted operator goes on where the
dead one stopped without having stored anything.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gala.planning.facts import PodStart
from gala.settings import Settings


class Rise(NamedTuple):
    """One target's way up: from what stood at the hold's edge to the goal."""

    name: str
    start: int
    goal: int


def allowance(begun_at: float, now: float, pod_start: PodStart, settings: Settings) -> int:
    """Pods that a cluster may have been asked for since its hold began."""
    passed = int(max(0.0, now - begun_at) // settings.wave_seconds) + 1
    return round(passed * settings.wave_seconds * max(1, pod_start.per_second))


def open_wave(rises: Sequence[Rise], allowed: int) -> dict[str, int]:
    """How far each target may rise now; ``rises`` come in the order in which they are served."""
    found: dict[str, int] = {}
    for rise in rises:
        step = min(allowed, max(0, rise.goal - rise.start))
        found[rise.name] = rise.start + step
        allowed -= step
    return found


def next_wave(begun_at: float, now: float, settings: Settings) -> float:
    """When the next wave opens."""
    passed = int(max(0.0, now - begun_at) // settings.wave_seconds) + 1
    return begun_at + passed * settings.wave_seconds
