"""The ledger as values: what was there, what we intend, and why, per event and cluster.

It is stored in GalaAllocation objects ahead of the first write that changes a target
(``engine/store.py``), and is the only memory that outlives the process.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from gala.planning.facts import EventKey, TargetKey


class State(StrEnum):
    """Where an entry stands between its opening and its close."""

    INTENDED = "Intended"
    WRITTEN = "Written"
    RETURNING = "Returning"


class GapRule(StrEnum):
    """What happens between two holds."""

    HOLD = "Hold"
    RELEASE = "Release"


class Phase(StrEnum):
    """Where a make-before-break move stands."""

    ADDING = "Adding"
    WARMING = "Warming"
    TAKING = "Taking"
    CLOSED = "Closed"


class Basis(NamedTuple):
    """The spec (and cues) that a floor came from; another uid or a higher generation is newer."""

    uid: str
    generation: int
    cues: int = 0

    def newer_than(self, other: Basis) -> bool:
        """Whether a person has spoken since ``other``."""
        if self.uid != other.uid:
            return True
        return (self.generation, self.cues) > (other.generation, other.cues)


@dataclass(frozen=True, slots=True, kw_only=True)
class Floor:
    """What one segment wants of one workload in one cluster; it only rises (ratchet)."""

    segment: str
    replicas: int
    required: int
    """The fleet's total that this floor's basis gave."""
    division: int
    """This cluster's part that this floor's basis gave, after caps."""
    basis: Basis
    taken: int = 0
    """What finished moves took from here."""
    stragglers: int = 0
    """Made up for late pods on top of ``replicas``; not part of the floor that is promised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One target of one event in one cluster, from before its first write until it is home."""

    workload: str
    target: TargetKey
    uid: str
    original: int | None
    """None: lost (``OriginalLost``), then this entry only raises and is never lowered by us."""
    intended: int
    """The goal of the hold or of the hand-back step; waves on the way to it are not stored."""
    written: int | None = None
    """Last acknowledged goal; None until the first."""
    state: State = State.INTENDED
    floors: tuple[Floor, ...] = ()
    since: float = 0.0
    """When ``intended`` or ``state`` last changed."""
    reason: str = ""
    rule: str = ""
    mechanism: str = "Scale"


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How an event wants its capacity given back; stored so that it outlives the event."""

    on_delete: str = "HandBack"
    cooldown: float = 300.0
    max_step_percent: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterLedger:
    """One event's entries in one cluster."""

    event: EventKey
    uid: str
    cluster: str
    policy: Policy
    hold_until: float = 0.0
    """End of the hold that runs here, cooldown included; after a deletion nothing is held past it."""
    entries: tuple[Entry, ...] = ()


class LatchedCluster(NamedTuple):
    """When a segment's hold begins in a cluster, and what the gap before it does."""

    cluster: str
    prepare_at: float
    gap: GapRule | None = None


class Allocation(NamedTuple):
    """A latched share (an integer weight) and cap of one workload in one cluster."""

    workload: str
    cluster: str
    share: int
    cap: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Latched:
    """A segment whose preparation has begun somewhere: its times and shares stand."""

    segment: str
    basis: Basis
    ready_by: float
    end: float
    """Latest end; for a segment that was removed from the spec, when that was seen."""
    clusters: tuple[LatchedCluster, ...] = ()
    allocations: tuple[Allocation, ...] = ()
    caps_at: float = 0.0
    """When the caps were last computed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """One open (or the last closed) make-before-break move of a workload."""

    workload: str
    segment: str
    source: str
    to: str
    count: int
    phase: Phase
    source_floor: int
    """The source's floor after the take."""
    to_floor: int
    """The receiver's floor after the add."""
    at: float
    """When ``phase`` last changed."""


class LastShares(NamedTuple):
    """The last complete set of measured shares of a workload."""

    workload: str
    at: float
    shares: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """What is true of an event in all clusters at once; written before any cluster's ledger."""

    event: EventKey
    uid: str
    policy: Policy
    latched: tuple[Latched, ...] = ()
    moves: tuple[Move, ...] = ()
    last_shares: tuple[LastShares, ...] = ()
