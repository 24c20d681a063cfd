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
    """What one workload of an event holds on one target now; ``entry`` is None before it is stored."""

    event: EventKey
    workload: str
    cluster: str
    target: TargetKey
    replicas: int
    entry: Entry | None


class Claims:
    """All claims of a pass, by target."""

    def __init__(self, claims: Iterable[Claim]) -> None:
        self._by_target: dict[tuple[str, TargetKey], list[Claim]] = {}
        for claim in sorted(claims, key=lambda c: (c.event, c.workload)):
            self._by_target.setdefault((claim.cluster, claim.target), []).append(claim)

    def others(self, event: EventKey, workload: str, cluster: str, target: TargetKey) -> list[Claim]:
        """What everybody else holds on this target; another workload of the same event, renamed, too."""
        claims = self._by_target.get((cluster, target), ())
        return [claim for claim in claims if (claim.event, claim.workload) != (event, workload)]
