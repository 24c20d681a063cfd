"""GalaAllocation, the ledger as it is stored: written by the operator only, ahead of what it describes.

Every model keeps the fields it does not know, so that an older operator that rewrites an
object of a newer one loses nothing.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from gala.api.meta import API_VERSION, Name, ObjectMeta, ObjectName, Text, Uid, Word
from gala.api.model import Stored
from gala.api.scalars import Duration, Instant, SignedDuration

SCHEMA_VERSION = 1
"""Raised when a later operator gives a stored field another meaning."""

MAX_ENTRIES = 500
MAX_LATCHED = 128
MAX_SHARES = 256

Segment = Annotated[str, StringConstraints(min_length=1, max_length=140)]
"""Name of a round, or of a round and the scene after it."""


class EventRef(Stored):
    """The event that this belongs to; it may be gone."""

    namespace: Name
    """Namespace of the event."""
    name: ObjectName
    """Name of the event."""
    uid: Uid = ""
    """Uid of the event; another one is a newer event of the same name."""


class StoredPolicy(Stored):
    """How the event wants its capacity given back; outlives the event."""

    on_delete: Word = "HandBack"
    """`HandBack` or `Keep`."""
    cooldown: Duration = 300.0
    """From the end of the last hold to the first step back."""
    max_step_percent: int = Field(default=50, ge=1, le=100)
    """Of what is above the original, in one step."""


class StoredBasis(Stored):
    """The spec and cues that a figure came from."""

    uid: Uid = ""
    """Uid of the event."""
    generation: int = Field(default=0, ge=0)
    """Generation of its spec."""
    cues: int = Field(default=0, ge=0)
    """Cues that were applied."""


class StoredFloor(Stored):
    """What one segment wants of one target; it only rises."""

    segment: Segment
    """Name of the segment."""
    replicas: int = Field(ge=0)
    """The floor."""
    required: int = Field(default=0, ge=0)
    """The fleet's total that its basis gave."""
    division: int = Field(default=0, ge=0)
    """This cluster's part that its basis gave."""
    taken: int = Field(default=0, ge=0)
    """What finished moves took from here."""
    stragglers: int = Field(default=0, ge=0)
    """Made up for late pods, on top of the floor."""
    basis: StoredBasis = StoredBasis()
    """Where it came from."""


class StoredTarget(Stored):
    """The object that is scaled."""

    api_version: Word
    """Group and version of the kind."""
    kind: Word
    """Its kind."""
    namespace: Name
    """Its namespace."""
    name: ObjectName
    """Its name."""
    uid: Uid = ""
    """Its uid; another one is another object."""


class StoredLoan(Stored):
    """Room that a donor lends to a borrower."""

    borrower: Name
    """Name of the workload that has it."""
    cores: Annotated[str, StringConstraints(max_length=32)] = "0"
    """CPU."""
    memory: Annotated[str, StringConstraints(max_length=32)] = "0"
    """Memory."""
    pods: int = Field(default=0, ge=0)
    """Pods."""
    since: Instant | None = None
    """When it opened."""
    due: Instant | None = None
    """When it must be back."""


class StoredEntry(Stored):
    """One target, from before its first write until it is home."""

    workload: Name | None = None
    """Name of the workload, or `donor`."""
    donor: Name | None = None
    """Name of the donor, or `workload`."""
    target: StoredTarget
    """The object that is scaled."""
    mechanism: Literal["Scale", "HPA", "ScaledObject"] = "Scale"
    """What is written."""
    original: int | None = Field(default=None, ge=0)
    """Replicas before the first write; absent if lost, then it is never lowered."""
    intended: int = Field(ge=0)
    """Goal of the hold or of the step back."""
    written: int | None = Field(default=None, ge=0)
    """Last acknowledged goal; absent until the first."""
    state: Literal["Intended", "Written", "Returning"] = "Intended"
    """Where it stands."""
    floors: Annotated[tuple[StoredFloor, ...], Field(max_length=MAX_LATCHED)] = ()
    """By segment."""
    since: Instant = 0.0
    """When `intended` or `state` last changed."""
    reason: Word = ""
    """Why, as one PascalCase constant."""
    rule: Word = ""
    """The planning function that said so."""
    loans: Annotated[tuple[StoredLoan, ...], Field(max_length=100)] = ()
    """What this donor lends."""


class StoredWindow(Stored):
    """When a segment's hold begins in a cluster."""

    cluster: ObjectName
    """Name of the cluster."""
    prepare_at: Instant
    """Begin of the hold."""
    gap: Literal["Hold", "Release"] | None = None
    """What the gap before it does."""


class StoredShare(Stored):
    """A latched share and cap of one workload in one cluster."""

    workload: Name
    """Name of the workload."""
    cluster: ObjectName
    """Name of the cluster."""
    share: int = Field(ge=0)
    """An integer weight."""
    cap: int = Field(ge=0)
    """Replicas that find room."""


