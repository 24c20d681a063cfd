"""Nodes with CPU, memory and pods, and the first one that has room."""

from __future__ import annotations

from dataclasses import dataclass

from gala.sandbox.apiserver.errors import Json
from gala.sandbox.apiserver.selectors import stamp

GIB = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeGroup:
    """Equal nodes; CPU in millicores, memory in bytes, per node.

    ``system_cpu`` and ``system_memory`` are requested by one pod per node that is nobody's target.
    """

    count: int
    cpu: int = 32_000
    memory: int = 128 * GIB
    pods: int = 110
    system_cpu: int = 2_000
    system_memory: int = 4 * GIB


class NodePool:
    """The free room of one cluster; first fit by number, so that room is not scattered."""

    def __init__(self, cluster: str, groups: tuple[NodeGroup, ...]) -> None:
        self.names: list[str] = []
        self.groups: list[NodeGroup] = []
        self.alive: list[bool] = []
        self.cordoned: set[int] = set()
        """Those that take no further pods."""
        self._cpu: list[int] = []
        self._memory: list[int] = []
        self._pods: list[int] = []
        self._first: dict[tuple[int, int], int] = {}
        """By request: no node before this one has room."""
        for group in groups:
            for _ in range(group.count):
                self.names.append(f"{cluster}-node-{len(self.names):04d}")
                self.groups.append(group)
                self.alive.append(True)
                self._cpu.append(group.cpu - group.system_cpu)
                self._memory.append(group.memory - group.system_memory)
                self._pods.append(group.pods - 1)

    def place(self, cpu: int, memory: int) -> int | None:
        """Takes room for one pod and returns the node's number; None where nothing fits."""
        start = self._first.get((cpu, memory), 0)
        for number in range(start, len(self.names)):
            if (
                self.alive[number]
                and number not in self.cordoned
                and self._cpu[number] >= cpu
                and self._memory[number] >= memory
                and self._pods[number] > 0
            ):
                self._take(number, cpu, memory, 1)
                self._first[cpu, memory] = number
                return number
        self._first[cpu, memory] = len(self.names)
        return None

    def free(self, number: int, cpu: int, memory: int) -> None:
        """Gives the room of one pod back."""
        self._take(number, -cpu, -memory, -1)
        self._first.clear()

    def _take(self, number: int, cpu: int, memory: int, pods: int) -> None:
        self._cpu[number] -= cpu
        self._memory[number] -= memory
        self._pods[number] -= pods

    def cordon(self, number: int, *, cordoned: bool) -> None:
        """Whether the node takes no further pods; those that it has stay."""
        if cordoned:
            self.cordoned.add(number)
        else:
            self.cordoned.discard(number)
            self._first.clear()

    def lose(self, number: int) -> None:
        """The node is gone, with everything on it."""
        self.alive[number] = False

    def living(self) -> list[int]:
        """Numbers of the nodes that are there."""
        return [number for number, alive in enumerate(self.alive) if alive]

    def body(self, number: int, now: float) -> Json:
        """The Node object."""
        group = self.groups[number]
        room = {"cpu": f"{group.cpu}m", "memory": str(group.memory), "pods": str(group.pods)}
        condition = {
            "type": "Ready",
            "status": "True",
            "reason": "KubeletReady",
            "lastTransitionTime": stamp(now),
        }
        return {
            "metadata": {
                "name": self.names[number],
                "labels": {"kubernetes.io/hostname": self.names[number]},
            },
            "spec": {},
            "status": {"capacity": room, "allocatable": room, "conditions": [condition]},
        }
