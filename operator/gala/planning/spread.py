"""Topology spread as the scheduler keeps it: no zone may be ahead of the last by more than ``skew``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Domain(NamedTuple):
    """One zone: the pods that it has, and how many more find room in it."""

    has: int
    free: int


def bounds(domains: Sequence[Domain], skew: int) -> list[int]:
    """The most that each domain may have in the end: the fullest one keeps the others back."""
    most = min((has + free for has, free in domains), default=0) + skew
    return [max(has, min(has + free, most)) for has, free in domains]


def shares(domains: Sequence[Domain], skew: int, pods: int) -> list[int]:
    """How many of ``pods`` more go to each domain: the emptiest is filled first, as far as the skew allows.

    The sum is the most that is allowed, or ``pods`` if that is less.
    """
    if not domains:
        return []
    most = bounds(domains, skew)
    level = _level(domains, most, pods)
    found = _up_to(level, domains, most)
    rest = pods - sum(found)
    for place, (has, _) in enumerate(domains):
        if rest > 0 and has + found[place] < most[place] and has + found[place] <= level:
            found[place] += 1
            rest -= 1
    return found


def _level(domains: Sequence[Domain], most: Sequence[int], pods: int) -> int:
    """The highest level to which all domains can be filled with no more than so many pods."""

    def suffices(level: int) -> bool:
        return sum(_up_to(level, domains, most)) <= pods

    low, high = min(has for has, _ in domains), max(most)
    even = (sum(has for has, _ in domains) + pods) // len(domains)
    if low <= even < high and suffices(even) and not suffices(even + 1):
        return even
    while low < high:
        level = (low + high + 1) // 2
        low, high = (level, high) if suffices(level) else (low, level - 1)
    return low


def _up_to(level: int, domains: Sequence[Domain], most: Sequence[int]) -> list[int]:
    return [max(0, min(level, bound) - has) for (has, _), bound in zip(domains, most, strict=True)]
