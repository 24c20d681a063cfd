"""The ledger as `gala status` shows it: entries, and what was last seen of each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from gala.api.allocation import EntryStatus, GalaAllocation, StoredEntry
from gala.cli.hub_reading import Json
from gala.planning.facts import EventKey

LOWEST = float("-inf")


@dataclass(frozen=True, slots=True)
class SeenLedger:
    """One event's entries in one cluster, parts together."""

    entries: tuple[StoredEntry, ...]
    seen: Mapping[str, EntryStatus]
    hold_until: float


def read_ledgers(
    objects: Iterable[Json],
) -> tuple[dict[tuple[EventKey, str], SeenLedger], dict[EventKey, list[str]]]:
    """By event and cluster; and by event the names of objects that cannot be read."""
    parts: dict[tuple[EventKey, str], list[GalaAllocation]] = {}
    unreadable: dict[EventKey, list[str]] = {}
    for raw in objects:
        try:
            stored = GalaAllocation.model_validate(raw)
        except ValidationError:
            ref = (raw.get("spec") or {}).get("eventRef") or {}
            key = EventKey(str(ref.get("namespace", "")), str(ref.get("name", "")))
            unreadable.setdefault(key, []).append(str(raw["metadata"].get("name", "")))
            continue
        ref = stored.spec.event_ref
        if stored.spec.cluster:
            parts.setdefault((EventKey(ref.namespace, ref.name), stored.spec.cluster), []).append(stored)
    return {owner: _joined(found) for owner, found in parts.items()}, unreadable


def _joined(parts: Iterable[GalaAllocation]) -> SeenLedger:
    ordered = sorted(parts, key=lambda part: part.spec.part)
    return SeenLedger(
        entries=tuple(entry for part in ordered for entry in part.spec.entries),
        seen={row.workload: row for part in ordered if part.status for row in part.status.entries},
        hold_until=max(part.spec.hold_until or LOWEST for part in ordered),
    )
