"""A live or preparing segment's floors: planned, then raised by what the facts demand.

The order is fixed: ratchet, cover, own need, stragglers, rebalance. Each may only raise,
but for a newer basis (ratchet) and for the last step of a move (rebalance).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from gala.api.application import MAX_REPLICAS
from gala.api.event import Workload
from gala.planning import reasons
from gala.planning.cover import Holder, cover
from gala.planning.facts import TargetFacts
from gala.planning.ledger import Floor, Latched, Move, Phase
from gala.planning.need import own_need
from gala.planning.night import Night
from gala.planning.placement import Placed, Scene, size_of
from gala.planning.ratchet import ratchet
from gala.planning.rebalance import Limits, Live, advance, propose
from gala.planning.segments import covers
from gala.planning.shares import fresh_sample
from gala.planning.sites import Site, SiteKey
from gala.planning.stragglers import looks_from, made_up
from gala.planning.timeline import Window, begun


class Raised(NamedTuple):
    """A floor and why it is what it is."""

    floor: Floor
    reason: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """One segment as it stands before the rules of the hour."""

    night: Night
    scene: Scene
    latched: Latched
    placed: Placed
    windows: Mapping[str, Window]
    stored: Mapping[SiteKey, Floor]
    """This segment's floors in the ledger."""

    @property
    def at(self) -> float:
        """The time for which room is asked."""
        return max(self.placed.segment.ready_by, self.scene.now)

    def site(self, workload: str, cluster: str) -> Site | None:
        """The site of a workload in a cluster, None where it cannot be used."""
        return self.scene.sites.get((workload, cluster))

    def room(self, workload: str, cluster: str) -> int:
        """More pods of a workload that fit in a cluster beside everything that is held there."""
        site = self.scene.sites[workload, cluster]
        held = self.scene.commitments.at(cluster, site.key, self.at)
        bound = site.workload.per_cluster.max
        most = MAX_REPLICAS if bound is None else max(0, bound - held)
        room = self.scene.commitments.room(site.cluster, self.at)
        return most if room is None else room.fits(size_of(site), most)

    def begun(self, cluster: str) -> bool:
        """Whether the hold runs in a cluster."""
        window = self.windows.get(cluster)
        return window is not None and begun(window, self.scene.now)


def floors(stand: Stand, workload: Workload, move: Move | None) -> tuple[dict[str, Raised], Move | None]:
    """One workload's floors by cluster during one segment, and its move."""
    name = workload.name
    clusters = _fill_order(stand, name)
    stored = {c: floor for (w, c), floor in stand.stored.items() if w == name}
    fixed = ratchet(
        stand.placed.segment.name,
        old=stored,
        divisions=stand.placed.divisions(name),
        required=stand.placed.required.get(name, 0),
        basis=stand.scene.basis,
        reverse_fill_order=tuple(reversed(clusters)),
    )
    found = {c: Raised(fixed[c], _planned_reason(fixed[c], stored.get(c)), "ratchet") for c in clusters}
    if any(stand.begun(c) for c in clusters):
        _cover(stand, name, found, clusters)
        _own_need(stand, workload, found)
        _stragglers(stand, workload, found)
        move = _rebalance(stand, workload, found, move)
    return found, move


def _planned_reason(floor: Floor, stored: Floor | None) -> str:
    if stored is None:
        return reasons.PRE_SCALE
    if stored.basis != floor.basis:
        return reasons.EDITED
    return reasons.CAPS_RAISED if floor.replicas > stored.replicas else ""


def _fill_order(stand: Stand, workload: str) -> list[str]:
    names = {c for w, c in [*stand.placed.cells, *stand.stored] if w == workload}

    def order(cluster: str) -> tuple[bool, int, int, str]:
        site = stand.site(workload, cluster)
        if site is None:
            return (True, 0, 0, cluster)
        return (False, site.cluster.fill_order, -site.cluster.weight, cluster)

    return sorted(names, key=order)


