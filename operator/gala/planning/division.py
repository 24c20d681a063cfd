"""One workload's total over clusters: Webster's method, then own need, minima, caps and overflow.

Webster (Sainte-Laguë, as Karmada divides) is monotone in the total; the method of largest
remainders is not (weights 6, 6, 2: 4, 4, 2 of 10, but 5, 5, 1 of 11).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
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
    excess = total - sum(seats)
    for part, seat in zip(ordered, seats, strict=True):
        own = -(-qps * part.share // (whole * per_replica)) if whole else 0
        counts[part.cluster] = min(part.cap, max(seat, own, part.minimum))
        excess += max(0, seat - part.cap)
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
        index = min(
            (i for i, part in enumerate(parts) if part.share), key=lambda i: _claim(parts[i], seats[i])
        )
        seats[index] += 1
        spare -= 1
    while spare < 0:
        index = max((i for i, seat in enumerate(seats) if seat), key=lambda i: _claim(parts[i], seats[i] - 1))
        seats[index] -= 1
        spare += 1
    return seats


def _claim(part: Part, seat: int) -> tuple[Fraction, int, bool, str]:
    """How early a cluster gets its seat number ``seat`` (from 0): the smallest first."""
    return (Fraction(2 * seat + 1, part.share), seat, seat >= part.current, part.cluster)
