"""One event's pass over its segments: latches, floors and moves as of now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from gala.api.event import Mode
from gala.planning import reasons
from gala.planning.facts import Snapshot
from gala.planning.floors import Raised, Stand, floors
from gala.planning.latching import raise_caps, relatch
from gala.planning.ledger import EventRecord, Floor, LastShares, Latched, LatchedCluster, Move, Phase
from gala.planning.night import Night, floors_of
from gala.planning.placement import Placed
from gala.planning.shares import measured
from gala.planning.sites import SiteKey
from gala.planning.standing import needed
from gala.planning.timeline import Window, begun

RAISES = (reasons.COVER, reasons.OWN_NEED, reasons.STRAGGLERS, reasons.REBALANCE_ADD)
"""A raise for one of these begins the segment's hold in that cluster."""

SHARES_EVERY = 600.0
"""Seconds between two stored sets of measured shares: they are a fallback, not a signal."""

SHARES_AHEAD = 3600.0
"""Shares are remembered from this many seconds before a segment: nobody needs them weeks ahead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One event with everything that its entries are then settled by."""

    night: Night
    frozen: bool
    """Paused or only observed: no ledger, no write."""
    record: EventRecord | None
    placed: Mapping[str, Placed]
    windows: Mapping[str, Mapping[str, Window]]
    floors: Mapping[tuple[str, str, str], Raised]
    """By segment, workload, cluster: those that belong into the ledger."""
    planned: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    """What each segment wants there, stored or not."""

    def of(self, site: SiteKey) -> dict[str, Raised]:
        """One target's floors by segment."""
        return {s: raised for (s, w, c), raised in self.floors.items() if (w, c) == site}

    def in_cluster(self, cluster: str) -> dict[str, Window]:
        """The windows of all segments in one cluster."""
        return {name: by[cluster] for name, by in self.windows.items() if cluster in by}


def stage(night: Night, snapshot: Snapshot, now: float) -> Stage:
    """Applies the rules of the hour to one night."""
    event = night.event
    frozen = event is not None and (event.spec.paused or event.spec.mode is not Mode.ENFORCE)
    stored = floors_of(snapshot, night.key)
    if frozen or event is None or night.scene is None:
        return _unchanged(night, snapshot, stored, now, frozen=frozen)
    latches = relatch(night, now)
    ends = [item.end for record in snapshot.records.values() for item in record.latched]
    placed, windows = dict(night.placed), {name: dict(by) for name, by in night.windows.items()}
    moves = {move.workload: move for move in (night.record.moves if night.record else ())}
    found: dict[tuple[str, str, str], Raised] = {}
    for segment in night.segments:
        name = segment.name
        if name not in latches or now >= segment.latest_end or not segment.demand:
            continue
        latches[name], placed[name] = raise_caps(night, latches[name], ends, now)
        stand = Stand(
            night=night,
            scene=night.scene,
            latched=latches[name],
            placed=placed[name],
            windows=windows.get(name, {}),
            stored={(w, c): floor for (s, w, c), floor in stored.items() if s == name},
        )
        for workload in sorted(event.spec.workloads, key=lambda w: (w.tier.rank, w.name)):
            if workload.name not in placed[name].required and not _knows(stand, workload.name):
                continue
            result, move = floors(stand, workload, moves.get(workload.name))
            found.update({(name, workload.name, c): raised for c, raised in result.items()})
            if move is not None:
                moves[workload.name] = move
        latches[name] = _begin(latches[name], name, found, windows, now)
    planned = {key: raised.floor.replicas for key, raised in found.items()}
    for key, floor in stored.items():
        found.setdefault(key, Raised(floor, "", ""))
    moves = {w: _closed_if_over(move, latches, now) for w, move in moves.items()}
    kept = {key: raised for key, raised in found.items() if _needed(key, windows, night, now)}
    return Stage(
        night=night,
        frozen=False,
        record=_record(night, latches.values(), moves.values(), now),
        placed=placed,
        windows=windows,
        floors=kept,
        planned=planned,
    )


def _knows(stand: Stand, workload: str) -> bool:
    return any(w == workload for w, _ in stand.stored)


