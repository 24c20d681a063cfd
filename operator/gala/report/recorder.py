"""What the operator saw of each event, pass by pass: the operator's own night log.

Fed once per pass, after the writes. It decides nothing; losing it (a restart) loses a
picture, never capacity.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple, Protocol

from gala.api.event import GalaEventSpec
from gala.planning import reasons
from gala.planning.facts import ClusterFacts, EventFacts, EventKey, Sample, TargetFacts, TargetKey
from gala.planning.ledger import Entry, EventRecord, Floor
from gala.planning.outcome import Decision, EventPlan, Plan, SegmentPlan, Write
from gala.planning.sites import target_key
from gala.planning.snapshot import Snapshot
from gala.report import measures
from gala.report.event_judgements import RoundProgress
from gala.report.floorbook import FloorBook
from gala.report.nightlog import MoveLog, NightLog, Place, SegmentLog, WorkloadLog, WriteLog
from gala.report.series import StepSeries

LEAD_IN = 600.0
"""Seconds of quiet before the first preparation that belong into the picture."""

MAX_STEPS = 40_000
"""Steps of one series; beyond it the older half goes, so that a week of rounds stays within memory."""

MAX_TRAIL = 50_000
"""Writes and decisions of one event."""

RETURNED = frozenset({reasons.HANDED_BACK, reasons.HANDED_OVER})
CLOSED = RETURNED | {reasons.CHANGED_BY_OTHER, reasons.KEPT, reasons.ORIGINAL_LOST}


class Result(Protocol):
    """What became of one write."""

    @property
    def write(self) -> Write:
        """As planned."""
        ...

    @property
    def error(self) -> Exception | None:
        """None when the server acknowledged it."""
        ...

    @property
    def seconds(self) -> float:
        """Wall-clock time it took."""
        ...


class Tally(NamedTuple):
    """How often something happened in an event's night, as this process saw it."""

    contested: int = 0
    """A foreign value below a floor was raised again."""
    moves: int = 0
    wrong_decreases: int = 0


class Recorder:
    """Keeps one night per event, bounded in memory."""

    def __init__(self, *, max_steps: int = MAX_STEPS) -> None:
        self._nights: dict[EventKey, _Night] = {}
        self._max_steps = max_steps

    def observe(self, now: float, snapshot: Snapshot, plan: Plan, results: Sequence[Result]) -> None:
        """Takes one pass: what was known, what was decided, what the servers said to it."""
        facts = {event.key: event for event in snapshot.events}
        for key, event_plan in plan.events.items():
            night = self._nights.get(key)
            if night is None:
                if key not in facts:
                    continue
                night = self._nights[key] = _Night(key, now, self._max_steps)
            night.observe(now, facts.get(key), event_plan, _Pass(key, snapshot, plan, results))

    def log(self, key: EventKey) -> NightLog | None:
        """The night so far; None for an event that was never seen."""
        night = self._nights.get(key)
        return None if night is None else night.log()

    def progress(self, key: EventKey) -> Mapping[str, RoundProgress]:
        """What the status says of each round that has begun, by the round's name."""
        night = self._nights.get(key)
        return {} if night is None else night.progress()

    def rounds_over(self, key: EventKey, now: float) -> int:
        """How many rounds have come to their latest end."""
        night = self._nights.get(key)
        return 0 if night is None else night.rounds_over(now)

    def contested_at(self, key: EventKey) -> float | None:
        """When a foreign value of this event was last raised again."""
        night = self._nights.get(key)
        return None if night is None else night.contested_at

    def left(self, key: EventKey) -> frozenset[Place]:
        """Where this process let an event's target go without knowing what ran there before."""
        night = self._nights.get(key)
        return frozenset() if night is None else frozenset(night.left)

    def tally(self, key: EventKey) -> Tally:
        """What happened to an event so far; may be called from any thread."""
        night = self._nights.get(key)
        return Tally() if night is None else night.tally()

    def keep(self, keys: Collection[EventKey]) -> None:
        """Drops every other event: it is gone, and everything of it is closed."""
        self._nights = {key: night for key, night in self._nights.items() if key in keys}


class _Pass:
    """One event's part of a pass; the ledger as it is after it."""

    def __init__(self, key: EventKey, snapshot: Snapshot, plan: Plan, results: Sequence[Result]) -> None:
        self.clusters = snapshot.clusters
        self.record: EventRecord | None = plan.records.get(key, snapshot.records.get(key))
        ledgers = {**snapshot.ledgers, **plan.ledgers}
        self.entries: dict[Place, Entry] = {
            Place(entry.workload, cluster): entry
            for (event, cluster), ledger in ledgers.items()
            if event == key and ledger is not None
            for entry in ledger.entries
        }
        self.results = [result for result in results if result.write.event == key]
        self.decisions = [decision for decision in plan.decisions if decision.event == key]
        self.key = key

    def floors(self) -> dict[tuple[str, Place], Floor]:
        """The ledger's floors by segment and place."""
        return {(f.segment, place): f for place, entry in self.entries.items() for f in entry.floors}


