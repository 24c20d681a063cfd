"""What every target of ours holds, and when: the occupied part of a planned fit.

A later segment is fitted beside the floors that earlier segments still hold at its
``ready_by``, beside other events' floors, and beside every original: against planned room
and not against what happens to be free now.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from gala.api.event import Tier
from gala.planning.facts import ClusterFacts, Missing, TargetKey
from gala.planning.fit import Room, Size
from gala.planning.segments import covers


class Held(NamedTuple):
    """A floor of so many replicas, from the begin of its hold to its end, due by its ``ready_by``."""

    start: float
    due: float
    end: float
    replicas: int


class _Target(NamedTuple):
    rank: int
    size: Size
    original: int


class Packed(NamedTuple):
    """One cluster at one time."""

    room: Room
    """What is left."""
    lodged: Mapping[TargetKey, int]
    """How many pods of each target have their room."""


class Commitments:
    """Floors by cluster and target over time; filled while a night is projected."""

    def __init__(self) -> None:
        self._targets: dict[str, dict[TargetKey, _Target]] = defaultdict(dict)
        self._order: dict[str, list[TargetKey]] = {}
        self._held: dict[tuple[str, TargetKey], list[Held]] = defaultdict(list)
        self._packed: dict[str, dict[tuple[int, ...], Packed]] = defaultdict(dict)

    def know(self, cluster: str, key: TargetKey, *, rank: int, size: Size, original: int) -> None:
        """Says that a target exists; of two events that share it the smaller rank counts."""
        known = self._targets[cluster].get(key)
        if known is None or rank < known.rank:
            self._targets[cluster][key] = _Target(rank, size, original)

    def know_last(self, cluster: str, key: TargetKey, *, size: Size, original: int) -> None:
        """Says that a target exists that no event names any more; it ranks last."""
        self.know(cluster, key, rank=len(Tier), size=size, original=original)

    def hold(self, cluster: str, key: TargetKey, held: Held) -> None:
        """Says that a floor stands."""
        self._held[cluster, key].append(held)

    def at(self, cluster: str, key: TargetKey, now: float) -> int:
        """The most of a target's original and of the floors that stand or are prepared at ``now``."""
        return self._most(cluster, key, lambda held: covers(held.start, held.end, now))

    def due(self, cluster: str, key: TargetKey, now: float) -> int:
        """The same, without what is only prepared for later."""
        return self._most(cluster, key, lambda held: covers(held.due, held.end, now))

    def packed(self, cluster: ClusterFacts, now: float, until: float = 0.0) -> Packed | None:
        """Everything that stands or is prepared at ``now``, or is due before ``until``.

        None where the nodes are not known.
        """
        packed = self._pack(
            cluster, lambda held: held.end > now and (held.start <= now or now < held.due < until)
        )
        return None if packed is None else Packed(packed.room.copy(), dict(packed.lodged))

    def homeless(self, cluster: ClusterFacts, key: TargetKey, now: float) -> int:
        """How many of a target's pods that are due by ``now`` find no room any more: nodes were lost.

        What a later segment prepares meanwhile does not count: it waits for the room.
        """
        packed = self._pack(cluster, lambda held: covers(held.due, held.end, now))
        return 0 if packed is None else self.due(cluster.name, key, now) - packed.lodged[key]

    def state(self, now: float) -> tuple[tuple[int, ...], ...]:
        """What stands or is prepared everywhere at ``now``; times of equal state have equal room."""
        return tuple(
            tuple([self.at(cluster, key, now) for key in self._in_order(cluster)])
            for cluster in sorted(self._targets)
        )

    def _most(self, cluster: str, key: TargetKey, counts: Callable[[Held], bool]) -> int:
        known = self._targets[cluster].get(key)
        most = 0 if known is None else known.original
        for held in self._held.get((cluster, key), ()):
            if held.replicas > most and counts(held):
                most = held.replicas
        return most

    def _pack(self, cluster: ClusterFacts, counts: Callable[[Held], bool]) -> Packed | None:
        """In tier order; within a tier first fit decreasing, then name.

        At most times of a night the same is held, so that little is packed twice.
        """
        if isinstance(cluster.nodes, Missing):
            return None
        name, order = cluster.name, self._in_order(cluster.name)
        wanted = tuple([self._most(name, key, counts) for key in order])
        packed = self._packed[name].get(wanted)
        if packed is None:
            targets = self._targets[name]
            room = Room(cluster.nodes, least(known.size for known in targets.values()))
            lodged = {key: room.place(targets[key].size, n) for key, n in zip(order, wanted, strict=True)}
            packed = self._packed[name][wanted] = Packed(room, lodged)
        return packed

    def _in_order(self, cluster: str) -> list[TargetKey]:
        targets, known = self._targets[cluster], self._order.get(cluster, [])
        if len(known) != len(targets):
            known = sorted(targets, key=lambda k: (targets[k].rank, *decreasing(targets[k].size), k))
            self._order[cluster] = known
        return known


def least(sizes: Iterable[Size]) -> Size:
    """No more of anything than any of these; nothing where there are none."""
    known = list(sizes)
    return Size(min((s.cpu for s in known), default=0), min((s.memory for s in known), default=0))


def decreasing(size: Size) -> tuple[int, int]:
    """Sort key that puts the largest pod first."""
    return (-size.cpu, -size.memory)
