"""How far a pass looks: near every two seconds, over the whole night once a minute.

What lies far ahead is for people (will it fit, when does it begin); it decides nothing yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf

from gala.planning.facts import EventKey
from gala.planning.outcome import Plan, SegmentPlan
from gala.planning.plan import plan
from gala.planning.snapshot import Snapshot
from gala.settings import Settings


class Horizon:
    """Plans, and fills in what the last look over the whole night said of later segments."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._basis: tuple[tuple[EventKey, str, int], ...] = ()
        self._whole_at = -inf
        self._busy = False
        self._segments: Mapping[EventKey, tuple[SegmentPlan, ...]] = {}

    def plan(self, snapshot: Snapshot, now: float) -> Plan:
        """The plan of this pass, with every segment of the night in it."""
        basis = tuple(sorted((e.key, e.uid, e.generation) for e in snapshot.events))
        due = now - self._whole_at >= self._settings.look_far
        if due or not self._busy or basis != self._basis:
            made = plan(snapshot, now, self._settings)
            self._basis, self._whole_at = basis, now
            self._segments = {key: event.segments for key, event in made.events.items()}
        else:
            made = self._fill_in(plan(snapshot, now, self._settings, ahead=self._settings.look_ahead), now)
        self._busy = made.busy
        return made

    def _fill_in(self, made: Plan, now: float) -> Plan:
        horizon = now + self._settings.look_ahead
        events = {
            key: replace(
                event,
                segments=event.segments
                + tuple(
                    later
                    for later in self._segments.get(key, ())
                    if later.ready_by > horizon and all(later.name != s.name for s in event.segments)
                ),
            )
            for key, event in made.events.items()
        }
        return replace(made, events=events)
