"""The status of a GalaEvent: rounds, workloads and clusters as lists, never their product."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from typing import Any

from gala.api.event_status import (
    ClusterStatus,
    EventPhase,
    GalaEventStatus,
    RoundPhase,
    RoundStatus,
    WorkloadStatus,
)
from gala.api.model import Model
from gala.planning.facts import Sample
from gala.planning.outcome import SegmentPlan
from gala.planning.segments import Segment
from gala.report import conditions
from gala.report.conditions import Judgement
from gala.report.event_judgements import EventView, RoundProgress, Trouble, hindered, judge, stalled, valid


def event_status(view: EventView) -> GalaEventStatus:
    """The status of an event whose last good spec is carried out (or was)."""
    current = current_segment(view)
    shown = current or _next_round(view, None)
    upcoming = _next_round(view, current)
    floors = Counter[str]()
    for place in shown.placements if shown else ():
        floors[place.cluster] += place.floor
    return GalaEventStatus(
        phase=EventPhase.INVALID if view.problems else EventPhase(view.plan.phase),
        observed_generation=view.generation,
        current_round=current.round if current else "",
        next_round=upcoming.round if upcoming else "",
        ready=_fraction(*_ready_of(view, shown)) if shown else "",
        clusters_reachable=_fraction(_reachable(view), len(view.clusters)),
        rounds=_rounds(view),
        workloads=tuple(_workload(view, one.name, shown) for one in view.spec.workloads),
        clusters=tuple(_cluster(view, name, shown, floors) for name in view.clusters),
        originals_lost=view.originals_lost,
        conditions=conditions.merge(
            judge(view),
            view.previous.conditions if view.previous else (),
            generation=view.generation,
            now=view.now,
        ),
    )


def invalid_status(
    problems: tuple[str, ...], *, generation: int, now: float, previous: GalaEventStatus | None
) -> GalaEventStatus:
    """The status of an event of which no spec was ever good; what was known of its rounds stays."""
    text = conditions.several(problems)
    judgements = (conditions.no("Ready", "InvalidSpec", text), stalled(problems), valid(problems))
    known = _standing(judgements, generation=generation, now=now, previous=previous)
    return known.model_copy(update={"phase": EventPhase.INVALID})


def hindered_status(
    troubles: tuple[Trouble, ...], *, generation: int, now: float, previous: GalaEventStatus | None
) -> GalaEventStatus:
    """The status of a valid event that cannot be planned; what was known of its rounds stays."""
    judgements = (hindered(troubles), stalled((), troubles), valid(()))
    return _standing(judgements, generation=generation, now=now, previous=previous)


def _standing(
    judgements: tuple[Judgement, ...], *, generation: int, now: float, previous: GalaEventStatus | None
) -> GalaEventStatus:
    known = previous or GalaEventStatus()
    return known.model_copy(
        update={
            "observed_generation": generation,
            "conditions": conditions.merge(judgements, known.conditions, generation=generation, now=now),
        }
    )


def to_wire(status: Model) -> dict[str, Any]:
    """As the API server takes it; absent fields are left out."""
    return status.model_dump(mode="json", by_alias=True, exclude_none=True)


def settled(document: Mapping[str, Any]) -> dict[str, Any]:
    """A status without what moves all the time: no write is worth a rate alone."""
    clusters = [{**one, "qps": None} for one in document.get("clusters", ())]
    return {**document, "clusters": clusters}


def current_segment(view: EventView) -> SegmentPlan | None:
    """The segment that is held now; of several the one that has to be Ready last."""
    held = [one for one in view.plan.segments if one.prepare_at <= view.now < one.latest_end]
    return max(held, key=lambda one: (one.ready_by, one.name), default=None)


def _next_round(view: EventView, current: SegmentPlan | None) -> SegmentPlan | None:
    ahead = [
        one
        for one in view.plan.segments
        if one.is_round and one.ready_by > view.now and (current is None or one.round != current.round)
    ]
    return min(ahead, key=lambda one: (one.ready_by, one.name), default=None)


def _rounds(view: EventView) -> tuple[RoundStatus, ...]:
    """Every round of the spec, and those that were taken out of it and still run."""
    planned = {one.name: one for one in view.plan.segments if one.is_round}
    found = []
    for one in view.rounds:
        segment = planned.pop(one.name, None)
        over = view.now >= one.latest_end
        found.append(_round(view, segment) if segment and not over else _unplanned(view, one))
    return (*found, *(_round(view, segment) for segment in planned.values()))


def _unplanned(view: EventView, one: Segment) -> RoundStatus:
    """A round that is over keeps what was last said of it."""
    known = _before(view, one.round) or RoundStatus(name=one.round, phase=RoundPhase.PLANNED)
    progress = _progress(view, one.round)
    return known.model_copy(
        update={
            "phase": RoundPhase.DONE if view.now >= one.latest_end else RoundPhase.PLANNED,
            "start": one.start,
            "ready_by": one.ready_by,
            "ready_at": progress.ready_at,
            "ready_at_start": progress.ready_at_start,
            "short_replica_seconds": progress.short_replica_seconds,
        }
    )


def _before(view: EventView, name: str) -> RoundStatus | None:
    return next((one for one in view.previous.rounds if one.name == name), None) if view.previous else None


def _round(view: EventView, segment: SegmentPlan) -> RoundStatus:
    ready, required = _ready_of(view, segment)
    progress = _progress(view, segment.round)
    return RoundStatus(
        name=segment.round,
        phase=_round_phase(view, segment),
        start=segment.start,
        prepare_at=float(math.floor(segment.prepare_at)),
        ready_by=segment.ready_by,
        ready_at=progress.ready_at,
        required=required,
        ready=ready,
        ready_at_start=progress.ready_at_start,
        short_replica_seconds=progress.short_replica_seconds,
    )


def _progress(view: EventView, name: str) -> RoundProgress:
    """What this process saw, else what the status still says: a restart forgets nothing that was shown."""
    before = _before(view, name)
    seen = view.progress.get(name, RoundProgress())
    if before is None:
        return seen
    return RoundProgress(
        ready_at=before.ready_at if seen.ready_at is None else seen.ready_at,
        ready_at_start=before.ready_at_start if seen.ready_at_start is None else seen.ready_at_start,
        short_replica_seconds=max(seen.short_replica_seconds, before.short_replica_seconds),
    )


def _round_phase(view: EventView, segment: SegmentPlan) -> RoundPhase:
    if view.now >= segment.latest_end:
        return RoundPhase.DONE
    if view.now >= segment.ready_by:
        return RoundPhase.LIVE
    if view.now < segment.prepare_at:
        return RoundPhase.PLANNED
    return RoundPhase.ARMED if _floors_met(view, segment) else RoundPhase.PREPARING


def _floors_met(view: EventView, segment: SegmentPlan) -> bool:
    """Whether every floor is known to be met; a floor of 0 is, whatever is Ready."""
    pairs = [
        (view.plan.ready.get((place.workload, place.cluster)), place.floor) for place in segment.placements
    ]
    return all(floor == 0 or (ready is not None and ready >= floor) for ready, floor in pairs)


def _ready_of(view: EventView, segment: SegmentPlan) -> tuple[int, int]:
    """Ready and required replicas of a segment's workloads; no surplus makes up for another's lack."""
    pairs = [(view.ready_of.get(need.workload, 0), need.required) for need in segment.needs]
    required = sum(wanted for _, wanted in pairs)
    if any(have < wanted for have, wanted in pairs):
        return sum(min(have, wanted) for have, wanted in pairs), required
    return sum(have for have, _ in pairs), required


def _workload(view: EventView, name: str, segment: SegmentPlan | None) -> WorkloadStatus:
    need = next((one for one in segment.needs if one.workload == name), None) if segment else None
    return WorkloadStatus(
        name=name,
        required=need.required if need else 0,
        ready=view.ready_of.get(name, 0),
        short=need.short if need else 0,
    )


def _cluster(
    view: EventView, name: str, segment: SegmentPlan | None, floors: Mapping[str, int]
) -> ClusterStatus:
    facts = view.snapshot.clusters.get(name)
    planned = floors.get(name, 0)
    state = "NotFound" if facts is None else "Reachable" if facts.reachable else "Unreachable"
    return ClusterStatus(
        name=name,
        required=max(view.due_in.get(name, 0), planned),
        ready=view.ready_in.get(name, 0),
        qps=_qps(view, name),
        traffic_weight=_weight(segment, name) if segment else None,
        state=state,
    )


def _qps(view: EventView, cluster: str) -> int | None:
    facts = view.snapshot.clusters.get(cluster)
    if facts is None:
        return None
    asked = [facts.traffic.get((view.key, workload.name)) for workload in view.spec.workloads]
    samples = [one.latest.qps for one in asked if one is not None and isinstance(one.latest, Sample)]
    return round(sum(samples)) if samples else None


def _weight(segment: SegmentPlan, cluster: str) -> int | None:
    """Over several workloads their mean, each as heavy as what it requires."""
    required = {need.workload: need.required for need in segment.needs}
    mine = [(one.percent, required.get(one.workload, 0)) for one in segment.weights if one.cluster == cluster]
    heavy = sum(weight for _, weight in mine)
    return round(sum(percent * weight for percent, weight in mine) / heavy) if heavy else None


def _reachable(view: EventView) -> int:
    known = (view.snapshot.clusters.get(name) for name in view.clusters)
    return sum(1 for facts in known if facts is not None and facts.reachable)


def _fraction(part: int, whole: int) -> str:
    return f"{part}/{whole}"
