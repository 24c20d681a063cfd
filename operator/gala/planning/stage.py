"""One event's pass over its segments: latches, floors and moves as of now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import TypedDict

from gala.planning import reasons
from gala.planning.books import FloorKey, SiteKey
from gala.planning.facts import EventFacts
from gala.planning.floors import Raised, Stand, floors
from gala.planning.latching import raise_caps, relatch
from gala.planning.ledger import EventRecord, Floor, LastShares, Latched, LatchedCluster, Move, Phase
from gala.planning.night import Night
from gala.planning.placement import Placed, Scene
from gala.planning.segments import Segment
from gala.planning.shares import measured
from gala.planning.snapshot import Snapshot
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
    record: EventRecord | None
    placed: Mapping[str, Placed]
    windows: Mapping[str, Mapping[str, Window]]
    by_site: Mapping[SiteKey, Mapping[str, Raised]]
    """Floors that belong into the ledger, by workload and cluster, then segment."""
    by_cluster: Mapping[str, Mapping[str, Window]]
    """The same windows by cluster, then segment."""
    planned: Mapping[FloorKey, int] = field(default_factory=dict)
    """What each segment wants there, stored or not."""
    uncovered: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By segment and workload: what no reachable cluster has room to cover."""

    def of(self, site: SiteKey) -> Mapping[str, Raised]:
        """One target's floors by segment."""
        return self.by_site.get(site, {})

    def in_cluster(self, cluster: str) -> Mapping[str, Window]:
        """The windows of all segments in one cluster."""
        return self.by_cluster.get(cluster, {})


def stage(night: Night, snapshot: Snapshot, now: float) -> Stage:
    """Applies the rules of the hour to one night."""
    if night.frozen or night.event is None or night.scene is None:
        return _unchanged(night, snapshot, now)
    hour = _Hour(night, night.event, night.scene, relatch(night, now))
    ends = [item.end for record in snapshot.records.values() for item in record.latched]
    for segment in night.segments:
        if segment.name in hour.latches and now < segment.latest_end and segment.demand:
            hour.go_through(segment, ends, now)
    planned = {key: raised.floor.replicas for key, raised in hour.floors.items()}
    for key, floor in night.floors.items():
        if key not in hour.withheld:
            hour.floors.setdefault(key, Raised(floor, "", ""))
    moves = [_closed_if_over(move, hour.latches, now) for move in hour.moves.values()]
    return Stage(
        night=night,
        record=_record(night, night.event, hour.latches.values(), moves, now),
        placed=hour.placed,
        windows=hour.windows,
        planned=planned,
        uncovered=hour.uncovered,
        **_laid_out(hour.floors, hour.windows, night, now),
    )


class _Hour:
    """One event while its segments are gone through, earliest first."""

    def __init__(self, night: Night, event: EventFacts, scene: Scene, latches: dict[str, Latched]) -> None:
        self.latches = latches
        self.placed = dict(night.placed)
        self.windows = {name: dict(by) for name, by in night.windows.items()}
        self.moves = {move.workload: move for move in (night.record.moves if night.record else ())}
        self.floors: dict[FloorKey, Raised] = {}
        self.uncovered: dict[tuple[str, str], int] = {}
        self.withheld: set[FloorKey] = set()
        """Floors that are not granted any more, and whose hold has not begun."""
        self._night = night
        self._scene = scene
        self._workloads = sorted(event.spec.workloads, key=lambda w: (w.tier.rank, w.name))
        self._stored: dict[str, dict[str, dict[str, Floor]]] = {}
        for (segment, workload, cluster), floor in night.floors.items():
            self._stored.setdefault(segment, {}).setdefault(workload, {})[cluster] = floor

    def go_through(self, segment: Segment, ends: Iterable[float], now: float) -> None:
        """Raises the caps, then the floors of every workload; a raise may begin the hold."""
        name = segment.name
        self.latches[name], self.placed[name] = raise_caps(self._night, self.latches[name], ends, now)
        stand = Stand(
            scene=self._scene,
            placed=self.placed[name],
            windows=self.windows.get(name, {}),
            stored=self._stored.get(name, {}),
            entries=self._night.entries,
        )
        raised: set[str] = set()
        for workload in self._workloads:
            if workload.name not in self.placed[name].required and workload.name not in stand.stored:
                continue
            found = floors(stand, workload, self.moves.get(workload.name))
            for cluster, item in found.floors.items():
                self.floors[name, workload.name, cluster] = item
                if item.reason in RAISES:
                    raised.add(cluster)
            self.withheld.update((name, workload.name, cluster) for cluster in found.withheld)
            if found.move is not None:
                self.moves[workload.name] = found.move
            if found.uncovered:
                self.uncovered[name, workload.name] = found.uncovered
        self.latches[name] = _begin(self.latches[name], raised, self.windows.setdefault(name, {}), now)


