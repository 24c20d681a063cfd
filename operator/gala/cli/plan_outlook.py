"""The whole night as it will go if nothing surprises: the plan, and what follows from it over time.

A plan is made at one instant and says where each segment stands at its ``readyBy``. Three
things that people ask follow from it and are worked out here: what becomes of a shortfall
once an earlier segment ends, which value each target has when, and what is lost with the
largest cluster.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

from gala.api.application import Tier
from gala.planning import reasons
from gala.planning.books import SiteKey
from gala.planning.facts import EventFacts, EventKey, TargetFacts, TargetKey
from gala.planning.ledger import Basis, Floor, GapRule
from gala.planning.outcome import EventPlan, Need, SegmentPlan
from gala.planning.plan import plan
from gala.planning.sites import target_key
from gala.planning.snapshot import Snapshot
from gala.planning.standing import Goal, goal, hour
from gala.planning.timeline import Window
from gala.settings import Settings

DAY = 86_400.0

_UNJUDGED = Basis("", 0)
"""Floors of a projection are compared with nothing, so they need no basis."""


class Later(NamedTuple):
    """A shortfall after an earlier segment has ended and left its room."""

    at: float
    after: str
    """Name of the segment that ended."""
    short: int


class Change(NamedTuple):
    """One target gets another value."""

    at: float
    cluster: str
    target: TargetKey
    event: EventKey
    workload: str
    segment: str
    """The segment that asks for the value; ``""`` on the way home."""
    start: int
    to: int
    reason: str


class Lost(NamedTuple):
    """What one workload loses with a cluster."""

    workload: str
    replicas: int
    left: int
    required: int
    carries_percent: int
    """Of the forecast (or of the stated replicas), without headroom; at most 100."""


class Loss(NamedTuple):
    """What is lost if the largest cluster of a segment goes and nothing is made up for."""

    cluster: str
    replicas: int
    of: int
    workloads: tuple[Lost, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """The plan of every event, and what follows from it."""

    at: float
    events: Mapping[EventKey, EventPlan]
    later: Mapping[tuple[EventKey, str, str], tuple[Later, ...]] = field(default_factory=dict)
    """By event, segment and workload: how a shortfall shrinks."""
    changes: tuple[Change, ...] = ()
    losses: Mapping[tuple[EventKey, str], Loss] = field(default_factory=dict)
    """By event and segment; absent where nothing is placed."""

    @property
    def fits(self) -> bool:
        """Whether every demand finds its room at once, and every hold begins in time."""
        segments = [segment for event in self.events.values() for segment in event.segments]
        return not any(need.short for segment in segments for need in segment.needs) and not any(
            window.late for segment in segments for window in segment.windows
        )


def before_the_first(snapshot: Snapshot) -> float:
    """A day before the first round of any event: before any hold begins."""
    return min(part.start for event in snapshot.events for part in event.spec.rounds) - DAY


def look_out(snapshot: Snapshot, now: float, settings: Settings) -> Outlook:
    """Plans every event as of ``now``; the same snapshot and time always give the same outlook."""
    planned = plan(snapshot, now, settings).events
    again = _freed(snapshot, planned, settings)
    return Outlook(
        at=now,
        events=planned,
        later=_later(planned, again),
        changes=tuple(_changes(snapshot, planned, again, now)),
        losses={
            (event.key, segment.name): loss
            for event in snapshot.events
            for segment in planned[event.key].segments
            if (loss := _loss(event, segment)) is not None
        },
    )


class _Again(NamedTuple):
    """A plan made when a segment was over."""

    after: str
    events: Mapping[EventKey, EventPlan]


_Plans = Mapping[float, _Again]
"""By time, in order."""

_Demand = tuple[EventKey, str, str]
"""Event, segment, workload."""


def _freed(snapshot: Snapshot, planned: Mapping[EventKey, EventPlan], settings: Settings) -> _Plans:
    """Plans as of each moment at which a segment ends while another one is short: what its room gives."""
    edges: dict[float, str] = {}
    segments = [segment for event in planned.values() for segment in event.segments]
    for short in segments:
        if not any(need.short for need in short.needs):
            continue
        for other in segments:
            if short.ready_by < other.latest_end < short.latest_end:
                edges.setdefault(other.latest_end, other.name)
    return {edge: _Again(edges[edge], plan(snapshot, edge, settings).events) for edge in sorted(edges)}


def _later(planned: Mapping[EventKey, EventPlan], again: _Plans) -> dict[_Demand, tuple[Later, ...]]:
    found: dict[_Demand, tuple[Later, ...]] = {}
    for key, event in planned.items():
        for segment in event.segments:
            for need in segment.needs:
                if need.short:
                    found[key, segment.name, need.workload] = tuple(_shrinking(key, segment, need, again))
    return found


def _shrinking(key: EventKey, segment: SegmentPlan, need: Need, again: _Plans) -> Iterator[Later]:
    left = need.short
    for at, (after, events) in again.items():
        then = _named(events[key], segment.name)
        if then is None or at <= segment.ready_by:
            continue
        short = next((n.short for n in then.needs if n.workload == need.workload), left)
        if short < left:
            left = short
            yield Later(at, after, left)


def _named(event: EventPlan, name: str) -> SegmentPlan | None:
    return next((segment for segment in event.segments if segment.name == name), None)


class _Claim(NamedTuple):
    """One event's wish for one target over time."""

    event: EventKey
    workload: str
    tier: Tier
    floors: Mapping[str, tuple[tuple[float, int], ...]]
    """By segment: from when it wants how much; it only rises."""
    windows: Mapping[str, Window]
    cooldown: float

    def at(self, now: float) -> Goal | None:
        """What it holds at a time, by the rule that the operator holds by."""
        standing: dict[str, Floor] = {}
        for name, steps in self.floors.items():
            most = max((replicas for since, replicas in steps if since <= now), default=0)
            standing[name] = Floor(segment=name, replicas=most, required=0, division=most, basis=_UNJUDGED)
        return goal(standing, hour(self.windows, cooldown=self.cooldown, now=now))

    def edges(self) -> Iterator[float]:
        """Every time at which the wish may change."""
        for window in self.windows.values():
            yield from (window.gap_from, window.prepare_at, window.end, window.end + self.cooldown)
        for steps in self.floors.values():
            yield from (since for since, _ in steps)


