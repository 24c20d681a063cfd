"""What the conditions of a GalaEvent say, each one pure function of one view."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gala.api.event import GalaEventSpec
from gala.api.event_status import GalaEventStatus, LostOriginal
from gala.planning import reasons
from gala.planning.facts import EventKey, Missing, Sample
from gala.planning.outcome import EventPlan, Finding, SegmentPlan
from gala.planning.segments import Segment, segments
from gala.planning.snapshot import Snapshot
from gala.report.conditions import Judgement, counted, no, several, unknown, yes

CAPACITY = "CapacitySufficient"
CONTESTED_FOR = 60.0
"""Seconds for which a fight is shown after its last blow: a condition that flaps helps nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundProgress:
    """What was seen of one round so far; it outlives a pass, and by the status a restart."""

    ready_at: float | None = None
    ready_at_start: int | None = None
    short_replica_seconds: int = 0


class Trouble(NamedTuple):
    """What keeps an event from being carried out although its spec is good."""

    reason: str
    message: str
    stuck: bool = True
    """It stays until a person acts; else the operator tries again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """Everything that the status of one valid event is computed from."""

    key: EventKey
    generation: int
    """Of the object as last seen."""
    spec: GalaEventSpec
    """The last good one."""
    plan: EventPlan
    snapshot: Snapshot
    now: float
    previous: GalaEventStatus | None = None
    progress: Mapping[str, RoundProgress] = field(default_factory=dict)
    """By round."""
    problems: tuple[str, ...] = ()
    """What is wrong with the spec as last seen; the last good one is still carried out."""
    unsupported: tuple[str, ...] = ()
    """Features that the spec uses and that are not built yet."""
    troubles: tuple[Trouble, ...] = ()
    contested_at: float | None = None
    """When a foreign value was last raised again."""
    left: Collection[tuple[str, str]] = ()
    """Workload and cluster of targets that this process let go without an original."""
    ready_of: Mapping[str, int] = field(init=False)
    """Ready pods by workload, and below by cluster: as far as they are known."""
    ready_in: Mapping[str, int] = field(init=False)
    due_in: Mapping[str, int] = field(init=False)
    """Replicas that are due now, by cluster."""
    clusters: tuple[str, ...] = field(init=False)
    """The clusters that take part, by name."""

    def __post_init__(self) -> None:
        ready_of, ready_in, due_in = Counter[str](), Counter[str](), Counter[str]()
        for (workload, cluster), ready in self.plan.ready.items():
            ready_of[workload] += ready or 0
            ready_in[cluster] += ready or 0
        for (_, cluster), floor in self.plan.floors.items():
            due_in[cluster] += floor
        taking = {window.cluster for segment in self.plan.segments for window in segment.windows}
        clusters = tuple(sorted(taking | due_in.keys() | ready_in.keys()))
        found = {"ready_of": ready_of, "ready_in": ready_in, "due_in": due_in, "clusters": clusters}
        for name, value in found.items():
            object.__setattr__(self, name, value)

    @property
    def originals_lost(self) -> tuple[LostOriginal, ...]:
        """Targets that a person has to set: a plan forgets what it has let go, the status does not."""
        known = self.previous.originals_lost if self.previous else ()
        places = {(one.workload, one.cluster) for one in known} | set(self.left)
        return tuple(LostOriginal(workload=workload, cluster=cluster) for workload, cluster in sorted(places))

    @property
    def rounds(self) -> tuple[Segment, ...]:
        """The rounds as the spec has them: a plan forgets what is over."""
        return tuple(one for one in segments(self.spec) if one.is_round)

    @property
    def ahead(self) -> tuple[SegmentPlan, ...]:
        """The segments that are not over."""
        return tuple(segment for segment in self.plan.segments if segment.latest_end > self.now)


def judge(view: EventView) -> tuple[Judgement, ...]:
    """Every condition of an event, in the order in which people ask."""
    return (
        _ready(view),
        stalled(view.problems, view.troubles),
        valid(view.problems),
        _preflight(view),
        _armed(view),
        _signals(view),
        _fleet(view),
        _capacity(view),
        _contested(view),
        _handed_back(view),
    )


def valid(problems: tuple[str, ...]) -> Judgement:
    """Whether the spec as last seen can be carried out."""
    if problems:
        return no("Valid", "InvalidSpec", several(problems))
    return yes("Valid", "SpecAccepted", "the spec can be carried out")


def stalled(problems: tuple[str, ...], troubles: tuple[Trouble, ...] = ()) -> Judgement:
    """Whether nothing more will happen until a person acts (kstatus)."""
    if problems:
        return yes("Stalled", "InvalidSpec", several(problems))
    stuck = [trouble for trouble in troubles if trouble.stuck]
    if stuck:
        return yes("Stalled", stuck[0].reason, several([trouble.message for trouble in stuck]))
    return no("Stalled", "InProgress", "nothing waits for a person")


def hindered(troubles: tuple[Trouble, ...]) -> Judgement:
    """Not Ready, for what has nothing to do with the spec."""
    return no("Ready", troubles[0].reason, several([trouble.message for trouble in troubles]))


def _ready(view: EventView) -> Judgement:
    """Valid, and every floor that is due now is met: true weeks ahead too, or Flux waits for ever."""
    if view.problems:
        return no("Ready", "InvalidSpec", several(view.problems))
    if view.troubles:
        return hindered(view.troubles)
    missing, blind = [], []
    for (workload, cluster), floor in sorted(view.plan.floors.items()):
        ready = view.plan.ready.get((workload, cluster))
        if floor > 0 and ready is None:
            blind.append(f"{workload} in {cluster}: {floor} are due, how many are Ready is unknown")
        elif ready is not None and ready < floor:
            missing.append(f"{workload} in {cluster}: {ready} of {floor} are Ready")
    if missing:
        return no("Ready", "FloorNotMet", several(missing + blind))
    if blind:
        return unknown("Ready", "ReadyUnknown", several(blind))
    return yes("Ready", "FloorsMet", "every floor that is due now is Ready")


def _preflight(view: EventView) -> Judgement:
    features = [f"{name} is not yet supported{_LATER.get(name, '')}" for name in view.unsupported]
    shortfalls = {need.short_reason for segment in view.plan.segments for need in segment.needs}
    found = [one for one in view.plan.findings if one.reason not in _ELSEWHERE | shortfalls]
    if features:
        return no("PreflightPassed", "NotYetSupported", several(features + _sentences(found)))
    if found:
        return no("PreflightPassed", found[0].reason, several(_sentences(found)))
    if not view.clusters:
        return no(
            "PreflightPassed",
            "NoClusters",
            f"no cluster takes part in events of namespace {view.key.namespace}; the platform team can grant "
            "it in spec.admits of a GalaCluster",
        )
    taking = counted(len(view.clusters), "cluster can take part", "clusters can take part")
    return yes("PreflightPassed", "ChecksPassed", taking)


_LATER = {
    "spec.donors": ", so nothing lends; later it will take may: [Lend] in spec.admits from the platform team "
    'and the label gala.dev/may-lend: "true" from whoever owns the donor'
}
"""Who will have to grant a feature once it is there."""

_ELSEWHERE = frozenset(
    {
        "ClusterUnreachable",
        reasons.CONTESTED,
        reasons.CHANGED_BY_OTHER,
        reasons.HANDED_OVER,
        reasons.KEPT,
        reasons.ORIGINAL_LOST,
    }
)
"""Findings that other conditions tell of, or that come after the show."""


def _sentences(findings: list[Finding]) -> list[str]:
    return list(dict.fromkeys(one.message for one in findings))


def _armed(view: EventView) -> Judgement:
    phase = view.plan.phase
    if phase == "Armed":
        return yes("Armed", "EveryFloorWarm", "every floor that is due is warm")
    if phase == "Live":
        return yes("Armed", "Live", "a round is live")
    if phase == "Preparing":
        return no("Armed", "Preparing", "capacity is on its way")
    if phase == "Paused":
        return unknown("Armed", "Paused", "the event is paused: nothing is written, and nothing is judged")
    if phase in {"Cooling", "HandedBack"}:
        return no("Armed", "ShowOver", "the last round is over")
    return no("Armed", "NothingPrepared", "no preparation has begun")


def _signals(view: EventView) -> Judgement:
    measured = {one.name for one in view.spec.workloads if one.signal is not None or one.query is not None}
    places = [
        (name, view.snapshot.clusters[cluster])
        for name, cluster in view.plan.ready
        if name in measured
        and cluster in view.snapshot.clusters
        and view.snapshot.clusters[cluster].signal_configured
    ]
    if not places:
        return unknown(
            "SignalsFresh", "NotConfigured", "no traffic is measured; forecasts and stated shares decide"
        )
    stale_after = view.spec.rebalance.stale_after
    faults: list[tuple[str, str, str, str]] = []
    for name, cluster in places:
        traffic = cluster.traffic.get((view.key, name))
        latest = traffic.latest if traffic else Missing("NotAsked", "it has not been asked for yet")
        fault = _stale(latest, view.now, stale_after)
        if fault is not None:
            text = f"{name} in {cluster.name}: {fault.message}"
            faults.append((cluster.name, name, fault.reason, text))
    if faults:
        faults.sort()
        return no("SignalsFresh", faults[0][2], several([text for *_, text in faults]))
    return yes("SignalsFresh", "Fresh", f"every figure is at most {stale_after:g} s old")


def _stale(latest: Sample | Missing, now: float, stale_after: float) -> Missing | None:
    if isinstance(latest, Missing):
        return latest
    if now - latest.at > stale_after:
        return Missing("Stale", f"the latest figure is over {stale_after:g} s old; are its targets scraped?")
    return None


def _fleet(view: EventView) -> Judgement:
    lost = []
    for name in view.clusters:
        facts = view.snapshot.clusters.get(name)
        if facts is None:
            lost.append(f"{name} is no GalaCluster (any more)")
        elif not facts.reachable:
            lost.append(f"{name}: {facts.unreachable_reason or 'no contact'}")
    if lost:
        return no("FleetReachable", "ClustersUnreachable", several(lost))
    answering = counted(len(view.clusters), "cluster answers", "clusters answer")
    return yes("FleetReachable", "EveryClusterReachable", answering)


def _capacity(view: EventView) -> Judgement:
    short = [
        (
            need.short_reason or "Shortfall",
            f"{segment.name}: {need.short} of {need.required} {need.workload} find no room"
            + (f": {need.why}" if need.why else ""),
        )
        for segment in view.ahead
        for need in segment.needs
        if need.short > 0
    ]
    if short:
        return no(CAPACITY, short[0][0], several([text for _, text in short]))
    return yes(CAPACITY, "EverythingFits", "every round finds room for what it requires")


def _contested(view: EventView) -> Judgement:
    found = _sentences([one for one in view.plan.findings if one.reason == reasons.CONTESTED])
    if found:
        return yes("Contested", "ForeignWriter", several(found))
    if view.contested_at is not None and view.now - view.contested_at < CONTESTED_FOR:
        return yes(
            "Contested", "ForeignWriter", "somebody lowered a target below its floor; it was raised again"
        )
    return no("Contested", "NobodyElseWrites", "no target was lowered by somebody else")


def _handed_back(view: EventView) -> Judgement:
    lost = _sentences([one for one in view.plan.findings if one.reason == reasons.ORIGINAL_LOST])
    left = [f"{one.workload} in {one.cluster}" for one in view.originals_lost]
    if left:
        lost.insert(0, f"not given back, set the replicas by hand: {several(left)}")
    if view.plan.open_entries and not lost:
        held = counted(
            view.plan.open_entries,
            "target is held or on its way back",
            "targets are held or on their way back",
        )
        return no("HandedBack", "CapacityHeld", held)
    if lost:
        return no("HandedBack", reasons.ORIGINAL_LOST, several(lost))
    if view.plan.phase == "HandedBack" or any(one.latest_end <= view.now for one in view.rounds):
        return yes("HandedBack", "OriginalsRestored", "nothing is held any more")
    return no("HandedBack", "NothingTaken", "nothing has been taken yet")
