"""GalaEvent, the show: which workloads must be ready for how much, and when."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StrictBool, StrictInt, StringConstraints

from gala.api.application import (
    MAX_REPLICAS,
    Capacity,
    Donor,
    DonorFloor,
    DonorSelector,
    PerCluster,
    Signal,
    TargetRef,
    Tier,
    Workload,
)
from gala.api.event_status import GalaEventStatus
from gala.api.meta import API_VERSION, Name, ObjectMeta, ObjectName, Selector
from gala.api.model import DISTINCT, Model, Rule, keyed
from gala.api.scalars import Duration, Instant, PositiveDuration, Qps

__all__ = [
    "Capacity",
    "Demand",
    "Division",
    "Donor",
    "DonorFloor",
    "DonorSelector",
    "GalaEvent",
    "GalaEventSpec",
    "GalaEventStatus",
    "Handback",
    "Mode",
    "OnDelete",
    "PerCluster",
    "Rebalance",
    "Rehearsal",
    "Resilience",
    "Round",
    "Scene",
    "Share",
    "Signal",
    "TargetRef",
    "Tier",
    "Window",
    "Workload",
]

MAX_WORKLOADS = 100
MAX_DONORS = 100
MAX_SCENES = 16
MAX_ROUNDS = 64
MAX_DEMANDS = 32
MAX_CLUSTERS = 256

CENTURY = (946_684_800.0, 4_102_444_800.0)
"""2000-01-01T00:00:00Z and 2100-01-01T00:00:00Z; a time outside is a mistyped year."""


class Mode(StrEnum):
    """What the operator does with the plan."""

    ENFORCE = "Enforce"
    OBSERVE = "Observe"
    REHEARSAL = "Rehearsal"


class OnDelete(StrEnum):
    """What becomes of the capacity when the event is deleted."""

    HAND_BACK = "HandBack"
    KEEP = "Keep"


class Demand(Model):
    """How much of a workload is wanted, in all clusters together."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.qps) != has(self.replicas)",
            "a demand is a rate or a count; write exactly one of `qps` and `replicas`",
            lambda demand: (demand.qps is None) != (demand.replicas is None),
        ),
        Rule(
            "!has(self.qps) || type(self.qps) == int || !self.qps.endsWith('m')",
            "qps with a small m means thousandths; write a capital M for millions, as 2M",
        ),
    )

    workload: Name
    """Name of a workload of this event."""
    qps: Qps | None = None
    """Forecast of queries per second, as 300000, 300k or 2M; the replicas follow from `capacity`."""
    replicas: StrictInt | None = Field(default=None, ge=1, le=MAX_REPLICAS)
    """Replicas in all clusters together, used as they are."""


Demands = Annotated[tuple[Demand, ...], Field(max_length=MAX_DEMANDS, json_schema_extra=keyed("workload"))]


class Scene(Model):
    """A named set of demands that rounds refer to."""

    name: Name
    """What rounds call it."""
    demand: Annotated[
        tuple[Demand, ...], Field(min_length=1, max_length=MAX_DEMANDS, json_schema_extra=keyed("workload"))
    ]
    """One for each workload that is wanted."""


class Window(Model):
    """How far the real start may lie from the scheduled one."""

    early: Duration = 0.0
    """The round may start this much sooner; capacity is Ready by then."""
    late: Duration = 300.0
    """The round may start this much later; capacity stays that much longer."""


class Round(Model):
    """One part of the show with a start on the clock."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.start.matches('(Z|[+-][0-9]{2}:[0-9]{2})$')",
            "start has no offset, so nobody knows when it is; write it as 2027-02-05T20:00:00+08:00",
        ),
        Rule(
            "!self.start.matches('(Z|[+-][0-9]{2}:[0-9]{2})$')"
            " || (timestamp(self.start) > timestamp('2000-01-01T00:00:00Z')"
            " && timestamp(self.start) < timestamp('2100-01-01T00:00:00Z'))",
            "start is no time that exists in this century; write it as 2027-02-05T20:00:00+08:00",
            lambda part: CENTURY[0] < part.start < CENTURY[1],
        ),
        Rule(
            "duration(self.duration) > duration('0s')",
            "duration is zero; write how long the round lasts, as 10m",
        ),
        Rule(
            "has(self.scene) || (has(self.demand) && size(self.demand) > 0)",
            "a round without demand asks for nothing; write `scene` or `demand`",
            lambda part: part.scene is not None or bool(part.demand),
        ),
    )

    name: Name
    """What cues and status call it."""
    start: Instant
    """Scheduled start, with an offset: 2027-02-05T20:00:00+08:00."""
    duration: PositiveDuration
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


class Share(Model):
    """One cluster's part of the traffic."""

    cluster: ObjectName
    """Name of a GalaCluster."""
    weight: StrictInt = Field(ge=0, le=1_000_000)
    """An integer; all weights together are the whole."""


