"""Judges a night by what the API servers were really asked, whatever the operator says of itself.

A test states what it promised: a floor of one target in one cluster over a time (`Promise`). From the
audit logs follows what every target's `spec.replicas` was at every moment; each breach is a whole sentence:

    below a floor      less than promised, at any moment of the promise
    early              lowered before the first promise of its target was over
    below home         less than what ran there before
    out of scope       a write to anything but the targets' /scale and what is the operator's own
    needless           a write that changes nothing, or that says the same as the one before it; but a target
                       that a floor brought to its original may be signed off once, as nobody's
    not in the ledger  a target written before its entry, with the true original, was stored
    not home           another number at the end than in the beginning
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from clusters.audit import Asked
from operating import ACCOUNT, FLEET, LEASE


class Target(NamedTuple):
    """A scalable object of one cluster, as its path says: ``deployments``, ``statefulsets``."""

    cluster: str
    resource: str
    name: str

    def __str__(self) -> str:
        return f"{self.resource}/{self.name} in {self.cluster}"


class Promise(NamedTuple):
    """At least so many replicas of a target in [since, until)."""

    target: Target
    replicas: int
    since: datetime
    until: datetime


class Step(NamedTuple):
    """``spec.replicas`` of a target from a moment on."""

    at: datetime
    was: int
    replicas: int
    ours: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """What a test knows without asking the operator."""

    hub: str
    event: tuple[str, str]
    """Namespace, which is the targets' too, and name."""
    originals: Mapping[Target, int]
    promises: Sequence[Promise]
    asked: Mapping[str, Sequence[Asked]]
    """By cluster, from before the event was applied."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """No breach: the night was as promised. ``writes`` are the operator's, by what was written."""

    breaches: tuple[str, ...]
    writes: Mapping[str, int]

    def __str__(self) -> str:
        told = ", ".join(f"{count} {what}" for what, count in sorted(self.writes.items()))
        return "\n".join([f"writes: {told}", *self.breaches])


def judge(night: Night) -> Judgement:
    """Judges a finished night."""
    histories = {target: _history(night, target) for target in night.originals}
    ours = [one for asked in night.asked.values() for one in asked if one.user == ACCOUNT and one.writes]
    return Judgement(
        breaches=(
            *_out_of_scope(night),
            *(text for target in night.originals for text in _kept(night, target, histories[target])),
            *_said_twice(night),
            *_unledgered(night),
        ),
        writes=Counter("/".join(filter(None, (one.resource, one.subresource))) for one in ours),
    )


def _history(night: Night, target: Target) -> list[Step]:
    """Every accepted write of its replicas, a write of what was there already too."""
    found: list[Step] = []
    now = night.originals[target]
    for one in night.asked[target.cluster]:
        if one.replicas is not None and one.accepted and _is(one, target, night.event[0]):
            # A raise counts from its answer on, a decrease from its arrival.
            at = one.done if one.replicas > now else one.at
            found.append(Step(at, now, one.replicas, one.user == ACCOUNT))
            now = one.replicas
    return found


def _is(one: Asked, target: Target, namespace: str) -> bool:
    return (one.resource, one.name, one.namespace) == (target.resource, target.name, namespace)


def _kept(night: Night, target: Target, steps: Sequence[Step]) -> Iterator[str]:
    original = night.originals[target]
    promises = [one for one in night.promises if one.target == target]
    for promise in promises:
        first = next((step for step in reversed(steps) if step.at <= promise.since), None)
        begins = original if first is None else first.replicas
        if begins < promise.replicas:
            yield f"{target} began at {begins} at {_time(promise.since)}, {promise.replicas} was promised."
        for step in steps:
            if promise.since < step.at < promise.until and step.replicas < promise.replicas:
                yield f"{target} was set to {step.replicas} at {_time(step.at)}, below {promise.replicas}."
    over = min((one.until for one in promises), default=None)
    ends = max((one.until for one in promises), default=None)
    for step in (one for one in steps if one.ours):
        what = f"{target} was set from {step.was} to {step.replicas} at {_time(step.at)}"
        if step.replicas == step.was and not (
            _signs_off(step, steps, original) and step.at >= (ends or step.at)
        ):
            yield f"{what}, which changes nothing."
        if step.replicas < original:
            yield f"{what}, below the {original} that ran there before."
        if step.replicas < step.was and over is not None and step.at < over:
            yield f"{what}, before {_time(over)}, when its first round was over."
    if steps and steps[-1].replicas != original and steps[-1].ours:
        yield f"{target} ended at {steps[-1].replicas}, {original} ran there before."


