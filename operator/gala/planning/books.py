"""The stored ledgers, read once per pass and laid out as the rules ask for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gala.planning.facts import EventKey, Missing, TargetFacts, TargetKey
from gala.planning.ledger import Entry, Floor, State
from gala.planning.snapshot import Snapshot

SiteKey = tuple[str, str]
"""Workload name, cluster name."""

FloorKey = tuple[str, str, str]
"""Segment name, workload name, cluster name."""


class Owned(NamedTuple):
    """An entry and whose it is."""

    event: EventKey
    entry: Entry


class Books:
    """Entries and floors by event and by target; every listing has a fixed order."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._entries: dict[EventKey, dict[SiteKey, Entry]] = {}
        self._floors: dict[EventKey, dict[FloorKey, Floor]] = {}
        self._by_target: dict[tuple[str, TargetKey], list[Owned]] = {}
        for event, cluster in sorted(snapshot.ledgers):
            for entry in snapshot.ledgers[event, cluster].entries:
                self._entries.setdefault(event, {})[entry.workload, cluster] = entry
                self._by_target.setdefault((cluster, entry.target), []).append(Owned(event, entry))
                floors = self._floors.setdefault(event, {})
                floors.update({(floor.segment, entry.workload, cluster): floor for floor in entry.floors})

    def entries(self, event: EventKey) -> Mapping[SiteKey, Entry]:
        """An event's open entries by workload and cluster."""
        return self._entries.get(event, {})

    def floors(self, event: EventKey) -> Mapping[FloorKey, Floor]:
        """An event's stored floors."""
        return self._floors.get(event, {})

    def first(self, cluster: str, target: TargetKey, but: Entry | None = None) -> Entry | None:
        """The entry whose original all others on this target copy: a held one, then a written one."""
        owned = self._by_target.get((cluster, target))
        if owned is None:
            return None
        others = (item for item in owned if item.entry is not but)
        best = min(others, key=_precedence, default=None)
        return None if best is None else best.entry

    def original(self, cluster: str, target: TargetKey, facts: TargetFacts | Missing | None) -> int:
        """What a target runs without us: what an entry remembers, else what runs now, else 0."""
        first, runs = self.first(cluster, target), facts if isinstance(facts, TargetFacts) else None
        if first is None or first.original is None or (runs is not None and first.uid != runs.uid):
            return runs.replicas if runs is not None else 0
        return first.original


def _precedence(item: Owned) -> tuple[bool, bool, EventKey, str]:
    entry = item.entry
    return (entry.state is State.RETURNING, entry.written is None, item.event, entry.workload)
