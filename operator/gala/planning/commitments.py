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
from gala.planning.facts import ClusterFacts, Elastic, Missing, NodeRoom, TargetKey
from gala.planning.fit import Size
from gala.planning.pools import FreeRoom, empty_room
from gala.planning.quotas import Quota
from gala.planning.segments import covers


class Span(NamedTuple):
    """From the begin of a hold to its end, due by its ``ready_by``; few differ, however many targets hold."""

    start: float
    due: float
    end: float


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

    room: FreeRoom
    """What is left."""
    lodged: dict[TargetKey, int]
    """How many pods of each target have their room."""


class Ground(NamedTuple):
    """What a cluster has before anything of ours is put there."""

    nodes: Iterable[NodeRoom]
    quotas: Mapping[str, Iterable[Quota]]
    """By namespace."""
    elastic: Elastic | None
    """What an autoscaler can add."""


class Commitments:
    """Floors by cluster and target over time; filled while a night is projected."""

    def __init__(self) -> None:
        self._targets: dict[str, dict[TargetKey, _Target]] = defaultdict(dict)
        self._held: dict[str, dict[Span, dict[TargetKey, int]]] = defaultdict(dict)
        """Floors of one cluster's own: their holds begin at its own time."""
        self._divided: dict[Span, dict[TargetKey, Mapping[str, int]]] = defaultdict(dict)
        """Floors that a whole division holds in all its clusters for the same span."""
        self._packings: dict[str, _Packing] = {}
        self._bare: dict[str, _Packing] = {}
        """The same without what an autoscaler may add."""
        self._wanted: dict[str, dict[tuple[str, float, float], tuple[int, ...]]] = defaultdict(dict)
        """What was asked of each cluster since the last floor that was added there."""

    def know(self, cluster: str, key: TargetKey, *, rank: int, size: Size, original: int) -> None:
        """Says that a target exists; of two events that share it the smaller rank counts."""
        targets = self._targets[cluster]
        known = targets.get(key)
        if known is None or rank < known.rank:
            targets[key] = _Target(rank, size, original)
            if cluster in self._packings:
                del self._packings[cluster]
                self._bare.pop(cluster, None)
                self._wanted.pop(cluster, None)

    def know_last(self, cluster: str, key: TargetKey, *, size: Size, original: int) -> None:
        """Says that a target exists that no event names any more; it ranks last."""
        self.know(cluster, key, rank=len(Tier), size=size, original=original)

    def hold(self, cluster: str, key: TargetKey, held: Held) -> None:
        """Says that a floor stands."""
        start, due, end, replicas = held
        floors = self._held[cluster].setdefault(Span(start, due, end), {})
        if replicas > floors.get(key, 0):
            floors[key] = replicas
            self._wanted[cluster].clear()

    def hold_each(self, key: TargetKey, span: Span, counts: Mapping[str, int]) -> None:
        """Says that a floor stands in several clusters, of so many replicas in each."""
        floors = self._divided[span]
        known = floors.get(key)
        if known is not None:
            most = {cluster: max(known.get(cluster, 0), replicas) for cluster, replicas in counts.items()}
            counts = {**known, **most}
        floors[key] = counts
        self._wanted.clear()

    def due(self, cluster: str, key: TargetKey, now: float) -> int:
        """The most of a target's original and of the floors that are due at ``now``, not only prepared."""
        known = self._targets[cluster].get(key)
        most = 0 if known is None else known.original
        for span, floors in self._held[cluster].items():
            if covers(span.due, span.end, now):
                most = max(most, floors.get(key, 0))
        for span, divided in self._divided.items():
            if key in divided and covers(span.due, span.end, now):
                most = max(most, divided[key].get(cluster, 0))
        return most

    def packed(self, cluster: ClusterFacts, now: float, until: float = 0.0) -> Packed | None:
        """Everything that stands or is prepared at ``now``, or is due before ``until``.

        None where the nodes are not known.
        """
        if isinstance(cluster.nodes, Missing):
            return None
        wanted = self._standing(cluster.name, now, until)
        ground = Ground(cluster.nodes, cluster.quotas, cluster.elastic)
        return self._packing(cluster.name).packed(ground, wanted)

    def homeless(self, cluster: ClusterFacts, key: TargetKey, now: float, *, elastic: bool = True) -> int:
        """How many of a target's pods that are due by ``now`` find no room any more: nodes were lost.

        ``elastic`` counts what an autoscaler may still add: at a start it has to be there.
        What a later segment prepares meanwhile does not count: it waits for the room.
        """
        if isinstance(cluster.nodes, Missing):
            return 0
        wanted, packing = self._due(cluster.name, now), self._packing(cluster.name)
        if cluster.elastic is None or elastic:
            return packing.homeless(Ground(cluster.nodes, cluster.quotas, cluster.elastic), wanted, key)
        bare = self._bare.get(cluster.name)
        if bare is None:
            bare = self._bare[cluster.name] = _Packing(self._targets[cluster.name])
        return bare.homeless(Ground(cluster.nodes, cluster.quotas, None), wanted, key)

    def state(self, now: float) -> tuple[tuple[int, ...], ...]:
        """What stands or is prepared everywhere at ``now``; times of equal state have equal room."""
        return tuple(self._standing(cluster, now) for cluster in sorted(self._targets))

    def _standing(self, cluster: str, now: float, until: float = 0.0) -> tuple[int, ...]:
        """What each target has at ``now`` or will have before ``until``, in the order of the packing."""
        asked = ("standing", now, until)
        wanted = self._wanted[cluster].get(asked)
        if wanted is None:
            wanted = self._wanted[cluster][asked] = self._most(
                cluster, lambda s: s.end > now and (s.start <= now or now < s.due < until)
            )
        return wanted

    def _due(self, cluster: str, now: float) -> tuple[int, ...]:
        """What each target must have at ``now``, without what is only prepared."""
        asked = ("due", now, now)
        wanted = self._wanted[cluster].get(asked)
        if wanted is None:
            wanted = self._wanted[cluster][asked] = self._most(cluster, lambda s: covers(s.due, s.end, now))
        return wanted

    def _most(self, cluster: str, counts: Callable[[Span], bool]) -> tuple[int, ...]:
        most = dict(self._packing(cluster).originals)
        for span, floors in self._held[cluster].items():
            if counts(span):
                for key, replicas in floors.items():
                    if key in most and replicas > most[key]:
                        most[key] = replicas
        for span, divided in self._divided.items():
            if counts(span):
                for key, each in divided.items():
                    if key in most and (replicas := each.get(cluster, 0)) > most[key]:
                        most[key] = replicas
        return tuple(most.values())

    def _packing(self, cluster: str) -> _Packing:
        packing = self._packings.get(cluster)
        if packing is None:
            packing = self._packings[cluster] = _Packing(self._targets[cluster])
        return packing


