"""What was seen of one event from its first preparation to its end.

Two writers fill the same values: the operator's recorder from its own passes, and the
sandbox's oracle from what the API servers saw. The report is computed from them alone,
so that both are judged by one definition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gala.planning.outcome import Decision
from gala.report.series import StepSeries


class Place(NamedTuple):
    """One workload in one cluster."""

    workload: str
    cluster: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentLog:
    """A round, or the scene after one; times are seconds since the epoch."""

    name: str
    round: str
    is_round: bool
    scheduled_start: float
    actual_start: float
    """Of a round: when traffic was let in. Of a scene: the same as ``ready_by``."""
    duration: float
    """Of a round as stated; of a scene up to its latest end."""
    prepare_at: float
    """The earliest of any cluster."""
    ready_by: float
    latest_end: float
    required: Mapping[str, int] = field(default_factory=dict)
    """Replicas by workload, in the whole fleet; only workloads with a demand in this segment."""

    @property
    def actual_end(self) -> float:
        """``actual_start + duration``: the end of what the report counts."""
        return self.actual_start + self.duration


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkloadLog:
    """What the spec says of one workload; ``qps_per_replica`` is None where no capacity is stated."""

    name: str
    tier: str
    qps_per_replica: int | None = None


class Take(NamedTuple):
    """The last step of a make-before-break move: the floor is ``replicas`` less from ``at`` on."""

    at: float
    replicas: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorLog:
    """One segment's floor in one place at its ``readyBy``, and what moves took from it since."""

    segment: str
    place: Place
    at_ready_by: int
    takes: tuple[Take, ...] = ()

    def series(self, ready_by: float) -> StepSeries:
        """The floor over time, from ``ready_by`` on."""
        left = self.at_ready_by
        steps = StepSeries([(ready_by, float(left))])
        for take in self.takes:
            left -= take.replicas
            steps.append(max(take.at, ready_by), float(left))
        return steps


class WriteLog(NamedTuple):
    """One write to a target; ``error`` is ``""`` if acknowledged; ``seconds`` of wall-clock time."""

    at: float
    place: Place
    was: int
    to: int
    error: str
    seconds: float


class MoveLog(NamedTuple):
    """One rebalancing move, counted once however far it came."""

    opened_at: float
    workload: str
    segment: str
    source: str
    to: str
    replicas: int


@dataclass(frozen=True, slots=True, kw_only=True)
class NightLog:
    """Everything that the report of one event is computed from."""

    event: str
    """``namespace/name``."""
    mode: str
    started_at: float
    ended_at: float
    time_zone: str = "UTC"
    """IANA name, for display only."""
    clusters: tuple[str, ...]
    """In the order in which they are drawn."""
    workloads: tuple[WorkloadLog, ...]
    segments: tuple[SegmentLog, ...]
    """In order of ``ready_by``."""

    intended: Mapping[Place, StepSeries]
    """The floor that is due, or the original where that is higher."""
    spec: Mapping[Place, StepSeries]
    """``spec.replicas`` of the target."""
    ready: Mapping[Place, StepSeries]
    warm: Mapping[Place, StepSeries]
    """What was Ready a warm-up ago, never more than is Ready now."""
    offered: Mapping[Place, StepSeries]
    """QPS."""
    floors: tuple[FloorLog, ...] = ()

    writes: tuple[WriteLog, ...] = ()
    decisions: tuple[Decision, ...] = ()
    moves: tuple[MoveLog, ...] = ()
    servers_added: int = 0
    loans_opened: int = 0
    loans_outstanding: int = 0
    contested: int = 0
    """Times a value below the floor had to be raised again because somebody else had set it."""
    wrong_decreases: int = 0
    """Acknowledged writes that took a target below a floor that was due."""
    handed_back: bool = False
    """Every entry is closed and every original is what runs."""

    @property
    def rounds(self) -> tuple[SegmentLog, ...]:
        """The segments that are rounds."""
        return tuple(segment for segment in self.segments if segment.is_round)
