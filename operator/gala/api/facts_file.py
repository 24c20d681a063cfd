"""GalaFacts: what a planner would else read from the clusters, as a file, so that a plan needs no cluster.

A file format only: no CRD is rendered for it, and the operator never reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt, ValidationError

from gala.api.meta import API_VERSION, Labels, Name, ObjectName, Word
from gala.api.model import Model
from gala.api.quantities import Cpu, Memory
from gala.api.refusal import sentence
from gala.api.scalars import WIRE
from gala.errors import InvalidInput


class FactsTaint(Model):
    """What keeps pods away from nodes."""

    key: Word
    """Its key."""
    value: Word = ""
    """Its value."""
    effect: Literal["NoSchedule", "NoExecute"] = "NoSchedule"
    """What it does."""


class FactsToleration(Model):
    """Taints that do not keep a pod away."""

    key: Word = ""
    """Of this key; every one if absent."""
    operator: Literal["Equal", "Exists"] = "Equal"
    """`Exists` takes every value."""
    value: Word = ""
    """Of this value."""
    effect: Literal["", "NoSchedule", "NoExecute"] = ""
    """Of this effect; every one if absent."""


class FactsQuota(Model):
    """What one ResourceQuota leaves to the targets; what is absent it does not bound."""

    namespace: Name
    """Its namespace."""
    name: ObjectName
    """Its name."""
    cpu: Cpu | None = None
    """Left of `requests.cpu`, beside pods that are no target."""
    memory: Memory | None = None
    """Left of `requests.memory`."""
    pods: Annotated[StrictInt, Field(ge=0)] | None = None
    """Left of `pods`."""


class FactsNodes(Model):
    """Equal nodes."""

    count: StrictInt = Field(ge=1, le=100_000)
    """How many."""
    cpu: Cpu
    """Free on each, beside pods that are no target: `13500m`."""
    memory: Memory
    """Free on each: `50Gi`."""
    pods: StrictInt = Field(ge=0, le=10_000)
    """Free places for pods on each."""
    labels: Labels = Field(default_factory=dict)
    """Labels, as far as a target asks for them."""
    taints: Annotated[tuple[FactsTaint, ...], Field(max_length=16)] = ()
    """Taints that keep pods away."""


class FactsTarget(Model):
    """One workload's target as it runs in a cluster."""

    workload: Name
    """Name of the workload in the event."""
    namespace: Name | None = None
    """The target's; needed where workloads of several namespaces have this name."""
    target: ObjectName | None = None
    """The target's name; needed where workloads of one namespace have this name and other targets."""
    replicas: StrictInt = Field(ge=0, le=1_000_000)
    """What runs, all Ready: the original."""
    cpu: Cpu = 0
    """Requested by each pod."""
    memory: Memory = 0
    """Requested by each pod."""
    node_selector: Labels = Field(default_factory=dict)
    """Labels of the nodes that its pods ask for."""
    tolerations: Annotated[tuple[FactsToleration, ...], Field(max_length=16)] = ()
    """Taints that its pods tolerate."""


class FactsCluster(Model):
    """One cluster."""

    name: ObjectName
    """Name of the GalaCluster."""
    nodes: Annotated[tuple[FactsNodes, ...], Field(max_length=1000)] = ()
    """Its nodes, equal ones together."""
    targets: Annotated[tuple[FactsTarget, ...], Field(max_length=1000)] = ()
    """What runs in it."""
    quotas: Annotated[tuple[FactsQuota, ...], Field(max_length=100)] = ()
    """ResourceQuotas of the targets' namespaces."""


class GalaFacts(Model):
    """A snapshot of several clusters."""

    api_version: Literal["gala.dev/v1alpha1"] = API_VERSION
    kind: Literal["GalaFacts"] = "GalaFacts"
    clusters: Annotated[tuple[FactsCluster, ...], Field(max_length=256)]
    """Each cluster."""


def parse_facts(raw: Mapping[str, Any]) -> GalaFacts:
    """Facts from a file; InvalidInput has one sentence."""
    try:
        return GalaFacts.model_validate(raw, by_alias=True, by_name=False, context={WIRE: True})
    except ValidationError as error:
        raise InvalidInput(sentence(error, GalaFacts)) from error
