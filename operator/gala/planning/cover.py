"""What a cluster cannot carry is carried by the others, in addition.

Unreachable is not down: its pods may serve on, so nothing is taken from it, and what it
acknowledged counts. When it is back nothing is lowered before the segment ends. A floor
that no longer fits, because nodes were lost, is made up for in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Holder(NamedTuple):
    """One cluster's part in a segment, for one workload."""

    cluster: str
    division: int
    floor: int
    carries: int | None
    """What it can be counted on for; None where that is its whole floor."""
    spare: int
    """More pods that fit beside everything that is held there."""


class Covered(NamedTuple):
    """New floors by cluster for those that rise, and what found no room."""

    raised: Mapping[str, int]
    missing: int


def cover(holders: Sequence[Holder]) -> Covered:
    """Raises those that carry their whole floor until the sum of the divisions stands.

    ``holders`` come in fill order. Counted on the division, so that a cover once made is not
    made again after a restart.
    """
    planned = sum(h.division for h in holders)
    standing = sum(h.floor if h.carries is None else min(h.floor, h.carries) for h in holders)
    missing = max(0, planned - standing)
    raised: dict[str, int] = {}
    for holder in holders:
        more = min(missing, holder.spare) if holder.carries is None else 0
        if more:
            raised[holder.cluster] = holder.floor + more
            missing -= more
    return Covered(raised, missing)
