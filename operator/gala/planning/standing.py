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


class Hour(NamedTuple):
    """What an event holds in one cluster as of now, the same for each of its targets there."""

    begun: tuple[str, ...]
    """Segments whose hold runs."""
    gaps: tuple[tuple[str, tuple[str, ...]], ...]
    """Of each held gap that runs: the segment after it, and those that ended before it."""
    cooling: tuple[str, ...]
    """Segments whose floors stay for the cooldown."""


def hour(windows: Mapping[str, Window], *, cooldown: float, now: float) -> Hour:
    """What holds now; ``windows`` are all of the event's in that cluster."""
    held = tuple(name for name, window in windows.items() if begun(window, now))
    gaps = tuple(
        (name, _before(name, window, windows, now))
        for name, window in windows.items()
        if in_gap(window, now) and not begun(window, now)
    )
    return Hour(held, gaps, () if held or gaps else _cooling(windows, cooldown, now))


def goal(floors: Mapping[str, Floor], now: Hour) -> Goal | None:
    """What a target with these floors holds now, or None where nothing holds it."""
    found = [_of(floors[name], reasons.PRE_SCALE) for name in now.begun if name in floors]
    for name, others in now.gaps:
        found.extend(_gap(name, others, floors))
    found.extend(_of(floors[name], reasons.COOLDOWN) for name in now.cooling if name in floors)
    return max(found, default=None)


def _of(floor: Floor, reason: str) -> Goal:
    return Goal(floor.replicas + floor.stragglers, floor.segment, reason, floor.replicas)


def _before(name: str, window: Window, windows: Mapping[str, Window], now: float) -> tuple[str, ...]:
    """The segments that ended before a held gap."""
    return tuple(
        other for other, known in windows.items() if other != name and window.gap_from <= known.end <= now
    )


def _gap(name: str, others: tuple[str, ...], floors: Mapping[str, Floor]) -> list[Goal]:
    """The lower of the floors before and after, for a target that has both."""
    after = floors.get(name)
    before = [floors[other].replicas for other in others if other in floors]
    if after is None or not before:
        return []
    lower = min(max(before), after.replicas)
    return [Goal(lower, name, reasons.GAP_HELD, lower)]


def _cooling(windows: Mapping[str, Window], cooldown: float, now: float) -> tuple[str, ...]:
    ended = [w.end for w in windows.values() if w.prepare_at < w.end <= now < w.end + cooldown]
    last = max(ended, default=None)
    return tuple(name for name, window in windows.items() if last is not None and window.end == last)


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
