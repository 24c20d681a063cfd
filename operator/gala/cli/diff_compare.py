"""Two plans side by side: of the events as they are stored, and as the files have them.

Both are made by the planning code as it is, from the same facts at the same time. A value is
what a target is to have: its original or its floor, whichever is more.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from gala.api.event import GalaEventSpec
from gala.cli.diff_ledger import NOT_KNOWN
from gala.cli.diff_sources import Sides
from gala.planning.books import Books, SiteKey
from gala.planning.facts import EventFacts, EventKey, Missing, TargetFacts
from gala.planning.outcome import EventPlan, Finding, SegmentPlan
from gala.planning.plan import plan
from gala.planning.shortfall import OF_ROOM
from gala.planning.sites import target_key
from gala.planning.snapshot import Snapshot
from gala.settings import Settings

Json = Mapping[str, Any]


class Field(NamedTuple):
    """A part of the spec that differs; None on the side that does not have it."""

    path: str
    stored: Any
    wanted: Any


class Row(NamedTuple):
    """One workload in one cluster: what runs, and what is due now and at the next edge."""

    cluster: str
    workload: str
    runs: int | None
    original: int | None
    stored: int
    """The floor that is due now by the stored event; 0 where nothing is held."""
    wanted: int
    """The same by the file."""
    upcoming: int
    """What is due when the next segment has to be Ready, by the file."""

    @property
    def to_add(self) -> int | None:
        """What has to be added until then; None where nobody knows what runs."""
        return None if self.runs is None else max(0, self.upcoming - self.runs)

    @property
    def below(self) -> bool:
        """Whether less runs than is due now by the file, or nobody knows."""
        return self.wanted > 0 and (self.runs is None or self.runs < self.wanted)


class Cell(NamedTuple):
    """One workload in one cluster at a segment's ``readyBy``; None where the side has no such segment."""

    cluster: str
    workload: str
    runs: int | None
    stored: int | None
    wanted: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """One segment on both sides; None on the side that does not have it."""

    name: str
    stored: SegmentPlan | None
    wanted: SegmentPlan | None
    cells: tuple[Cell, ...]

    @property
    def times_differ(self) -> bool:
        """Whether it begins, has to be Ready or ends at another time."""
        return _times(self.stored) != _times(self.wanted)

    @property
    def differs(self) -> bool:
        """Whether anything about it changes."""
        return self.times_differ or any(cell.stored != cell.wanted for cell in self.cells)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventDiff:
    """One event of the files."""

    key: EventKey
    time_zone: str
    is_new: bool
    """Nothing of that name is stored."""
    fields: tuple[Field, ...]
    rows: tuple[Row, ...]
    upcoming: str
    """Name of the segment that has to be Ready next; empty if none has."""
    stretches: tuple[Stretch, ...]
    findings: tuple[Finding, ...]
    """What the plan of the file has to say: what does not fit, what takes no part."""
    unknown: tuple[str, ...]
    """Clusters of which nobody says what runs there: nothing is placed in them."""

    @property
    def changes(self) -> bool:
        """Whether applying the file would change anything."""
        return (
            self.is_new
            or bool(self.fields)
            or any(stretch.differs for stretch in self.stretches)
            or any(row.stored != row.wanted for row in self.rows)
        )

    @property
    def below(self) -> bool:
        """Whether less runs somewhere than is due now."""
        return any(row.below for row in self.rows)


def compare(sides: Sides, now: float, settings: Settings) -> tuple[EventDiff, ...]:
    """Every event of the files, in their order; the same input always gives the same result."""
    before = plan(sides.before, now, settings).events
    after = plan(sides.after, now, settings).events
    found = []
    for key in sides.keys:
        ahead = [segment for segment in after[key].segments if segment.ready_by > now]
        upcoming = min(ahead, key=lambda segment: (segment.ready_by, segment.name), default=None)
        then = plan(sides.after, upcoming.ready_by, settings).events[key] if upcoming else after[key]
        plans = _Plans(before.get(key), after[key], then)
        found.append(_event(key, sides, plans, upcoming.name if upcoming else ""))
    return tuple(found)


class _Plans(NamedTuple):
    """Of one event."""

    before: EventPlan | None
    after: EventPlan
    then: EventPlan
    """By the file, as of when the next segment has to be Ready."""


def _event(key: EventKey, sides: Sides, plans: _Plans, upcoming: str) -> EventDiff:
    old, new = _facts(sides.before, key), _facts(sides.after, key)
    assert new is not None  # noqa: S101 (the files are where the keys come from)
    findings = plans.after.findings
    unknown = sorted({one.cluster for one in findings if one.reason == NOT_KNOWN})
    return EventDiff(
        key=key,
        time_zone=new.spec.time_zone,
        is_new=old is None,
        fields=tuple(_fields(old.spec, new.spec)) if old is not None else (),
        rows=tuple(_rows(sides, new, plans)),
        upcoming=upcoming,
        stretches=tuple(_stretches(sides, new, plans)),
        findings=tuple(f for f in findings if not (unknown and f.reason in _OF_THE_UNKNOWN)),
        unknown=tuple(unknown),
    )


