"""One event's night before it is placed: its sites, its segments, and what the ledger says of it.

An event that exists is read from its spec; one that is deleted or in doubt from the record
and the ledgers alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from gala.api.event import Mode
from gala.planning.books import Books, FloorKey, SiteKey
from gala.planning.commitments import Commitments
from gala.planning.facts import EventFacts, EventKey, TargetKey
from gala.planning.ledger import Entry, EventRecord, Floor, Latched, Policy
from gala.planning.outcome import Finding
from gala.planning.placement import Placed, Scene
from gala.planning.segments import Segment, is_round_name, segments
from gala.planning.sites import Site, sites
from gala.planning.snapshot import Snapshot
from gala.planning.timeline import Window
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
    latches: Mapping[str, Latched]
    """The record's, by segment."""
    entries: Mapping[SiteKey, Entry]
    floors: Mapping[FloorKey, Floor]
    """Those in the ledger."""
    sites: Mapping[SiteKey, Site] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    segments: tuple[Segment, ...] = ()
    placed: Mapping[str, Placed] = field(default_factory=dict)
    windows: Mapping[str, Mapping[str, Window]] = field(default_factory=dict)
    """By segment, then cluster."""
    scene: Scene | None = None
    later: bool = False
    """Segments were left out because they lie too far ahead."""

    @property
    def observed(self) -> bool:
        """Whether it is only looked at: what it plans takes nobody's room."""
        return self.event is not None and self.event.spec.mode is not Mode.ENFORCE

    @property
    def order(self) -> tuple[float, str, EventKey]:
        """The older event comes first."""
        return (self.event.created, self.event.uid, self.key) if self.event else (0.0, "", self.key)

    def target(self, site: SiteKey) -> TargetKey | None:
        """What is scaled there: what an open entry says, else what the spec says."""
        entry, known = self.entries.get(site), self.sites.get(site)
        return entry.target if entry else known.key if known else None

    @property
    def frozen(self) -> bool:
        """Paused or only observed: no ledger, no write."""
        return self.observed or (self.event is not None and self.event.spec.paused)


def policy_of(event: EventFacts) -> Policy:
    """How the event wants its capacity given back."""
    back = event.spec.handback
    return Policy(on_delete=back.on_delete, cooldown=back.cooldown, max_step_percent=back.max_step_percent)


def nights(
    snapshot: Snapshot, books: Books, commitments: Commitments, *, now: float, settings: Settings
) -> dict[EventKey, Night]:
    """The night of every event that exists or has left something in the ledger, oldest event first."""
    found: dict[EventKey, Night] = {}
    for event in sorted(snapshot.events, key=lambda e: (e.created, e.uid, e.key)):
        places, findings = sites(event, snapshot, books)
        record = snapshot.records.get(event.key)
        scene = Scene(
            event=event,
            sites=places,
            last_shares={last.workload: last for last in (record.last_shares if record else ())},
            commitments=commitments,
            now=now,
            settings=settings,
        )
        found[event.key] = _present(scene, record, books, findings)
    for key in sorted({key for key, _ in snapshot.ledgers} | set(snapshot.records)):
        if key not in found:
            found[key] = _absent(key, snapshot, books, now)
    return found


def _present(scene: Scene, record: EventRecord | None, books: Books, findings: Iterable[Finding]) -> Night:
    event, now = scene.event, scene.now
    latches = _by_segment(record)
    planned = [_ended_now(segment, latches.get(segment.name), now) for segment in segments(event.spec)]
    names = {segment.name for segment in planned}
    removed = [_remembered(i, end=min(i.end, now)) for i in latches.values() if i.segment not in names]
    live = [s for s in planned if s.latest_end > now or s.name in latches]
    return Night(
        key=event.key,
        event=event,
        deleted=False,
        policy=policy_of(event),
        record=record,
        latches=latches,
        entries=books.entries(event.key),
        floors=books.floors(event.key),
        sites=scene.sites,
        findings=tuple(findings),
        segments=_sorted([*live, *removed]),
        scene=scene,
    )


def _ended_now(segment: Segment, latch: Latched | None, now: float) -> Segment:
    """As planned; one that an edit put into the past ends when that is seen, and its cooldown follows.

    The record has the end that was held to before, then the one that was seen.
    """
    if latch is None or segment.latest_end >= now:
        return segment
    return segment._replace(latest_end=max(segment.latest_end, min(latch.end, now)))


def _absent(key: EventKey, snapshot: Snapshot, books: Books, now: float) -> Night:
    """A night from the ledger alone; once deletion is believed nothing further begins in any cluster."""
    record = snapshot.records.get(key)
    deleted = key in snapshot.deleted
    ledgers = [ledger for (event, _), ledger in sorted(snapshot.ledgers.items()) if event == key]
    known = [ledger.policy for ledger in ledgers] + ([record.policy] if record else [])
    latches = _by_segment(record)
    if deleted:
        begun = {
            name: replace(item, clusters=tuple(c for c in item.clusters if c.prepare_at <= now))
            for name, item in latches.items()
        }
        latches = {name: item for name, item in begun.items() if item.clusters}
    return Night(
        key=key,
        event=None,
        deleted=deleted,
        policy=known[-1],
        record=record,
        latches=latches,
        entries=books.entries(key),
        floors=books.floors(key),
        segments=_sorted(_remembered(item, end=item.end) for item in latches.values()),
    )


def _by_segment(record: EventRecord | None) -> dict[str, Latched]:
    return {item.segment: item for item in record.latched} if record else {}


def _sorted(found: Iterable[Segment]) -> tuple[Segment, ...]:
    return tuple(sorted(found, key=lambda s: (s.ready_by, s.latest_end, s.name)))


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
