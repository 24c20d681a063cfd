"""What the operator says about a GalaEvent; lists, never their product: detail lies in the ledger."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from gala.api.meta import Condition, Name, ObjectName, Text, Uid, Word
from gala.api.model import Observed, keyed
from gala.api.scalars import Instant


class EventPhase(StrEnum):
    """Where the show stands."""

    PLANNED = "Planned"
    PREPARING = "Preparing"
    ARMED = "Armed"
    LIVE = "Live"
    COOLING = "Cooling"
    HANDED_BACK = "HandedBack"
    INVALID = "Invalid"
    PAUSED = "Paused"


class RoundPhase(StrEnum):
    """Where one round stands."""

    PLANNED = "Planned"
    PREPARING = "Preparing"
    ARMED = "Armed"
    LIVE = "Live"
    DONE = "Done"
    SKIPPED = "Skipped"


class RoundStatus(Observed):
    """One round."""

    name: Name
    """Name of the round."""
    phase: RoundPhase
    """Where it stands."""
    start: Instant | None = None
    """Scheduled start, or the real one once it is known."""
    prepare_at: Instant | None = None
    """When the first cluster begins to grow for it."""
    ready_by: Instant | None = None
    """When everything has to be Ready."""
    ready_at: Instant | None = None
    """When everything was Ready."""
    required: int = Field(default=0, ge=0)
    """Replicas wanted, all workloads and clusters together."""
    ready: int = Field(default=0, ge=0)
    """Replicas Ready now."""
    ready_at_start: int | None = Field(default=None, ge=0)
    """Replicas that were Ready at the start."""
    short_replica_seconds: int = Field(default=0, ge=0)
    """Replicas that were missing, times the seconds they were."""


class WorkloadStatus(Observed):
    """One workload, all clusters together."""

    name: Name
    """Name of the workload."""
    required: int = Field(default=0, ge=0)
    """Replicas wanted now or for the next round."""
    ready: int = Field(default=0, ge=0)
    """Replicas Ready now."""
    short: int = Field(default=0, ge=0)
    """Replicas that find no room."""


class ClusterStatus(Observed):
    """One cluster, all workloads together."""

    name: ObjectName
    """Name of the GalaCluster."""
    required: int = Field(default=0, ge=0)
    """Replicas wanted here."""
    ready: int = Field(default=0, ge=0)
    """Replicas Ready here."""
    qps: int | None = Field(default=None, ge=0)
    """Measured queries per second; absent where unknown."""
    traffic_weight: int | None = Field(default=None, ge=0, le=100)
    """The part of the traffic, in percent, that the capacity here can serve."""
    state: Word = ""
    """`Reachable`, or why it is not."""


class CueStatus(Observed):
    """What a cue did."""

    uid: Uid
    """Of the GalaCue."""
    action: Word
    """What it asked for."""
    round: Name | None = None
    """The round it was about."""
    effect: Text = ""
    """What changed."""


class LoanStatus(Observed):
    """Room that is lent now."""

    open: int = Field(default=0, ge=0)
    """Loans not returned yet."""
    cores: int = Field(default=0, ge=0)
    """CPU cores in them."""


class LostOriginal(Observed):
    """A target that was let go without anybody knowing what ran there before."""

    workload: Name
    """Name of the workload."""
    cluster: ObjectName
    """Name of the GalaCluster."""


class GalaEventStatus(Observed):
    """What the operator says about the show."""

    phase: EventPhase = EventPhase.PLANNED
    """Where the show stands."""
    observed_generation: int = Field(default=0, ge=0)
    """The generation of the spec that this is about."""
    current_round: Annotated[str, StringConstraints(max_length=63)] = ""
    """The round that is held now."""
    next_round: Annotated[str, StringConstraints(max_length=63)] = ""
    """The round that comes next."""
    ready: Annotated[str, StringConstraints(max_length=32)] = ""
    """Ready and required replicas of the current or next round, as `4190/4200`."""
    clusters_reachable: Annotated[str, StringConstraints(max_length=16)] = ""
    """Reachable clusters of all, as `3/3`."""
    rounds: Annotated[tuple[RoundStatus, ...], Field(max_length=64, json_schema_extra=keyed("name"))] = ()
    """Each round."""
    workloads: Annotated[
        tuple[WorkloadStatus, ...], Field(max_length=100, json_schema_extra=keyed("name"))
    ] = ()
    """Each workload."""
    clusters: Annotated[
        tuple[ClusterStatus, ...], Field(max_length=256, json_schema_extra=keyed("name"))
    ] = ()
    """Each cluster."""
    cues: Annotated[tuple[CueStatus, ...], Field(max_length=64, json_schema_extra=keyed("uid"))] = ()
    """Each cue that was judged."""
    loans: LoanStatus | None = None
    """Room that is lent."""
    originals_lost: Annotated[tuple[LostOriginal, ...], Field(max_length=500)] = ()
    """Targets that were not given back: their ledger was lost, and a person has to set their replicas."""
    conditions: Annotated[tuple[Condition, ...], Field(max_length=32, json_schema_extra=keyed("type"))] = ()
    """Ready, Stalled, Valid and the others."""
