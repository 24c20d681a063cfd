"""Topology spread as the scheduler keeps it: no zone may be ahead of the last by more than ``skew``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Domain(NamedTuple):
    """One zone: the pods that it has, and how many more find room in it."""

    has: int
    free: int


def shares(domains: Sequence[Domain], skew: int, pods: int) -> list[int]:
    """How many of ``pods`` more go to each domain: the emptiest is filled first, as far as the skew allows.

    The sum is the most that is allowed, or ``pods`` if that is less.
    """
    if not domains:
        return []
    lowest = min(has + free for has, free in domains)
    bounds = [max(has, min(has + free, lowest + skew)) for has, free in domains]
    low, high = min(has for has, _ in domains), max(bounds)
    while low < high:
        level = (low + high + 1) // 2
        if sum(_up_to(level, domains, bounds)) <= pods:
            low = level
        else:
            high = level - 1
    found = _up_to(low, domains, bounds)
    rest = pods - sum(found)
    for place, (has, _) in enumerate(domains):
        if rest > 0 and has + found[place] < bounds[place] and has + found[place] <= low:
            found[place] += 1
            rest -= 1
    return found


def _up_to(level: int, domains: Sequence[Domain], bounds: Sequence[int]) -> list[int]:
    return [max(0, min(level, bound) - has) for (has, _), bound in zip(domains, bounds, strict=True)]
