"""The whole night of every event, projected on one set of facts.

All events are placed together, what is latched first and then by ``ready_by``, so that a
later segment finds the room that earlier ones leave, whoever they belong to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import inf

from gala.planning.commitments import Commitments
from gala.planning.facts import ClusterFacts, EventFacts, EventKey, Snapshot, TargetFacts
from gala.planning.ledger import Entry, EventRecord, Floor, Latched, Policy
from gala.planning.outcome import Finding
from gala.planning.placement import Placed, Scene, place, size_of
from gala.planning.segments import Segment, is_round_name, segments
from gala.planning.sites import Site, SiteKey, sites
from gala.planning.timeline import Course, Latch, Target, Window, windows
from gala.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """One event's projection: its segments, their places and their windows."""

    key: EventKey
    event: EventFacts | None
    """None: deleted, or in doubt; then the record's own times are all there is."""
    deleted: bool
    policy: Policy
    record: EventRecord | None
    sites: Mapping[SiteKey, Site] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    segments: tuple[Segment, ...] = ()
    placed: Mapping[str, Placed] = field(default_factory=dict)
    windows: Mapping[str, Mapping[str, Window]] = field(default_factory=dict)
    """By segment, then cluster."""
    scene: Scene | None = None
    later: bool = False
    """Segments were left out because they lie too far ahead."""

    def latched(self, segment: str) -> Latched | None:
        """What the record says of a segment."""
        return _latched(self.record, segment)


def project(
    snapshot: Snapshot, now: float, settings: Settings, *, ahead: float = inf
) -> dict[EventKey, Night]:
    """Every event's night; the order of events in the snapshot changes nothing.

    What begins later than ``ahead`` seconds from now, and is not latched, is left out.
    """
    commitments = Commitments()
    nights: dict[EventKey, Night] = {}
    for event in sorted(snapshot.events, key=lambda e: (e.created, e.uid)):
        night = _present(event, snapshot, commitments, now=now, settings=settings)
        nights[event.key] = _within(night, now + ahead)
    for key in sorted({key for key, _ in snapshot.ledgers} | set(snapshot.records)):
        if key not in nights:
            nights[key] = _absent(key, snapshot, now)
    _know(snapshot, nights.values(), commitments)
    _commit_ledger(snapshot, commitments, now)
    placed = _place_all(nights, commitments, now)
    return {
        key: replace(night, placed=placed[key], windows=_windows(night, placed[key], snapshot, now, settings))
        for key, night in nights.items()
    }


def _within(night: Night, horizon: float) -> Night:
    near = tuple(s for s in night.segments if s.ready_by <= horizon or night.latched(s.name))
    return replace(night, segments=near, later=len(near) < len(night.segments))


def policy_of(event: EventFacts) -> Policy:
    """How the event wants its capacity given back."""
    back = event.spec.handback
    return Policy(on_delete=back.on_delete, cooldown=back.cooldown, max_step_percent=back.max_step_percent)


def entries_of(snapshot: Snapshot, key: EventKey) -> Iterable[tuple[str, Entry]]:
    """Every open entry of an event with its cluster, in a fixed order."""
    for event, cluster in sorted(snapshot.ledgers):
        if event == key:
            for entry in snapshot.ledgers[event, cluster].entries:
                yield cluster, entry


def floors_of(snapshot: Snapshot, key: EventKey) -> dict[tuple[str, str, str], Floor]:
    """Stored floors by segment, workload and cluster."""
    return {
        (floor.segment, entry.workload, cluster): floor
        for cluster, entry in entries_of(snapshot, key)
        for floor in entry.floors
    }


def _latched(record: EventRecord | None, segment: str) -> Latched | None:
    if record is None:
        return None
    return next((item for item in record.latched if item.segment == segment), None)


def _present(
    event: EventFacts, snapshot: Snapshot, commitments: Commitments, *, now: float, settings: Settings
) -> Night:
    record = snapshot.records.get(event.key)
    found, findings = sites(event, snapshot)
    planned = segments(event.spec)
    names = {segment.name for segment in planned}
    removed = [
        _remembered(item, end=min(item.end, now))
        for item in (record.latched if record else ())
        if item.segment not in names
    ]
    live = [s for s in planned if s.latest_end > now or _latched(record, s.name)]
    return Night(
        key=event.key,
        event=event,
        deleted=False,
        policy=policy_of(event),
        record=record,
        sites=found,
        findings=tuple(findings),
        segments=tuple(sorted([*live, *removed], key=lambda s: (s.ready_by, s.latest_end, s.name))),
        scene=Scene(
            event=event,
            sites=found,
            last_shares={last.workload: last for last in (record.last_shares if record else ())},
            commitments=commitments,
            now=now,
            settings=settings,
        ),
    )


def _absent(key: EventKey, snapshot: Snapshot, now: float) -> Night:
    """A night from the ledger alone; once deletion is believed no further segment begins."""
    record = snapshot.records.get(key)
    deleted = key in snapshot.deleted
    ledgers = [ledger for (event, _), ledger in sorted(snapshot.ledgers.items()) if event == key]
    known = [ledger.policy for ledger in ledgers] + ([record.policy] if record else [])
    latched = record.latched if record else ()
    kept = [item for item in latched if not deleted or any(c.prepare_at <= now for c in item.clusters)]
    return Night(
        key=key,
        event=None,
        deleted=deleted,
        policy=known[-1] if known else Policy(),
        record=record,
        segments=tuple(
            sorted(
                (_remembered(item, end=item.end) for item in kept),
                key=lambda s: (s.ready_by, s.latest_end, s.name),
            )
        ),
    )


