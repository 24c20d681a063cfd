"""The ledger's values as GalaAllocation objects and back; pure.

Times are stored to the millisecond. What a later version of the operator wrote into an
object and this one does not know survives a rewrite, so that a rollback loses nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from pydantic import ValidationError

from gala.api.allocation import GalaAllocation, GalaAllocationSpec, StoredEntry, StoredLatch, StoredMove
from gala.api.scalars import format_duration, format_instant
from gala.errors import InvalidInput
from gala.planning.facts import EventKey, TargetKey
from gala.planning.ledger import (
    Allocation,
    Basis,
    ClusterLedger,
    Entry,
    EventRecord,
    Floor,
    GapRule,
    LastShares,
    Latched,
    LatchedCluster,
    Move,
    Phase,
    Policy,
    State,
)

Json = dict[str, Any]

_LONGEST_NAME: Final = 253
_PART = re.compile(r"p[0-9]+")


def object_name(event: EventKey, cluster: str = "", part: int = 0) -> str:
    """``<namespace>.<event>[.<cluster>][.pN]``; a tail tells names apart that would read the same.

    An event ``a`` in cluster ``b`` and the record of an event ``a.b`` would, and so would a cluster
    called ``p1`` and a second part; names over 253 characters are cut.
    """
    pieces = [event.namespace, event.name, *([cluster] if cluster else []), *([f"p{part}"] if part else [])]
    name = ".".join(pieces)
    plain = "." not in event.name + cluster and not _PART.fullmatch(cluster)
    if plain and len(name) <= _LONGEST_NAME:
        return name
    digest = hashlib.sha256("/".join([*event, cluster, str(part)]).encode()).hexdigest()[:10]
    return f"{name[: _LONGEST_NAME - 11].rstrip('.-')}-{digest}"


def parse(raw: Mapping[str, Any]) -> GalaAllocationSpec:
    """The validated spec of a stored object.

    Raises:
        InvalidInput: Somebody changed it by hand into something that is no ledger.
    """
    try:
        return GalaAllocation.model_validate(raw).spec
    except ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(step) for step in first["loc"])
        name = raw.get("metadata", {}).get("name", "")
        raise InvalidInput(f"The GalaAllocation {name} cannot be read at {path}: {first['msg']}.") from error


def event_of(spec: GalaAllocationSpec) -> EventKey:
    """Whose ledger it is."""
    return EventKey(spec.event_ref.namespace, spec.event_ref.name)


def decode_ledger(parts: Iterable[GalaAllocationSpec]) -> ClusterLedger:
    """One event's ledger of one cluster from its parts; the first speaks for what they have in common."""
    specs = sorted(parts, key=lambda spec: spec.part)
    head = specs[0]
    return ClusterLedger(
        event=event_of(head),
        uid=head.event_ref.uid,
        cluster=head.cluster or "",
        policy=_policy(head),
        hold_until=head.hold_until or 0.0,
        entries=tuple(_entry(entry) for entry in _latest(specs, "entries") if entry.workload),
    )


def decode_record(parts: Iterable[GalaAllocationSpec]) -> EventRecord:
    """An event's record from its parts."""
    specs = sorted(parts, key=lambda spec: spec.part)
    head = specs[0]
    return EventRecord(
        event=event_of(head),
        uid=head.event_ref.uid,
        policy=_policy(head),
        latched=tuple(_latched(latch) for latch in _latest(specs, "latched")),
        moves=tuple(_move(move) for spec in specs for move in spec.moves),
        last_shares=tuple(
            LastShares(last.workload, last.at, tuple((share.cluster, share.share) for share in last.shares))
            for spec in specs
            for last in spec.last_shares
        ),
    )


def _latest(specs: Iterable[GalaAllocationSpec], field: str) -> Iterable[Any]:
    """The items of all parts; of one that stands in two, because a move was cut short, the later counts."""
    identity = _SAME[field]
    return {identity(item): item for spec in specs for item in getattr(spec, field)}.values()


def encode_ledger(ledger: ClusterLedger) -> Json:
    """What every part of a cluster's ledger has in common."""
    return {
        "eventRef": {"namespace": ledger.event.namespace, "name": ledger.event.name, "uid": ledger.uid},
        "cluster": ledger.cluster,
        "policy": _encode_policy(ledger.policy),
        "holdUntil": format_instant(ledger.hold_until) if ledger.hold_until else None,
    }


def encode_record(record: EventRecord) -> Json:
    """What the first part of a record says beside its latched segments."""
    return {
        "eventRef": {"namespace": record.event.namespace, "name": record.event.name, "uid": record.uid},
        "policy": _encode_policy(record.policy),
        "moves": [_encode_move(move) for move in record.moves],
        "lastShares": [
            {
                "workload": last.workload,
                "at": format_instant(last.at),
                "shares": [{"cluster": cluster, "share": share} for cluster, share in last.shares],
            }
            for last in record.last_shares
        ],
    }


def encode_entry(entry: Entry) -> Json:
    """One entry of a ledger."""
    target = entry.target
    return {
        "workload": entry.workload,
        "target": {
            "apiVersion": target.api_version,
            "kind": target.kind,
            "namespace": target.namespace,
            "name": target.name,
            "uid": entry.uid,
        },
        "mechanism": entry.mechanism,
        "original": entry.original,
        "intended": entry.intended,
        "written": entry.written,
        "state": entry.state.value,
        "floors": [_encode_floor(floor) for floor in entry.floors],
        "since": format_instant(entry.since),
        "reason": entry.reason,
        "rule": entry.rule,
    }


