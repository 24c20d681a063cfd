"""GalaEvent, the show: which workloads must be ready for how much, and when."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from gala.api.event_status import GalaEventStatus
from gala.api.meta import API_VERSION, Labels, Model, Name, ObjectMeta, ObjectName, Selector
from gala.api.scalars import Duration, Instant, Qps

MAX_WORKLOADS = 100
MAX_DONORS = 100
MAX_SCENES = 16
MAX_ROUNDS = 64
MAX_DEMANDS = 32
MAX_CLUSTERS = 256
MAX_REPLICAS = 1_000_000


class Mode(StrEnum):
    """What the operator does with the plan."""

    ENFORCE = "Enforce"
    OBSERVE = "Observe"
    REHEARSAL = "Rehearsal"


class Tier(StrEnum):
    """How much a workload matters; S first."""

    S = "S"
    A = "A"
    B = "B"
    C = "C"

    @property
    def rank(self) -> int:
        """0 for S to 3 for C: what sorts first is served first."""
        return "SABC".index(self.value)


class OnDelete(StrEnum):
    """What becomes of the capacity when the event is deleted."""

    HAND_BACK = "HandBack"
    KEEP = "Keep"


class TargetRef(Model):
    """An object with a `/scale` subresource."""

    api_version: Annotated[
        str, StringConstraints(min_length=1, max_length=253, pattern=r"^([a-z0-9.-]+/)?v[0-9][a-z0-9]*$")
    ] = "apps/v1"
    """Group and version of the kind."""
    kind: Annotated[str, StringConstraints(min_length=1, max_length=63, pattern=r"^[A-Z][A-Za-z0-9]*$")] = (
        "Deployment"
    )
    """Deployment, StatefulSet, or any kind with `/scale`."""
    name: ObjectName
    """Name of the object; the same in every cluster."""
    namespace: Name | None = None
    """Namespace in the member clusters; the event's own if absent."""


class Capacity(Model):
    """What one replica carries, measured under load."""

    qps_per_replica: int = Field(ge=1, le=10_000_000)
    """Queries per second that one warm replica serves within its objectives."""
    headroom_percent: int = Field(default=20, ge=0, le=1000)
    """Spare capacity on top of the forecast."""
    warmup: Duration = 30.0
    """From Ready to full speed: caches, JIT, connection pools."""
    tested_at: Instant | None = None
    """When the figure was last measured."""


class PerCluster(Model):
    """Bounds in each cluster."""

    min: int = Field(default=0, ge=0, le=MAX_REPLICAS)
    """At least this many replicas in each cluster that takes part, while a round holds."""
    max: int | None = Field(default=None, ge=1, le=MAX_REPLICAS)
    """At most this many replicas in one cluster."""


class Signal(Model):
    """A rate of one metric; the operator renders the query and forces the namespace."""

    metric: Annotated[
        str, StringConstraints(min_length=1, max_length=200, pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]*$")
    ]
    """Name of a counter of requests."""
    match_labels: Labels = Field(default_factory=dict)
    """Labels that the series must carry."""
    window: Duration = 60.0
    """Over which the rate is taken; at least twice the scrape interval."""


class Workload(Model):
    """One application that takes part in the show, in all its clusters."""

    name: Name
    """What demand, cues and status call it."""
    target: TargetRef
    """What is scaled."""
    tier: Tier = Tier.B
    """Who is served first where room is short."""
    capacity: Capacity | None = None
    """Needed where a demand is stated in `qps`."""
    per_cluster: PerCluster = PerCluster()
    """Bounds in each cluster."""
    cluster_selector: Selector | None = None
    """Narrows the event's clusters for this workload."""
    signal: Signal | None = None
    """Where its traffic is measured."""
    query: Annotated[str, StringConstraints(min_length=1, max_length=2048)] | None = None
    """PromQL of your own instead of `signal`; only where the cluster has `allowCustomQueries`."""


class Demand(Model):
    """How much of a workload is wanted, in all clusters together."""

    workload: Name
    """Name of a workload of this event."""
    qps: Qps | None = None
    """Forecast of queries per second, as 300000, 300k or 2M; the replicas follow from `capacity`."""
    replicas: int | None = Field(default=None, ge=1, le=MAX_REPLICAS)
    """Replicas in all clusters together, used as they are."""


Demands = Annotated[tuple[Demand, ...], Field(max_length=MAX_DEMANDS)]


class Scene(Model):
    """A named set of demands that rounds refer to."""

    name: Name
    """What rounds call it."""
    demand: Annotated[tuple[Demand, ...], Field(min_length=1, max_length=MAX_DEMANDS)]
    """One for each workload that is wanted."""


class Window(Model):
    """How far the real start may lie from the scheduled one."""

    early: Duration = 0.0
    """The round may start this much sooner; capacity is Ready by then."""
    late: Duration = 300.0
    """The round may start this much later; capacity stays that much longer."""


class Round(Model):
    """One part of the show with a start on the clock."""

    name: Name
    """What cues and status call it."""
    start: Instant
    """Scheduled start, with an offset: 2027-02-05T20:00:00+08:00."""
    duration: Duration
    """From the real start to the end."""
    window: Window = Window()
    """How far the real start may lie from the scheduled one."""
    scene: Name | None = None
    """The scene whose demand this round has."""
    demand: Demands = ()
    """Its own demand; overrides the scene's for the same workload."""
    after_scene: Name | None = None
    """The scene that follows the round."""
    after_duration: Duration = 600.0
    """How long `afterScene` runs."""


