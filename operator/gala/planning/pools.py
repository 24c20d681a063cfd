"""Free room where not every pod may use all of it: what ``fit.Room`` does not know.

Nodes are put into pools, each of which takes the same pods. A pod that may use several pools
takes first what the fewest others may use. Most clusters have one pool and no quota, and get
the plain room, which is faster.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from gala.planning.eligibility import may_use
from gala.planning.facts import NodeRoom
from gala.planning.fit import Needs, Nodes, Room, Size, least
from gala.planning.quotas import Purse, Quota
from gala.planning.shortfall import CAME_FREE, NO_NODE, PODS, Amount, Lack, lacking, of_device, of_quota
from gala.planning.vectors import VectorRoom

_PLAIN = Needs()


class Layout(NamedTuple):
    """What does not change while a cluster is filled."""

    open_to: Mapping[Needs, tuple[int, ...]]
    """The numbers of the pools that a pod may use, in the order in which they are tried."""
    nowhere: Mapping[Needs, Lack]
    """Why some pods may use no pool at all."""
    kinds: Sequence[NodeRoom]
    """One node of each pool: for those that are asked for, the others are like it."""


class Pools:
    """A cluster's room by pools, and beside it what quotas leave; filled pod by pod as ``Room`` is."""

    __slots__ = ("_layout", "_purses", "_rooms")

    def __init__(
        self, layout: Layout, rooms: Iterable[Room | VectorRoom], purses: Mapping[Purse, int]
    ) -> None:
        self._layout = layout
        self._rooms = [*rooms]
        self._purses = dict(purses)

    def copy(self) -> Pools:
        """The same room, to be filled on its own."""
        return Pools(self._layout, (room.copy() for room in self._rooms), self._purses)

    def fits(self, size: Size) -> int:
        """How many pods of this size find room."""
        return min([sum(room.fits(size) for room in self._open(size)), *self._granted(size)])

    def place(self, size: Size, pods: int) -> int:
        """Takes room for up to ``pods``; returns how many found it."""
        left = wanted = min([pods, *self._granted(size)])
        for room in self._open(size):
            left -= room.place(size, left)
        placed = wanted - left
        for purse, amount in (size.needs or _PLAIN).draws:
            self._purses[purse] -= placed * amount
        return placed

    def lack(self, size: Size, pods: int) -> Lack:
        """What keeps ``pods`` more of this size out."""
        needs = size.needs or _PLAIN
        for purse, amount in needs.draws:
            if self._purses[purse] < amount:
                return of_quota(purse.quota, purse.resource)
        if needs in self._layout.nowhere:
            return self._layout.nowhere[needs]
        if self.fits(size):
            return CAME_FREE
        sums: dict[str, Amount] = {}
        for room in self._open(size):
            for one in room.amounts(size):
                free = sums[one.resource].free if one.resource in sums else 0
                sums[one.resource] = one._replace(free=free + one.free)
        return lacking(sums.values(), pods)

    def left(self) -> tuple[NodeRoom, ...]:
        """The nodes with what is free on them now; those that take no pod of these are left out."""
        return tuple(
            node._replace(labels=kind.labels, taints=kind.taints)
            for kind, room in zip(self._layout.kinds, self._rooms, strict=True)
            for node in room.left()
        )

    def _open(self, size: Size) -> Sequence[Room | VectorRoom]:
        return [self._rooms[number] for number in self._layout.open_to[size.needs or _PLAIN]]

    def _granted(self, size: Size) -> Iterable[int]:
        return (self._purses[purse] // amount for purse, amount in (size.needs or _PLAIN).draws)


FreeRoom = Room | Pools


def empty_room(
    nodes: Iterable[NodeRoom], quotas: Mapping[str, Iterable[Quota]], sizes: Collection[Size]
) -> FreeRoom:
    """A cluster's room before anything is placed; ``sizes`` are all that will ever be asked for."""
    known, smallest = [*nodes], least(sizes)
    asked = [*dict.fromkeys(size.needs or _PLAIN for size in sizes)]
    if asked in ([], [_PLAIN]) and not any(node.taints for node in known):
        return Room(Nodes(known), smallest)
    by_users: dict[tuple[bool, ...], list[NodeRoom]] = {}
    for node in known:
        labels, has = dict(node.labels), {name for name, _ in node.extended}
        users = tuple(
            may_use(labels, node.taints, needs.where) and has.issuperset(name for name, _ in needs.extended)
            for needs in asked
        )
        by_users.setdefault(users, []).append(node)
    drawn = {purse for needs in asked for purse, _ in needs.draws}
    names = sorted({name for needs in asked for name, _ in needs.extended})
    if not drawn and not names and all(map(all, by_users)):
        return Room(Nodes(known), smallest)
    ordered = sorted(users for users in by_users if any(users))
    ordered.sort(key=sum)
    open_to = {
        needs: tuple(number for number, users in enumerate(ordered) if users[place])
        for place, needs in enumerate(asked)
    }
    rooms = (_room(by_users[users], names, smallest) for users in ordered)
    free = {
        Purse(namespace, quota.name, resource): max(0, amount)
        for namespace, here in quotas.items()
        for quota in here
        for resource, amount in quota.free
    }
    nowhere = {needs: _refusal(known, needs) for needs, pools in open_to.items() if not pools}
    layout = Layout(open_to, nowhere, [by_users[users][0] for users in ordered])
    return Pools(layout, rooms, {purse: free[purse] for purse in drawn})


def _refusal(nodes: Collection[NodeRoom], needs: Needs) -> Lack:
    """Why no node takes a pod: there is none, by labels and taints, or none has all that it asks for."""
    open_to = [node for node in nodes if may_use(dict(node.labels), node.taints, needs.where)]
    if not open_to:
        return NO_NODE if nodes else lacking([Amount(PODS, 0, 1)], 1)
    has = {name for node in open_to for name, _ in node.extended}
    return of_device(min((name for name, _ in needs.extended), key=has.__contains__))


def _room(nodes: Iterable[NodeRoom], names: Sequence[str], smallest: Size) -> Room | VectorRoom:
    known = [*nodes]
    return VectorRoom(known, names) if any(n.extended for n in known) else Room(Nodes(known), smallest)
