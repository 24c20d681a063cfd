"""What stands once preparation has begun: times, shares and caps of a segment, in the record.

A latch is made when the first cluster's preparation begins, or when a gap before the
segment is held. Afterwards an estimate may move a begin earlier, never later.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from gala.planning.books import SiteKey
from gala.planning.ledger import Allocation, Latched, LatchedCluster
from gala.planning.night import Night
from gala.planning.placement import Placed, Scene, place
from gala.planning.segments import Segment
from gala.planning.timeline import Window, in_gap


def relatch(night: Night, now: float) -> dict[str, Latched]:
    """The record's latches as of now, by segment."""
    found: dict[str, Latched] = {}
    for segment in night.segments:
        old = night.latches.get(segment.name)
        windows = night.windows.get(segment.name, {})
        if night.scene is None:
            new = old
        elif not segment.demand:
            new = replace(old, end=min(old.end, now)) if old else None
        elif old is None:
            new = _first(night.scene, segment, windows, night.placed[segment.name], now=now)
        else:
            new = _again(night.scene, segment, windows, night.placed[segment.name], old=old, now=now)
        if new is not None and not _over(new, night, now):
            found[segment.name] = new
    return found


def _first(
    scene: Scene, segment: Segment, windows: Mapping[str, Window], placed: Placed, *, now: float
) -> Latched | None:
    if not any(window.prepare_at <= now or in_gap(window, now) for window in windows.values()):
        return None
    return Latched(
        segment=segment.name,
        basis=scene.basis,
        ready_by=segment.ready_by,
        end=segment.latest_end,
        clusters=tuple(LatchedCluster(c, max(now, w.prepare_at), w.gap) for c, w in sorted(windows.items())),
        allocations=_allocations(placed, ()),
        caps_at=now,
    )


def _again(
    scene: Scene,
    segment: Segment,
    windows: Mapping[str, Window],
    placed: Placed,
    *,
    old: Latched,
    now: float,
) -> Latched | None:
    if scene.basis != old.basis and not any(w.prepare_at <= now or in_gap(w, now) for w in windows.values()):
        return None
    known = {stored.cluster: stored for stored in old.clusters}
    for cluster, window in windows.items():
        known[cluster] = LatchedCluster(cluster, window.prepare_at, window.gap)
    return replace(
        old,
        basis=scene.basis,
        ready_by=segment.ready_by,
        end=segment.latest_end,
        clusters=tuple(known[c] for c in sorted(known)),
        allocations=_allocations(placed, old.allocations),
    )


def _allocations(placed: Placed, old: Iterable[Allocation]) -> tuple[Allocation, ...]:
    known = {(a.workload, a.cluster): a for a in old}
    for workload, parts in placed.parts.items():
        for part in parts:
            site = (workload, part.cluster)
            known.setdefault(site, Allocation(workload, part.cluster, part.share, part.cap))
    return tuple(known[key] for key in sorted(known))


def _over(latched: Latched, night: Night, now: float) -> bool:
    """Whether nothing needs the latch any more: its cooldown is over and no held gap leans on it."""
    if now < latched.end + night.policy.cooldown:
        return False
    return not any(
        in_gap(window, now) and window.gap_from <= latched.end
        for windows in night.windows.values()
        for window in windows.values()
    )


def raise_caps(night: Night, latched: Latched, ends: Iterable[float], now: float) -> tuple[Latched, Placed]:
    """Caps computed anew while the segment is short, or because another segment has ended since.

    ``ends`` are the ends of all latched segments of all events.
    """
    placed = night.placed[latched.segment]
    ended = any(latched.caps_at < end <= now for end in ends)
    if night.scene is None or not (ended or placed.short):
        return latched, placed
    again = place(night.scene, placed.segment, latched)
    caps, before = _caps(again), _caps(placed)
    if not ended and not any(cap > before[site] for site, cap in caps.items()):
        return latched, placed
    raised = tuple(a._replace(cap=caps.get((a.workload, a.cluster), a.cap)) for a in latched.allocations)
    return replace(latched, allocations=raised, caps_at=now), again


def _caps(placed: Placed) -> dict[SiteKey, int]:
    return {(workload, part.cluster): part.cap for workload, parts in placed.parts.items() for part in parts}
