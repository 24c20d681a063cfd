"""What a pass knows: facts and the ledger at one moment, the only input of a plan beside `now`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gala.planning.facts import ClusterFacts, EventFacts, EventKey, TargetKey
from gala.planning.ledger import ClusterLedger, EventRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """The only input of a plan beside ``now``."""

    events: tuple[EventFacts, ...] = ()
    clusters: Mapping[str, ClusterFacts] = field(default_factory=dict)
    records: Mapping[EventKey, EventRecord] = field(default_factory=dict)
    ledgers: Mapping[tuple[EventKey, str], ClusterLedger] = field(default_factory=dict)
    reasserted: Mapping[tuple[str, TargetKey], float] = field(default_factory=dict)
    """When a contested value was last raised again; from this process's memory only."""
    deleted: frozenset[EventKey] = frozenset()
    """Events whose deletion is believed; a ledger whose event is not here nor in ``events`` is in doubt."""
