"""One virtual cluster: nodes, pods that start and stop, and what each target had Ready at every moment.

Pods are numbers, not objects: a target is the sorted times at which its pods are (or will be)
Ready, so that hundreds of thousands of them cost seconds. They start as real ones do: the scheduler
gives out room first come first served, the cluster starts so many a second, each takes its time to
be Ready, and one that is stopped keeps its room for its grace. Stopped first are pods without a
node, then those that are not Ready, then the newest.
"""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_right
from collections import deque
from collections.abc import Iterable
from math import exp, inf, log
from random import Random
from statistics import NormalDist

from gala.planning.facts import ClusterFacts, Missing, NodeRoom, TargetFacts, TargetKey

GRACE = 30.0
"""Seconds in which a stopped pod keeps its room: Kubernetes' own default."""

_DRAWS = 4096
_LONG_AGO = 86_400.0
_P50_OF_P95 = 1 / 3
"""Of the time to Ready: half of the pods take this part of the p95."""

LAST_OF_P95 = 1.25
"""Nobody takes longer than this part of the p95: what a lead is planned with."""

_NOWHERE = -1
"""Of pods that ran before the night and for which the facts show no room: they keep what they have."""


class VirtualTarget:
    """One scalable object; counts are pods, times seconds since the epoch."""

    __slots__ = ("cpu", "gone", "key", "memory", "original", "spec", "specs", "stack", "started", "stopping",
                 "times", "waiting")  # fmt: skip

    def __init__(self, key: TargetKey, facts: TargetFacts) -> None:
        self.key = key
        self.original = facts.replicas
        self.cpu, self.memory = facts.cpu, facts.memory
        self.spec = facts.replicas
        self.specs: list[tuple[float, int]] = []
        """Every value of ``spec.replicas`` with its time."""
        self.times: list[float] = []
        """When each pod that has a node is Ready, sorted."""
        self.stack: list[tuple[int, int]] = []
        """Nodes with their pods, the newest last."""
        self.waiting = 0
        """Pods without a node."""
        self.stopping = 0
        """Pods in their grace: they keep their room and serve nobody."""
        self.started = array("d")
        """Of pods that were stopped: when each was Ready."""
        self.gone = array("d")
        """And when it was stopped, in the same order."""

    def ready(self, now: float) -> int:
        """Pods that are Ready."""
        return bisect_right(self.times, now)

    def warm(self, now: float, warmup: float) -> int:
        """Pods that were Ready ``warmup`` ago and still run."""
        return bisect_right(self.times, now - warmup)

    def lives(self) -> Iterable[tuple[float, float]]:
        """When each pod that ever had a node was Ready, and when it was stopped (or inf)."""
        yield from zip(self.started, self.gone, strict=True)
        yield from ((time, inf) for time in self.times)