def encode_latched(latched: Latched) -> Json:
    """One latched segment of a record."""
    return {
        "segment": latched.segment,
        "basis": _encode_basis(latched.basis),
        "readyBy": format_instant(latched.ready_by),
        "end": format_instant(latched.end),
        "clusters": [
            {
                "cluster": window.cluster,
                "prepareAt": format_instant(window.prepare_at),
                "gap": window.gap.value if window.gap else None,
            }
            for window in latched.clusters
        ],
        "allocations": [
            {"workload": part.workload, "cluster": part.cluster, "share": part.share, "cap": part.cap}
            for part in latched.allocations
        ],
        "capsAt": format_instant(latched.caps_at),
    }


def overlay(old: Mapping[str, Any], new: Mapping[str, Any]) -> Json:
    """``new`` over ``old``: None removes a field, and fields that ``new`` does not name stay."""
    result = dict(old)
    for name, value in new.items():
        if value is None:
            result.pop(name, None)
        elif isinstance(value, dict):
            result[name] = overlay(old.get(name) or {}, value)
        elif name in IDENTITY:
            identity = IDENTITY[name]
            before = {identity(item): item for item in old.get(name) or ()}
            result[name] = [overlay(before.get(identity(item), {}), item) for item in value]
        else:
            result[name] = value
    return result


def _entry_identity(item: Mapping[str, Any]) -> object:
    target = item["target"]
    return item.get("workload"), target["kind"], target["namespace"], target["name"]


def _by(*names: str) -> Callable[[Mapping[str, Any]], object]:
    return lambda item: tuple(item.get(name) for name in names)


IDENTITY: Final[Mapping[str, Callable[[Mapping[str, Any]], object]]] = {
    "entries": _entry_identity,
    "floors": _by("segment"),
    "latched": _by("segment"),
    "clusters": _by("cluster"),
    "allocations": _by("workload", "cluster"),
    "moves": _by("workload", "segment"),
    "lastShares": _by("workload"),
    "shares": _by("cluster"),
}
"""By the name of a list: what makes one of its items the same as before."""


_SAME: Final[Mapping[str, Callable[[Any], object]]] = {
    "entries": lambda entry: (entry.workload, entry.target.kind, entry.target.namespace, entry.target.name),
    "latched": lambda latch: latch.segment,
}
"""As ``IDENTITY``, of what was parsed."""


def _encode_policy(policy: Policy) -> Json:
    return {
        "onDelete": policy.on_delete,
        "cooldown": format_duration(policy.cooldown),
        "maxStepPercent": policy.max_step_percent,
    }


def _encode_basis(basis: Basis) -> Json:
    return {"uid": basis.uid, "generation": basis.generation, "cues": basis.cues}


def _encode_floor(floor: Floor) -> Json:
    return {
        "segment": floor.segment,
        "replicas": floor.replicas,
        "required": floor.required,
        "division": floor.division,
        "taken": floor.taken,
        "stragglers": floor.stragglers,
        "basis": _encode_basis(floor.basis),
    }


def _encode_move(move: Move) -> Json:
    return {
        "workload": move.workload,
        "segment": move.segment,
        "from": move.source,
        "to": move.to,
        "count": move.count,
        "phase": move.phase.value,
        "sourceFloor": move.source_floor,
        "toFloor": move.to_floor,
        "at": format_instant(move.at),
    }


def _policy(spec: GalaAllocationSpec) -> Policy:
    policy = spec.policy
    return Policy(
        on_delete=policy.on_delete, cooldown=policy.cooldown, max_step_percent=policy.max_step_percent
    )


def _entry(stored: StoredEntry) -> Entry:
    target = stored.target
    return Entry(
        workload=stored.workload or "",
        target=TargetKey(target.api_version, target.kind, target.namespace, target.name),
        uid=target.uid,
        original=stored.original,
        intended=stored.intended,
        written=stored.written,
        state=State(stored.state),
        floors=tuple(
            Floor(
                segment=floor.segment,
                replicas=floor.replicas,
                required=floor.required,
                division=floor.division,
                basis=Basis(floor.basis.uid, floor.basis.generation, floor.basis.cues),
                taken=floor.taken,
                stragglers=floor.stragglers,
            )
            for floor in stored.floors
        ),
        since=stored.since,
        reason=stored.reason,
        rule=stored.rule,
        mechanism=stored.mechanism,
    )


def _latched(stored: StoredLatch) -> Latched:
    return Latched(
        segment=stored.segment,
        basis=Basis(stored.basis.uid, stored.basis.generation, stored.basis.cues),
        ready_by=stored.ready_by,
        end=stored.end,
        clusters=tuple(
            LatchedCluster(window.cluster, window.prepare_at, GapRule(window.gap) if window.gap else None)
            for window in stored.clusters
        ),
        allocations=tuple(
            Allocation(part.workload, part.cluster, part.share, part.cap) for part in stored.allocations
        ),
        caps_at=stored.caps_at,
    )


def _move(stored: StoredMove) -> Move:
    return Move(
        workload=stored.workload,
        segment=stored.segment,
        source=stored.source,
        to=stored.to,
        count=stored.count,
        phase=Phase(stored.phase),
        source_floor=stored.source_floor,
        to_floor=stored.to_floor,
        at=stored.at,
    )
