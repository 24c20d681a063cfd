"""Free room where not every pod may use all of it: what ``fit.Room`` does not know.

Nodes are put into pools, each of which takes the same pods. A pod that may use several pools
takes first what the fewest others may use, and last what an autoscaler would have to add. Most
clusters have one pool and no quota, and get the plain room, which is faster.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

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
from gala.planning.spread import Domain, bounds, shares
from gala.planning.templates import ANYWHERE, Spread, Where
from gala.planning.vectors import VectorRoom

_PLAIN = Needs()


class Demand(NamedTuple):
    """What a pod demands of a node, however much of it; most pods demand the same."""

    where: Where
    devices: frozenset[str]
    zone: str
    """The label that it has to have; empty where pods are not spread."""

    @classmethod
    def of(cls, needs: Needs) -> Demand:
        """Of one pod."""
        devices = frozenset(name for name, _ in needs.extended)
        return cls(needs.where, devices, needs.spread.key if needs.spread is not None else "")


class _Kind(NamedTuple):
    """What the nodes of one pool have in common."""

    users: tuple[bool, ...]
    """Which of the demands they meet."""
    zones: tuple[str, ...]

    @property
    def order(self) -> tuple[int, _Kind]:
        """What fewer pods may use comes first."""
        return (sum(self.users), self)


class Use(NamedTuple):
    """What pods of one kind may take."""

    pools: tuple[int, ...]
    """Numbers of pools, in the order in which they are tried."""
    draws: tuple[tuple[int, int], ...]
    """Numbers of purses, and what one pod takes out of each."""
    zones: tuple[tuple[int, ...], ...]
    """Where pods are spread: the pools of each zone."""


class Layout(NamedTuple):
    """What does not change while a cluster is filled."""

    uses: Mapping[Needs, Use]
    nowhere: Mapping[Needs, Lack]
    """Why some pods may use no pool at all."""
    kinds: Sequence[NodeRoom]
    """One node of each pool: for those that are asked for, the others are like it."""
    elastic: int | None
    """The number of the pool that an autoscaler would have to add; it comes last."""
    purses: Sequence[Purse]


class Pools:
    """A cluster's room by pools, and beside it what quotas leave; filled pod by pod as ``Room`` is."""

    __slots__ = ("_layout", "_left", "_own", "_rooms", "_spread", "stretched")

    def __init__(
        self,
        layout: Layout,
        rooms: Iterable[Room | VectorRoom],
        left: Iterable[int],
        spread: Mapping[str, tuple[int, ...]] | None = None,
    ) -> None:
        """``left`` is by purse; ``spread`` says of targets that are spread how many pods each zone has."""
        self._layout = layout
        self._rooms = [*rooms]
        self._own: set[int] = set()
        """Rooms that no other copy shares any more, because something was placed there."""
        self._left = [*left]
        self._spread = dict(spread or {})
        self.stretched = False
        """Whether pods were placed, since this copy was made, where nodes have to be added first."""

    def copy(self) -> Pools:
        """The same room, to be filled on its own."""
        self._own.clear()
        return Pools(self._layout, self._rooms, self._left, self._spread)

    def fits(self, size: Size) -> int:
        """How many pods of this size find room."""
        needs = size.needs or _PLAIN
        use, rooms = self._layout.uses[needs], self._rooms
        if needs.spread is None:
            found = 0
            for number in use.pools:
                found += rooms[number].fits(size)
        else:
            domains = self._domains(size, needs, use, needs.spread)
            found = sum(
                bound - has
                for bound, (has, _) in zip(bounds(domains, needs.spread.skew), domains, strict=True)
            )
        for number, amount in use.draws:
            found = min(found, self._left[number] // amount)
        return found

    def place(self, size: Size, pods: int) -> int:
        """Takes room for up to ``pods``; returns how many found it."""
        needs, wanted = size.needs or _PLAIN, pods
        use = self._layout.uses[needs]
        for number, amount in use.draws:
            wanted = min(wanted, self._left[number] // amount)
        if needs.spread is None:
            placed = self._fill(use.pools, size, wanted)
        else:
            domains = self._domains(size, needs, use, needs.spread)
            each = shares(domains, needs.spread.skew, wanted)
            found = [self._fill(pools, size, count) for pools, count in zip(use.zones, each, strict=False)]
            placed = sum(found)
            self._spread[needs.of] = tuple(has + more for (has, _), more in zip(domains, found, strict=False))
        for number, amount in use.draws:
            self._left[number] -= placed * amount
        return placed

    def _fill(self, pools: Iterable[int], size: Size, pods: int) -> int:
        left = pods
        for number in pools:
            if not left:
                break
            if number not in self._own:
                self._rooms[number] = self._rooms[number].copy()
                self._own.add(number)
            found = self._rooms[number].place(size, left)
            left -= found
            if found and number == self._layout.elastic:
                self.stretched = True
        return pods - left

    def _domains(self, size: Size, needs: Needs, use: Use, spread: Spread) -> list[Domain]:
        """The zones that pods may use; an empty one more where they are fewer than there have to be."""
        has = self._spread.get(needs.of) or (0,) * len(use.zones)
        domains = [
            Domain(count, sum(self._rooms[number].fits(size) for number in pools))
            for count, pools in zip(has, use.zones, strict=True)
        ]
        if len(domains) < spread.domains:
            domains.append(Domain(0, 0))
        return domains

    def lack(self, size: Size, pods: int) -> Lack:
        """What keeps ``pods`` more of this size out."""
        needs = size.needs or _PLAIN
        for number, amount in self._layout.uses[needs].draws:
            if self._left[number] < amount:
                purse = self._layout.purses[number]
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
        return [self._rooms[number] for number in self._layout.uses[size.needs or _PLAIN].pools]


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
    demands = {needs: Demand.of(needs) for needs in asked}
    places = {demand: place for place, demand in enumerate(dict.fromkeys(demands.values()))}
    by_users = _by_users(known, [*places])
    purses = _purses(quotas, asked)
    names = sorted(frozenset().union(*(demand.devices for demand in places)))
    spread = any(demand.zone for demand in places)
    if elastic is None and not (purses or names or spread) and all(all(kind.users) for kind in by_users):
        return Room(Nodes(known), smallest)
    ordered = sorted((kind for kind in by_users if any(kind.users)), key=lambda kind: kind.order)
    rooms = [_room(by_users[kind], names, smallest) for kind in ordered]
    open_to = {
        needs: tuple(number for number, kind in enumerate(ordered) if kind.users[places[demand]])
        for needs, demand in demands.items()
    }
    if elastic is not None:
        last = (len(rooms),)
        rooms.append(Room(Nodes([NodeRoom(1, *elastic[:3])]), smallest))
        open_to = {n: pools + last if _may_stretch(n, pools) else pools for n, pools in open_to.items()}
    kinds = [by_users[kind][0] for kind in ordered]
    numbers = {purse: number for number, purse in enumerate(purses)}
    layout = Layout(
        {needs: _use(needs, pools, kinds, numbers) for needs, pools in open_to.items()},
        {needs: _refusal(known, demands[needs]) for needs, pools in open_to.items() if not pools},
        kinds,
        None if elastic is None else len(ordered),
        [*purses],
    )
    return Pools(layout, rooms, purses.values())


def _use(
    needs: Needs, pools: tuple[int, ...], kinds: Sequence[NodeRoom], numbers: Mapping[Purse, int]
) -> Use:
    by_zone: dict[str, list[int]] = {}
    if needs.spread is not None:
        for number in pools:
            by_zone.setdefault(dict(kinds[number].labels)[needs.spread.key], []).append(number)
    draws = tuple((numbers[purse], amount) for purse, amount in needs.draws)
    return Use(pools, draws, tuple(map(tuple, by_zone.values())))


def _by_users(nodes: Iterable[NodeRoom], asked: Sequence[Demand]) -> dict[_Kind, list[NodeRoom]]:
    """Nodes that take the same pods, and are in the same zone where pods are spread over those."""
    found: dict[_Kind, list[NodeRoom]] = {}
    keys = sorted({demand.zone for demand in asked if demand.zone})
    for node in nodes:
        labels, has = dict(node.labels), {name for name, _ in node.extended}
        users = tuple(_takes(node, labels, demand) and demand.devices <= has for demand in asked)
        found.setdefault(_Kind(users, tuple(labels.get(key, "") for key in keys)), []).append(node)
    return found


def _takes(node: NodeRoom, labels: Mapping[str, str], demand: Demand) -> bool:
    """Whether a node takes such a pod; what is spread over zones needs one that is in a zone."""
    in_zone = not demand.zone or demand.zone in labels
    return in_zone and may_use(labels, node.taints, demand.where)


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


def _refusal(nodes: Collection[NodeRoom], demand: Demand) -> Lack:
    """Why no node takes a pod: there is none, by labels and taints, or none has all that it asks for."""
    open_to = [node for node in nodes if _takes(node, dict(node.labels), demand)]
    if not open_to:
        return NO_NODE if nodes else lacking([Amount(PODS, 0, 1)], 1)
    has = {name for node in open_to for name, _ in node.extended}
    return of_device(min(sorted(demand.devices), key=has.__contains__))


def _room(nodes: Iterable[NodeRoom], names: Sequence[str], smallest: Size) -> Room | VectorRoom:
    known = [*nodes]
    return VectorRoom(known, names) if any(n.extended for n in known) else Room(Nodes(known), smallest)