class Division(Model):
    """How demand is divided over clusters."""

    shares: Annotated[
        tuple[Share, ...], Field(max_length=MAX_CLUSTERS, json_schema_extra=keyed("cluster"))
    ] = ()
    """Stated shares, an unlisted cluster has none; without any the measured traffic decides."""


class Resilience(Model):
    """Which losses the show survives."""

    survive: StrictInt = Field(default=0, ge=0, le=8)
    """So many clusters may be lost."""
    tiers: Annotated[tuple[Tier, ...], Field(max_length=4, json_schema_extra=DISTINCT)] = ()
    """Tiers that are covered; all if absent."""


class Rebalance(Model):
    """How capacity follows the traffic while a round is live."""

    enabled: StrictBool = True
    """Whether it does."""
    interval: PositiveDuration = 15.0
    """Between two looks at the traffic: how often Prometheus is asked."""
    tolerance_percent: StrictInt = Field(default=10, ge=1, le=1000)
    """A cluster is hot when its load is over the fleet's mean by more than this."""
    max_step_percent: StrictInt = Field(default=20, ge=1, le=100)
    """Of a cluster's floor, in one move."""
    stale_after: PositiveDuration = 60.0
    """Older figures are doubt: nothing is taken away on their word."""
    cooldown: Duration = 120.0
    """Between two moves of one workload."""


class Handback(Model):
    """How capacity is given back."""

    cooldown: Duration = 300.0
    """From the end of the last round to the first step back."""
    max_step_percent: StrictInt = Field(default=50, ge=1, le=100)
    """Of what is above the original, in one step."""
    on_delete: OnDelete = OnDelete.HAND_BACK
    """What becomes of the capacity when the event is deleted: `HandBack` after the hold, or `Keep`."""


class Rehearsal(Model):
    """A rehearsal of the same show, smaller or at another time."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.start) || self.start.matches('(Z|[+-][0-9]{2}:[0-9]{2})$')",
            "start has no offset, so nobody knows when it is; write it as 2027-02-05T20:00:00+08:00",
        ),
        Rule(
            "!has(self.start) || !self.start.matches('(Z|[+-][0-9]{2}:[0-9]{2})$')"
            " || (timestamp(self.start) > timestamp('2000-01-01T00:00:00Z')"
            " && timestamp(self.start) < timestamp('2100-01-01T00:00:00Z'))",
            "start is no time that exists in this century; write it as 2027-02-05T20:00:00+08:00",
            lambda part: part.start is None or CENTURY[0] < part.start < CENTURY[1],
        ),
    )

    scale_percent: StrictInt = Field(default=100, ge=1, le=1000)
    """Of every demand."""
    start: Instant | None = None
    """The first round moves here, the rest with it."""


class GalaEventSpec(Model):
    """One show."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.rounds.all(r, !has(r.scene)"
            " || (has(self.scenes) && self.scenes.exists(s, s.name == r.scene)))",
            "a round names a scene that is not in `scenes`; write one that is, or add it",
        ),
        Rule(
            "self.rounds.all(r, !has(r.afterScene)"
            " || (has(self.scenes) && self.scenes.exists(s, s.name == r.afterScene)))",
            "a round names an afterScene that is not in `scenes`; write one that is, or add it",
        ),
        Rule(
            "!has(self.mode) || self.mode != 'Rehearsal' || has(self.rehearsal)",
            "`mode: Rehearsal` needs `rehearsal`; write scalePercent or start in it",
            lambda spec: spec.mode is not Mode.REHEARSAL or spec.rehearsal is not None,
        ),
    )

    mode: Mode = Mode.ENFORCE
    """`Enforce`; `Observe` plans and reports, and writes nothing; `Rehearsal` as `rehearsal` says."""
    paused: StrictBool = False
    """Freezes everything: no writes at all, never a scale-down; watching goes on."""
    time_zone: Annotated[str, StringConstraints(min_length=1, max_length=64)] = "UTC"
    """IANA name of the zone that times are shown in, as Asia/Shanghai."""
    cluster_selector: Selector | None = None
    """Labels of the GalaClusters that take part; all that admit this namespace if absent."""
    workloads: Annotated[
        tuple[Workload, ...], Field(min_length=1, max_length=MAX_WORKLOADS, json_schema_extra=keyed("name"))
    ]
    """The applications of the show."""
    scenes: Annotated[tuple[Scene, ...], Field(max_length=MAX_SCENES, json_schema_extra=keyed("name"))] = ()
    """Sets of demands that rounds refer to."""
    rounds: Annotated[
        tuple[Round, ...], Field(min_length=1, max_length=MAX_ROUNDS, json_schema_extra=keyed("name"))
    ]
    """The parts of the show."""
    donors: Annotated[tuple[Donor, ...], Field(max_length=MAX_DONORS, json_schema_extra=keyed("name"))] = ()
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
