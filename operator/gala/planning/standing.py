"""What one target must hold now: the maximum over the segments whose hold covers now.

Between two holds a held gap keeps the lower of both floors; after the last one its floors
stay for the cooldown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gala.planning import reasons
from gala.planning.ledger import Floor
from gala.planning.timeline import Window, begun, in_gap


class Goal(NamedTuple):
    """Replicas due now, the segment that asks for the most, and why."""

    replicas: int
    segment: str
    reason: str
    promised: int
    """The same without what was added for stragglers."""


def goal(
    floors: Mapping[str, Floor], windows: Mapping[str, Window], *, cooldown: float, now: float
) -> Goal | None:
    """What a target holds now in one cluster, or None where nothing holds it.

    ``floors`` are the target's, ``windows`` all of the event's in that cluster.
    """
    found: list[Goal] = []
    resting = True
    for name, window in windows.items():
        if begun(window, now):
            resting = False
            if name in floors:
                found.append(_of(floors[name], reasons.PRE_SCALE))
        elif in_gap(window, now):
            resting = False
            found.extend(_gap(name, window, floors, windows, now))
    if resting:
        found.extend(_cooling(floors, windows, cooldown, now))
    return max(found, default=None)


def _of(floor: Floor, reason: str) -> Goal:
    return Goal(floor.replicas + floor.stragglers, floor.segment, reason, floor.replicas)


def _gap(
    name: str, window: Window, floors: Mapping[str, Floor], windows: Mapping[str, Window], now: float
) -> list[Goal]:
    """The lower of the floors before and after, for a target that has both."""
    after = floors.get(name)
    before = [
        floor.replicas
        for other, floor in floors.items()
        if other != name and other in windows and window.gap_from <= windows[other].end <= now
    ]
    if after is None or not before:
        return []
    lower = min(max(before), after.replicas)
    return [Goal(lower, name, reasons.GAP_HELD, lower)]


def _cooling(
    floors: Mapping[str, Floor], windows: Mapping[str, Window], cooldown: float, now: float
) -> list[Goal]:
    ended = [w.end for w in windows.values() if w.prepare_at < w.end <= now < w.end + cooldown]
    last = max(ended, default=None)
    return [
        _of(floor, reasons.COOLDOWN)
        for name, floor in floors.items()
        if last is not None and name in windows and windows[name].end == last
    ]


def needed(segment: str, windows: Mapping[str, Window], *, cooldown: float, now: float) -> bool:
    """Whether a stored floor of a segment may still be asked for in this cluster."""
    window = windows.get(segment)
    if window is None:
        return False
    if now < window.end:
        return begun(window, now) or in_gap(window, now)
    if now < window.end + cooldown:
        return True
    return any(in_gap(w, now) and w.gap_from <= window.end for w in windows.values())


def hold_until(windows: Mapping[str, Window], *, cooldown: float, now: float) -> float:
    """End of the hold that runs in a cluster, cooldown included; 0 where none runs."""
    running = [
        w.end + cooldown
        for w in windows.values()
        if w.prepare_at < w.end and w.prepare_at <= now < w.end + cooldown
    ]
    return max(running, default=0.0)
