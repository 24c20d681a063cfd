"""GalaCluster, one member cluster: how to reach it, how big it may be, and who may touch what in it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StrictBool, StrictInt, StringConstraints

from gala.api.application import Tier
from gala.api.meta import API_VERSION, Condition, Name, ObjectMeta, ObjectName, Word
from gala.api.model import DISTINCT, Model, Observed, Rule, keyed
from gala.api.quantities import Cpu, Memory
from gala.api.scalars import Duration, Instant, PositiveDuration


class ClusterClass(StrEnum):
    """Whose machines they are."""

    PRIVATE = "Private"
    PUBLIC = "Public"


class Permission(StrEnum):
    """What an event may do with targets here."""

    GROW = "Grow"
    LEND = "Lend"


class SecretKeyRef(Model):
    """A key of a Secret in the fleet namespace."""

    name: ObjectName
    """Name of the Secret."""
    key: Annotated[str, StringConstraints(min_length=1, max_length=253, pattern=r"^[-._a-zA-Z0-9]+$")] = (
        "value"
    )
    """Key in it."""


class Kubeconfig(Model):
    """Where the credentials of a remote cluster are."""

    secret_ref: SecretKeyRef
    """A Secret in the fleet namespace; `<name>-kubeconfig`, key `value`, if `kubeconfig` is absent."""


class Prometheus(Model):
    """Where traffic in this cluster is measured."""

    url: Annotated[str, StringConstraints(min_length=8, max_length=512, pattern=r"^https?://[^\s@]+$")]
    """Base address, as https://prometheus.example.com."""
    cluster_label: Annotated[str, StringConstraints(max_length=128)] | None = None
    """For a central Prometheus: the value of the `cluster` label that selects this cluster's series."""
    bearer_token_secret_ref: SecretKeyRef | None = None
    """A token to send."""
    ca_secret_ref: SecretKeyRef | None = None
    """The CA to trust."""
    allow_custom_queries: StrictBool = False
    """Whether an event may bring a `query` of its own, which sees every namespace's series."""


class WriteLimit(Model):
    """How fast the operator writes here."""

    qps: StrictInt = Field(default=50, ge=1, le=10_000)
    """Writes per second, sustained."""
    burst: StrictInt = Field(default=100, ge=1, le=10_000)
    """Writes at once."""


class PodStart(Model):
    """How fast pods start here; what is learned may be slower, never faster."""

    per_second: StrictInt = Field(default=10, ge=1, le=10_000)
    """Pods that become Ready per second when many are asked for."""
    p95: PositiveDuration = 60.0
    """Time to Ready of a pod, 95th percentile."""


class Elastic(Model):
    """Room that a node autoscaler can add."""

    max_cores: StrictInt = Field(ge=1, le=10_000_000)
    """CPU cores of all nodes at most, those that it adds included."""
    node_start: Duration = 180.0
    """From Pending pod to Ready node."""


class Admit(Model):
    """What events of one namespace may do here."""

    event_namespace: Name
    """Namespace of the events, in the cluster of the operator."""
    target_namespaces: Annotated[
        tuple[
            Annotated[str, StringConstraints(max_length=63, pattern=r"^(\*|[a-z0-9]([-a-z0-9]*[a-z0-9])?)$")],
            ...,
        ],
        Field(min_length=1, max_length=64, json_schema_extra=DISTINCT),
    ]
    """Namespaces of the targets, in this cluster; `*` for all."""
    may: Annotated[tuple[Permission, ...], Field(min_length=1, max_length=2, json_schema_extra=DISTINCT)] = (
        Permission.GROW,
    )
    """`Grow`, `Lend`."""
    max_tier: Tier = Tier.B
    """The highest tier that these events may claim here."""


class GalaClusterSpec(Model):
    """How to reach a cluster, how big it may be, and who may touch what in it."""

    RULES: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.kubeconfig) || !has(self.inCluster) || !self.inCluster",
            "`kubeconfig` and `inCluster: true` exclude each other; write one of them",
            lambda spec: spec.kubeconfig is None or not spec.in_cluster,
        ),
    )

    kubeconfig: Kubeconfig | None = None
    """Credentials; the Secret `<name>-kubeconfig`, key `value`, if absent."""
    in_cluster: StrictBool = False
    """This is the cluster that the operator runs in."""
    cluster_class: ClusterClass = Field(default=ClusterClass.PRIVATE, alias="class")
    """`Private` is filled by share, `Public` takes what is left over."""
    fill_order: StrictInt = Field(default=0, ge=-1000, le=1000)
    """Lower is filled first where something is left over."""
    weight: StrictInt | None = Field(default=None, ge=0, le=1_000_000)
    """Share where nothing is stated or measured; 1 for Private and 0 for Public if absent."""
    cost_per_core_hour: (
        Annotated[str, StringConstraints(max_length=32, pattern=r"^[0-9]+(\.[0-9]+)?$")] | None
    ) = None
    """In any currency, as "0.04"; for reports."""
    prometheus: Prometheus | None = None
    """Where traffic is measured."""
    write_limit: WriteLimit = WriteLimit()
    """How fast the operator writes here."""
    pod_start: PodStart = PodStart()
    """How fast pods start here."""
    elastic: Elastic | None = None
    """Room that a node autoscaler can add."""
    admits: Annotated[tuple[Admit, ...], Field(max_length=64)] = ()
    """Who may touch what; without it an `inCluster` cluster admits an event in its own namespace only."""
    namespace_sameness: StrictBool = False
    """A namespace belongs to the same people in every cluster, so events may grow targets in their own."""

    @property
    def effective_weight(self) -> int:
        """``weight``, or 1 for Private and 0 for Public."""
        if self.weight is not None:
            return self.weight
        return 1 if self.cluster_class is ClusterClass.PRIVATE else 0


class Resources(Observed):
    """Room for pods."""

    cpu: Cpu
    """CPU, as `1500m` or `8`."""
    memory: Memory
    """Memory, as `64Gi`."""
    pods: StrictInt = Field(ge=0)
    """Pods."""


class PodStartStatus(Observed):
    """How fast pods start, as learned."""

    per_second: StrictInt | None = Field(default=None, ge=0)
    """Pods Ready per second."""
    p95: Duration | None = None
    """Time to Ready, 95th percentile."""
    slowest: Duration | None = None
    """The longest time to Ready lately seen."""


class GalaClusterStatus(Observed):
    """What the operator sees of the cluster."""

    observed_generation: StrictInt = Field(default=0, ge=0)
    """The generation of the spec that this is about."""
    version: Word = ""
    """Version of the API server."""
    nodes: StrictInt | None = Field(default=None, ge=0)
    """Nodes that are Ready."""
    allocatable: Resources | None = None
    """What the nodes have."""
    requested: Resources | None = None
    """What pods request."""
    free_cores: StrictInt | None = Field(default=None, ge=0)
    """CPU cores that no pod requests."""
    pod_start: PodStartStatus | None = None
    """How fast pods start, as learned."""
    last_contact: Instant | None = None
    """When the API server last answered."""
    conditions: Annotated[tuple[Condition, ...], Field(max_length=16, json_schema_extra=keyed("type"))] = ()
    """Ready, Reachable, Authorized, SignalsFresh."""


class GalaCluster(Model):
    """A member cluster, owned by the platform team."""

    api_version: Literal["gala.dev/v1alpha1"] = API_VERSION
    kind: Literal["GalaCluster"] = "GalaCluster"
    metadata: ObjectMeta
    spec: GalaClusterSpec = GalaClusterSpec()
    status: GalaClusterStatus | None = None
