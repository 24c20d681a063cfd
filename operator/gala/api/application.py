"""The applications of a show: those that grow, and those that lend their room."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StrictBool, StrictInt, StringConstraints

from gala.api.meta import Labels, Name, ObjectName, Selector
from gala.api.model import Model, Rule
from gala.api.scalars import Duration, Instant, PositiveDuration

MAX_REPLICAS = 1_000_000


class Tier(StrEnum):
    """How much a workload matters; S first."""

    S = "S"
    A = "A"
    B = "B"
    C = "C"

    @property
    def rank(self) -> int:
        """0 for S to 3 for C: what sorts first is served first."""
        return "SABC".index(self)


class TargetRef(Model):
    """An object with a `/scale` subresource."""

    api_version: Annotated[
        str,
        StringConstraints(
            min_length=1,
            max_length=253,
            pattern=r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?v[0-9][a-z0-9]*$",
        ),
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

    qps_per_replica: StrictInt = Field(ge=1, le=10_000_000)
    """Queries per second that one warm replica serves within its objectives."""
    headroom_percent: StrictInt = Field(default=20, ge=0, le=1000)
    """Spare capacity on top of the forecast."""
    warmup: Duration = 30.0
    """From Ready to full speed: caches, JIT, connection pools."""
    tested_at: Instant | None = None
    """When the figure was last measured."""


class PerCluster(Model):
    """Bounds in each cluster."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.max) || !has(self.min) || self.min <= self.max",
            "min is above max; write a min of at most max",
            lambda bounds: bounds.max is None or bounds.min <= bounds.max,
        ),
    )

    min: StrictInt = Field(default=0, ge=0, le=MAX_REPLICAS)
    """At least this many replicas in each cluster that takes part, while a round holds."""
    max: StrictInt | None = Field(default=None, ge=1, le=MAX_REPLICAS)
    """At most this many replicas in one cluster."""


class Signal(Model):
    """A rate of one metric; the operator renders the query and forces the namespace."""

    metric: Annotated[
        str, StringConstraints(min_length=1, max_length=200, pattern=r"^[a-zA-Z_:][a-zA-Z0-9_:]*$")
    ]
    """Name of a counter of requests."""
    match_labels: Labels = Field(default_factory=dict)
    """Labels that the series must carry."""
    window: PositiveDuration = 60.0
    """Over which the rate is taken; at least twice the scrape interval."""


class Workload(Model):
    """One application that takes part in the show, in all its clusters."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.signal) || !has(self.query)",
            "`signal` and `query` exclude each other; write one of them",
            lambda workload: workload.signal is None or workload.query is None,
        ),
    )

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


class DonorSelector(Model):
    """Picks lesser applications by their labels."""

    kind: Literal["Deployment", "ReplicaSet"] = "Deployment"
    """Never StatefulSets."""
    match_labels: Annotated[Labels, Field(min_length=1)]
    """Labels that must all be there."""


class DonorFloor(Model):
    """What a donor keeps."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.replicas) || !has(self.percent)",
            "`replicas` and `percent` exclude each other; write one of them",
            lambda floor: floor.replicas is None or floor.percent is None,
        ),
    )

    replicas: StrictInt | None = Field(default=None, ge=0, le=MAX_REPLICAS)
    """At least this many replicas in each cluster."""
    percent: StrictInt | None = Field(default=None, ge=0, le=100)
    """At least this part of what runs."""


class Donor(Model):
    """An application that lends its room during a round."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.target) != has(self.selector)",
            "a donor is one application or many; write exactly one of `target` and `selector`",
            lambda donor: (donor.target is None) != (donor.selector is None),
        ),
        Rule(
            "!has(self.target) || self.target.kind != 'StatefulSet'"
            " || (has(self.allowStateful) && self.allowStateful)",
            "a StatefulSet lends only with `allowStateful: true`; write that, or another target",
            lambda donor: donor.allow_stateful or donor.target is None or donor.target.kind != "StatefulSet",
        ),
    )

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
    allow_stateful: StrictBool = False
    """Whether a StatefulSet may lend; it must retain its volumes."""