def _unchanged(
    night: Night,
    snapshot: Snapshot,
    stored: Mapping[tuple[str, str, str], Floor],
    now: float,
    *,
    frozen: bool,
) -> Stage:
    """Frozen, deleted or in doubt: stored floors alone, and no new ones."""
    record = night.record
    if record is not None and not frozen:
        latches = tuple(relatch(night, now).values())
        moves = tuple(_closed_if_over(move, {}, now) for move in record.moves)
        record = replace(record, latched=latches, moves=moves)
        if night.deleted and not latches and not any(key == night.key for key, _ in snapshot.ledgers):
            record = None
    return Stage(
        night=night,
        frozen=frozen,
        record=record,
        placed=night.placed,
        windows=night.windows,
        floors={
            key: Raised(floor, "", "")
            for key, floor in stored.items()
            if frozen or _needed(key, night.windows, night, now)
        },
    )


def _needed(
    key: tuple[str, str, str], windows: Mapping[str, Mapping[str, Window]], night: Night, now: float
) -> bool:
    segment, _, cluster = key
    here = {name: by[cluster] for name, by in windows.items() if cluster in by}
    return needed(segment, here, cooldown=night.policy.cooldown, now=now)


def _begin(
    latched: Latched,
    name: str,
    found: Mapping[tuple[str, str, str], Raised],
    windows: dict[str, dict[str, Window]],
    now: float,
) -> Latched:
    """Begins the hold now in every cluster where a rule of the hour raised a floor before it began."""
    raised = {c for (s, _, c), item in found.items() if s == name and item.reason in RAISES}
    clusters = {stored.cluster: stored for stored in latched.clusters}
    for cluster in sorted(raised):
        window = windows.setdefault(name, {}).get(cluster)
        if window is not None and begun(window, now):
            continue
        if window is None:
            window = Window(now, latched.end, None, 0.0, now)
        windows[name][cluster] = window._replace(prepare_at=now, gap_from=min(now, window.gap_from))
        clusters[cluster] = LatchedCluster(cluster, now, window.gap)
    return replace(latched, clusters=tuple(clusters[c] for c in sorted(clusters)))


def _closed_if_over(move: Move, latches: Mapping[str, Latched], now: float) -> Move:
    latched = latches.get(move.segment)
    if move.phase is not Phase.CLOSED and (latched is None or now >= latched.end):
        return replace(move, phase=Phase.CLOSED, at=now)
    return move


def _record(
    night: Night, latches: Iterable[Latched], moves: Iterable[Move], now: float
) -> EventRecord | None:
    assert night.event is not None  # noqa: S101 - only called for an event that is there
    latched = tuple(sorted(latches, key=lambda item: (item.ready_by, item.segment)))
    shares = _last_shares(night, now)
    ahead = night.later or any(segment.latest_end > now for segment in night.segments)
    if not latched and not (ahead and shares):
        return None
    known = {item.segment for item in latched}
    kept = tuple(move for move in sorted(moves, key=lambda m: m.workload) if move.segment in known)
    return EventRecord(
        event=night.key,
        uid=night.event.uid,
        policy=night.policy,
        latched=latched,
        moves=kept,
        last_shares=shares,
    )


def _last_shares(night: Night, now: float) -> tuple[LastShares, ...]:
    """Complete sets of measured shares, renewed every few minutes while a segment is near."""
    assert night.event is not None  # noqa: S101 - only called for an event that is there
    known = {last.workload: last for last in (night.record.last_shares if night.record else ())}
    near = any(s.ready_by - SHARES_AHEAD <= now < s.latest_end for s in night.segments)
    for workload in night.event.spec.workloads:
        last = known.get(workload.name)
        if not near or (last is not None and now - last.at < SHARES_EVERY):
            continue
        clusters = [site.cluster for (w, _), site in sorted(night.sites.items()) if w == workload.name]
        fresh = measured(
            night.key, workload.name, clusters, now=now, stale_after=night.event.spec.rebalance.stale_after
        )
        if fresh is not None:
            known[workload.name] = LastShares(workload.name, now, tuple(sorted(fresh.items())))
    return tuple(known[name] for name in sorted(known))