_OF_THE_UNKNOWN = OF_ROOM | {NOT_KNOWN}


def _facts(snapshot: Snapshot, key: EventKey) -> EventFacts | None:
    return next((event for event in snapshot.events if event.key == key), None)


def _fields(stored: GalaEventSpec, wanted: GalaEventSpec) -> Iterator[Field]:
    yield from _differences("spec", _wire(stored), _wire(wanted))


def _wire(spec: GalaEventSpec) -> Json:
    return spec.model_dump(mode="json", by_alias=True, exclude_none=True)


def _differences(path: str, stored: Any, wanted: Any) -> Iterator[Field]:
    """By name where items have one, so that a round that is put in does not change all that follow."""
    if stored == wanted:
        return
    left, right = _parts(stored), _parts(wanted)
    if left is None or right is None:
        yield Field(path, stored, wanted)
        return
    for step in dict.fromkeys((*left, *right)):
        yield from _differences(f"{path}{step}", left.get(step), right.get(step))


def _parts(value: Any) -> dict[str, Any] | None:
    if isinstance(value, Mapping):
        return {f".{name}": part for name, part in value.items()}
    if isinstance(value, list):
        names = [_name(part) for part in value]
        if all(names) and len(set(names)) == len(names):
            return {f"[{name}]": part for name, part in zip(names, value, strict=True)}
    return None


def _name(part: Any) -> str:
    """What tells an item of a list from the others: the API's list-map keys."""
    if not isinstance(part, Mapping):
        return ""
    return str(part.get("name") or part.get("workload") or part.get("cluster") or "")


def _rows(sides: Sides, event: EventFacts, plans: _Plans) -> Iterator[Row]:
    stored = plans.before.floors if plans.before else {}
    books = Books(sides.after)
    for site in _sites(plans):
        workload, cluster = site
        yield Row(
            cluster,
            workload,
            runs=_runs(sides, event, site),
            original=_original(sides, event, site, books),
            stored=stored.get(site, 0),
            wanted=plans.after.floors.get(site, 0),
            upcoming=plans.then.floors.get(site, 0),
        )


def _sites(plans: _Plans) -> list[SiteKey]:
    """Every place that either plan speaks of, by cluster, then workload."""
    found: set[SiteKey] = set()
    for one in plans:
        if one is not None:
            found |= {*one.floors, *one.ready}
            found |= {(p.workload, p.cluster) for s in one.segments for p in s.placements}
    return sorted(found, key=lambda site: (site[1], site[0]))


def _runs(sides: Sides, event: EventFacts, site: SiteKey) -> int | None:
    facts = _target(sides, event, site)
    return facts.replicas if isinstance(facts, TargetFacts) else None


def _original(sides: Sides, event: EventFacts, site: SiteKey, books: Books) -> int | None:
    entry = books.entries(event.key).get(site)
    if entry is not None:
        return entry.original
    return _runs(sides, event, site)


def _target(sides: Sides, event: EventFacts, site: SiteKey) -> TargetFacts | Missing | None:
    workload = next((w for w in event.spec.workloads if w.name == site[0]), None)
    cluster = sides.after.clusters.get(site[1])
    if workload is None or cluster is None:
        return None
    return cluster.targets.get(target_key(workload, event.key.namespace))


def _stretches(sides: Sides, event: EventFacts, plans: _Plans) -> Iterator[Stretch]:
    left = {segment.name: segment for segment in plans.before.segments} if plans.before else {}
    right = {segment.name: segment for segment in plans.after.segments}
    both = {**left, **right}
    for name in sorted(both, key=lambda one: (both[one].ready_by, one)):
        stored, wanted = left.get(name), right.get(name)
        old, new = _floors(stored), _floors(wanted)
        places = sorted({*old, *new}, key=lambda site: (site[1], site[0]))
        cells = (
            Cell(site[1], site[0], _runs(sides, event, site), old.get(site), new.get(site)) for site in places
        )
        yield Stretch(name=name, stored=stored, wanted=wanted, cells=tuple(cells))


def _floors(segment: SegmentPlan | None) -> dict[SiteKey, int]:
    if segment is None:
        return {}
    return {(place.workload, place.cluster): place.floor for place in segment.placements}


def _times(segment: SegmentPlan | None) -> tuple[float, ...] | None:
    if segment is None:
        return None
    return (segment.prepare_at, segment.ready_by, segment.start, segment.latest_end)
