"""The four CustomResourceDefinitions, rendered from the models: one source for schema, checks and docs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import BaseModel

from gala.api.allocation import GalaAllocation, GalaAllocationSpec, GalaAllocationStatus
from gala.api.cluster import GalaCluster, GalaClusterSpec, GalaClusterStatus
from gala.api.cue import GalaCue, GalaCueSpec, GalaCueStatus
from gala.api.event import GalaEvent, GalaEventSpec
from gala.api.event_status import GalaEventStatus
from gala.api.meta import ALLOCATIONS, CLUSTERS, CUES, EVENTS, GROUP, VERSION
from gala.api.structural import JsonSchema, structural

Column = tuple[str, str, str]
"""Name, type and JSON path of a column that ``kubectl get`` prints."""

_AGE: Column = ("Age", "date", ".metadata.creationTimestamp")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kind:
    model: type[BaseModel]
    spec: type[BaseModel]
    status: type[BaseModel]
    plural: str
    short: str
    defaults: bool
    """Whether the server fills the spec in; never where the operator alone writes."""
    columns: tuple[Column, ...]


_KINDS: Mapping[str, _Kind] = {
    "GalaEvent": _Kind(
        model=GalaEvent,
        spec=GalaEventSpec,
        status=GalaEventStatus,
        plural=EVENTS,
        short="ge",
        defaults=True,
        columns=(
            ("Phase", "string", ".status.phase"),
            ("Round", "string", ".status.currentRound"),
            ("Next", "string", ".status.nextRound"),
            ("Ready", "string", ".status.ready"),
            ("Clusters", "string", ".status.clustersReachable"),
            _AGE,
        ),
    ),
    "GalaCluster": _Kind(
        model=GalaCluster,
        spec=GalaClusterSpec,
        status=GalaClusterStatus,
        plural=CLUSTERS,
        short="gc",
        defaults=True,
        columns=(
            ("Class", "string", ".spec.class"),
            ("Order", "integer", ".spec.fillOrder"),
            ("Reachable", "string", '.status.conditions[?(@.type=="Reachable")].status'),
            ("Nodes", "integer", ".status.nodes"),
            ("Cores", "string", ".status.allocatable.cpu"),
            ("Free", "integer", ".status.freeCores"),
            _AGE,
        ),
    ),
    "GalaCue": _Kind(
        model=GalaCue,
        spec=GalaCueSpec,
        status=GalaCueStatus,
        plural=CUES,
        short="cue",
        defaults=True,
        columns=(
            ("Event", "string", ".spec.eventRef.name"),
            ("Action", "string", ".spec.action"),
            ("Round", "string", ".spec.round"),
            ("By", "string", ".spec.by"),
            ("Phase", "string", ".status.phase"),
            _AGE,
        ),
    ),
    "GalaAllocation": _Kind(
        model=GalaAllocation,
        spec=GalaAllocationSpec,
        status=GalaAllocationStatus,
        plural=ALLOCATIONS,
        short="ga",
        defaults=False,
        columns=(
            ("Event-Namespace", "string", ".spec.eventRef.namespace"),
            ("Event", "string", ".spec.eventRef.name"),
            ("Cluster", "string", ".spec.cluster"),
            ("Outstanding", "integer", ".status.outstanding"),
            ("Hold-Until", "string", ".spec.holdUntil"),
            _AGE,
        ),
    ),
}

KINDS = tuple(_KINDS)


def render(kind: str) -> dict[str, Any]:
    """The CustomResourceDefinition of one of ``KINDS``; KeyError for another kind."""
    known = _KINDS[kind]
    version = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": _root(known)},
        "subresources": {"status": {}},
        "additionalPrinterColumns": [
            {"name": name, "type": type_, "jsonPath": path} for name, type_, path in known.columns
        ],
    }
    definition: dict[str, Any] = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{known.plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": kind,
                "listKind": f"{kind}List",
                "plural": known.plural,
                "singular": kind.lower(),
                "shortNames": [known.short],
                "categories": ["gala"],
            },
            "versions": [version],
        },
    }
    # Nothing in it may be one object twice: YAML would write anchors, which people cannot read.
    copied: dict[str, Any] = json.loads(json.dumps(definition))
    return copied


def render_files() -> dict[str, str]:
    """The text of every file under ``crds/``, by file name."""
    return {f"{known.plural}.yaml": _yaml(render(kind)) for kind, known in _KINDS.items()}


def render_all() -> str:
    """All four definitions as one YAML text, for ``gala crds | kubectl apply -f -``."""
    return "---\n".join(_yaml(render(kind)) for kind in KINDS)


def _root(kind: _Kind) -> JsonSchema:
    """The server knows metadata better than we do, so the root is written out."""
    schema: JsonSchema = {
        "type": "object",
        "description": kind.model.__doc__,
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string"},
            "kind": {"type": "string"},
            "metadata": {"type": "object"},
            "spec": structural(kind.spec, defaults=kind.defaults),
            "status": structural(kind.status, defaults=False),
        },
    }
    return schema


def _yaml(document: Mapping[str, Any]) -> str:
    text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=110)
    return text