class VirtualCluster:
    """Carries out what is asked for; the same calls give the same pods."""

    def __init__(self, facts: ClusterFacts, *, seed: int, now: float, grows: bool = False) -> None:
        """``grows``: where pods find no room, a server is bought; else they wait."""
        self.name = facts.name
        self.now = now
        self.added = 0
        """Servers that were bought."""
        self.most_waiting = 0
        self.replica_seconds = 0.0
        """Of pods that have a node."""
        self._held = 0
        self._grows = grows
        self._per_second = facts.pod_start.per_second
        self._draws = _times_to_ready(facts.pod_start.p95, f"{seed}/{facts.name}/starts")
        self._drawn = 0
        self._slot = now
        self._nodes: list[NodeRoom] = [] if isinstance(facts.nodes, Missing) else list(facts.nodes)
        self._cpu = [node.cpu for node in self._nodes for _ in range(node.count)]
        self._memory = [node.memory for node in self._nodes for _ in range(node.count)]
        self._slots = [node.pods for node in self._nodes for _ in range(node.count)]
        self._first: dict[tuple[int, int], int] = {}
        """By size: no node before this one has room."""
        self._queue: deque[VirtualTarget] = deque()
        """Targets with pods without a node, in the order in which they asked."""
        self._leaving: list[tuple[float, int, VirtualTarget, int, int]] = []
        """Time, tie-break, whose pods, their node, and how many they are."""
        self._stopped = 0
        self.targets = {
            key: VirtualTarget(key, target)
            for key, target in sorted(facts.targets.items())
            if isinstance(target, TargetFacts)
        }
        for target in self.targets.values():
            self._prime(target)

    @property
    def waiting(self) -> int:
        """Pods without a node."""
        return sum(target.waiting for target in self._queue)

    def _prime(self, target: VirtualTarget) -> None:
        """What runs before the night has been Ready for long."""
        target.specs.append((self.now, target.spec))
        target.times = [self.now - _LONG_AGO] * target.spec
        self._held += target.spec
        left = target.spec - self._place(target, target.spec)
        if left:
            target.stack.insert(0, (_NOWHERE, left))

    def scale(self, key: TargetKey, to: int, now: float) -> None:
        """Sets ``spec.replicas`` of a target at ``now``, which is never before the last call."""
        self.step(now)
        target = self.targets[key]
        if to == target.spec:
            return
        change, target.spec = to - target.spec, to
        target.specs.append((now, to))
        if change > 0:
            if not target.waiting:
                self._queue.append(target)
            target.waiting += change
        else:
            self._stop(target, -change)
        self._schedule()

    def step(self, now: float) -> None:
        """Lets time pass."""
        while self._leaving and self._leaving[0][0] <= now:
            at, _, target, node, pods = heapq.heappop(self._leaving)
            self._pass(at)
            target.stopping -= pods
            if node != _NOWHERE:
                self._cpu[node] += target.cpu * pods
                self._memory[node] += target.memory * pods
                self._slots[node] += pods
                self._first.clear()
            self._schedule()
        self._pass(now)

    def _pass(self, now: float) -> None:
        self.replica_seconds += self._held * (now - self.now)
        self.now = now

    def _stop(self, target: VirtualTarget, count: int) -> None:
        without = min(count, target.waiting)
        target.waiting -= without
        count -= without
        if not count:
            return
        target.started.extend(target.times[-count:])
        target.gone.extend([self.now] * count)
        del target.times[-count:]
        self._held -= count
        target.stopping += count
        while count:
            node, pods = target.stack.pop()
            taken = min(pods, count)
            if pods > taken:
                target.stack.append((node, pods - taken))
            count -= taken
            self._stopped += 1
            heapq.heappush(self._leaving, (self.now + GRACE, self._stopped, target, node, taken))

    def _schedule(self) -> None:
        """Gives nodes to pods that wait, in the order in which they were asked for."""
        if not self._queue:
            return
        left: deque[VirtualTarget] = deque()
        full: set[tuple[int, int]] = set()
        for target in self._queue:
            size = (target.cpu, target.memory)
            if target.waiting and size not in full:
                placed = self._place(target, target.waiting)
                self._start(target, placed)
                target.waiting -= placed
                if target.waiting:
                    full.add(size)
            if target.waiting:
                left.append(target)
        self._queue = left
        if left:
            self.most_waiting = max(self.most_waiting, self.waiting)

    def _start(self, target: VirtualTarget, count: int) -> None:
        start, each = max(self.now, self._slot), 1.0 / self._per_second
        draws, first = self._draws, self._drawn
        target.times += [start + each * number + draws[(first + number) % _DRAWS] for number in range(count)]
        target.times.sort()
        self._drawn = (first + count) % _DRAWS
        self._slot = start + each * count
        self._held += count

    def _place(self, target: VirtualTarget, count: int) -> int:
        """Takes room for up to ``count`` pods, first fit by number; returns how many found it."""
        size, left = (target.cpu, target.memory), count
        node = self._first.get(size, 0)
        while left:
            if node == len(self._cpu) and not (self._grows and self._buy(size)):
                break
            pods = min(left, self._fits(node, size))
            if pods > 0:
                self._cpu[node] -= pods * size[0]
                self._memory[node] -= pods * size[1]
                self._slots[node] -= pods
                target.stack.append((node, pods))
                left -= pods
            if left:
                node += 1
        self._first[size] = node
        return count - left

    def _fits(self, node: int, size: tuple[int, int]) -> int:
        cpu, memory = size
        found = self._slots[node]
        if cpu:
            found = min(found, self._cpu[node] // cpu)
        if memory:
            found = min(found, self._memory[node] // memory)
        return found

    def _buy(self, size: tuple[int, int]) -> bool:
        """One more server like the largest there is; False where not even that would hold one pod."""
        largest = max(self._nodes, default=None, key=lambda n: (n.cpu, n.memory, n.pods))
        if largest is None or largest.cpu < size[0] or largest.memory < size[1] or not largest.pods:
            return False
        self._cpu.append(largest.cpu)
        self._memory.append(largest.memory)
        self._slots.append(largest.pods)
        self.added += 1
        return True


def _times_to_ready(p95: float, name: str) -> tuple[float, ...]:
    """Lognormal, cut at what the lead is planned with; the same name gives the same times."""
    draw = Random(name).gauss  # noqa: S311 (a model, no secret)
    width = -log(_P50_OF_P95) / NormalDist().inv_cdf(0.95)
    middle, longest = p95 * _P50_OF_P95, p95 * LAST_OF_P95
    return tuple(min(longest, middle * exp(width * draw(0.0, 1.0))) for _ in range(_DRAWS))
