"""Joint fit: how many more pods of a size find room on the nodes, by CPU, memory and pod slots.

First fit over the nodes' free vectors, equal nodes grouped, so that 100 equal nodes cost
as much as one. It is planned room, not room now: callers first place what every target of
ours holds at the time that counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate
from math import inf
from typing import NamedTuple

from gala.planning.facts import NodeRoom
from gala.planning.quotas import Draw
from gala.planning.shortfall import CAME_FREE, CPU, MEMORY, PODS, Amount, Lack, lacking
from gala.planning.templates import ANYWHERE, Spread, Where


@dataclass(frozen=True, slots=True)
class Needs:
    """What few pods ask for; only ``pools`` looks at it."""

    draws: tuple[Draw, ...] = ()
    """What it takes out of the quotas of its namespace."""
    where: Where = ANYWHERE
    extended: tuple[tuple[str, int], ...] = ()
    """Of what it asks for beside CPU and memory, by name."""
    spread: Spread | None = None
    of: str = ""
    """Whose pods are spread; empty where none are, so that equal pods of all targets are one."""
    _hash: int = field(init=False, compare=False, repr=False)
    """It is looked up for every pod of a plan, and deep."""

    def __post_init__(self) -> None:
        """Reckons the hash once."""
        deep = (self.draws, self.where, self.extended, self.spread, self.of)
        object.__setattr__(self, "_hash", hash(deep))

    def __hash__(self) -> int:
        """As reckoned."""
        return self._hash


class Size(NamedTuple):
    """What one pod requests: millicores and bytes."""

    cpu: int
    memory: int
    needs: Needs | None = None
    """None where it may use every node without a taint, and nothing else bounds it."""


NOTHING = Size(0, 0)


_Group = tuple[int, int, int, int]
"""A ``NodeRoom`` without its names, which cost more than all the arithmetic."""


class Nodes:
    """One cluster's nodes before anything is placed; shared by all rooms that are made of them."""

    __slots__ = ("_fits", "groups")

    def __init__(self, nodes: Iterable[NodeRoom]) -> None:
        ordered = sorted(nodes, key=lambda n: (n.cpu, n.memory, n.pods, n.count))
        self.groups: list[_Group] = [(n.count, n.cpu, n.memory, n.pods) for n in ordered]
        self._fits: dict[Size, list[int]] = {}

    def fits(self, size: Size, since: int) -> int:
        """How many pods of this size find room on the groups from number ``since`` on."""
        known = self._fits.get(size)
        if known is None:
            each = (_fitting((group,), size) for group in reversed(self.groups))
            known = self._fits[size] = [*accumulate(each, initial=0)][::-1]
        return known[since]