def _lift(stand: Stand, workload: str, found: dict[str, Raised], cluster: str, raised: Raised) -> None:
    """Puts a higher floor in place and takes its room, so that the next rule finds it taken."""
    site = stand.scene.sites[workload, cluster]
    found[cluster] = raised
    stand.scene.commitments.hold(
        cluster,
        site.key,
        start=stand.scene.now,
        end=stand.placed.segment.latest_end,
        replicas=raised.floor.replicas + raised.floor.stragglers,
    )


def lost(site: Site | None, *, now: float, unreachable_after: float) -> bool:
    """Whether a cluster counts as lost: unusable, or without contact for too long."""
    if site is None:
        return True
    if site.cluster.reachable:
        return False
    contact = site.cluster.last_contact
    return contact is None or now - contact >= unreachable_after


def _cover(stand: Stand, workload: str, found: dict[str, Raised], clusters: Sequence[str]) -> None:
    after = stand.scene.settings.unreachable_after
    gone = {
        c for c in clusters if lost(stand.site(workload, c), now=stand.scene.now, unreachable_after=after)
    }
    if not gone:
        return
    holders = [
        Holder(
            cluster=c,
            division=found[c].floor.division,
            floor=found[c].floor.replicas,
            lost=c in gone,
            acknowledged=_acknowledged(stand.site(workload, c)),
            room=0
            if c in gone or not stand.scene.sites[workload, c].cluster.reachable
            else stand.room(workload, c),
        )
        for c in clusters
    ]
    for cluster, replicas in cover(holders).items():
        floor = replace(found[cluster].floor, replicas=replicas)
        _lift(stand, workload, found, cluster, Raised(floor, reasons.COVER, "cover"))


def _acknowledged(site: Site | None) -> int:
    if site is None:
        return 0
    seen = site.facts.replicas if isinstance(site.facts, TargetFacts) else 0
    written = site.entry.written if site.entry is not None else None
    return max(seen, written or 0)


def _own_need(stand: Stand, workload: Workload, found: dict[str, Raised]) -> None:
    segment, scene = stand.placed.segment, stand.scene
    opens = segment.ready_by - scene.settings.own_need_early
    if workload.capacity is None or not covers(opens, segment.latest_end, scene.now):
        return
    for cluster, raised in list(found.items()):
        site = stand.site(workload.name, cluster)
        if site is None or not site.cluster.reachable:
            continue
        needed = own_need(
            site.cluster.traffic.get((scene.event.key, workload.name)),
            per_replica=workload.capacity.qps_per_replica,
            floor=raised.floor.replicas,
            now=scene.now,
            stale_after=scene.event.spec.rebalance.stale_after,
        )
        if needed is None:
            continue
        standing = raised.floor.replicas + raised.floor.stragglers
        held = scene.commitments.at(cluster, site.key, stand.at)
        reach = max(standing, held) + (stand.room(workload.name, cluster) if needed > held else 0)
        replicas = min(needed, reach)
        if replicas > raised.floor.replicas:
            floor = replace(raised.floor, replicas=replicas)
            _lift(stand, workload.name, found, cluster, Raised(floor, reasons.OWN_NEED, "own_need"))


def _stragglers(stand: Stand, workload: Workload, found: dict[str, Raised]) -> None:
    """Makes up for late pods, in their own cluster as far as there is room, else in the next ones.

    Counted over all clusters, so that what was made up for once is not made up for again.
    """
    late = {c: _late(stand, workload, c, raised.floor) for c, raised in found.items()}
    more = sum(late.values()) - sum(raised.floor.stragglers for raised in found.values())
    order = _fill_order(stand, workload.name)
    for cluster in sorted(order, key=lambda c: (not late[c], order.index(c))):
        site = stand.site(workload.name, cluster)
        if more <= 0 or site is None or not site.cluster.reachable:
            continue
        step = min(more, stand.room(workload.name, cluster))
        if step:
            floor = found[cluster].floor
            floor = replace(floor, stragglers=floor.stragglers + step)
            _lift(stand, workload.name, found, cluster, Raised(floor, reasons.STRAGGLERS, "stragglers"))
            more -= step


