"""What all kinds share: the group, metadata, conditions, selectors, and the bounds of text.

Every string and list of the API has a bound here or where it is used: the API server
estimates the cost of validation rules from these bounds and refuses a CRD without them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from gala.api.model import Model, Observed
from gala.api.scalars import Instant

GROUP: Final = "gala.dev"
VERSION: Final = "v1alpha1"
API_VERSION: Final = "gala.dev/v1alpha1"

INSTALL: Final = "gala crds | kubectl apply --server-side -f -"
"""The command that installs our kinds, or brings them up to date."""

EVENTS = "galaevents"
CLUSTERS = "galaclusters"
CUES = "galacues"
ALLOCATIONS = "galaallocations"

Name = Annotated[
    str, StringConstraints(min_length=1, max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")
]
"""A DNS label: the name of a workload, a scene, a round or a namespace."""

ObjectName = Annotated[
    str,
    StringConstraints(
        min_length=1,
        max_length=253,
        pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$",
    ),
]
"""The name of a Kubernetes object."""

LabelText = Annotated[str, StringConstraints(max_length=63)]
"""The value of a Kubernetes label."""

Labels = Annotated[Mapping[str, LabelText], Field(max_length=16)]
"""Labels that must all be there, with these values."""

Text = Annotated[str, StringConstraints(max_length=1024)]
"""A sentence for people."""

Word = Annotated[str, StringConstraints(max_length=128)]
"""A PascalCase constant or the name of a planning function."""

Uid = Annotated[str, StringConstraints(max_length=64)]
"""A uid that Kubernetes gave."""


class ObjectMeta(Observed):
    """The part of Kubernetes' metadata that we read."""

    name: ObjectName
    namespace: Name = "default"
    """As kubectl without ``-n`` has it."""
    uid: Uid = ""
    generation: int = 0
    resource_version: str = ""
    creation_timestamp: Instant | None = None
    deletion_timestamp: Instant | None = None
    labels: Mapping[str, str] = Field(default_factory=dict)
    annotations: Mapping[str, str] = Field(default_factory=dict)


class Condition(Observed):
    """A condition as Kubernetes defines it."""

    type: Word
    """What it is about, in PascalCase."""
    status: Annotated[str, StringConstraints(pattern="^(True|False|Unknown)$", max_length=7)]
    """`True`, `False` or `Unknown`."""
    reason: Word
    """Why, as one PascalCase constant."""
    message: Annotated[str, StringConstraints(max_length=4096)] = ""
    """Why, in a sentence."""
    last_transition_time: Instant
    """When `status` last changed."""
    observed_generation: int = Field(default=0, ge=0)
    """The generation of the spec that this is about."""


class Selector(Model):
    """Picks objects by their labels."""

    match_labels: Labels = Field(default_factory=dict)
    """Labels that must all be there, with these values; none picks everything."""

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with these labels is picked."""
        return all(labels.get(key) == value for key, value in self.match_labels.items())
