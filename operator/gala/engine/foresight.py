"""Free room is read once more before a segment's shares and caps are latched by it.

A plan of the night is made of readings that are some minutes old, which does for weeks ahead.
At the earliest ``prepareAt`` of any cluster a segment's caps are latched for all of them, so
shortly before it each cluster of the segment is read anew: once, whatever the plans in between say.
While a latched segment is short, its clusters are read again and again: what a person adds to its
nodes or its quota must not wait for the next reading that is due.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple, Protocol

from gala.planning.facts import EventKey
from gala.planning.outcome import Plan, SegmentPlan
from gala.settings import Settings


class Rooms(Protocol):
    """Where free room is read: ``MemberFleet``."""

    def refresh_room(self, clusters: Collection[str]) -> None:
        """Has one of the next ``observe`` read nodes and pods of these clusters."""
        ...


class _Seen(NamedTuple):
    """A segment in a cluster; one that was moved to another time is another."""

    event: EventKey
    segment: str
    ready_by: float
    cluster: str


class Foresight:
    """Remembers for which segments room was asked for, as long as they lie ahead."""

    def __init__(self, rooms: Rooms, settings: Settings) -> None:
        self._rooms = rooms
        self._ahead = settings.room_ahead
        self._asked: frozenset[_Seen] = frozenset()

    def look(self, plan: Plan, now: float) -> None:
        """Asks for the room of clusters that a segment which begins soon is planned in."""
        near = frozenset(
            _Seen(key, segment.name, segment.ready_by, cluster)
            for key, event in plan.events.items()
            for segment in event.segments
            if not segment.latched and now < segment.ready_by and segment.prepare_at - now <= self._ahead
            for cluster in _clusters(segment)
        )
        new = {one.cluster for one in near - self._asked} | _short(plan, now)
        if new:
            self._rooms.refresh_room(new)
        self._asked = near


def _short(plan: Plan, now: float) -> set[str]:
    return {
        cluster
        for event in plan.events.values()
        for segment in event.segments
        if segment.latched and now < segment.latest_end and any(need.short for need in segment.needs)
        for cluster in _clusters(segment)
    }


def _clusters(segment: SegmentPlan) -> set[str]:
    return {place.cluster for place in segment.placements} | {window.cluster for window in segment.windows}
