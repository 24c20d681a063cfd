"""What ``gala status`` says of an event, as a value: its status, its ledger, and what is wrong first.

Nothing is worked out anew: the operator judged, and this only puts together what it wrote.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, NamedTuple

from pydantic import ValidationError

from gala.api.allocation import EntryStatus, StoredEntry
from gala.api.cluster import GalaClusterStatus
from gala.api.event import GalaEventSpec
from gala.api.event_status import ClusterStatus, EventPhase, GalaEventStatus, RoundPhase, RoundStatus
from gala.api.meta import Condition
from gala.api.validation import parse_event
from gala.cli.hub_reading import Held
from gala.cli.status_ledger import SeenLedger, read_ledgers
from gala.cli.status_problems import Place, Problem, problems_of
from gala.errors import InvalidInput
from gala.planning.facts import EventKey
from gala.planning.segments import Segment, segments

Json = Mapping[str, Any]


class Mark(IntEnum):
    """How something stands; what is worse comes first."""

    BAD = 0
    BUSY = 1
    """On its way, and still in time."""
    UNKNOWN = 2
    WAITING = 3
    GOOD = 4


class Edge(NamedTuple):
    """The next moment at which something has to happen."""

    at: float
    round: str
    """Empty where it is about the whole event."""
    what: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadLine:
    """One entry of the ledger, and what was last seen of its target."""

    mark: Mark
    entry: StoredEntry
    seen: EntryStatus | None

    @property
    def name(self) -> str:
        """The workload's, or the donor's."""
        return self.entry.workload or self.entry.donor or ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterLine:
    """One cluster, and what the event holds in it."""

    mark: Mark
    status: ClusterStatus
    trouble: str
    """What the GalaCluster says is wrong; empty if nothing."""
    workloads: tuple[WorkloadLine, ...]
    """What is wrong first, then by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundLine:
    """One round."""

    mark: Mark
    status: RoundStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """One event."""

    mark: Mark
    key: EventKey
    generation: int
    spec: GalaEventSpec | None
    """None where it cannot be read; the problems say why."""
    status: GalaEventStatus
    ready: bool
    """The condition Ready is True, and it is about the spec as it is now."""
    problems: tuple[Problem, ...]
    next_edge: Edge | None
    rounds: tuple[RoundLine, ...]
    clusters: tuple[ClusterLine, ...]
    """What is wrong first, then by name."""

    @property
    def round_shown(self) -> str:
        """The round that the clusters' figures are about; empty where nothing is held or comes."""
        return self.status.current_round or self.status.next_round


def shows(held: Held, *, fleet_namespace: str, now: float) -> tuple[Show, ...]:
    """Every event that was read, in the order of namespace and name."""
    fleet = {str(one["metadata"]["name"]): _cluster_status(one) for one in held.clusters}
    ledgers, unreadable = read_ledgers(held.ledgers)
    return tuple(
        _show(
            raw,
            fleet,
            {cluster: part for (event, cluster), part in ledgers.items() if event == _key(raw)},
            unreadable.get(_key(raw), ()),
            fleet_namespace=fleet_namespace,
            now=now,
        )
        for raw in held.events
    )


def _show(
    raw: Json,
    fleet: Mapping[str, GalaClusterStatus],
    ledger: Mapping[str, SeenLedger],
    unreadable: Iterable[str],
    *,
    fleet_namespace: str,
    now: float,
) -> Show:
    key, generation = _key(raw), int(raw["metadata"].get("generation") or 0)
    spec, status, refusal = _parsed(raw)
    known = status or GalaEventStatus()
    planned = segments(spec) if spec else ()
    clusters = _clusters(known, fleet, ledger, _Due.of(known, planned, now))
    late = any(line.mark is Mark.BAD for line in clusters)
    place = Place(key, fleet_namespace, generation)
    found = problems_of(status, place, refusal=refusal, unreadable=unreadable, late=late)
    condition = next((one for one in known.conditions if one.type == "Ready"), None)
    ready = (
        condition is not None
        and condition.status == "True"
        and known.observed_generation >= generation
        and refusal is None
    )
    return Show(
        mark=_event_mark(known, ready=ready, failed=_failed(condition), late=late),
        key=key,
        generation=generation,
        spec=spec,
        status=known,
        ready=ready,
        problems=found,
        next_edge=_next_edge(known, planned, ledger.values(), now),
        rounds=tuple(RoundLine(mark=_round_mark(one), status=one) for one in known.rounds),
        clusters=clusters,
    )


def _key(raw: Json) -> EventKey:
    metadata = raw["metadata"]
    return EventKey(str(metadata.get("namespace", "")), str(metadata.get("name", "")))


def _parsed(raw: Json) -> tuple[GalaEventSpec | None, GalaEventStatus | None, str | None]:
    """Spec, status, and why the spec cannot be used."""
    try:
        event = parse_event(raw)
    except InvalidInput as refused:
        try:
            return None, GalaEventStatus.model_validate(raw.get("status") or {}), str(refused)
        except ValidationError:
            return None, None, str(refused)
    return event.spec, event.status, None


