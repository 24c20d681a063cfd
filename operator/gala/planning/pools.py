"""Free room where not every pod may use all of it: what ``fit.Room`` does not know.

Most clusters have nothing of the kind, and get the plain room, which is faster.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from gala.planning.facts import NodeRoom
from gala.planning.fit import Nodes, Room, Size, least
from gala.planning.quotas import Purse, Quota
from gala.planning.shortfall import Lack


class Pools:
    """A cluster's room, and beside it what quotas leave; filled pod by pod as ``Room`` is."""

    __slots__ = ("_purses", "_room")

    def __init__(self, room: Room, purses: Mapping[Purse, int]) -> None:
        self._room = room
        self._purses = dict(purses)

    def copy(self) -> Pools:
        """The same room, to be filled on its own."""
        return Pools(self._room.copy(), self._purses)

    def fits(self, size: Size) -> int:
        """How many pods of this size find room."""
        return min([self._room.fits(size), *self._granted(size)])

    def place(self, size: Size, pods: int) -> int:
        """Takes room for up to ``pods``; returns how many found it."""
        placed = self._room.place(size, min([pods, *self._granted(size)]))
        for purse, amount in size.draws:
            self._purses[purse] -= placed * amount
        return placed

    def lack(self, size: Size, pods: int) -> Lack:
        """What keeps ``pods`` more of this size out, of which not one finds room."""
        for purse, amount in size.draws:
            if self._purses[purse] < amount:
                words = f"quota {purse.quota} allows no more {purse.resource}"
                return Lack("QuotaExceeded", words)
        return self._room.lack(size, pods)

    def _granted(self, size: Size) -> Iterable[int]:
        return (self._purses[purse] // amount for purse, amount in size.draws)


FreeRoom = Room | Pools


def empty_room(
    nodes: Iterable[NodeRoom], quotas: Mapping[str, Iterable[Quota]], sizes: Collection[Size]
) -> FreeRoom:
    """A cluster's room before anything is placed; ``sizes`` are all that will ever be asked for."""
    room = Room(Nodes(nodes), least(sizes))
    drawn = {purse for size in sizes for purse, _ in size.draws}
    if not drawn:
        return room
    free = {
        Purse(namespace, quota.name, resource): max(0, amount)
        for namespace, here in quotas.items()
        for quota in here
        for resource, amount in quota.free
    }
    return Pools(room, {purse: free[purse] for purse in drawn})
