"""One target has one floor: the maximum over the open entries of all events.

Each event keeps its own entry with the same original, copied from the first. No entry
lowers a target below another's floor, and one that would go home while another is open
closes as handed over.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gala.planning.facts import EventKey, TargetKey
from gala.planning.ledger import Entry


class Claim(NamedTuple):
    """What one event holds on one target now; ``entry`` is None before it is stored."""

    event: EventKey
    cluster: str
    target: TargetKey
    replicas: int
    entry: Entry | None


class Claims:
    """All claims of a pass, by target."""

    def __init__(self, claims: Iterable[Claim]) -> None:
        self._by_target: dict[tuple[str, TargetKey], list[Claim]] = {}
        for claim in sorted(claims, key=lambda c: c.event):
            self._by_target.setdefault((claim.cluster, claim.target), []).append(claim)

    def _others(self, event: EventKey, cluster: str, target: TargetKey) -> list[Claim]:
        return [claim for claim in self._by_target.get((cluster, target), ()) if claim.event != event]

    def joint(self, event: EventKey, cluster: str, target: TargetKey) -> int:
        """The most that other events hold on this target, 0 if none does."""
        return max((claim.replicas for claim in self._others(event, cluster, target)), default=0)

    def other(self, event: EventKey, cluster: str, target: TargetKey) -> Entry | None:
        """Another event's stored entry on this target that is not being handed back."""
        entries = (claim.entry for claim in self._others(event, cluster, target))
        return next((entry for entry in entries if entry is not None), None)
