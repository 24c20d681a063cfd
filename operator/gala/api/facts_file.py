"""GalaFacts: what a planner would else read from the clusters, as a file, so that a plan needs no cluster.

A file format only: no CRD is rendered for it, and the operator never reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StrictInt, ValidationError

from gala.api.meta import API_VERSION, Name, ObjectName
from gala.api.model import Model
from gala.api.quantities import Cpu, Memory
from gala.api.refusal import sentence
from gala.api.scalars import WIRE
from gala.errors import InvalidInput


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


class FactsCluster(Model):
    """One cluster."""

    name: ObjectName
    """Name of the GalaCluster."""
    nodes: Annotated[tuple[FactsNodes, ...], Field(max_length=1000)] = ()
    """Its nodes, equal ones together."""
    targets: Annotated[tuple[FactsTarget, ...], Field(max_length=1000)] = ()
    """What runs in it."""


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
