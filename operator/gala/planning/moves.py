"""The open move of a workload, carried on while its segment is live."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from gala.api.event import Workload
from gala.planning import reasons
from gala.planning.facts import TargetFacts
from gala.planning.ledger import Move, Phase
from gala.planning.rebalance import Limits, Live, advance, propose
from gala.planning.segments import covers
from gala.planning.shares import fresh_sample
from gala.planning.stand import Raised, Stand


def rebalance(stand: Stand, workload: Workload, found: dict[str, Raised], move: Move | None) -> Move | None:
    """Advances a workload's move in this segment, or begins one; changes the floors that it moves."""
    segment, scene = stand.placed.segment, stand.scene
    if workload.capacity is None or not covers(segment.ready_by, segment.latest_end, scene.now):
        return move
    policy = scene.event.spec.rebalance
    limits = Limits(
        policy=policy,
        per_replica=workload.capacity.qps_per_replica,
        headroom_percent=workload.capacity.headroom_percent,
    )
    live = _live(stand, workload, found)
    if move is not None and move.phase is not Phase.CLOSED:
        if move.segment != segment.name:
            return move
        move = advance(move, live, limits, scene.now)
    elif policy.enabled and (move is None or scene.now - move.at >= policy.cooldown):
        proposed = propose(workload.name, segment.name, live=live, limits=limits, now=scene.now)
        move = _within_room(stand, proposed, found) or move
    if move is not None and move.segment == segment.name:
        _apply(stand, workload.name, found, move)
    return move


def _within_room(stand: Stand, move: Move | None, found: Mapping[str, Raised]) -> Move | None:
    if move is None:
        return None
    less = max(0, move.count - stand.spare(move.workload, move.to, found[move.to].floor))
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
        stored = stand.stored_of(workload.name).get(cluster)
        live[cluster] = Live(
            floor=raised.floor.replicas,
            stored=stored.replicas if stored else raised.floor.replicas,
            replicas=site.facts.replicas,
            warm=site.facts.warm if isinstance(site.facts.warm, int) else None,
            qps=None if sample is None else sample.qps,
            least=max(workload.per_cluster.min, site.original),
            lost=stand.lost(workload.name, cluster),
        )
    return live


def _apply(stand: Stand, workload: str, found: dict[str, Raised], move: Move) -> None:
    """The floors of an open move: absolute figures, so that doing it twice changes nothing."""
    if move.phase is Phase.ADDING and found[move.to].floor.replicas < move.to_floor:
        floor = replace(found[move.to].floor, replicas=move.to_floor)
        stand.lift(workload, found, move.to, Raised(floor, reasons.REBALANCE_ADD, "rebalance"))
    if move.phase is Phase.TAKING and found[move.source].floor.replicas > move.source_floor:
        source = found[move.source].floor
        took = source.replicas - move.source_floor
        floor = replace(source, replicas=move.source_floor, taken=source.taken + took)
        found[move.source] = Raised(floor, reasons.REBALANCE_TAKE, "rebalance")