def _remembered(item: Latched, *, end: float) -> Segment:
    """A segment that only the record knows; it has no demand any more, only floors."""
    return Segment(
        name=item.segment,
        round=item.segment,
        is_round=is_round_name(item.segment),
        start=item.ready_by,
        ready_by=item.ready_by,
        earliest_end=end,
        latest_end=end,
        demand=(),
    )


def _know(snapshot: Snapshot, nights: Iterable[Night], commitments: Commitments) -> None:
    for night in nights:
        for (_, cluster), site in night.sites.items():
            commitments.know(
                cluster,
                site.key,
                rank=site.workload.tier.rank,
                size=size_of(site),
                original=site.original,
            )
    for (_, cluster), ledger in sorted(snapshot.ledgers.items()):
        for entry in ledger.entries:
            facts = (
                snapshot.clusters[cluster].targets.get(entry.target) if cluster in snapshot.clusters else None
            )
            if isinstance(facts, TargetFacts):
                size = (facts.cpu, facts.memory)
                commitments.know_unless(
                    cluster, entry.target, size=size, original=entry.original or facts.replicas
                )


def _commit_ledger(snapshot: Snapshot, commitments: Commitments, now: float) -> None:
    """Every stored floor holds its room from the begin of its segment's first hold to its end."""
    for key, record in snapshot.records.items():
        times = {
            item.segment: (min((c.prepare_at for c in item.clusters), default=now), item.end)
            for item in record.latched
        }
        for cluster, entry in entries_of(snapshot, key):
            for floor in entry.floors:
                if floor.segment in times:
                    start, end = times[floor.segment]
                    commitments.hold(cluster, entry.target, start=start, end=end, replicas=floor.replicas)


def _place_all(
    nights: Mapping[EventKey, Night], commitments: Commitments, now: float
) -> dict[EventKey, dict[str, Placed]]:
    placed: dict[EventKey, dict[str, Placed]] = {key: {} for key in nights}
    work = [(night, segment) for night in nights.values() for segment in night.segments]
    for night, segment in sorted(work, key=_serving_order):
        latched = night.latched(segment.name)
        if night.scene is None or segment.latest_end <= now or not segment.demand:
            placed[night.key][segment.name] = Placed(segment=segment)
            continue
        found = place(night.scene, segment, latched)
        placed[night.key][segment.name] = found
        start = min((c.prepare_at for c in latched.clusters), default=now) if latched else segment.ready_by
        for (workload, cluster), cell in found.cells.items():
            site = night.sites.get((workload, cluster))
            if site is not None:
                commitments.hold(
                    cluster, site.key, start=start, end=segment.latest_end, replicas=cell.division
                )
    return placed


def _serving_order(item: tuple[Night, Segment]) -> tuple[bool, float, float, EventKey, str]:
    night, segment = item
    created = night.event.created if night.event else 0.0
    return (night.latched(segment.name) is None, segment.ready_by, created, night.key, segment.name)


def _windows(
    night: Night, placed: Mapping[str, Placed], snapshot: Snapshot, now: float, settings: Settings
) -> dict[str, dict[str, Window]]:
    stored = floors_of(snapshot, night.key)
    wants: dict[str, dict[str, dict[str, int]]] = {}
    for name, place_ in placed.items():
        for (workload, cluster), cell in place_.cells.items():
            wants.setdefault(cluster, {}).setdefault(name, {})[workload] = cell.division
    for (name, workload, cluster), floor in stored.items():
        if name in placed:
            known = wants.setdefault(cluster, {}).setdefault(name, {})
            known[workload] = max(floor.replicas, known.get(workload, 0))
    found: dict[str, dict[str, Window]] = {}
    entries = {(e.workload, c): e for c, e in entries_of(snapshot, night.key)}
    for cluster in sorted(wants):
        facts = snapshot.clusters.get(cluster, ClusterFacts(name=cluster, reachable=False))
        course = Course(
            cluster=facts,
            segments=night.segments,
            floors=wants[cluster],
            targets=_targets(night, cluster, wants[cluster], entries, settings),
            latches=_latches(night, cluster),
            cooldown=night.policy.cooldown,
            step_percent=night.policy.max_step_percent,
            now=now,
            settings=settings,
        )
        for name, window in windows(course).items():
            found.setdefault(name, {})[cluster] = window
    return found


def _targets(
    night: Night,
    cluster: str,
    wants: Mapping[str, Mapping[str, int]],
    entries: Mapping[SiteKey, Entry],
    settings: Settings,
) -> dict[str, Target]:
    found: dict[str, Target] = {}
    for workload in {w for floors in wants.values() for w in floors}:
        site = night.sites.get((workload, cluster))
        entry = entries.get((workload, cluster))
        if site is None:
            found[workload] = Target(entry.original or 0 if entry else 0, False, settings.warmup_default)
            continue
        warmup = settings.warmup_default if site.warmup is None else site.warmup
        ordered = isinstance(site.facts, TargetFacts) and site.facts.ordered
        found[workload] = Target(site.original, ordered, warmup)
    return found


def _latches(night: Night, cluster: str) -> dict[str, Latch]:
    basis = night.scene.basis if night.scene else None
    found: dict[str, Latch] = {}
    for item in night.record.latched if night.record else ():
        for stored in item.clusters:
            if stored.cluster == cluster:
                found[item.segment] = Latch(stored, basis is not None and basis != item.basis)
    return found