class DonorSelector(Model):
    """Picks lesser applications by their labels."""

    kind: Literal["Deployment", "ReplicaSet"] = "Deployment"
    """Never StatefulSets."""
    match_labels: Annotated[Labels, Field(min_length=1)]
    """Labels that must all be there."""


class DonorFloor(Model):
    """What a donor keeps."""

    replicas: int | None = Field(default=None, ge=0, le=MAX_REPLICAS)
    """At least this many replicas in each cluster."""
    percent: int | None = Field(default=None, ge=0, le=100)
    """At least this part of what runs."""


class Donor(Model):
    """An application that lends its room during a round."""

    name: Name
    """What status calls it."""
    target: TargetRef | None = None
    """One application, or `selector`."""
    selector: DonorSelector | None = None
    """Many applications, or `target`."""
    tier: Tier = Tier.C
    """C lends first."""
    floor: DonorFloor = DonorFloor()
    """What it keeps."""
    cluster_selector: Selector | None = None
    """Narrows the event's clusters for this donor."""
    allow_stateful: bool = False
    """Whether a StatefulSet may lend; it must retain its volumes."""


class Share(Model):
    """One cluster's part of the traffic."""

    cluster: ObjectName
    """Name of a GalaCluster."""
    weight: int = Field(ge=0, le=1_000_000)
    """An integer; all weights together are the whole."""


class Division(Model):
    """How demand is divided over clusters."""

    shares: Annotated[tuple[Share, ...], Field(max_length=MAX_CLUSTERS)] = ()
    """Stated shares, an unlisted cluster has none; without any the measured traffic decides."""


class Resilience(Model):
    """Which losses the show survives."""

    survive: int = Field(default=0, ge=0, le=8)
    """So many clusters may be lost."""
    tiers: Annotated[tuple[Tier, ...], Field(max_length=4)] = ()
    """Tiers that are covered; all if absent."""


class Rebalance(Model):
    """How capacity follows the traffic while a round is live."""

    enabled: bool = True
    """Whether it does."""
    interval: Duration = 15.0
    """Between two looks."""
    tolerance_percent: int = Field(default=10, ge=1, le=1000)
    """A cluster is hot when its load is over the fleet's mean by more than this."""
    max_step_percent: int = Field(default=20, ge=1, le=100)
    """Of a cluster's floor, in one move."""
    stale_after: Duration = 60.0
    """Older figures are doubt: nothing is taken away on their word."""
    cooldown: Duration = 120.0
    """Between two moves of one workload."""


class Handback(Model):
    """How capacity is given back."""

    cooldown: Duration = 300.0
    """From the end of the last round to the first step back."""
    max_step_percent: int = Field(default=50, ge=1, le=100)
    """Of what is above the original, in one step."""
    on_delete: OnDelete = OnDelete.HAND_BACK
    """What becomes of the capacity when the event is deleted: `HandBack` after the hold, or `Keep`."""


class Rehearsal(Model):
    """A rehearsal of the same show, smaller or at another time."""

    scale_percent: int = Field(default=100, ge=1, le=1000)
    """Of every demand."""
    start: Instant | None = None
    """The first round moves here, the rest with it."""


class GalaEventSpec(Model):
    """One show."""

    mode: Mode = Mode.ENFORCE
    """`Enforce`; `Observe` plans and reports, and writes nothing; `Rehearsal` as `rehearsal` says."""
    paused: bool = False
    """Freezes everything: no writes at all, never a scale-down; watching goes on."""
    time_zone: Annotated[str, StringConstraints(min_length=1, max_length=64)] = "UTC"
    """IANA name of the zone that times are shown in, as Asia/Shanghai."""
    cluster_selector: Selector | None = None
    """Labels of the GalaClusters that take part; all that admit this namespace if absent."""
    workloads: Annotated[tuple[Workload, ...], Field(min_length=1, max_length=MAX_WORKLOADS)]
    """The applications of the show."""
    scenes: Annotated[tuple[Scene, ...], Field(max_length=MAX_SCENES)] = ()
    """Sets of demands that rounds refer to."""
    rounds: Annotated[tuple[Round, ...], Field(min_length=1, max_length=MAX_ROUNDS)]
    """The parts of the show."""
    donors: Annotated[tuple[Donor, ...], Field(max_length=MAX_DONORS)] = ()
    """Applications that lend their room."""
    division: Division = Division()
    """How demand is divided over clusters."""
    resilience: Resilience = Resilience()
    """Which losses the show survives."""
    rebalance: Rebalance = Rebalance()
    """How capacity follows the traffic."""
    handback: Handback = Handback()
    """How capacity is given back."""
    rehearsal: Rehearsal | None = None
    """For `mode: Rehearsal`."""


class GalaEvent(Model):
    """A scheduled show whose capacity is Ready before each round and given back afterwards."""

    api_version: Literal["gala.dev/v1alpha1"] = API_VERSION
    kind: Literal["GalaEvent"] = "GalaEvent"
    metadata: ObjectMeta
    spec: GalaEventSpec
    status: GalaEventStatus | None = None
