"""The pods of a cluster for its API server: rendered when listed, told to watches while there are some."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gala.sandbox.apiserver import beyond
from gala.sandbox.apiserver.errors import Json
from gala.sandbox.apiserver.kinds import find_builtin
from gala.sandbox.apiserver.selectors import stamp
from gala.sandbox.apiserver.store import Key
from gala.sandbox.pods import PodArray, Seen, pod_body

if TYPE_CHECKING:
    from gala.sandbox.world import ClusterWorld

_POD = find_builtin("pods")
_SYSTEM = "kube-system"


class PodView:
    """Implements the store's ``View`` of pods."""

    def __init__(self, world: ClusterWorld) -> None:
        self._world = world
        self._index: dict[Key, tuple[PodArray, Seen]] | None = None
        self._sorted: list[Key] = []
        self._told: dict[tuple[str, str], dict[str, Json]] = {}
        """By workload: the pods that watches have been told of."""

    def changed(self, pods: PodArray) -> None:
        """The arrays of a workload changed."""
        self._index = None
        if not self._world.server.store.watched(_POD):
            self._told.pop(pods.key, None)

    def keys(self, namespace: str) -> Sequence[Key]:
        """Sorted keys of all pods, those of each node's system pod included."""
        self._build()
        if not namespace:
            return self._sorted
        low = bisect_left(self._sorted, (namespace, ""))
        high = bisect_left(self._sorted, (namespace + "\0", ""))
        return self._sorted[low:high]

    def render(self, key: Key) -> Json | None:
        """One Pod object as it is now."""
        index = self._build()
        if key in index:
            pods, seen = index[key]
            return pod_body(pods, seen, self._world.now)
        return self._system(key)

    def remove(self, key: Key) -> None:
        """Stops one pod; its workload starts another. What belongs to a node is refused."""
        found = self._build().get(key)
        if found is None:
            raise beyond.rendered(_POD.plural)
        pods, seen = found
        if not seen.leaving:
            self._world.stop_pod(pods, seen.name)

    def begin(self) -> None:
        """From now on watches are told what changes."""
        self._told = {pods.key: self._bodies(pods) for pods in self._world.workloads.values()}

    def _bodies(self, pods: PodArray) -> dict[str, Json]:
        return {seen.name: pod_body(pods, seen, self._world.now) for seen in self._seen(pods)}

    def _build(self) -> dict[Key, tuple[PodArray, Seen]]:
        if self._index is None:
            self._index = {
                (pods.namespace, seen.name): (pods, seen)
                for pods in self._world.workloads.values()
                for seen in self._seen(pods)
            }
            nodes = self._world.nodes
            system = [(_SYSTEM, f"agent-{nodes.names[number]}") for number in nodes.living()]
            self._sorted = sorted([*self._index, *system])
        return self._index

    def _seen(self, pods: PodArray) -> Iterator[Seen]:
        names = self._world.nodes.names
        for ordinal, node, ready_at, created in zip(
            pods.ordinals, pods.nodes, pods.ready_at, pods.created, strict=True
        ):
            where = names[node] if node is not None else ""
            yield Seen(pods.pod_name(ordinal), where, ready_at, created, leaving=False)
        for gone in pods.leaving:
            where = names[gone.node] if gone.node is not None else ""
            yield Seen(pods.pod_name(gone.ordinal), where, gone.ready_at, gone.created, leaving=True)

    def _system(self, key: Key) -> Json | None:
        namespace, name = key
        nodes = self._world.nodes
        node = name.removeprefix("agent-")
        number = bisect_left(nodes.names, node)
        if namespace != _SYSTEM or number >= len(nodes.names) or nodes.names[number] != node:
            return None
        if not nodes.alive[number]:
            return None
        group = nodes.groups[number]
        wanted = {"cpu": f"{group.system_cpu}m", "memory": str(group.system_memory)}
        owner = {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "agent", "uid": "ds-agent"}
        at = stamp(0.0)
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "name": name,
                "namespace": namespace,
                "uid": f"pod-{name}",
                "resourceVersion": "1",
                "creationTimestamp": at,
                "labels": {"app": "agent"},
                # A drain leaves such pods alone, as it does those of a kubelet's own files.
                "annotations": {"kubernetes.io/config.mirror": name},
                "ownerReferences": [{**owner, "controller": True}],
            },
            "spec": {"nodeName": node, "containers": [{"name": "agent", "resources": {"requests": wanted}}]},
            "status": {
                "phase": "Running",
                "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": at}],
            },
        }

    def publish(self, pods: PodArray) -> None:
        """Tells watches what changed of a workload's pods since they were told last."""
        store = self._world.server.store
        if not store.watched(_POD):
            return
        before = self._told.get(pods.key, {})
        after = self._bodies(pods)
        for name in sorted(before.keys() | after.keys()):
            old, new = before.get(name), after.get(name)
            if old is not None and new is not None and _same(old, new):
                after[name] = old
                continue
            store.revision += 1
            body = new or old or {}
            body = {**body, "metadata": {**body["metadata"], "resourceVersion": str(store.revision)}}
            what = "DELETED" if new is None else "ADDED" if old is None else "MODIFIED"
            store.emit(_POD, what, before=old, after=body)
            if new is not None:
                after[name] = body
        self._told[pods.key] = after


def _same(old: Json, new: Json) -> bool:
    marks = ("deletionTimestamp",)
    return (
        old["status"] == new["status"]
        and old["spec"] == new["spec"]
        and all((mark in old["metadata"]) == (mark in new["metadata"]) for mark in marks)
    )