def _claims(event: EventFacts, planned: EventPlan, again: _Plans) -> Iterator[tuple[str, TargetKey, _Claim]]:
    """Each of an event's claims, with its cluster and target."""
    windows = _windows(planned)
    workloads = {workload.name: workload for workload in event.spec.workloads}
    floors: dict[SiteKey, dict[str, list[tuple[float, int]]]] = {}
    for since, plans in [(-inf, planned), *((at, known.events[event.key]) for at, known in again.items())]:
        for segment in plans.segments:
            for placed in segment.placements:
                steps = floors.setdefault((placed.workload, placed.cluster), {})
                steps.setdefault(segment.name, []).append((since, placed.division))
    for (name, cluster), by_segment in floors.items():
        workload = workloads[name]
        claim = _Claim(
            event=event.key,
            workload=name,
            tier=workload.tier,
            floors={segment: tuple(steps) for segment, steps in by_segment.items()},
            windows=windows.get(cluster, {}),
            cooldown=event.spec.handback.cooldown,
        )
        yield cluster, target_key(workload, event.key.namespace), claim


def _windows(planned: EventPlan) -> dict[str, dict[str, Window]]:
    """By cluster, then segment; a held gap reaches back to the end of the hold before it."""
    found: dict[str, dict[str, Window]] = {}
    for segment in planned.segments:
        for window in segment.windows:
            here = found.setdefault(window.cluster, {})
            gap = GapRule(window.gap) if window.gap else None
            before = max((known.end for known in here.values()), default=window.prepare_at)
            since = min(before, window.prepare_at) if gap is GapRule.HOLD else window.prepare_at
            here[segment.name] = Window(window.prepare_at, window.end, gap, window.late, since)
    return found


def _changes(
    snapshot: Snapshot, planned: Mapping[EventKey, EventPlan], again: _Plans, now: float
) -> list[Change]:
    """Every change of every target from ``now`` to the last original, in the order to make them.

    At one time what falls goes first, so that what rises finds its room; then by cluster and tier.
    """
    claims: dict[tuple[str, TargetKey], list[_Claim]] = {}
    for event in snapshot.events:
        for cluster, target, claim in _claims(event, planned[event.key], again):
            claims.setdefault((cluster, target), []).append(claim)
    found: list[tuple[int, Change]] = []
    for (cluster, target), held in claims.items():
        facts = snapshot.clusters[cluster].targets[target]
        if isinstance(facts, TargetFacts):
            rank = min(claim.tier.rank for claim in held)
            edges = sorted({now} | {edge for claim in held for edge in claim.edges() if edge > now})
            found.extend((rank, change) for change in _course(cluster, target, facts.replicas, held, edges))
    found.sort(
        key=lambda item: (item[1].at, item[1].to > item[1].start, item[1].cluster, item[0], item[1].target)
    )
    return [change for _, change in found]


def _course(
    cluster: str, target: TargetKey, original: int, claims: Sequence[_Claim], edges: Iterable[float]
) -> Iterator[Change]:
    """One target through the night; of two events that share it the higher wish counts."""
    value, last = original, claims[0]
    for edge in edges:
        wishes = [(wish, claim) for claim in claims if (wish := claim.at(edge)) is not None]
        to, segment, reason = original, "", reasons.HAND_BACK
        if wishes:
            wish, last = max(wishes, key=lambda item: item[0])
            to, segment, reason = max(original, wish.replicas), wish.segment, wish.reason
        if to < value and reason == reasons.PRE_SCALE:
            reason = reasons.SEGMENT_ENDED
        if to != value:
            yield Change(edge, cluster, target, last.event, last.workload, segment, value, to, reason)
            value = to


def _loss(event: EventFacts, segment: SegmentPlan) -> Loss | None:
    by_cluster: dict[str, int] = {}
    for placement in segment.placements:
        by_cluster[placement.cluster] = by_cluster.get(placement.cluster, 0) + placement.floor
    if not sum(by_cluster.values()):
        return None
    largest = min(by_cluster, key=lambda name: (-by_cluster[name], name))
    capacities = {w.name: w.capacity for w in event.spec.workloads}
    lost = []
    for need in segment.needs:
        held = {p.cluster: p.floor for p in segment.placements if p.workload == need.workload}
        gone = held.pop(largest, 0)
        left = sum(held.values())
        capacity = capacities[need.workload]
        whole, served = need.required, left
        if need.qps and capacity is not None:
            whole, served = need.qps, left * capacity.qps_per_replica
        percent = min(100, served * 100 // whole) if whole else 100
        lost.append(Lost(need.workload, gone, left, need.required, percent))
    return Loss(largest, by_cluster[largest], sum(by_cluster.values()), tuple(lost))
