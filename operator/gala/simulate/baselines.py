"""Other ways to scale the same night: an HPA, a schedule, the peak all night, and one who knows the future.

Each works in every cluster on its own, with the same pods a second, times to Ready and age of
signals as the operator.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from gala.planning.facts import Missing
from gala.planning.fit import Nodes, Room, Size
from gala.simulate.cluster import LAST_OF_P95, VirtualCluster
from gala.simulate.hpa import SYNC, Autoscaler, Bounds, Pods
from gala.simulate.night import Night, Place, Stretch
from gala.simulate.trace import Trace

CRON_LEAD = 300.0
"""A schedule is raised so many seconds before each round and each scene."""

_MANY = 1_000_000
_BLOCK = 30.0
"""Seconds for which one who knows the future keeps a number."""

_AROUND = 3
"""Blocks before and after in which other pods are asked for that start in the same queue."""

Way = Callable[[Trace, str], VirtualCluster]
"""How one cluster fares through the night."""


def hpa(trace: Trace, name: str) -> VirtualCluster:
    """One HPA with upstream's defaults for each target; the original is its minimum."""
    night, cluster = trace.night, _cluster(trace, name)
    watched = [_Watched(place, trace.seen(place)) for place in night.clusters[name] if place.per_replica]
    due: dict[int, list[_Watched]] = {}
    ranks = {one: rank for rank, one in enumerate(watched)}
    for one in watched:
        due.setdefault(one.next(0), []).append(one)
    for number in range(int((night.end - night.start) // SYNC)):
        now = night.start + number * SYNC
        cluster.step(now)
        for one in sorted(due.pop(number, ()), key=ranks.__getitem__):
            calm = one.sync(cluster, number, now)
            due.setdefault(one.next(number + 1) if calm else number + 1, []).append(one)
    return _ended(cluster, night)


class _Watched:
    """One target and its HPA, which is not asked while it can only say what it said."""

    __slots__ = ("_autoscaler", "_hot", "_place", "_rates")

    def __init__(self, place: Place, rates: array[float]) -> None:
        self._place = place
        self._rates = rates
        self._autoscaler = Autoscaler(Bounds(max(1, place.original), _MANY))
        high = place.original * place.target_qps
        self._hot = [number for number, rate in enumerate(rates) if rate > high]
        """Syncs at which the original is not enough."""

    def next(self, number: int) -> int:
        """The first sync from ``number`` on at which a target at its original may rise; -1: none."""
        index = bisect_left(self._hot, number)
        return self._hot[index] if index < len(self._hot) else -1

    def sync(self, cluster: VirtualCluster, number: int, now: float) -> bool:
        """One look; True where the target is at its original again."""
        place, target = self._place, cluster.targets[self._place.target]
        ready = target.ready(now)
        pods = Pods(ready=ready, unready=target.spec - ready)
        to = self._autoscaler.sync(now, target.spec, pods, self._rates[number], place.target_qps)
        if to != target.spec:
            cluster.scale(place.target, to, now)
        return to == place.original


def cron(trace: Trace, name: str) -> VirtualCluster:
    """Each target at fixed times: what its rounds and scenes ask for, from five minutes before to their end.

    The times are the scheduled ones, the numbers the forecast's with its headroom, divided by the
    usual shares; where rules overlap the highest holds, as with KEDA.
    """
    cluster = _cluster(trace, name)
    for now, place, to in _schedule(trace.night, name):
        cluster.scale(place.target, to, now)
    return _ended(cluster, trace.night)


class _Rule(NamedTuple):
    start: float
    end: float
    replicas: int


def _schedule(night: Night, name: str) -> list[tuple[float, Place, int]]:
    """Every change in one cluster, in order; what falls goes first."""
    found = []
    for place in night.clusters[name]:
        rules = [_rule(night, stretch, count) for stretch, count in night.asked[name].get(place.flow, ())]
        value = place.original
        for edge in sorted({edge for rule in rules for edge in (rule.start, rule.end)}):
            on = (rule.replicas for rule in rules if rule.start <= edge < rule.end)
            to = max(place.original, *on, 0)
            if to != value:
                found.append((edge, to > value, place.target, place, to))
                value = to
    return [(edge, place, to) for edge, _, _, place, to in sorted(found, key=lambda change: change[:3])]


def _rule(night: Night, stretch: Stretch, replicas: int) -> _Rule:
    start, end = night.scheduled(stretch)
    return _Rule(start - CRON_LEAD, end, replicas)


def static(trace: Trace, name: str) -> VirtualCluster:
    """All night what the highest moment needs, forecast or not; servers are bought for it."""
    night, cluster = trace.night, _cluster(trace, name, grows=True)
    for place in night.clusters[name]:
        planned = max([0, *(count for _, count in night.asked[name].get(place.flow, ()))])
        highest = max(trace.offered(place), default=0.0)
        came = place.replicas(highest * (100 + place.headroom) / 100)
        cluster.scale(place.target, max(place.original, planned, came), night.start - _EARLY)
    cluster.step(night.start)
    cluster.replica_seconds = 0.0
    return _ended(cluster, night)


_EARLY = 3600.0
"""The peak stands since before the night."""


def oracle(trace: Trace, name: str) -> VirtualCluster:
    """Each target as its traffic will be, asked for just early enough that the pods are warm.

    It knows every second of the night, and how fast pods start. Where not everything has room, tiers
    are served in their order.
    """
    night, cluster = trace.night, _cluster(trace, name)
    places = night.clusters[name]
    blocks = int((night.end - night.start) // _BLOCK)
    needs = [_needs(trace, place, blocks) for place in places]
    asked = _asked(night, name, places, needs)
    admitted = _Admitted(night, name)
    for number in range(blocks):
        now = night.start + number * _BLOCK
        wishes = [max(place.original, asked[i][number]) for i, place in enumerate(places)]
        for place, to in admitted.changes(places, wishes, cluster):
            cluster.scale(place.target, to, now)
    return _ended(cluster, night)


def _needs(trace: Trace, place: Place, blocks: int) -> list[int]:
    """Replicas that the highest moment of each block needs."""
    series, per = trace.offered(place), int(_BLOCK // trace.step)
    return [place.replicas(max(series[n * per : (n + 1) * per], default=0.0)) for n in range(blocks)]


def _asked(
    night: Night, name: str, places: Sequence[Place], needs: Sequence[Sequence[int]]
) -> list[list[int]]:
    """What to ask for in each block, by place: a rise as long before as the pods that rise with it take."""
    start = night.snapshot.clusters[name].pod_start
    rises = [0] * (max(map(len, needs), default=0) + 1)
    for values, place in zip(needs, places, strict=True):
        before = place.original
        for number, value in enumerate(values):
            rises[number] += max(0, value - max(before, place.original))
            before = value
    found = []
    for values, place in zip(needs, places, strict=True):
        asked = list(values)
        for number, value in enumerate(values):
            if value <= place.original:
                continue
            queued = sum(rises[max(0, number - _AROUND) : number + _AROUND + 1])
            seconds = queued / max(1, start.per_second) + LAST_OF_P95 * start.p95 + place.warmup
            for earlier in range(max(0, number - int(seconds // _BLOCK) - 1), number):
                asked[earlier] = max(asked[earlier], value)
        found.append(asked)
    return found


class _Admitted:
    """What of the wishes has room, by tier; counted only where it might not."""

    def __init__(self, night: Night, name: str) -> None:
        nodes = night.snapshot.clusters[name].nodes
        self._nodes = () if isinstance(nodes, Missing) else nodes
        self._cores = sum(node.count * node.cpu for node in self._nodes)

    def changes(
        self, places: Sequence[Place], wishes: Sequence[int], cluster: VirtualCluster
    ) -> Iterator[tuple[Place, int]]:
        """Each target whose number changes, those that fall first."""
        given = list(wishes)
        targets = [cluster.targets[place.target] for place in places]
        if (
            sum(target.cpu * count for target, count in zip(targets, wishes, strict=True)) * 10
            > self._cores * 9
        ):
            room = Room(Nodes(self._nodes))
            for target in targets:
                room.place(Size(target.cpu, target.memory), target.original)
            for index in sorted(range(len(places)), key=lambda i: (places[i].tier.rank, i)):
                target = targets[index]
                more = wishes[index] - target.original
                given[index] = target.original + room.place(Size(target.cpu, target.memory), more)
        for index in sorted(
            range(len(places)), key=lambda i: (given[i] > targets[i].spec, places[i].tier.rank, i)
        ):
            if given[index] != targets[index].spec:
                yield places[index], given[index]


def _cluster(trace: Trace, name: str, *, grows: bool = False) -> VirtualCluster:
    night = trace.night
    start = night.start - _EARLY if grows else night.start
    return VirtualCluster(night.snapshot.clusters[name], seed=night.seed, now=start, grows=grows)


def _ended(cluster: VirtualCluster, night: Night) -> VirtualCluster:
    cluster.step(night.end)
    return cluster
