"""One workload's total over clusters: Webster's method, then own need, minima, caps and overflow.

Webster (Sainte-Laguë, as Karmada divides) is monotone in the total; the method of largest
remainders is not (weights 6, 6, 2: 4, 4, 2 of 10, but 5, 5, 1 of 11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Part(NamedTuple):
    """What the division must know of one cluster."""

    cluster: str
    share: int
    """Integer weight of the traffic; 0: only overflow goes there."""
    cap: int
    minimum: int = 0
    fill_order: int = 0
    weight: int = 0
    """The cluster's own weight; the heavier takes overflow first within one ``fill_order``."""
    current: int = 0
    """What runs there: wins a tie."""


class Divided(NamedTuple):
    """Replicas by cluster, and what found no room."""

    counts: Mapping[str, int]
    short: int


def divide(total: int, parts: Sequence[Part], *, qps: int = 0, per_replica: int = 1) -> Divided:
    """Divides ``total`` replicas.

    Each cluster gets the most of its Webster part, its own need without headroom (where the
    demand is a forecast: ``qps`` and ``per_replica``), and its minimum; caps beat all three.
    What a cap cuts from the Webster part goes once through ``fill_order``, weight, name.
    The counts and the shortfall always make up at least the total, and exactly it where no
    minimum or own need adds. The order of ``parts`` does not matter.
    """
    ordered = sorted(parts, key=lambda p: p.cluster)
    whole = sum(part.share for part in ordered)
    seats = webster(total, ordered)
    counts: dict[str, int] = {}
    excess, carried = total - sum(seats), whole * per_replica
    for (cluster, share, cap, minimum, _, _, _), seat in zip(ordered, seats, strict=True):
        own = -(-qps * share // carried) if whole else 0
        counts[cluster] = min(cap, max(seat, own, minimum))
        if seat > cap:
            excess += seat - cap
    if excess:
        for part in sorted(ordered, key=lambda p: (p.fill_order, -p.weight, p.cluster)):
            more = min(excess, part.cap - counts[part.cluster])
            counts[part.cluster] += more
            excess -= more
    return Divided(counts, excess)


def webster(total: int, parts: Sequence[Part]) -> list[int]:
    """Seats by highest averages, share ÷ (2 × seats + 1), in the order of ``parts``.

    Ties: who has fewer, who runs it already, then name. Rounds first and corrects at most
    one step per cluster, so the cost does not grow with the replicas. All zero where no
    cluster has a share.
    """
    whole = sum(part.share for part in parts)
    if not whole:
        return [0] * len(parts)
    seats = [(2 * total * part.share + whole) // (2 * whole) for part in parts]
    spare = total - sum(seats)
    while spare > 0:
        seats[_next(parts, seats)] += 1
        spare -= 1
    while spare < 0:
        seats[_last(parts, seats)] -= 1
        spare += 1
    return seats


def _next(parts: Sequence[Part], seats: Sequence[int]) -> int:
    """Who gets one seat more: the first in the order of claims, compared crosswise in whole numbers."""
    best, most, share = -1, 0, 1
    for index, part in enumerate(parts):
        claim = 2 * seats[index] + 1
        ahead = most * part.share - claim * share
        if part.share and (best < 0 or ahead > 0 or (not ahead and _tie(parts, seats, index, best))):
            best, most, share = index, claim, part.share
    return best


def _last(parts: Sequence[Part], seats: Sequence[int]) -> int:
    """Who gives a seat back: the last in the order of claims of those who have one."""
    fewer = [seat - 1 for seat in seats]
    best, most, share = -1, 0, 1
    for index, part in enumerate(parts):
        claim = 2 * fewer[index] + 1
        behind = claim * share - most * part.share
        if claim > 0 and (best < 0 or behind > 0 or (not behind and _tie(parts, fewer, best, index))):
            best, most, share = index, claim, part.share
    return best


def _tie(parts: Sequence[Part], seats: Sequence[int], one: int, other: int) -> bool:
    """Whether ``one`` comes before ``other`` although both claims are equal."""
    first, second = parts[one], parts[other]
    return (seats[one], seats[one] >= first.current, first.cluster) < (
        seats[other],
        seats[other] >= second.current,
        second.cluster,
    )
