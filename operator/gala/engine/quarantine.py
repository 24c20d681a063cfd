"""One event that planning stumbles over must not cost the others their night.

A fault of ours that only one event's facts bring out would else fail every pass. Such an
event is set aside for as long as it lasts: first it is planned without its spec, as one whose
object is out of sight, so that it keeps its floors, its room and its claims; where that fails
as well, its ledger is left out too, and whatever it holds is left alone by everybody.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from typing import Final

from gala.planning.facts import ClusterFacts, EventKey, Missing, TargetFacts, TargetKey
from gala.planning.outcome import Plan
from gala.planning.snapshot import Snapshot

_log = logging.getLogger(__name__)

Planner = Callable[[Snapshot, float], Plan]
"""A plan of a snapshot at a time."""

SET_ASIDE: Final = "SetAside"
"""Why a target that an event in quarantine holds is not read for the others."""


class Quarantine:
    """Plans; remembers only which events were set aside last, to look at them first."""

    def __init__(self, whole: Planner, alone: Planner) -> None:
        """``whole`` plans a pass, ``alone`` tries one event; they may be the same."""
        self._whole = whole
        self._alone = alone
        self._aside: dict[EventKey, str] = {}

    def plan(self, snapshot: Snapshot, now: float) -> tuple[Plan, Mapping[EventKey, str]]:
        """The plan of all events that can be planned, and by event what went wrong with the others.

        Raises:
            Exception: No single event is to blame.
        """
        known = self._broken(snapshot, now, self._aside)
        try:
            made = self._whole(_without(snapshot, self._gradations(snapshot, now, known)), now)
        except Exception:
            others = _keys(snapshot) - known.keys()
            found = self._broken(snapshot, now, others)
            if not found:
                raise
            known |= found
            made = self._whole(_without(snapshot, self._gradations(snapshot, now, known)), now)
        self._aside = known
        return made, known

    def _broken(self, snapshot: Snapshot, now: float, keys: Iterable[EventKey]) -> dict[EventKey, str]:
        """Those of the events that cannot be planned even alone, with their fault."""
        found: dict[EventKey, str] = {}
        for key in sorted({*keys} & _keys(snapshot)):
            fault = self._fault(_only(snapshot, key), now)
            if fault is None:
                continue
            found[key] = f"{type(fault).__name__}: {fault}"
            if self._aside.get(key) != found[key]:
                _log.error("event %s cannot be planned and is set aside", key, exc_info=fault)
        return found

    def _gradations(
        self, snapshot: Snapshot, now: float, broken: Collection[EventKey]
    ) -> dict[EventKey, bool]:
        """Of each broken event: whether its ledger cannot be planned either."""
        return {
            key: self._fault(replace(_only(snapshot, key), events=()), now) is not None
            for key in sorted(broken)
        }

    def _fault(self, snapshot: Snapshot, now: float) -> Exception | None:
        try:
            self._alone(snapshot, now)
        except Exception as fault:  # noqa: BLE001 (which one it is, is what is asked)
            return fault
        return None


def _keys(snapshot: Snapshot) -> set[EventKey]:
    return (
        {event.key for event in snapshot.events} | {key for key, _ in snapshot.ledgers} | {*snapshot.records}
    )


def _only(snapshot: Snapshot, key: EventKey) -> Snapshot:
    """One event as if there were no other."""
    return replace(
        snapshot,
        events=tuple(event for event in snapshot.events if event.key == key),
        records={k: record for k, record in snapshot.records.items() if k == key},
        ledgers={k: ledger for k, ledger in snapshot.ledgers.items() if k[0] == key},
    )


def _without(snapshot: Snapshot, broken: Mapping[EventKey, bool]) -> Snapshot:
    """What can be planned: the others, and of those whose spec alone is at fault what they hold."""
    if not broken:
        return snapshot
    lost = {key for key, wholly in broken.items() if wholly}
    return replace(
        snapshot,
        events=tuple(event for event in snapshot.events if event.key not in broken),
        records={key: record for key, record in snapshot.records.items() if key not in lost},
        ledgers={key: ledger for key, ledger in snapshot.ledgers.items() if key[0] not in lost},
        clusters={name: _spared(facts, snapshot, lost) for name, facts in snapshot.clusters.items()},
    )


def _spared(facts: ClusterFacts, snapshot: Snapshot, lost: Collection[EventKey]) -> ClusterFacts:
    """A cluster in which what the lost events hold cannot be read, so that nobody writes to it."""
    targets: dict[TargetKey, TargetFacts | Missing] = dict(facts.targets)
    for (key, cluster), ledger in snapshot.ledgers.items():
        if key in lost and cluster == facts.name:
            why = Missing(SET_ASIDE, f"event {key}, which cannot be planned, holds it")
            targets.update({entry.target: why for entry in ledger.entries})
    return replace(facts, targets=targets)
