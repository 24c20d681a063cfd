"""What every target of ours holds, and when: the occupied part of a planned fit.

A later segment is fitted beside the floors that earlier segments still hold at its
``ready_by``, beside other events' floors, and beside every original: against planned room
and not against what happens to be free now.
"""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from gala.api.event import Tier
from gala.planning.facts import ClusterFacts, Missing, TargetKey
from gala.planning.fit import Room, Size
from gala.planning.segments import covers


class _Held(NamedTuple):
    start: float
    end: float
    replicas: int


class _Target(NamedTuple):
    rank: int
    size: Size
    original: int


class Commitments:
    """Floors by cluster and target over time; filled while a night is projected."""

    def __init__(self) -> None:
        self._targets: dict[str, dict[TargetKey, _Target]] = defaultdict(dict)
        self._held: dict[tuple[str, TargetKey], list[_Held]] = defaultdict(list)

    def know(self, cluster: str, key: TargetKey, *, rank: int, size: Size, original: int) -> None:
        """Says that a target exists; of two events that share it the smaller rank counts."""
        known = self._targets[cluster].get(key)
        if known is None or rank < known.rank:
            self._targets[cluster][key] = _Target(rank, size, original)

    def know_unless(self, cluster: str, key: TargetKey, *, size: tuple[int, int], original: int) -> None:
        """Says that a target exists that no event names any more; it ranks last."""
        if key not in self._targets[cluster]:
            self._targets[cluster][key] = _Target(len(Tier), Size(*size), original)

    def hold(self, cluster: str, key: TargetKey, *, start: float, end: float, replicas: int) -> None:
        """Says that a floor of this many replicas stands in [start, end)."""
        self._held[cluster, key].append(_Held(start, end, replicas))

    def at(self, cluster: str, key: TargetKey, now: float) -> int:
        """The most of a target's original and of the floors that stand at ``now``."""
        known = self._targets[cluster].get(key)
        held = [h.replicas for h in self._held.get((cluster, key), ()) if covers(h.start, h.end, now)]
        return max(held, default=0) if known is None else max([known.original, *held])

    def room(self, cluster: ClusterFacts, now: float) -> Room | None:
        """Room left beside all commitments at ``now``; None where the nodes are not known.

        In tier order; within a tier first fit decreasing, then name.
        """
        if isinstance(cluster.nodes, Missing):
            return None
        room = Room(cluster.nodes)
        targets = self._targets[cluster.name]
        for key in sorted(targets, key=lambda k: (targets[k].rank, *decreasing(targets[k].size), k)):
            room.place(targets[key].size, self.at(cluster.name, key, now))
        return room


def decreasing(size: Size) -> tuple[int, int]:
    """Sort key that puts the largest pod first."""
    return (-size.cpu, -size.memory)
