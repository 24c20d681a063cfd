"""A live or preparing segment's floors: planned, then raised by what the facts demand.

The order is fixed: ratchet, cover, own need, stragglers, rebalance. Each may only raise,
but for a newer basis (ratchet) and for the last step of a move (rebalance).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from gala.api.event import Workload
from gala.planning import reasons
from gala.planning.cover import Holder, cover
from gala.planning.facts import TargetFacts
from gala.planning.ledger import Floor, Move
from gala.planning.moves import rebalance
from gala.planning.need import own_need
from gala.planning.ratchet import ratchet
from gala.planning.segments import covers
from gala.planning.stand import Raised, Stand
from gala.planning.stragglers import looks_from, made_up

__all__ = ["Found", "Raised", "Stand", "floors"]


class Found(NamedTuple):
    """One workload's floors by cluster during one segment, its move, and what could not be covered."""

    floors: Mapping[str, Raised]
    move: Move | None
    uncovered: int
    withheld: tuple[str, ...] = ()
    """Clusters that do not admit it any more, and where this segment has not begun: it never will."""


def floors(stand: Stand, workload: Workload, move: Move | None) -> Found:
    """One workload's floors during one segment by all the rules of the hour."""
    name = workload.name
    clusters = stand.in_fill_order(name)
    stored = stand.stored_of(name)
    required = stand.placed.required.get(name)
    divisions = stand.placed.divisions.get(name, {}) if required is not None else dict.fromkeys(stored, 0)
    fixed = ratchet(
        stand.placed.segment.name,
        old=stored,
        divisions=divisions,
        required=required or 0,
        basis=stand.scene.basis,
        reverse_fill_order=tuple(reversed(clusters)),
    )
    found = {c: _granted(stand, name, c, fixed[c], stored.get(c)) for c in clusters}
    uncovered = 0
    if any(stand.begun(c) for c in clusters):
        uncovered = _cover(stand, name, found, clusters)
        _own_need(stand, workload, found)
        _stragglers(stand, workload, found, clusters)
        move = rebalance(stand, workload, found, move)
    withheld = tuple(c for c in clusters if _begins_never(stand, name, c, stored.get(c)))
    return Found({c: raised for c, raised in found.items() if c not in withheld}, move, uncovered, withheld)


def _begins_never(stand: Stand, workload: str, cluster: str, stored: Floor | None) -> bool:
    site = stand.site(workload, cluster)
    return site is not None and not site.admitted and (stored is None or not stand.begun(cluster))


def _granted(stand: Stand, workload: str, cluster: str, fixed: Floor, stored: Floor | None) -> Raised:
    """The planned floor; where the cluster does not admit it any more, no more than stands there."""
    site = stand.site(workload, cluster)
    if site is None or site.admitted:
        return Raised(fixed, _planned_reason(fixed, stored), "ratchet")
    if stored is None or not stand.begun(cluster):
        return Raised(replace(fixed, replicas=0), "", "")
    if fixed.replicas < stored.replicas:
        return Raised(fixed, _planned_reason(fixed, stored), "ratchet")
    return Raised(stored, "", "")


def _planned_reason(floor: Floor, stored: Floor | None) -> str:
    if stored is None:
        return reasons.PRE_SCALE
    if stored.basis != floor.basis:
        return reasons.EDITED
    return reasons.CAPS_RAISED if floor.replicas > stored.replicas else ""


def _cover(stand: Stand, workload: str, found: dict[str, Raised], clusters: Sequence[str]) -> int:
    """Covers what clusters cannot carry; returns what found no room anywhere."""
    carried = {c: _carries(stand, workload, c, found[c].floor) for c in clusters}
    if all(carries is None for carries in carried.values()):
        return 0
    holders = [
        Holder(
            cluster=c,
            division=found[c].floor.division,
            floor=found[c].floor.replicas,
            carries=carried[c],
            spare=stand.spare(workload, c, found[c].floor) if stand.usable(workload, c) else 0,
        )
        for c in clusters
    ]
    covered = cover(holders)
    for cluster, replicas in covered.raised.items():
        floor = replace(found[cluster].floor, replicas=replicas)
        stand.lift(workload, found, cluster, Raised(floor, reasons.COVER, "cover"))
    return covered.missing


def _carries(stand: Stand, workload: str, cluster: str, floor: Floor) -> int | None:
    """What a cluster can be counted on for, None where that is its whole floor."""
    if stand.lost(workload, cluster):
        return stand.acknowledged(workload, cluster)
    site = stand.site(workload, cluster)
    if site is not None and not site.admitted:
        return floor.replicas
    if site is None or not stand.begun(cluster):
        return None
    ahead = stand.scene.now < stand.placed.segment.ready_by
    homeless = stand.scene.commitments.homeless(site.cluster, site.key, stand.at, elastic=ahead)
    if not homeless:
        return None
    placed = stand.scene.commitments.due(cluster, site.key, stand.at) - homeless
    if isinstance(site.facts, TargetFacts) and isinstance(site.facts.ready, int):
        placed = max(placed, site.facts.ready)
    return None if placed >= floor.replicas else placed


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
        reach = raised.floor.replicas + stand.spare(workload.name, cluster, raised.floor)
        replicas = min(needed, reach)
        if replicas > raised.floor.replicas:
            floor = replace(raised.floor, replicas=replicas)
            stand.lift(workload.name, found, cluster, Raised(floor, reasons.OWN_NEED, "own_need"))


def _stragglers(stand: Stand, workload: Workload, found: dict[str, Raised], clusters: Sequence[str]) -> None:
    """Makes up for late pods, in their own cluster as far as there is room, else in the next ones.

    Counted over all clusters, so that what was made up for once is not made up for again.
    """
    late = {c: _late(stand, workload, c, raised.floor) for c, raised in found.items()}
    more = sum(late.values()) - sum(raised.floor.stragglers for raised in found.values())
    for cluster in sorted(clusters, key=lambda c: (not late[c], clusters.index(c))):
        if more <= 0 or not stand.usable(workload.name, cluster):
            continue
        floor = found[cluster].floor
        step = min(more, stand.spare(workload.name, cluster, floor))
        if step:
            floor = replace(floor, stragglers=floor.stragglers + step)
            stand.lift(workload.name, found, cluster, Raised(floor, reasons.STRAGGLERS, "stragglers"))
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