class _LaidOut(TypedDict):
    by_site: Mapping[SiteKey, Mapping[str, Raised]]
    by_cluster: Mapping[str, Mapping[str, Window]]


def _laid_out(
    floors: Mapping[FloorKey, Raised],
    windows: Mapping[str, Mapping[str, Window]],
    night: Night,
    now: float,
    *,
    everything: bool = False,
) -> _LaidOut:
    """Windows by cluster, and by site the floors that may still be asked for."""
    by_cluster: dict[str, dict[str, Window]] = {}
    for name, by in windows.items():
        for cluster, window in by.items():
            by_cluster.setdefault(cluster, {})[name] = window
    asked = {
        (name, cluster)
        for cluster, here in by_cluster.items()
        for name in here
        if needed(name, here, cooldown=night.policy.cooldown, now=now)
    }
    by_site: dict[SiteKey, dict[str, Raised]] = {}
    for (segment, workload, cluster), raised in floors.items():
        if everything or (segment, cluster) in asked:
            by_site.setdefault((workload, cluster), {})[segment] = raised
    return {"by_site": by_site, "by_cluster": by_cluster}


def _unchanged(night: Night, snapshot: Snapshot, now: float) -> Stage:
    """Frozen, deleted or in doubt: stored floors alone, and no new ones."""
    record = night.record
    if record is not None and not night.frozen:
        latches = tuple(relatch(night, now).values())
        moves = tuple(_closed_if_over(move, {}, now) for move in record.moves)
        record = replace(record, latched=latches, moves=moves)
        if night.deleted and not latches and not any(key == night.key for key, _ in snapshot.ledgers):
            record = None
    floors = {key: Raised(floor, "", "") for key, floor in night.floors.items()}
    return Stage(
        night=night,
        record=record,
        placed=night.placed,
        windows=night.windows,
        **_laid_out(floors, night.windows, night, now, everything=night.frozen),
    )


def _begin(latched: Latched, raised: Iterable[str], windows: dict[str, Window], now: float) -> Latched:
    """Begins the hold now in every cluster where a rule of the hour raised a floor before it began."""
    clusters = {stored.cluster: stored for stored in latched.clusters}
    for cluster in sorted(raised):
        window = windows.get(cluster, Window(now, latched.end, None, 0.0, now))
        if cluster in windows and begun(window, now):
            continue
        windows[cluster] = window._replace(prepare_at=now, gap_from=min(now, window.gap_from))
        clusters[cluster] = LatchedCluster(cluster, now, window.gap)
    return replace(latched, clusters=tuple(clusters[c] for c in sorted(clusters)))


def _closed_if_over(move: Move, latches: Mapping[str, Latched], now: float) -> Move:
    latched = latches.get(move.segment)
    if move.phase is not Phase.CLOSED and (latched is None or now >= latched.end):
        return replace(move, phase=Phase.CLOSED, at=now)
    return move


def _record(
    night: Night, event: EventFacts, latches: Iterable[Latched], moves: Iterable[Move], now: float
) -> EventRecord | None:
    latched = tuple(sorted(latches, key=lambda item: (item.ready_by, item.segment)))
    shares = _last_shares(night, event, now)
    ahead = night.later or any(segment.latest_end > now for segment in night.segments)
    if not latched and not (ahead and shares):
        return None
    known = {item.segment for item in latched}
    kept = tuple(move for move in sorted(moves, key=lambda m: m.workload) if move.segment in known)
    return EventRecord(
        event=night.key,
        uid=event.uid,
        policy=night.policy,
        latched=latched,
        moves=kept,
        last_shares=shares,
    )


def _last_shares(night: Night, event: EventFacts, now: float) -> tuple[LastShares, ...]:
    """Complete sets of measured shares, renewed every few minutes while a segment is near."""
    known = {last.workload: last for last in (night.record.last_shares if night.record else ())}
    near = any(s.ready_by - SHARES_AHEAD <= now < s.latest_end for s in night.segments)
    rows = night.scene.rows if night.scene and near else {}
    for workload, row in rows.items():
        last = known.get(workload)
        if last is not None and now - last.at < SHARES_EVERY:
            continue
        fresh = measured(
            night.key, workload, row.clusters, now=now, stale_after=event.spec.rebalance.stale_after
        )
        if fresh is not None and all(cluster.reachable for cluster in row.clusters):
            known[workload] = LastShares(workload, now, tuple(sorted(fresh.items())))
    return tuple(known[name] for name in sorted(known))
