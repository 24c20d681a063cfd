"""What a plan says: ledgers to store, writes to make, and what to tell people."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from gala.planning.facts import EventKey, TargetKey
from gala.planning.ledger import ClusterLedger, EventRecord


class Guard(StrEnum):
    """What must still be true for a write to be carried out (``fleet/writes.py``)."""

    RESOURCE_VERSION = "ResourceVersion"
    """The first write to a target: nothing changed since the original was read."""
    VALUE = "Value"
    """Later writes: the uid and the replicas are still those that were read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """One change of ``spec.replicas`` through ``/scale``."""

    cluster: str
    target: TargetKey
    uid: str
    resource_version: str
    was: int
    to: int
    guard: Guard
    manager: str
    """``MANAGER``, or ``HOME_MANAGER`` for the write that reaches the original."""
    event: EventKey
    workload: str
    reason: str
    rule: str


class Decision(NamedTuple):
    """A line of the audit trail; ``start`` and ``to`` are replicas (equal where an entry only closed)."""

    at: float
    event: EventKey
    cluster: str
    workload: str
    start: int
    to: int
    reason: str
    rule: str


class Placement(NamedTuple):
    """One workload in one cluster during one segment."""

    workload: str
    cluster: str
    share: int
    cap: int
    division: int
    floor: int
    original: int


class Need(NamedTuple):
    """One workload's demand in one segment."""

    workload: str
    required: int
    short: int
    """What found no room; 0 when everything fits."""
    short_reason: str
    qps: int
    """The forecast, 0 for a demand stated in replicas."""
    why: str = ""
    """What each cluster lacks for more, as the end of a sentence."""


class Weight(NamedTuple):
    """The part of a workload's traffic, in percent, that a cluster's capacity can serve."""

    workload: str
    cluster: str
    percent: int


class ClusterWindow(NamedTuple):
    """One segment's hold in one cluster."""

    cluster: str
    prepare_at: float
    end: float
    gap: str
    """``Hold``, ``Release`` or ``""``."""
    late: float
    """Seconds by which the hold begins too late for its lead; 0 when in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentPlan:
    """One segment: who gets what, when."""

    name: str
    round: str
    is_round: bool
    start: float
    """Scheduled start of the round (for a scene: when it has to be Ready)."""
    ready_by: float
    earliest_end: float
    latest_end: float
    latched: bool
    windows: tuple[ClusterWindow, ...]
    needs: tuple[Need, ...]
    placements: tuple[Placement, ...]
    weights: tuple[Weight, ...]

    @property
    def prepare_at(self) -> float:
        """The earliest of any cluster; ``ready_by`` where nothing has to grow."""
        return min((w.prepare_at for w in self.windows), default=self.ready_by)


class Finding(NamedTuple):
    """Something a person should know: a condition's reason and one sentence."""

    reason: str
    message: str
    cluster: str = ""
    workload: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventPlan:
    """Everything the report needs about one event."""

    key: EventKey
    phase: str
    segments: tuple[SegmentPlan, ...] = ()
    findings: tuple[Finding, ...] = ()
    floors: Mapping[tuple[str, str], int] = field(default_factory=dict)
    """By workload and cluster: what is due now (0 where nothing is held)."""
    ready: Mapping[tuple[str, str], int | None] = field(default_factory=dict)
    """By workload and cluster: Ready pods, None where unknown."""
    open_entries: int = 0
    ever_opened: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The result of a pass. The ledger goes first: records, then ledgers, then writes."""

    records: Mapping[EventKey, EventRecord | None] = field(default_factory=dict)
    """Only those that changed; None: nothing is left to remember."""
    ledgers: Mapping[tuple[EventKey, str], ClusterLedger | None] = field(default_factory=dict)
    """Only those that changed; None: every entry is closed."""
    writes: tuple[Write, ...] = ()
    """In order: within a cluster each waits for the ones before it."""
    decisions: tuple[Decision, ...] = ()
    events: Mapping[EventKey, EventPlan] = field(default_factory=dict)
    wake_at: float = float("inf")
    """The timeline's next edge."""
    busy: bool = False
    """Whether the short tick applies."""
