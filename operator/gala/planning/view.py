"""What a plan says of one event to people: segments, places, windows, findings and the phase."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from gala.api.event import Demand
from gala.planning import reasons
from gala.planning.books import SiteKey
from gala.planning.facts import ClusterFacts, Missing, TargetFacts
from gala.planning.ledger import State
from gala.planning.outcome import (
    ClusterWindow,
    EventPlan,
    Finding,
    Need,
    Placement,
    SegmentPlan,
    Weight,
)
from gala.planning.placement import Placed, weights
from gala.planning.segments import Segment, covers
from gala.planning.settle import Outcome
from gala.planning.sites import Site
from gala.planning.snapshot import Snapshot
from gala.planning.stage import Stage
from gala.planning.standing import Goal
from gala.planning.timeline import begun


def event_plan(
    staged: Stage,
    goals: Mapping[SiteKey, Goal | None],
    outcomes: Sequence[Outcome],
    snapshot: Snapshot,
    now: float,
) -> EventPlan:
    """Everything the report needs about one event."""
    night = staged.night
    due = {site: goal.promised for site, goal in goals.items() if goal is not None}
    # An event that is gone has no sites, but its entries still have targets that can be read.
    known = {o.site: o.facts for o in outcomes} | {name: site.facts for name, site in night.sites.items()}
    ready = {site: _ready(facts) for site, facts in known.items()}
    originals = _originals(night.sites.values())
    floors = _floors(staged)
    open_entries = [o.settled.entry for o in outcomes if o.settled.entry is not None]
    return EventPlan(
        key=night.key,
        phase=_phase(staged, goals, outcomes, now),
        segments=tuple(
            _segment(staged, segment, floors.get(segment.name, {}), originals) for segment in night.segments
        ),
        findings=tuple(_findings(staged, _cold(goals, outcomes), outcomes, snapshot, now)),
        floors=due,
        ready=ready,
        open_entries=len(open_entries),
        ever_opened=bool(open_entries) or any(o.settled.closed for o in outcomes),
    )


def _ready(facts: TargetFacts | Missing | None) -> int | None:
    if isinstance(facts, TargetFacts) and isinstance(facts.ready, int):
        return facts.ready
    return None


def _phase(
    staged: Stage, goals: Mapping[SiteKey, Goal | None], outcomes: Sequence[Outcome], now: float
) -> str:
    night = staged.night
    if night.event is not None and night.event.spec.paused:
        return "Paused"
    if any(covers(s.ready_by, s.latest_end, now) for s in night.segments if s.demand):
        return "Live"
    held = any(begun(w, now) for by in staged.windows.values() for w in by.values())
    if held:
        return "Preparing" if _cold(goals, outcomes) else "Armed"
    if any(o.settled.entry is not None for o in outcomes):
        return "Cooling"
    ahead = night.later or any(segment.ready_by > now for segment in night.segments if segment.demand)
    return "Planned" if ahead else "HandedBack"


def _cold(goals: Mapping[SiteKey, Goal | None], outcomes: Iterable[Outcome]) -> set[SiteKey]:
    """Where a floor that is due is not warm, or nobody knows."""
    facts = {outcome.site: outcome.facts for outcome in outcomes}
    found = set()
    for site, goal in goals.items():
        known = facts.get(site)
        if goal is None:
            continue
        if known is None or not isinstance(known.warm, int) or known.warm < goal.promised:
            found.add(site)
    return found


def _segment(
    staged: Stage,
    segment: Segment,
    floors: Mapping[str, Mapping[str, int]],
    originals: Mapping[str, Mapping[str, int]],
) -> SegmentPlan:
    night = staged.night
    placed = staged.placed.get(segment.name, Placed(segment=segment))
    return SegmentPlan(
        name=segment.name,
        round=segment.round,
        is_round=segment.is_round,
        start=segment.start,
        ready_by=segment.ready_by,
        earliest_end=segment.earliest_end,
        latest_end=segment.latest_end,
        latched=segment.name in night.latches,
        windows=tuple(
            ClusterWindow(c, w.prepare_at, w.end, w.gap.value if w.gap else "", w.late)
            for c, w in sorted(staged.windows.get(segment.name, {}).items())
        ),
        needs=tuple(_needs(staged, segment, placed)),
        placements=tuple(_placements(placed, floors, originals)),
        weights=tuple(Weight(w, c, percent) for (w, c), percent in sorted(weights(placed, floors).items())),
    )


def _placements(
    placed: Placed, floors: Mapping[str, Mapping[str, int]], originals: Mapping[str, Mapping[str, int]]
) -> Iterator[Placement]:
    """By workload, then cluster."""
    for workload, parts in sorted(placed.parts.items()):
        divided, held, ran = placed.divisions[workload], floors[workload], originals.get(workload, {})
        for name, share, cap, *_ in parts:
            yield Placement(workload, name, share, cap, divided[name], held[name], ran.get(name, 0))


def _originals(sites: Iterable[Site]) -> dict[str, dict[str, int]]:
    """What runs without us, by workload and cluster."""
    found: dict[str, dict[str, int]] = {}
    for site in sites:
        found.setdefault(site.workload.name, {})[site.cluster.name] = site.original
    return found


def _floors(staged: Stage) -> Mapping[str, Mapping[str, Mapping[str, int]]]:
    """By segment, workload and cluster: its division, or what the rules of the hour made of it."""
    raised: dict[str, dict[str, dict[str, int]]] = {}
    for (segment, workload, cluster), floor in staged.planned.items():
        raised.setdefault(segment, {}).setdefault(workload, {})[cluster] = floor
    return {
        # What a segment does not place any more is held and not shown among its placements.
        name: {w: {**counts, **raised[name].get(w, {})} for w, counts in placed.divisions.items()}
        if name in raised
        else placed.divisions
        for name, placed in staged.placed.items()
    }


def _needs(staged: Stage, segment: Segment, placed: Placed) -> Iterator[Need]:
    demands: dict[str, Demand] = {demand.workload: demand for demand in segment.demand}
    for workload in sorted(placed.required):
        short = placed.short.get(workload)
        uncovered = staged.uncovered.get((segment.name, workload), 0)
        reason = reasons.UNCOVERED if uncovered else ""
        yield Need(
            workload,
            placed.required[workload],
            uncovered + (short.replicas if short else 0),
            short.reason if short else reason,
            demands[workload].qps or 0,
            short.why if short else "",
        )


def _findings(
    staged: Stage, cold: set[SiteKey], outcomes: Sequence[Outcome], snapshot: Snapshot, now: float
) -> Iterator[Finding]:
    yield from staged.night.findings
    for segment in staged.night.segments:
        yield from _segment_findings(staged, cold, segment, now)
    for outcome in outcomes:
        yield from _outcome_findings(outcome)
    for name in sorted({cluster for _, cluster in staged.night.sites}):
        yield from _unreachable(snapshot.clusters[name])


def _segment_findings(staged: Stage, cold: set[SiteKey], segment: Segment, now: float) -> Iterator[Finding]:
    placed = staged.placed.get(segment.name)
    for workload, short in sorted((placed.short if placed else {}).items()):
        message = f"{segment.name}: {short.replicas} replicas of {workload} do not fit: {short.why}"
        yield Finding(short.reason, message, "", workload)
    here = {w: count for (name, w), count in staged.uncovered.items() if name == segment.name}
    for workload, uncovered in sorted(here.items()):
        message = (
            f"{segment.name}: {uncovered} replicas of {workload} in clusters that cannot carry them "
            "find no room in the others"
        )
        yield Finding(reasons.UNCOVERED, message, "", workload)
    for cluster, window in sorted(staged.windows.get(segment.name, {}).items()):
        # Pods that were slow make every estimate longer; once its own are warm, a segment is not late.
        waits = any(site[1] == cluster and (segment.name, *site) in staged.planned for site in cold)
        if window.late >= 1 and waits and now < segment.latest_end and segment.demand:
            message = (
                f"{segment.name} begins {window.late:.0f} s too late in cluster {cluster} "
                "for its pods to be Ready at its start"
            )
            yield Finding("LateStart", message, cluster)


def _outcome_findings(outcome: Outcome) -> Iterator[Finding]:
    workload, cluster = outcome.site
    entry = outcome.settled.entry
    if outcome.settled.contested and outcome.facts is not None and outcome.goal is not None:
        who = outcome.facts.manager or "an unknown writer"
        message = (
            f"{outcome.target} in cluster {cluster} was set to {outcome.facts.replicas} by {who}, "
            f"below its floor of {outcome.goal.replicas}; it is raised again"
        )
        yield Finding(reasons.CONTESTED, message, cluster, workload)
    if entry is not None and entry.original is None:
        message = (
            f"{outcome.target} in cluster {cluster} is managed by us and its ledger is lost; "
            "it is held and never lowered: set its replicas by hand after the show"
        )
        yield Finding(reasons.ORIGINAL_LOST, message, cluster, workload)
    if outcome.settled.closed and outcome.settled.closed != reasons.HANDED_BACK:
        message = f"{outcome.target} in cluster {cluster} was closed as {outcome.settled.closed}"
        yield Finding(outcome.settled.closed, message, cluster, workload)
    if entry is not None and entry.state is not State.RETURNING and outcome.facts is None:
        message = f"{outcome.target} in cluster {cluster} cannot be read; its floor stands"
        yield Finding("TargetUnknown", message, cluster, workload)


def _unreachable(cluster: ClusterFacts) -> Iterator[Finding]:
    if not cluster.reachable:
        why = cluster.unreachable_reason or "no contact"
        message = f"cluster {cluster.name} cannot be reached ({why}); its floors stand"
        yield Finding("ClusterUnreachable", message, cluster.name)
