"""Capacity follows the traffic while a round is live: make before break.

Add where it is hot, wait until that is warm, only then take at most as many where it is
cold. One open move per workload is kept in the record, so that a blind phase does not
forget it. Doubtful data: hold or raise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gala.api.event import Rebalance
from gala.planning.demand import replicas_for
from gala.planning.ledger import Move, Phase


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """One cluster's part of a live segment, for one workload."""

    floor: int
    stored: int
    """The floor in the ledger: what this pass has raised is not in it yet."""
    replicas: int
    """What its target is set to."""
    warm: int | None
    qps: float | None
    """A fresh sample, None where there is none: doubt."""
    least: int
    """Never taken below: the most of its minimum and its original."""
    lost: bool
    """Without contact for too long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What bounds a move of one workload."""

    policy: Rebalance
    per_replica: int
    headroom_percent: int

    def needs(self, qps: float) -> int:
        """Replicas for a measured rate, with headroom: a cold cluster keeps its own."""
        return replicas_for(
            -int(-qps // 1), per_replica=self.per_replica, headroom_percent=self.headroom_percent
        )


def advance(move: Move, live: Mapping[str, Live], limits: Limits, now: float) -> Move:
    """The same move one phase further, closed, or unchanged while it waits."""
    source, to = live.get(move.source), live.get(move.to)
    if source is None or to is None or source.lost or to.lost:
        return replace(move, phase=Phase.CLOSED, at=now)
    if move.phase is Phase.ADDING and to.replicas >= move.to_floor:
        return replace(move, phase=Phase.WARMING, at=now)
    if move.phase is Phase.WARMING and to.warm is not None and to.warm >= move.to_floor:
        return _take(move, source, limits, now) if to.qps is not None else move
    if move.phase is Phase.TAKING:
        done = source.stored <= move.source_floor
        return replace(move, phase=Phase.CLOSED, at=now) if done else _take(move, source, limits, now)
    return move


def _take(move: Move, source: Live, limits: Limits, now: float) -> Move:
    """Takes at most what was added, whatever has raised the source since; or closes without the take.

    While the source's figure is not fresh it waits, and what was about to be taken stays.
    """
    if source.qps is None:
        return replace(move, phase=Phase.WARMING)
    left = max(move.source_floor, source.floor - move.count)
    if left < max(source.least, limits.needs(source.qps)):
        return replace(move, phase=Phase.CLOSED, at=now)
    at = move.at if move.phase is Phase.TAKING else now
    return replace(move, phase=Phase.TAKING, source_floor=left, at=at)


def propose(
    workload: str,
    segment: str,
    *,
    live: Mapping[str, Live],
    limits: Limits,
    now: float,
) -> Move | None:
    """A new move from the coldest cluster with something to spare to the hottest, if one is too hot.

    Hot is a load (QPS per replica of the floor) over the fleet's mean by more than the
    tolerance. Any cluster without a fresh sample is doubt, and then there is no move. Whether
    the hottest has room for it is the caller's to ask.
    """
    parts = {c: part for c, part in sorted(live.items()) if part.floor > 0}
    rates = {c: part.qps for c, part in parts.items() if part.qps is not None}
    if len(rates) < len(parts) or any(part.lost for part in parts.values()) or len(parts) < 2:
        return None
    floors = sum(part.floor for part in parts.values())
    mean = sum(rates.values()) / floors
    loads = {c: rates[c] / part.floor for c, part in parts.items()}
    hot = max(parts, key=lambda c: loads[c])
    if loads[hot] * 100 <= mean * (100 + limits.policy.tolerance_percent):
        return None
    spare = {c: part.floor - max(part.least, limits.needs(rates[c])) for c, part in parts.items() if c != hot}
    cold = min((c for c in spare if spare[c] > 0), key=lambda c: loads[c], default=None)
    if cold is None:
        return None
    step = -(-parts[hot].floor * limits.policy.max_step_percent // 100)
    count = min(step, limits.needs(rates[hot]) - parts[hot].floor, spare[cold])
    if count <= 0:
        return None
    return Move(
        workload=workload,
        segment=segment,
        source=cold,
        to=hot,
        count=count,
        phase=Phase.ADDING,
        source_floor=parts[cold].floor - count,
        to_floor=parts[hot].floor + count,
        at=now,
    )
