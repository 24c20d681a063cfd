"""The kinds a server knows: the built-in ones, and those that CustomResourceDefinitions add."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gala.sandbox.apiserver.errors import Json


@dataclass(frozen=True, slots=True)
class Column:
    """One printer column; ``path`` is a JSONPath with its leading dot, as a CRD writes it."""

    name: str
    path: str
    type: str = "string"
    priority: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How one resource is addressed, stored and shown."""

    version: str
    plural: str
    kind: str
    group: str = ""
    namespaced: bool = True
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: frozenset[str] = frozenset()
    columns: tuple[Column, ...] = ()
    schema: Mapping[str, Any] | None = None
    """The structural schema of a CRD's version; None: the body is taken as it comes."""

    @property
    def key(self) -> tuple[str, str]:
        """Group and plural: where its objects are stored."""
        return self.group, self.plural

    @property
    def api_version(self) -> str:
        """As in an object's ``apiVersion``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """As in error messages: ``deployments.apps``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


_AGE = Column("Age", ".metadata.creationTimestamp", "date")
_BOTH = frozenset({"status", "scale"})
_STATUS = frozenset({"status"})

BUILTIN: tuple[Kind, ...] = (
    Kind(
        version="v1",
        plural="namespaces",
        kind="Namespace",
        namespaced=False,
        short_names=("ns",),
        subresources=_STATUS,
        columns=(Column("Status", ".status.phase"), _AGE),
    ),
    Kind(version="v1", plural="secrets", kind="Secret", columns=(Column("Type", ".type"), _AGE)),
    Kind(version="v1", plural="configmaps", kind="ConfigMap", short_names=("cm",), columns=(_AGE,)),
    Kind(
        version="v1",
        plural="events",
        kind="Event",
        short_names=("ev",),
        columns=(
            Column("Last Seen", ".lastTimestamp", "date"),
            Column("Type", ".type"),
            Column("Reason", ".reason"),
            Column("Object", ".involvedObject.name"),
            Column("Message", ".message"),
        ),
    ),
    Kind(
        version="v1",
        plural="nodes",
        kind="Node",
        namespaced=False,
        short_names=("no",),
        subresources=_STATUS,
        columns=(
            Column("Status", '.status.conditions[?(@.type=="Ready")].reason'),
            Column("CPU", ".status.allocatable.cpu"),
            Column("Memory", ".status.allocatable.memory"),
            Column("Pods", ".status.allocatable.pods"),
            _AGE,
        ),
    ),
    Kind(
        version="v1",
        plural="pods",
        kind="Pod",
        short_names=("po",),
        subresources=_STATUS,
        columns=(
            Column("Ready", '.status.conditions[?(@.type=="Ready")].status'),
            Column("Status", ".status.phase"),
            Column("Node", ".spec.nodeName"),
            _AGE,
        ),
    ),
    Kind(
        group="apps",
        version="v1",
        plural="deployments",
        kind="Deployment",
        short_names=("deploy",),
        categories=("all",),
        subresources=_BOTH,
        columns=(
            Column("Desired", ".spec.replicas", "integer"),
            Column("Ready", ".status.readyReplicas", "integer"),
            Column("Up-to-date", ".status.updatedReplicas", "integer"),
            Column("Available", ".status.availableReplicas", "integer"),
            _AGE,
        ),
    ),
    Kind(
        group="apps",
        version="v1",
        plural="statefulsets",
        kind="StatefulSet",
        short_names=("sts",),
        categories=("all",),
        subresources=_BOTH,
        columns=(
            Column("Desired", ".spec.replicas", "integer"),
            Column("Ready", ".status.readyReplicas", "integer"),
            _AGE,
        ),
    ),
    Kind(
        group="autoscaling",
        version="v2",
        plural="horizontalpodautoscalers",
        kind="HorizontalPodAutoscaler",
        short_names=("hpa",),
        subresources=_STATUS,
        columns=(
            Column("Reference", ".spec.scaleTargetRef.name"),
            Column("Minpods", ".spec.minReplicas", "integer"),
            Column("Maxpods", ".spec.maxReplicas", "integer"),
            _AGE,
        ),
    ),
    Kind(
        group="coordination.k8s.io",
        version="v1",
        plural="leases",
        kind="Lease",
        columns=(Column("Holder", ".spec.holderIdentity"), _AGE),
    ),
    Kind(
        group="apiextensions.k8s.io",
        version="v1",
        plural="customresourcedefinitions",
        kind="CustomResourceDefinition",
        namespaced=False,
        short_names=("crd", "crds"),
        subresources=_STATUS,
        columns=(Column("Created At", ".metadata.creationTimestamp", "date"),),
    ),
)

CRD = BUILTIN[-1]


def find_builtin(plural: str) -> Kind:
    """The built-in kind with this plural; KeyError if there is none."""
    for kind in BUILTIN:
        if kind.plural == plural:
            return kind
    raise KeyError(plural)


def from_definition(body: Json) -> Kind:
    """The kind that a CustomResourceDefinition describes, in its storage version."""
    spec = body["spec"]
    version = next(v for v in spec["versions"] if v.get("storage"))
    names = spec["names"]
    columns = tuple(
        Column(c["name"], c["jsonPath"], c.get("type", "string"), int(c.get("priority", 0)))
        for c in version.get("additionalPrinterColumns", ())
    )
    return Kind(
        group=spec["group"],
        version=version["name"],
        plural=names["plural"],
        kind=names["kind"],
        namespaced=spec.get("scope") == "Namespaced",
        short_names=tuple(names.get("shortNames", ())),
        categories=tuple(names.get("categories", ())),
        subresources=frozenset(version.get("subresources", {})),
        columns=columns or (_AGE,),
        schema=version.get("schema", {}).get("openAPIV3Schema"),
    )
