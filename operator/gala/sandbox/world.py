"""One simulated cluster behind its API server: scales, schedules, starts and stops pods as time passes.

Nothing happens between steps. A step applies every scale change made since the last one,
sorted by workload, then lets time pass, then writes one status per workload that changed.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf

from gala.sandbox.apiserver.errors import Json
from gala.sandbox.apiserver.kinds import Kind, find_builtin
from gala.sandbox.apiserver.resources import Options
from gala.sandbox.apiserver.server import EmbeddedServer
from gala.sandbox.nodes import NodeGroup, NodePool
from gala.sandbox.pods import Leaving, PodArray, requests
from gala.sandbox.podview import PodView
from gala.sandbox.readiness import Readiness
from gala.sandbox.workload_status import status_of

_KINDS = ("deployments", "statefulsets")
_LONG_AGO = 86_400.0


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldParams:
    """How one cluster behaves; times in seconds."""

    nodes: tuple[NodeGroup, ...]
    seed: int = 0
    readiness: Readiness = field(default_factory=Readiness)
    starts_per_second: int = 30
    """Of pods in the whole cluster: what stock Kubernetes was seen to do (kubernetes#56714)."""
    grace: float = 5.0
    """From the stop of a pod until its room is free."""


class ClusterWorld:
    """Nodes and pods of one cluster; ``step`` is called by the clock only."""

    def __init__(self, server: EmbeddedServer, params: WorldParams, *, now: float) -> None:
        self.server = server
        self.name = server.name
        self.params = params
        self.now = now
        self.nodes = NodePool(server.name, params.nodes)
        self.workloads: dict[tuple[str, str], PodArray] = {}
        self._pending: deque[tuple[PodArray, int]] = deque()
        self._leaving: list[tuple[float, int, PodArray, Leaving]] = []
        self._count = 0
        self._slot = 0.0
        self._deleted: list[str] = []
        """Nodes whose objects were deleted."""
        self._cordons: dict[str, bool] = {}
        """Nodes that somebody cordoned or uncordoned."""
        self._dirty: set[tuple[str, str, str]] = set()
        self._unsettled: set[tuple[str, str]] = set()
        self.view = PodView(self)
        store = server.store
        store.views["", "pods"] = self.view
        store.listeners.append(self._on_change)
        node = find_builtin("nodes")
        for number in self.nodes.living():
            server.resources.create(node, "", self.nodes.body(number, now), Options(manager="kubelet"))

    def _on_change(self, kind: Kind, before: Json | None, after: Json | None) -> None:
        if kind.plural == "nodes" and before is not None and after is None:
            self._deleted.append(before["metadata"]["name"])
        if kind.plural == "nodes" and before is not None and after is not None:
            self._cordons[after["metadata"]["name"]] = bool(after["spec"].get("unschedulable"))
        if kind.plural not in _KINDS:
            return
        if before is not None and after is not None and before["spec"] is after["spec"]:
            return
        meta = (after or before or {})["metadata"]
        self._dirty.add((kind.plural, meta["namespace"], meta["name"]))

    def prime(self) -> None:
        """Makes every pod that is wanted now Ready since long ago: how a night begins."""
        self._apply()
        for pods in self.workloads.values():
            pods.ready_at = [at if at == inf else self.now - _LONG_AGO for at in pods.ready_at]
            pods.times = sorted(at for at in pods.ready_at if at != inf)
            pods.created = [self.now - _LONG_AGO] * len(pods)
        self._slot = self.now
        self._publish()

    def step(self, to: float) -> None:
        """Applies what was asked for, then lets time pass until ``to`` (never backwards)."""
        self._apply_nodes()
        self._apply()
        while self._leaving and self._leaving[0][0] <= to:
            at, _, pods, gone = heapq.heappop(self._leaving)
            pods.leaving.remove(gone)
            self._touch(pods)
            if gone.node is not None and self.nodes.alive[gone.node]:
                self.nodes.free(gone.node, pods.cpu, pods.memory)
                self._schedule(at)
        self.now = max(self.now, to)
        self._publish()

    def stop_pod(self, pods: PodArray, name: str) -> None:
        """One pod stops before its time; the workload starts another at once."""
        self._apply_cordons()
        self._leave(pods, [pods.pod_name(ordinal) for ordinal in pods.ordinals].index(name))
        self._grow(pods, 1)
        self._touch(pods)
        self._schedule(self.now)

    def lose_nodes(self, numbers: Sequence[int]) -> None:
        """Nodes vanish with their pods; the workloads start replacements at once."""
        lost = set(numbers)
        node = find_builtin("nodes")
        for number in sorted(lost):
            self.nodes.lose(number)
            if self.server.store.get(node, "", self.nodes.names[number]) is not None:
                self.server.store.remove(node, "", self.nodes.names[number])
        for key in sorted(self.workloads):
            pods = self.workloads[key]
            hit = [index for index, where in enumerate(pods.nodes) if where in lost]
            for index in reversed(hit):
                pods.remove(index)
            self._grow(pods, len(hit))
            if hit:
                self._touch(pods)
        self._schedule(self.now)

    def _apply_nodes(self) -> None:
        changed = self._apply_cordons()
        deleted, self._deleted = set(self._deleted), []
        lost = [number for number in self.nodes.living() if self.nodes.names[number] in deleted]
        if lost:
            self.lose_nodes(lost)
        elif changed:
            self._schedule(self.now)

    def _apply_cordons(self) -> bool:
        """Whether there were any; a drain begins to stop pods before the next step comes."""
        cordons, self._cordons = self._cordons, {}
        for number in self.nodes.living() if cordons else ():
            if self.nodes.names[number] in cordons:
                self.nodes.cordon(number, cordoned=cordons[self.nodes.names[number]])
        return bool(cordons)

    def _apply(self) -> None:
        dirty, self._dirty = sorted(self._dirty), set()
        for plural, namespace, name in dirty:
            kind = find_builtin(plural)
            body = self.server.store.get(kind, namespace, name)
            pods = self.workloads.get((namespace, name))
            if body is None:
                if pods is not None:
                    self._shrink(pods, len(pods))
                    del self.workloads[namespace, name]
                continue
            if pods is None:
                pods = self.workloads[namespace, name] = PodArray(kind, body)
            pods.body = body
            pods.cpu, pods.memory = requests(body)
            wanted = body["spec"].get("replicas", 0)
            self._shrink(pods, len(pods) - wanted)
            self._grow(pods, wanted - len(pods))
            self._touch(pods)
        if dirty:
            self._schedule(self.now)

    def _grow(self, pods: PodArray, count: int) -> None:
        for _ in range(count):
            self._pending.append((pods, pods.add(self.now)))

    def _shrink(self, pods: PodArray, count: int) -> None:
        for _ in range(count):
            self._leave(pods, pods.pick(self.now))

    def _leave(self, pods: PodArray, index: int) -> None:
        ordinal, node, ready_at, created = pods.remove(index)
        if node is None:
            return
        gone = Leaving(self.now + self.params.grace, ordinal, node, ready_at, created)
        pods.leaving.append(gone)
        self._count += 1
        heapq.heappush(self._leaving, (gone.gone_at, self._count, pods, gone))

    def _schedule(self, at: float) -> None:
        """Gives nodes to waiting pods in the order of their creation; who does not fit waits on."""
        waiting: deque[tuple[PodArray, int]] = deque()
        full: set[tuple[int, int]] = set()
        while self._pending:
            pods, ordinal = self._pending.popleft()
            index = _index(pods.ordinals, ordinal)
            if index is None:
                continue
            size = (pods.cpu, pods.memory)
            node = None if size in full else self.nodes.place(*size)
            if node is None:
                full.add(size)
                waiting.append((pods, ordinal))
                continue
            pods.place(index, node, self._ready_at(pods, index, at))
            self._touch(pods)
        self._pending = waiting

    def _ready_at(self, pods: PodArray, index: int, at: float) -> float:
        start = max(at, self._slot)
        self._slot = start + 1.0 / self.params.starts_per_second
        if pods.ordered and index and pods.ready_at[index - 1] != inf:
            start = max(start, pods.ready_at[index - 1])
        taken = self.params.readiness.seconds(
            seed=self.params.seed,
            cluster=self.name,
            workload=f"{pods.namespace}/{pods.name}",
            ordinal=pods.ordinals[index],
        )
        return start + taken

    def _touch(self, pods: PodArray) -> None:
        self._unsettled.add(pods.key)
        self.view.changed(pods)

    def _publish(self) -> None:
        """One status update for each workload whose counts changed."""
        for key in sorted(self._unsettled):
            pods = self.workloads.get(key)
            if pods is None:
                self._unsettled.discard(key)
                continue
            store = self.server.store
            body = store.get(pods.kind, *key)
            if body is None:
                continue
            status = status_of(pods, body, self.now)
            if status != body.get("status"):
                pods.body = store.put(pods.kind, {**body, "status": status})
                pods.revision = store.revision
            self.view.publish(pods)
            if not pods.leaving and len(pods) == pods.ready(self.now):
                self._unsettled.discard(key)


def _index(ordinals: list[int], ordinal: int) -> int | None:
    """Where an ordinal stands in a rising list, None if it is gone."""
    low, high = 0, len(ordinals)
    while low < high:
        middle = (low + high) // 2
        if ordinals[middle] < ordinal:
            low = middle + 1
        else:
            high = middle
    return low if low < len(ordinals) and ordinals[low] == ordinal else None