def _cluster_status(raw: Json) -> GalaClusterStatus:
    try:
        return GalaClusterStatus.model_validate(raw.get("status") or {})
    except ValidationError:
        return GalaClusterStatus()


@dataclass(frozen=True, slots=True)
class _Due:
    """What has to be Ready already: capacity that is on its way to a later segment is not late."""

    begun: bool
    """Something is held."""
    passed: bool
    """The round that is held had to be Ready by now."""
    later: frozenset[str]
    """Segments that need not be Ready yet."""

    @classmethod
    def of(cls, status: GalaEventStatus, planned: Iterable[Segment], now: float) -> _Due:
        current = next((one for one in status.rounds if one.name == status.current_round), None)
        return cls(
            begun=bool(status.current_round),
            passed=current is not None and current.ready_by is not None and current.ready_by <= now,
            later=frozenset(segment.name for segment in planned if segment.ready_by > now),
        )

    def floor(self, entry: StoredEntry) -> int:
        """What of an entry has to be Ready now."""
        return max((f.replicas for f in entry.floors if f.segment not in self.later), default=0)


def _clusters(
    status: GalaEventStatus,
    fleet: Mapping[str, GalaClusterStatus],
    ledger: Mapping[str, SeenLedger],
    due: _Due,
) -> tuple[ClusterLine, ...]:
    """Those of the status, and those that only the ledger knows any more."""
    known = {one.name: one for one in status.clusters}
    found = []
    for name in sorted({*known, *ledger}):
        one = known.get(name) or ClusterStatus(name=name, state="Unknown")
        held = ledger.get(name)
        lines = [_workload(entry, held.seen, due) for entry in held.entries] if held else []
        found.append(
            ClusterLine(
                mark=_cluster_mark(one, lines, due),
                status=one,
                trouble=_trouble(fleet.get(name)),
                workloads=tuple(sorted(lines, key=lambda line: (line.mark, line.name))),
            )
        )
    return tuple(sorted(found, key=lambda line: (line.mark, line.status.name)))


def _workload(entry: StoredEntry, seen: Mapping[str, EntryStatus], due: _Due) -> WorkloadLine:
    row = seen.get(entry.workload or entry.donor or "")
    ready = row.ready if row else None
    if entry.state == "Returning":
        mark = Mark.BUSY
    elif ready is None:
        mark = Mark.UNKNOWN
    elif ready < due.floor(entry):
        mark = Mark.BAD
    else:
        mark = Mark.GOOD if ready >= entry.intended else Mark.BUSY
    return WorkloadLine(mark=mark, entry=entry, seen=row)


def _trouble(status: GalaClusterStatus | None) -> str:
    conditions = status.conditions if status else ()
    bad = next((one for one in conditions if one.type == "Ready" and one.status == "False"), None)
    return f"{bad.reason}: {bad.message}" if bad else ""


def _cluster_mark(one: ClusterStatus, workloads: Iterable[WorkloadLine], due: _Due) -> Mark:
    if one.state == "Unknown":
        return Mark.UNKNOWN
    if one.state != "Reachable":
        return Mark.BAD
    marks = {line.mark for line in workloads}
    if marks:
        return min(marks)
    if one.ready >= one.required:
        return Mark.GOOD
    if not due.begun:
        return Mark.WAITING
    return Mark.BAD if due.passed else Mark.BUSY


def _failed(condition: Condition | None) -> bool:
    return condition is not None and condition.status == "False"


def _event_mark(status: GalaEventStatus, *, ready: bool, failed: bool, late: bool) -> Mark:
    if ready:
        return Mark.GOOD
    if not failed:
        return Mark.UNKNOWN
    return Mark.BAD if late or status.phase is EventPhase.INVALID else Mark.BUSY


def _round_mark(one: RoundStatus) -> Mark:
    if one.phase is RoundPhase.DONE:
        return Mark.BAD if one.short_replica_seconds else Mark.GOOD
    if one.phase is RoundPhase.LIVE:
        return Mark.GOOD if one.ready >= one.required else Mark.BAD
    marks = {RoundPhase.ARMED: Mark.GOOD, RoundPhase.PREPARING: Mark.BUSY}
    return marks.get(one.phase, Mark.WAITING)


def _next_edge(
    status: GalaEventStatus, planned: Iterable[Segment], ledgers: Iterable[SeenLedger], now: float
) -> Edge | None:
    """The earliest that lies ahead; of two at one time the one that asks for more."""
    edges = [*_status_edges(status), *_spec_edges(planned)]
    edges += [Edge(held.hold_until, "", "goes home") for held in ledgers]
    return min((edge for edge in edges if edge.at > now), default=None, key=lambda edge: edge.at)


def _status_edges(status: GalaEventStatus) -> Iterator[Edge]:
    for one in status.rounds:
        for at, what in (
            (one.prepare_at, "begins to grow"),
            (one.ready_by, "has to be Ready"),
            (one.start, "starts"),
        ):
            if at is not None:
                yield Edge(at, one.name, what)


def _spec_edges(planned: Iterable[Segment]) -> Iterator[Edge]:
    for segment in planned:
        yield Edge(segment.latest_end, segment.name, "ends at the latest")
