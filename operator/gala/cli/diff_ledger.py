"""What the operator wrote down of targets and clusters, as a plan reads it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from pydantic import ValidationError

from gala.api.allocation import EntryStatus, GalaAllocation, GalaAllocationSpec, StoredEntry
from gala.cli.hub_reading import Json
from gala.engine import allocations as wire
from gala.engine.wanted import read_cluster
from gala.planning.facts import ClusterFacts, EventKey, Missing, PodStart, TargetFacts, TargetKey
from gala.planning.ledger import ClusterLedger, EventRecord

NOT_KNOWN = "NotKnown"
"""Reason of what nobody says."""

Place = tuple[str, TargetKey]
"""Cluster and target."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """The ledger as the plan reads it, and what it says of each target."""

    records: Mapping[EventKey, EventRecord]
    ledgers: Mapping[tuple[EventKey, str], ClusterLedger]
    targets: Mapping[Place, TargetFacts | Missing]
    unreadable: frozenset[EventKey]


def read_ledger(objects: Iterable[Json]) -> Ledger:
    """The ledger from the objects that hold it."""
    specs: dict[tuple[EventKey, str], list[GalaAllocationSpec]] = {}
    targets: dict[Place, TargetFacts | Missing] = {}
    unreadable: set[EventKey] = set()
    for raw in objects:
        try:
            stored = GalaAllocation.model_validate(raw)
        except ValidationError:
            ref = (raw.get("spec") or {}).get("eventRef") or {}
            unreadable.add(EventKey(str(ref.get("namespace", "")), str(ref.get("name", ""))))
            continue
        owner = (wire.event_of(stored.spec), stored.spec.cluster or "")
        specs.setdefault(owner, []).append(stored.spec)
        seen = {row.workload: row for row in stored.status.entries} if stored.status else {}
        for entry in stored.spec.entries:
            key = TargetKey(
                entry.target.api_version, entry.target.kind, entry.target.namespace, entry.target.name
            )
            targets[owner[1], key] = _last_seen(entry, seen.get(entry.workload or ""))
    return Ledger(
        records={owner[0]: wire.decode_record(found) for owner, found in specs.items() if not owner[1]},
        ledgers={owner: wire.decode_ledger(found) for owner, found in specs.items() if owner[1]},
        targets=targets,
        unreadable=frozenset(unreadable),
    )


def _last_seen(entry: StoredEntry, row: EntryStatus | None) -> TargetFacts | Missing:
    """What the operator last saw; before it looked, what it last wrote."""
    replicas = row.observed if row is not None and row.observed is not None else entry.written
    if replicas is None:
        replicas = entry.original
    if replicas is None:
        return Missing(NOT_KNOWN, f"the ledger does not say what runs of {entry.target.name}")
    unknown = Missing(NOT_KNOWN, "the ledger does not say how many are Ready")
    ready = row.ready if row is not None and row.ready is not None else unknown
    return TargetFacts(
        uid=entry.target.uid,
        resource_version="",
        replicas=replicas,
        pods=replicas,
        ready=ready,
        warm=ready,
        manager="",
    )


def learned(facts: ClusterFacts, raw: Json | None) -> ClusterFacts:
    """With what the GalaCluster's status says: how fast pods start, and whether it answers."""
    found = read_cluster(raw, before=None).cluster if raw is not None else None
    status = found.status if found is not None else None
    if status is None:
        return facts
    start = status.pod_start
    stated = facts.pod_start
    if start is not None:
        stated = PodStart(
            per_second=start.per_second or stated.per_second,
            p95=start.p95 or stated.p95,
            slowest=start.slowest,
        )
    reachable = next((one for one in status.conditions if one.type == "Reachable"), None)
    lost = reachable is not None and reachable.status == "False"
    return replace(
        facts,
        pod_start=stated,
        reachable=not lost,
        unreachable_reason=reachable.reason if reachable is not None and lost else "",
        last_contact=status.last_contact,
    )
