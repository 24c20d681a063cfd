"""How far a pass looks: near each time, over the whole night once a minute.

What lies far ahead is for people (will it fit, when does it begin); it decides nothing yet. It is
planned anew at once where people have changed an event, where clusters or targets have come or
gone, and at the next edge of a night in which nothing is held yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import inf

from gala.planning.facts import ClusterFacts, EventKey, Missing
from gala.planning.outcome import Plan, SegmentPlan
from gala.planning.plan import plan
from gala.planning.snapshot import Snapshot
from gala.settings import Settings


class Horizon:
    """Plans, and fills in what the last look over the whole night said of later segments."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._basis: object = None
        self._whole_at = -inf
        self._edge = -inf
        """The next one of the whole night, as last seen."""
        self._busy = False
        self._segments: Mapping[EventKey, tuple[SegmentPlan, ...]] = {}

    def plan(self, snapshot: Snapshot, now: float) -> Plan:
        """The plan of this pass, with every segment of the night in it."""
        basis = _basis(snapshot)
        due = now - self._whole_at >= self._settings.look_far or (not self._busy and now >= self._edge)
        if due or now < self._whole_at or basis != self._basis:
            made = plan(snapshot, now, self._settings)
            self._basis, self._whole_at, self._edge = basis, now, made.wake_at
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
        edge = self._edge if self._edge > now else inf
        return replace(made, events=events, wake_at=min(made.wake_at, edge))


def _basis(snapshot: Snapshot) -> object:
    """What the far part of a night hangs on, beside the hour and the traffic."""
    events = tuple(sorted((e.key, e.uid, e.generation) for e in snapshot.events))
    return events, tuple(_known(cluster) for _, cluster in sorted(snapshot.clusters.items()))


def _known(cluster: ClusterFacts) -> tuple[str, bool, bool, int]:
    targets = sum(not isinstance(facts, Missing) for facts in cluster.targets.values())
    return cluster.name, cluster.reachable, isinstance(cluster.nodes, Missing), targets