class _Night:
    """One event's night while it goes on."""

    def __init__(self, key: EventKey, now: float, max_steps: int) -> None:
        self.key = key
        self._max_steps = max_steps
        self.started_at = self.now = now
        self.contested_at: float | None = None
        self._spec: GalaEventSpec | None = None
        self._segments: dict[str, SegmentLog] = {}
        self._series: dict[str, dict[Place, StepSeries]] = {
            name: defaultdict(StepSeries) for name in ("intended", "spec", "ready", "warm", "offered")
        }
        self._floors = FloorBook()
        self._writes: deque[WriteLog] = deque(maxlen=MAX_TRAIL)
        self._decisions: deque[Decision] = deque(maxlen=MAX_TRAIL)
        self._moves: dict[tuple[str, str, str, str, int], MoveLog] = {}
        self._nodes: dict[str, tuple[int, int]] = {}
        self._contested = self._wrong = self._open = 0
        self._lost = False
        self.left: set[Place] = set()
        self._over = False
        self._done: dict[str, RoundProgress] = {}

    def observe(self, now: float, facts: EventFacts | None, plan: EventPlan, seen: _Pass) -> None:
        if facts is not None:
            self._spec = facts.spec
        self._take_segments(now, plan)
        over = not plan.open_entries and all(s.latest_end <= now for s in self._segments.values())
        if over and self._over:
            return
        self._over, self._open, self.now = over, plan.open_entries, now
        if self._quiet(now):
            return
        self._take_series(now, plan, seen)
        self._floors.observe(now, self._segments.values(), plan, seen.floors())
        self._take_trail(now, seen)
        self._take_moves(seen.record)
        self._count_nodes(seen.clusters)
        self._bound(now)

    def _quiet(self, now: float) -> bool:
        """Whether nothing that is seen now can be in the picture; it begins with the first that can."""
        begins = min((s.prepare_at for s in self._segments.values()), default=now) - LEAD_IN
        if now < begins and not self._open:
            for named in self._series.values():
                named.clear()
        if not self._series["ready"]:
            self.started_at = now
        return now < begins and not self._open

    def _take_segments(self, now: float, plan: EventPlan) -> None:
        planned = {segment.name: segment for segment in plan.segments}
        for name, old in list(self._segments.items()):
            if name not in planned and old.prepare_at > now:
                del self._segments[name]
        for name, segment in planned.items():
            known = self._segments.get(name)
            if known is None or known.latest_end > now:
                self._segments[name] = _segment(segment)

    def _take_series(self, now: float, plan: EventPlan, seen: _Pass) -> None:
        keys = self._keys()
        for place in sorted({Place(*site) for site in (*plan.floors, *plan.ready)} | set(seen.entries)):
            cluster, entry = seen.clusters.get(place.cluster), seen.entries.get(place)
            target = _target(cluster, entry.target if entry else keys.get(place.workload))
            replicas = target.replicas if target else None
            intended = entry.intended if entry else max(plan.floors.get(place, 0), replicas or 0)
            self._append("intended", place, now, intended)
            self._append("spec", place, now, replicas)
            self._append("ready", place, now, plan.ready.get(place))
            warm = target.warm if target else None
            self._append("warm", place, now, warm if isinstance(warm, int) else None)
            traffic = cluster.traffic.get((self.key, place.workload)) if cluster else None
            sample = traffic.latest if traffic else None
            series = self._series["offered"][place]
            if isinstance(sample, Sample) and sample.at > series.last_time:
                series.append(sample.at, sample.qps)

    def _append(self, name: str, place: Place, now: float, value: float | None) -> None:
        self._series[name][place].append(now, value)

    def _keys(self) -> dict[str, TargetKey]:
        """What is scaled for each workload of the spec."""
        workloads = self._spec.workloads if self._spec else ()
        return {one.name: target_key(one, self.key.namespace) for one in workloads}

    def _take_trail(self, now: float, seen: _Pass) -> None:
        self._decisions.extend(seen.decisions)
        for decision in seen.decisions:
            if decision.reason == reasons.CONTESTED:
                self._contested += 1
                self.contested_at = now
            if decision.reason in CLOSED - RETURNED and decision.start == decision.to:
                self._lost = True
            if decision.reason == reasons.ORIGINAL_LOST:
                self.left.add(Place(decision.workload, decision.cluster))
        for result in seen.results:
            write, place = result.write, Place(result.write.workload, result.write.cluster)
            error = "" if result.error is None else type(result.error).__name__
            self._writes.append(WriteLog(now, place, write.was, write.to, error, result.seconds))
            if result.error is None:
                self._append("spec", place, now, write.to)
                self._wrong += write.to < write.was and write.to < self._floors.promised(place, now)

    def _take_moves(self, record: EventRecord | None) -> None:
        for move in record.moves if record else ():
            identity = (move.workload, move.segment, move.source, move.to, move.to_floor)
            self._moves.setdefault(
                identity, MoveLog(move.at, move.workload, move.segment, move.source, move.to, move.count)
            )

    def _count_nodes(self, clusters: Mapping[str, ClusterFacts]) -> None:
        for name, cluster in clusters.items():
            if isinstance(cluster.nodes, tuple) and cluster.nodes:
                count = sum(room.count for room in cluster.nodes)
                first, most = self._nodes.get(name, (count, count))
                self._nodes[name] = (first, max(most, count))

    def _bound(self, now: float) -> None:
        begins = min((s.prepare_at for s in self._segments.values()), default=now) - LEAD_IN
        for named in self._series.values():
            for series in named.values():
                if now < begins:
                    series.forget_before(now)
                elif len(series) > self._max_steps:
                    series.forget_first(len(series) // 2)
        if now < begins:
            self.started_at = now

    def progress(self) -> Mapping[str, RoundProgress]:
        """Of the rounds whose preparation has begun; what is over is not computed again."""
        log = self.log(trail=False)
        found = dict(self._done)
        for segment in log.rounds:
            if segment.prepare_at <= self.now and segment.round not in self._done:
                found[segment.round] = _progress(log, segment, self.now)
                if self.now >= segment.actual_end:
                    self._done[segment.round] = found[segment.round]
        return found

    def tally(self) -> Tally:
        return Tally(self._contested, len(self._moves), self._wrong)

    def rounds_over(self, now: float) -> int:
        return sum(1 for one in self._segments.values() if one.is_round and one.latest_end <= now)

    def log(self, *, trail: bool = True) -> NightLog:
        """The night so far; without ``trail`` only what the rounds are judged by."""
        workloads = self._spec.workloads if self._spec else ()
        places = self._series["ready"]
        return NightLog(
            event=str(self.key),
            mode=str(self._spec.mode.value) if self._spec else "Enforce",
            started_at=self.started_at,
            ended_at=self.now,
            time_zone=self._spec.time_zone if self._spec else "UTC",
            clusters=tuple(sorted({place.cluster for place in places})),
            workloads=tuple(
                WorkloadLog(
                    name=one.name,
                    tier=one.tier.value,
                    qps_per_replica=one.capacity.qps_per_replica if one.capacity else None,
                )
                for one in workloads
            ),
            segments=tuple(sorted(self._segments.values(), key=lambda s: (s.ready_by, s.name))),
            intended=self._series["intended"],
            spec=self._series["spec"],
            ready=places,
            warm=self._series["warm"],
            offered=self._series["offered"],
            floors=self._floors.logs(),
            writes=tuple(self._writes) if trail else (),
            decisions=tuple(self._decisions) if trail else (),
            moves=tuple(self._moves.values()),
            servers_added=sum(most - first for first, most in self._nodes.values()),
            contested=self._contested,
            wrong_decreases=self._wrong,
            handed_back=not self._open and not self._lost,
        )


def _target(cluster: ClusterFacts | None, key: TargetKey | None) -> TargetFacts | None:
    facts = cluster.targets.get(key) if cluster and key else None
    return facts if isinstance(facts, TargetFacts) else None


def _segment(plan: SegmentPlan) -> SegmentLog:
    end = plan.earliest_end if plan.is_round else plan.latest_end
    return SegmentLog(
        name=plan.name,
        round=plan.round,
        is_round=plan.is_round,
        scheduled_start=plan.start,
        actual_start=plan.start if plan.is_round else plan.ready_by,
        duration=end - plan.ready_by,
        prepare_at=plan.prepare_at,
        ready_by=plan.ready_by,
        latest_end=plan.latest_end,
        required={need.workload: need.required for need in plan.needs},
    )


def _progress(log: NightLog, segment: SegmentLog, now: float) -> RoundProgress:
    started = now >= segment.actual_start
    return RoundProgress(
        ready_at=measures.ready_at(log, segment),
        ready_at_start=measures.ready_at_start(log, segment) if started else None,
        short_replica_seconds=measures.short_replica_seconds(log, segment, until=now).replica_seconds,
    )