class StoredLatch(Stored):
    """A segment whose preparation has begun somewhere: its times and shares stand."""

    segment: Segment
    """Name of the segment."""
    basis: StoredBasis = StoredBasis()
    """Where it came from."""
    ready_by: Instant
    """When everything has to be Ready."""
    end: Instant
    """Latest end."""
    clusters: Annotated[tuple[StoredWindow, ...], Field(max_length=MAX_SHARES)] = ()
    """Begin of the hold, by cluster."""
    allocations: Annotated[tuple[StoredShare, ...], Field(max_length=25_600)] = ()
    """Shares and caps."""
    caps_at: Instant = 0.0
    """When the caps were last computed."""


class StoredMove(Stored):
    """A make-before-break move of a workload."""

    workload: Name
    """Name of the workload."""
    segment: Segment
    """Name of the segment it happens in."""
    source: ObjectName = Field(alias="from")
    """The cold cluster that gives."""
    to: ObjectName
    """The hot cluster that gets."""
    count: int = Field(ge=0)
    """Replicas."""
    phase: Literal["Adding", "Warming", "Taking", "Closed"]
    """Where it stands."""
    source_floor: int = Field(default=0, ge=0)
    """The floor in `from` after the take."""
    to_floor: int = Field(default=0, ge=0)
    """The floor in `to` after the add."""
    at: Instant
    """When `phase` last changed."""


class ClusterShare(Stored):
    """One cluster's share."""

    cluster: ObjectName
    """Name of the cluster."""
    share: int = Field(ge=0)
    """An integer weight."""


class StoredShares(Stored):
    """The last complete set of measured shares of a workload."""

    workload: Name
    """Name of the workload."""
    at: Instant
    """When it was measured."""
    shares: Annotated[tuple[ClusterShare, ...], Field(max_length=MAX_SHARES)] = ()
    """By cluster."""


class StoredCue(Stored):
    """The outcome of a cue; frozen once judged."""

    uid: Uid
    """Uid of the GalaCue."""
    name: ObjectName
    """Name of the GalaCue."""
    action: Word
    """What it asked for."""
    round: Name | None = None
    """The round it was about."""
    by: SignedDuration | None = None
    """By how much."""
    at: Instant
    """When it was created: it is judged as of then."""
    phase: Literal["Applied", "Rejected"]
    """What became of it."""
    effect: Text = ""
    """What changed."""


class GalaAllocationSpec(Stored):
    """One event in one cluster, or (without `cluster`) the record of the event in all of them."""

    schema_version: int = Field(default=SCHEMA_VERSION, ge=1)
    """An operator that meets a newer one than it knows only holds or raises."""
    event_ref: EventRef
    """The event."""
    cluster: ObjectName | None = None
    """Name of the cluster; absent in the event record."""
    part: int = Field(default=0, ge=0)
    """Number of this part, for what does not fit into one object."""
    parts: int = Field(default=1, ge=1)
    """How many parts there are."""
    policy: StoredPolicy = StoredPolicy()
    """How capacity is given back."""
    hold_until: Instant | None = None
    """End of the hold that runs here, cooldown included."""
    latched: Annotated[tuple[StoredLatch, ...], Field(max_length=MAX_LATCHED)] = ()
    """Segments whose times and shares stand (event record)."""
    moves: Annotated[tuple[StoredMove, ...], Field(max_length=200)] = ()
    """Moves of a rebalance (event record)."""
    cues: Annotated[tuple[StoredCue, ...], Field(max_length=64)] = ()
    """Outcomes of cues (event record)."""
    last_shares: Annotated[tuple[StoredShares, ...], Field(max_length=100)] = ()
    """Last complete sets of measured shares (event record)."""
    entries: Annotated[tuple[StoredEntry, ...], Field(max_length=MAX_ENTRIES)] = ()
    """Targets, in one cluster."""


class EntryStatus(Stored):
    """What is seen of one target."""

    workload: Name
    """Name of the workload."""
    observed: int | None = Field(default=None, ge=0)
    """Replicas asked for, as last read."""
    ready: int | None = Field(default=None, ge=0)
    """Replicas Ready."""
    since: Instant | None = None
    """When this was first so."""


class GalaAllocationStatus(Stored):
    """What is seen; written at most every 30 seconds."""

    entries: Annotated[tuple[EntryStatus, ...], Field(max_length=MAX_ENTRIES)] = ()
    """By target."""
    outstanding: int = Field(default=0, ge=0)
    """Entries that are not home."""


class GalaAllocation(Stored):
    """The ledger: what was there, what is intended, and why."""

    api_version: Literal["gala.dev/v1alpha1"] = API_VERSION
    kind: Literal["GalaAllocation"] = "GalaAllocation"
    metadata: ObjectMeta
    spec: GalaAllocationSpec
    status: GalaAllocationStatus | None = None
