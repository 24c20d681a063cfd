"""Room of nodes that have more than CPU, memory and pod slots: devices, huge pages, scratch space.

The same first fit as in ``fit.Room``, over as many amounts as the pods of a cluster ask for,
and without what makes that one fast.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from gala.planning.facts import NodeRoom
from gala.planning.fit import Size
from gala.planning.shortfall import CPU, MEMORY, PODS, Amount

_Amounts = tuple[int, ...]


class VectorRoom:
    """Free room of some nodes, filled pod by pod."""

    __slots__ = ("_groups", "_names")

    def __init__(self, nodes: Iterable[NodeRoom], names: Sequence[str]) -> None:
        """``names`` are the resources that pods ask for beside CPU and memory."""
        self._names = names
        ordered = sorted(nodes, key=lambda n: (n.cpu, n.memory, n.pods, n.count, n.extended))
        self._groups: list[tuple[int, _Amounts]] = [(n.count, self._free(n)) for n in ordered]

    def copy(self) -> VectorRoom:
        """The same room, to be filled on its own."""
        other = VectorRoom((), self._names)
        other._groups = [*self._groups]
        return other

    def fits(self, size: Size) -> int:
        """How many pods of this size find room."""
        wish = self._wish(size)
        return sum(count * _each(free, wish) for count, free in self._groups)

    def place(self, size: Size, pods: int) -> int:
        """Takes room for up to ``pods``; returns how many found it."""
        wish, left = self._wish(size), pods
        groups: list[tuple[int, _Amounts]] = []
        for count, free in self._groups:
            each = _each(free, wish)
            full = min(count, left // each) if each else 0
            rest = left - full * each if each and full < count else 0
            if full:
                groups.append((full, _less(free, wish, each)))
            if rest:
                groups.append((1, _less(free, wish, rest)))
            untouched = count - full - bool(rest)
            if untouched:
                groups.append((untouched, free))
            left -= full * each + rest
        self._groups = groups
        return pods - left

    def amounts(self, size: Size) -> Iterator[Amount]:
        """What is free in sum beside what one such pod asks for."""
        names = (CPU, MEMORY, PODS, *self._names)
        for place, (name, asked) in enumerate(zip(names, self._wish(size), strict=True)):
            yield Amount(name, sum(count * max(0, free[place]) for count, free in self._groups), asked)

    def left(self) -> tuple[NodeRoom, ...]:
        """The nodes with what is free on them now, equal ones grouped."""
        return tuple(
            NodeRoom(count, cpu, memory, pods, extended=tuple(zip(self._names, extended, strict=True)))
            for count, (cpu, memory, pods, *extended) in self._groups
        )

    def _free(self, node: NodeRoom) -> _Amounts:
        known = dict(node.extended)
        return (node.cpu, node.memory, node.pods, *(known.get(name, 0) for name in self._names))

    def _wish(self, size: Size) -> _Amounts:
        known = dict(size.needs.extended) if size.needs else {}
        return (size.cpu, size.memory, 1, *(known.get(name, 0) for name in self._names))


def _each(free: _Amounts, wish: _Amounts) -> int:
    """Pods that find room on one such node; every pod wishes for one slot at least."""
    return max(0, min(has // asks for has, asks in zip(free, wish, strict=True) if asks))


def _less(free: _Amounts, wish: _Amounts, pods: int) -> _Amounts:
    return tuple(has - pods * asks for has, asks in zip(free, wish, strict=True))
