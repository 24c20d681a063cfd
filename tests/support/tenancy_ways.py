"""One way out of a namespace: what somebody writes, and the answer that he has to get."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gala.sandbox.demo import SETTINGS
from gala.settings import Settings
from tenancy_objects import SHOWS, Json


class Told(NamedTuple):
    """Where the refusal stands."""

    obj: Json
    condition: str
    reason: str
    grants: str
    """Part of its sentence: who may grant it, or what has to be written where nobody may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """What is applied, in this order, and what must come of it."""

    objects: tuple[Json, ...]
    told: Told
    touched: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By cluster: namespaces of targets that may be read, because that much was granted."""
    secrets: tuple[str, ...] = ()
    """Secrets of the fleet namespace that may be read beside north's."""
    settings: Settings = SETTINGS


OWN = {"north": (SHOWS,)}
"""What is granted where only something else is tried."""


def not_admitted(event: Json, *clusters: Json, grants: str = "", reason: str = "NotAdmitted") -> Way:
    """An event that no cluster admits; ``grants`` is the part of the sentence that says how it could be."""
    name = clusters[-1]["metadata"]["name"]
    who = f"its platform team can grant it in spec.admits of GalaCluster {name} with {grants}"
    return Way(objects=(*clusters, event), told=Told(event, "PreflightPassed", reason, who))


def unknown_there(event: Json, *clusters: Json, grants: str) -> Way:
    """The same where the cluster grants the event's namespace nothing at all, and was not named either."""
    return not_admitted(event, *clusters, grants=grants, reason="NoClusters")


def invalid_event(event: Json, grants: str, *clusters: Json) -> Way:
    """An event that is none; ``grants`` is the part of the sentence that says what to write."""
    told = Told(event, "Valid", "InvalidSpec", grants)
    return Way(objects=(*clusters, event), told=told, touched=OWN)


def invalid_cluster(cluster: Json, grants: str, event: Json) -> Way:
    """A GalaCluster that is none, and an event that would profit."""
    return Way(objects=(cluster, event), told=Told(cluster, "Ready", "InvalidSpec", grants))


def not_measured(event: Json, cluster: Json, reason: str, grants: str, settings: Settings = SETTINGS) -> Way:
    """An event whose traffic cannot be asked for as somebody wants it."""
    told = Told(event, "SignalsFresh", reason, grants)
    return Way(objects=(cluster, event), told=told, touched=OWN, settings=settings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """What changes while ``front`` of ``shows`` is held in north, and what must come of it: nothing more."""

    objects: tuple[Json, ...]
    then: tuple[Json, ...]
    told: Told
