"""Joint fit: how many more pods of a size find room on the nodes, by CPU, memory and pod slots.

First fit over the nodes' free vectors, equal nodes grouped, so that 100 equal nodes cost
as much as one. It is planned room, not room now: callers first place what every target of
ours holds at the time that counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from gala.planning.facts import NodeRoom


class Size(NamedTuple):
    """What one pod requests: millicores and bytes."""

    cpu: int
    memory: int


NOTHING = Size(0, 0)


class Room:
    """Free room of one cluster that is filled pod by pod; made anew for each question."""

    __slots__ = ("_full", "_groups", "_least")

    def __init__(self, nodes: Iterable[NodeRoom], least: Size = NOTHING) -> None:
        """``least``: no pod will be asked for that is smaller; nodes without room for it are put aside."""
        self._groups = sorted(nodes, key=lambda n: (n.cpu, n.memory, n.pods, n.count))
        self._full: tuple[NodeRoom, ...] = ()
        self._least = least

    def copy(self) -> Room:
        """The same room, to be filled on its own."""
        other = Room((), self._least)
        other._groups, other._full = self._groups, self._full
        return other

    def fits(self, size: Size, limit: int) -> int:
        """How many pods of this size find room, at most ``limit``."""
        found = 0
        for group in self._groups:
            found += group.count * _per_node(group, size)
            if found >= limit:
                return limit
        return found

    def place(self, size: Size, pods: int) -> int:
        """Takes room for up to ``pods``; returns how many found it."""
        left = pods
        filled: list[NodeRoom] = []
        for index, group in enumerate(self._groups):
            each = _per_node(group, size) if left else 0
            if not each:
                if not left:
                    filled.extend(self._groups[index:])
                    break
                filled.append(group)
                continue
            full = min(group.count, left // each)
            left -= full * each
            rest = group.count - full
            if full:
                filled.append(_less(group, size, count=full, pods=each))
            if rest and left:
                filled.append(_less(group, size, count=1, pods=min(left, each)))
                left -= min(left, each)
                rest -= 1
            if rest:
                filled.append(group._replace(count=rest))
        self._groups = [group for group in filled if _per_node(group, self._least)]
        if len(self._groups) < len(filled):
            self._full += tuple(group for group in filled if not _per_node(group, self._least))
        return pods - left

    def left(self) -> tuple[NodeRoom, ...]:
        """The nodes with what is free on them now, equal ones grouped."""
        return (*self._full, *self._groups)


def _per_node(node: NodeRoom, size: Size) -> int:
    """Pods of this size that one node of a group takes; a size of 0 is bounded by pod slots alone."""
    _, cpu, memory, each = node
    if size.cpu and cpu // size.cpu < each:
        each = cpu // size.cpu
    if size.memory and memory // size.memory < each:
        each = memory // size.memory
    return max(0, each)


def _less(node: NodeRoom, size: Size, *, count: int, pods: int) -> NodeRoom:
    return NodeRoom(count, node.cpu - pods * size.cpu, node.memory - pods * size.memory, node.pods - pods)
