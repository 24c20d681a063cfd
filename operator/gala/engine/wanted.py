"""From raw objects to what a plan reads: parsed once per spec, and the last good spec outlives a bad one.

A person who saves a broken edit in the middle of a round must not lose the round: the event
then says what is wrong, and goes on as it was.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from gala.api.cluster import GalaCluster
from gala.api.event import GalaEvent
from gala.api.scalars import parse_instant
from gala.api.validation import parse_cluster, parse_event, unsupported
from gala.errors import InvalidInput
from gala.planning.facts import EventFacts, EventKey

Raw = Mapping[str, Any]
"""An object as the API server sent it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedEvent:
    """A GalaEvent as last seen, with the facts that its last good spec gave."""

    key: EventKey
    uid: str
    generation: int
    resource_version: str
    raw: Raw
    """As last seen: its ``status`` is what the report compares with."""
    facts: EventFacts | None
    """None if no spec of this event was good since this process started."""
    problems: tuple[str, ...] = ()
    """What is wrong with the spec as last seen, one sentence each; empty: it is ``facts.spec``."""
    unsupported: tuple[str, ...] = ()
    """Features of the spec that are answered with ``NotYetSupported``."""
    missing: bool = False
    """It was deleted or did not turn up in a list, and nobody has confirmed that yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WantedCluster:
    """A GalaCluster as last seen; ``cluster`` is its last good form."""

    name: str
    uid: str
    generation: int
    resource_version: str
    raw: Raw
    cluster: GalaCluster | None
    problems: tuple[str, ...] = ()


def key_of(raw: Raw) -> tuple[str, str]:
    """Namespace and name."""
    metadata = raw["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def same_wish(one: Raw, other: Raw) -> bool:
    """Whether a person wants the same with both: our own writes of status change none of this."""
    first, second = one["metadata"], other["metadata"]
    watched = ("uid", "generation", "labels", "deletionTimestamp")
    return all(first.get(name) == second.get(name) for name in watched) and one.get("spec") == other.get(
        "spec"
    )


def read_event(raw: Raw, *, missing: bool, before: WantedEvent | None) -> WantedEvent:
    """Parses an event; ``before`` is what was read of the object of that name last time."""
    metadata = raw["metadata"]
    version = str(metadata.get("resourceVersion", ""))
    if before is not None and same_wish(before.raw, raw):
        if (before.resource_version, before.missing) == (version, missing):
            return before
        return replace(before, raw=raw, resource_version=version, missing=missing)
    problems: tuple[str, ...] = ()
    try:
        event = parse_event(raw)
        facts: EventFacts | None = _facts(raw, event)
        features = unsupported(event)
    except InvalidInput as refused:
        facts = before.facts if before is not None else None
        problems, features = (str(refused),), ()
    return WantedEvent(
        key=EventKey(*key_of(raw)),
        uid=metadata.get("uid", ""),
        generation=metadata.get("generation", 0),
        resource_version=version,
        raw=raw,
        facts=facts,
        problems=problems,
        unsupported=features,
        missing=missing,
    )


def read_cluster(raw: Raw, *, before: WantedCluster | None) -> WantedCluster:
    """Parses a cluster; ``before`` is what was read of the object of that name last time."""
    metadata = raw["metadata"]
    version = str(metadata.get("resourceVersion", ""))
    if before is not None and same_wish(before.raw, raw):
        return (
            before
            if before.resource_version == version
            else replace(before, raw=raw, resource_version=version)
        )
    problems: tuple[str, ...] = ()
    try:
        cluster: GalaCluster | None = parse_cluster(raw)
    except InvalidInput as refused:
        cluster = before.cluster if before is not None else None
        problems = (str(refused),)
    return WantedCluster(
        name=metadata["name"],
        uid=metadata.get("uid", ""),
        generation=metadata.get("generation", 0),
        resource_version=version,
        raw=raw,
        cluster=cluster,
        problems=problems,
    )


def _facts(raw: Raw, event: GalaEvent) -> EventFacts:
    metadata = raw["metadata"]
    created = metadata.get("creationTimestamp")
    return EventFacts(
        key=EventKey(*key_of(raw)),
        uid=metadata.get("uid", ""),
        generation=metadata.get("generation", 0),
        created=parse_instant(created) if created else 0.0,
        spec=event.spec,
    )