class Room:
    """Free room of one cluster that is filled pod by pod; made anew for each question.

    The first fit takes nodes from the front, so that most groups are as they were for most of
    the time: those are counted once for each size, and only the ones begun are gone through.
    """

    __slots__ = ("_begun", "_full", "_least_cpu", "_least_memory", "_nodes", "_since")

    def __init__(self, nodes: Nodes, least: Size = NOTHING) -> None:
        """``least``: no pod will be asked for that is smaller; nodes without room for it are put aside."""
        self._nodes = nodes
        self._least_cpu, self._least_memory = _bounds(least)
        self._begun: tuple[_Group, ...] = ()
        self._since = 0
        """The first group that is as it was."""
        self._full: tuple[_Group, ...] = ()

    def copy(self) -> Room:
        """The same room, to be filled on its own."""
        other = Room(self._nodes)
        other._least_cpu, other._least_memory = self._least_cpu, self._least_memory
        other._begun, other._since, other._full = self._begun, self._since, self._full
        return other

    def fits(self, size: Size) -> int:
        """How many pods of this size find room."""
        untouched = self._nodes.fits(size, self._since)
        return _fitting(self._begun, size) + untouched if self._begun else untouched

    def place(self, size: Size, pods: int) -> int:
        """Takes room for up to ``pods``; returns how many found it."""
        if not pods:
            return 0
        left, index, ahead = pods, 0, self._begun
        begun: list[_Group] = []
        cpu, memory = _bounds(size)
        for group in ahead:
            index += 1
            if group[1] < cpu or group[2] < memory or group[3] < 1:
                begun.append(group)
                continue
            left = self._fill(group, size, left, begun)
            if not left:
                self._begun = (*begun, *ahead[index:])
                return pods
        groups = self._nodes.groups
        while left and self._since < len(groups):
            left = self._fill(groups[self._since], size, left, begun)
            self._since += 1
        self._begun = tuple(begun)
        return pods - left

    def _fill(self, group: _Group, size: Size, pods: int, begun: list[_Group]) -> int:
        """Fills one group, adds what is left of it to those begun; returns the pods without room."""
        count, free_cpu, free_memory, slots = group
        cpu, memory, _ = size
        each = slots
        if cpu and (by_cpu := free_cpu // cpu) < each:
            each = by_cpu
        if memory and (by_memory := free_memory // memory) < each:
            each = by_memory
        if each < 1:
            self._keep(group, begun)
            return pods
        full = min(count, pods // each)
        if full:
            self._keep((full, free_cpu - each * cpu, free_memory - each * memory, slots - each), begun)
            pods -= full * each
            count -= full
        if pods and count:
            self._keep((1, free_cpu - pods * cpu, free_memory - pods * memory, slots - pods), begun)
            pods = 0
            count -= 1
        if count:
            begun.append((count, free_cpu, free_memory, slots))
        return pods

    def _keep(self, group: _Group, begun: list[_Group]) -> None:
        """Adds nodes to those begun, unless no pod finds room there any more."""
        _, cpu, memory, slots = group
        if slots > 0 and cpu >= self._least_cpu and memory >= self._least_memory:
            begun.append(group)
        else:
            self._full += (group,)

    def amounts(self, size: Size) -> tuple[Amount, ...]:
        """What is free in sum beside what one such pod asks for."""
        cpu = memory = slots = 0
        for count, free_cpu, free_memory, free_slots in (
            *self._full,
            *self._begun,
            *self._nodes.groups[self._since :],
        ):
            # An overdrawn node takes nothing away from the others.
            if free_cpu > 0:
                cpu += count * free_cpu
            if free_memory > 0:
                memory += count * free_memory
            if free_slots > 0:
                slots += count * free_slots
        return (Amount(CPU, cpu, size.cpu), Amount(MEMORY, memory, size.memory), Amount(PODS, slots, 1))

    def lack(self, size: Size, pods: int) -> Lack:
        """What keeps ``pods`` more of this size out."""
        return CAME_FREE if self.fits(size) else lacking(self.amounts(size), pods)

    def left(self) -> tuple[NodeRoom, ...]:
        """The nodes with what is free on them now, equal ones grouped."""
        groups = (*self._full, *self._begun, *self._nodes.groups[self._since :])
        return tuple(NodeRoom(*group) for group in groups)


def _fitting(groups: Iterable[_Group], size: Size) -> int:
    """Pods of this size that find room on these groups: the innermost loop of every plan."""
    cpu, memory, _ = size
    found = 0
    for count, free_cpu, free_memory, slots in groups:
        each = slots
        if cpu and (by_cpu := free_cpu // cpu) < each:
            each = by_cpu
        if memory and (by_memory := free_memory // memory) < each:
            each = by_memory
        if each > 0:
            found += count * each
    return found


def least(sizes: Iterable[Size]) -> Size:
    """No more of anything than any of these; nothing where there are none."""
    known = list(sizes)
    return Size(min((s.cpu for s in known), default=0), min((s.memory for s in known), default=0))


def _bounds(size: Size) -> tuple[float, float]:
    """The least that a node must have free; a resource that is not requested may be overdrawn there."""
    return size.cpu or -inf, size.memory or -inf