def _signs_off(step: Step, steps: Sequence[Step], original: int) -> bool:
    """Whether it is the last write, of an original that a floor came down to: only the owner changes."""
    return step is steps[-1] and step.replicas == original and len(steps) > 1


_OWN = {
    ("gala.dev", "galaallocations"),
    ("gala.dev", "galaallocations/status"),
    ("gala.dev", "galaclusters/status"),
    ("coordination.k8s.io", "leases"),
    ("", "configmaps"),
}
"""What the operator may write in its own namespace of the hub."""

_TOLD = {("gala.dev", "galaevents/status"), ("gala.dev", "galacues/status"), ("", "events")}
"""What it may write in the namespace of the event."""


def _out_of_scope(night: Night) -> Iterator[str]:
    known = {(one.cluster, one.resource, one.name) for one in night.originals}
    namespace = night.event[0]
    for cluster, asked in night.asked.items():
        for one in asked:
            if not one.writes or one.user != ACCOUNT:
                continue
            what = (one.group, "/".join(filter(None, (one.resource, one.subresource))))
            scaled = one.subresource == "scale" and (cluster, one.resource, one.name) in known
            own = cluster == night.hub and one.namespace == FLEET and what in _OWN
            told = cluster == night.hub and one.namespace == namespace and what in _TOLD
            lease = one.resource != "leases" or one.name == LEASE
            if not ((scaled and one.namespace == namespace) or (own and lease) or told):
                yield f"{one.verb} of {what[1]} {one.namespace}/{one.name} in {cluster} is out of scope."
            elif one.subresource == "scale" and not one.accepted:
                yield f"A write to {one.resource}/{one.name} in {cluster} was refused with {one.code}."


def _said_twice(night: Night) -> Iterator[str]:
    """Ledgers and statuses whose body is the one of the write before."""
    before: dict[tuple[str, str, str, str], Any] = {}
    for one in night.asked[night.hub]:
        if one.user != ACCOUNT or one.group != "gala.dev" or not one.writes or not one.accepted:
            continue
        key = (one.resource, one.subresource, one.namespace, one.name)
        body = one.body and {part: one.body.get(part) for part in ("spec", "status")}
        if body is not None and before.get(key) == body:
            yield f"{'/'.join(key)} was written at {_time(one.at)} with what stood there already."
        before[key] = body


def _unledgered(night: Night) -> Iterator[str]:
    """Targets that were written before their entry was stored, or whose stored original is another."""
    stored: dict[tuple[str, str], tuple[datetime, Any]] = {}
    for one in night.asked[night.hub]:
        if one.resource != "galaallocations" or one.subresource or not one.body or not one.accepted:
            continue
        for entry in one.body["spec"].get("entries", ()):
            key = (one.body["spec"]["cluster"], entry["target"]["name"])
            stored.setdefault(key, (one.done, entry.get("original")))
    for target, original in night.originals.items():
        writes = [step for step in _history(night, target) if step.ours]
        if not writes:
            continue
        at, known = stored.get((target.cluster, target.name), (None, None))
        if at is None or at > writes[0].at:
            yield f"{target} was written at {_time(writes[0].at)}, before the ledger had an entry of it."
        elif known != original:
            yield f"The ledger took {known} for the original of {target}, and {original} ran there."


def _time(at: datetime) -> str:
    return at.strftime("%H:%M:%S.%f")[:-3]
