"""What an unreachable cluster has not acknowledged is carried by the others, in addition.

Unreachable is not down: its pods may serve on, so nothing is taken from it, and what it
acknowledged counts. When it is back nothing is lowered before the segment ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Holder(NamedTuple):
    """One cluster's part in a segment, for one workload."""

    cluster: str
    division: int
    floor: int
    lost: bool
    """Without contact for too long, or its target cannot be used any more."""
    acknowledged: int
    """The most of what it confirmed and what was last seen there."""
    room: int
    """More pods that fit beside everything that is held there."""


def cover(holders: Sequence[Holder]) -> dict[str, int]:
    """New floors by cluster for those that rise; ``holders`` come in fill order.

    Counted on the division, so that a cover once made is not made again after a restart.
    """
    planned = sum(h.division for h in holders)
    standing = sum(min(h.floor, h.acknowledged) if h.lost else h.floor for h in holders)
    missing = max(0, planned - standing)
    raised: dict[str, int] = {}
    for holder in holders:
        more = 0 if holder.lost else min(missing, holder.room)
        if more:
            raised[holder.cluster] = holder.floor + more
            missing -= more
    return raised