def _late(stand: Stand, workload: Workload, cluster: str, floor: Floor) -> int:
    """Replicas to make up for in one cluster: pods that are not Ready when a new one could still be."""
    site, settings = stand.site(workload.name, cluster), stand.scene.settings
    if site is None or not stand.begun(cluster) or not isinstance(site.facts, TargetFacts):
        return 0
    warmup = settings.warmup_default if site.warmup is None else site.warmup
    ready_by = stand.placed.segment.ready_by
    opens = looks_from(ready_by=ready_by, p95=site.cluster.pod_start.p95, warmup=warmup)
    if not covers(opens, ready_by, stand.scene.now) or not isinstance(site.facts.ready, int):
        return 0
    return made_up(floor=floor.replicas, ready=site.facts.ready, percent=settings.straggler_percent)


def _rebalance(stand: Stand, workload: Workload, found: dict[str, Raised], move: Move | None) -> Move | None:
    segment, scene = stand.placed.segment, stand.scene
    policy = scene.event.spec.rebalance
    here = move is not None and move.segment == segment.name
    if workload.capacity is None or not covers(segment.ready_by, segment.latest_end, scene.now):
        return move
    limits = Limits(
        policy=policy,
        per_replica=workload.capacity.qps_per_replica,
        headroom_percent=workload.capacity.headroom_percent,
    )
    live = _live(stand, workload, found)
    if move is not None and here and move.phase is not Phase.CLOSED:
        move = advance(move, live, limits, scene.now)
    elif policy.enabled and _may_begin(move, policy.cooldown, scene.now):
        proposed = propose(workload.name, segment.name, live=live, limits=limits, now=scene.now)
        move = _within_room(stand, proposed) or move
    if move is not None and move.segment == segment.name:
        _apply(stand, workload.name, found, move)
    return move


def _may_begin(last: Move | None, cooldown: float, now: float) -> bool:
    return last is None or (last.phase is Phase.CLOSED and now - last.at >= cooldown)


def _within_room(stand: Stand, move: Move | None) -> Move | None:
    if move is None:
        return None
    less = move.count - min(move.count, stand.room(move.workload, move.to))
    if less == move.count:
        return None
    return replace(
        move,
        count=move.count - less,
        source_floor=move.source_floor + less,
        to_floor=move.to_floor - less,
    )


def _live(stand: Stand, workload: Workload, found: Mapping[str, Raised]) -> dict[str, Live]:
    scene = stand.scene
    stale_after = scene.event.spec.rebalance.stale_after
    live: dict[str, Live] = {}
    for cluster, raised in found.items():
        site = stand.site(workload.name, cluster)
        if site is None or not isinstance(site.facts, TargetFacts):
            continue
        sample = fresh_sample(
            site.cluster, scene.event.key, workload.name, now=scene.now, stale_after=stale_after
        )
        live[cluster] = Live(
            floor=raised.floor.replicas,
            replicas=site.facts.replicas,
            warm=site.facts.warm if isinstance(site.facts.warm, int) else None,
            qps=None if sample is None else sample.qps,
            least=max(workload.per_cluster.min, site.original),
            lost=lost(site, now=scene.now, unreachable_after=scene.settings.unreachable_after),
        )
    return live


def _apply(stand: Stand, workload: str, found: dict[str, Raised], move: Move) -> None:
    """The floors of an open move: absolute figures, so that doing it twice changes nothing."""
    to, source = found.get(move.to), found.get(move.source)
    if move.phase is Phase.ADDING and to is not None and to.floor.replicas < move.to_floor:
        floor = replace(to.floor, replicas=move.to_floor)
        _lift(stand, workload, found, move.to, Raised(floor, reasons.REBALANCE_ADD, "rebalance"))
    if move.phase is Phase.TAKING and source is not None and source.floor.replicas > move.source_floor:
        took = source.floor.replicas - move.source_floor
        floor = replace(source.floor, replicas=move.source_floor, taken=source.floor.taken + took)
        found[move.source] = Raised(floor, reasons.REBALANCE_TAKE, "rebalance")
