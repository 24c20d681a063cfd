"""Free room where not every pod may use all of it: what ``fit.Room`` does not know.

Nodes are put into pools, each of which takes the same pods. A pod that may use several pools
takes first what the fewest others may use, and last what an autoscaler would have to add. Most
clusters have one pool and no quota, and get the plain room, which is faster.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from gala.api.application import MAX_REPLICAS
from gala.planning.eligibility import may_use
from gala.planning.facts import Elastic, NodeRoom
from gala.planning.fit import Needs, Nodes, Room, Size, least
from gala.planning.quotas import Purse, Quota
from gala.planning.shortfall import (
    CAME_FREE,
    NO_NODE,
    PODS,
    UNEVEN,
    Amount,
    Lack,
    lacking,
    of_device,
    of_quota,
)
from gala.planning.spread import Domain, shares
from gala.planning.templates import ANYWHERE, Spread
from gala.planning.vectors import VectorRoom

_PLAIN = Needs()


class _Kind(NamedTuple):
    """What the nodes of one pool have in common."""

    users: tuple[bool, ...]
    """Which of the pods that are asked for they take."""
    zones: tuple[str, ...]

    @property
    def order(self) -> tuple[int, _Kind]:
        """What fewer pods may use comes first."""
        return (sum(self.users), self)


class Layout(NamedTuple):
    """What does not change while a cluster is filled."""

    open_to: Mapping[Needs, tuple[int, ...]]
    """The numbers of the pools that a pod may use, in the order in which they are tried."""
    nowhere: Mapping[Needs, Lack]
    """Why some pods may use no pool at all."""
    kinds: Sequence[NodeRoom]
    """One node of each pool: for those that are asked for, the others are like it."""
    elastic: int | None
    """The number of the pool that an autoscaler would have to add; it comes last."""


class Pools:
    """A cluster's room by pools, and beside it what quotas leave; filled pod by pod as ``Room`` is."""

    __slots__ = ("_layout", "_purses", "_rooms", "_spread", "stretched")

    def __init__(
        self,
        layout: Layout,
        rooms: Iterable[Room | VectorRoom],
        purses: Mapping[Purse, int],
        spread: Mapping[tuple[str, str], int] | None = None,
    ) -> None:
        """``spread`` says of targets whose pods are spread how many each zone has."""
        self._layout = layout
        self._rooms = [*rooms]
        self._purses = dict(purses)
        self._spread = dict(spread or {})
        self.stretched = False
        """Whether pods were placed, since this copy was made, where nodes have to be added first."""

    def copy(self) -> Pools:
        """The same room, to be filled on its own."""
        return Pools(self._layout, (room.copy() for room in self._rooms), self._purses, self._spread)

    def fits(self, size: Size) -> int:
        """How many pods of this size find room."""
        needs = size.needs or _PLAIN
        if needs.spread is None:
            found = sum(room.fits(size) for room in self._open(size))
        else:
            found = sum(self._evenly(size, needs, needs.spread).values())
        return min([found, *self._granted(size)])

    def place(self, size: Size, pods: int) -> int:
        """Takes room for up to ``pods``; returns how many found it."""
        needs, wanted = size.needs or _PLAIN, min([pods, *self._granted(size)])
        if needs.spread is None:
            placed = self._fill(self._layout.open_to[needs], size, wanted)
        else:
            placed = 0
            by_zone = self._zones(needs, needs.spread)
            for zone, count in self._evenly(size, needs, needs.spread, wanted).items():
                found = self._fill(by_zone[zone], size, count)
                self._spread[needs.of, zone] = self._spread.get((needs.of, zone), 0) + found
                placed += found
        for purse, amount in needs.draws:
            self._purses[purse] -= placed * amount
        return placed

    def _fill(self, pools: Iterable[int], size: Size, pods: int) -> int:
        left = pods
        for number in pools:
            found = self._rooms[number].place(size, left)
            left -= found
            if found and number == self._layout.elastic:
                self.stretched = True
        return pods - left

    def _zones(self, needs: Needs, spread: Spread) -> dict[str, list[int]]:
        """The pools of each zone that a pod may use."""
        found: dict[str, list[int]] = {}
        for number in self._layout.open_to[needs]:
            found.setdefault(dict(self._layout.kinds[number].labels)[spread.key], []).append(number)
        return found

    def _evenly(self, size: Size, needs: Needs, spread: Spread, pods: int = MAX_REPLICAS) -> dict[str, int]:
        """How many of so many pods go to each zone."""
        by_zone = self._zones(needs, spread)
        domains = [
            Domain(self._spread.get((needs.of, zone), 0), sum(self._rooms[one].fits(size) for one in pools))
            for zone, pools in by_zone.items()
        ]
        if len(domains) < spread.domains:
            domains.append(Domain(0, 0))
        return dict(zip(by_zone, shares(domains, spread.skew, pods), strict=False))

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
        if needs.spread is not None and any(room.fits(size) for room in self._open(size)):
            return UNEVEN
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
            for kind, room in zip(self._layout.kinds, self._rooms, strict=False)
            for node in room.left()
        )

    def _open(self, size: Size) -> Sequence[Room | VectorRoom]:
        return [self._rooms[number] for number in self._layout.open_to[size.needs or _PLAIN]]

    def _granted(self, size: Size) -> Iterable[int]:
        return (self._purses[purse] // amount for purse, amount in (size.needs or _PLAIN).draws)


FreeRoom = Room | Pools


def empty_room(
    nodes: Iterable[NodeRoom],
    quotas: Mapping[str, Iterable[Quota]],
    sizes: Collection[Size],
    elastic: Elastic | None = None,
) -> FreeRoom:
    """A cluster's room before anything is placed; ``sizes`` are all that will ever be asked for."""
    known, smallest = [*nodes], least(sizes)
    asked = [*dict.fromkeys(size.needs or _PLAIN for size in sizes)]
    if elastic is None and asked in ([], [_PLAIN]) and not any(node.taints for node in known):
        return Room(Nodes(known), smallest)
    by_users = _by_users(known, asked)
    purses = _purses(quotas, asked)
    names = sorted({name for needs in asked for name, _ in needs.extended})
    spread = any(needs.spread is not None for needs in asked)
    if elastic is None and not (purses or names or spread) and all(all(kind.users) for kind in by_users):
        return Room(Nodes(known), smallest)
    ordered = sorted((kind for kind in by_users if any(kind.users)), key=lambda kind: kind.order)
    rooms = [_room(by_users[kind], names, smallest) for kind in ordered]
    open_to = {
        needs: tuple(number for number, kind in enumerate(ordered) if kind.users[place])
        for place, needs in enumerate(asked)
    }
    if elastic is not None:
        last = (len(rooms),)
        rooms.append(Room(Nodes([NodeRoom(1, *elastic[:3])]), smallest))
        open_to = {n: pools + last if _may_stretch(n, pools) else pools for n, pools in open_to.items()}
    layout = Layout(
        open_to,
        {needs: _refusal(known, needs) for needs, pools in open_to.items() if not pools},
        [by_users[kind][0] for kind in ordered],
        None if elastic is None else len(ordered),
    )
    return Pools(layout, rooms, purses)


def _by_users(nodes: Iterable[NodeRoom], asked: Sequence[Needs]) -> dict[_Kind, list[NodeRoom]]:
    """Nodes that take the same pods, and are in the same zone where pods are spread over those."""
    found: dict[_Kind, list[NodeRoom]] = {}
    keys = sorted({needs.spread.key for needs in asked if needs.spread is not None})
    for node in nodes:
        labels, has = dict(node.labels), {name for name, _ in node.extended}
        users = tuple(
            _takes(node, labels, needs) and has.issuperset(name for name, _ in needs.extended)
            for needs in asked
        )
        found.setdefault(_Kind(users, tuple(labels.get(key, "") for key in keys)), []).append(node)
    return found


def _takes(node: NodeRoom, labels: Mapping[str, str], needs: Needs) -> bool:
    """Whether a node takes such a pod; what is spread over zones needs one that is in a zone."""
    in_zone = needs.spread is None or needs.spread.key in labels
    return in_zone and may_use(labels, node.taints, needs.where)


def _purses(quotas: Mapping[str, Iterable[Quota]], asked: Iterable[Needs]) -> dict[Purse, int]:
    """What is left in each purse that a pod draws from."""
    free = {
        Purse(namespace, quota.name, resource): max(0, amount)
        for namespace, here in quotas.items()
        for quota in here
        for resource, amount in quota.free
    }
    return {purse: free[purse] for needs in asked for purse, _ in needs.draws}


def _may_stretch(needs: Needs, pools: Collection[int]) -> bool:
    """Whether a new node would take a pod: new ones are as those that are there, but for devices."""
    if needs.extended or needs.spread is not None:
        return False
    return bool(pools) or needs.where == ANYWHERE


def _refusal(nodes: Collection[NodeRoom], needs: Needs) -> Lack:
    """Why no node takes a pod: there is none, by labels and taints, or none has all that it asks for."""
    open_to = [node for node in nodes if _takes(node, dict(node.labels), needs)]
    if not open_to:
        return NO_NODE if nodes else lacking([Amount(PODS, 0, 1)], 1)
    has = {name for node in open_to for name, _ in node.extended}
    return of_device(min((name for name, _ in needs.extended), key=has.__contains__))


def _room(nodes: Iterable[NodeRoom], names: Sequence[str], smallest: Size) -> Room | VectorRoom:
    known = [*nodes]
    return VectorRoom(known, names) if any(n.extended for n in known) else Room(Nodes(known), smallest)