class _Packing:
    """One cluster's targets put onto its nodes: in tier order, then first fit decreasing, then by name.

    At most times of a night the same is held, and a raise changes what comes after it alone, so
    that little is packed twice.
    """

    def __init__(self, targets: Mapping[TargetKey, _Target]) -> None:
        ranked = sorted(targets.items(), key=lambda t: (t[1].rank, *decreasing(t[1].size), t[0]))
        self.originals = {key: target.original for key, target in ranked}
        """In the order in which they are served."""
        self._sizes = [target.size for _, target in ranked]
        self._places = {key: place for place, (key, _) in enumerate(ranked)}
        self._known: dict[tuple[int, ...], Packed] = {}
        self._wanted: tuple[int, ...] = ()
        self._lodged: list[int] = []
        self._rooms: list[FreeRoom] = []
        """The room before each target, and after the last one that was packed."""

    def packed(self, ground: Ground, wanted: tuple[int, ...]) -> Packed:
        """All targets with so many pods each."""
        found = self._known.get(wanted)
        if found is None:
            self._pack(ground, wanted, len(wanted))
            lodged = dict(zip(self.originals, self._lodged, strict=True))
            found = self._known[wanted] = Packed(self._rooms[-1], lodged)
        return Packed(found.room.copy(), dict(found.lodged))

    def homeless(self, ground: Ground, wanted: tuple[int, ...], key: TargetKey) -> int:
        """How many pods of one target find no room; those that are served after it do not matter."""
        place = self._places[key]
        self._pack(ground, wanted, place + 1)
        return wanted[place] - self._lodged[place]

    def _pack(self, ground: Ground, wanted: tuple[int, ...], count: int) -> None:
        """Packs the first ``count`` targets, from the first on that has another number than last time."""
        if not self._rooms:
            nodes, quotas, elastic = ground
            self._rooms = [empty_room(nodes, quotas, self._sizes, elastic)]
        if wanted != self._wanted:
            pairs = zip(self._wanted[: len(self._lodged)], wanted, strict=False)
            same = next((i for i, (old, new) in enumerate(pairs) if old != new), len(self._lodged))
            del self._lodged[same:], self._rooms[same + 1 :]
            self._wanted = wanted
        for place in range(len(self._lodged), count):
            room = self._rooms[place].copy()
            self._lodged.append(room.place(self._sizes[place], wanted[place]))
            self._rooms.append(room)


def decreasing(size: Size) -> tuple[int, int]:
    """Sort key that puts the largest pod first."""
    return (-size.cpu, -size.memory)
