"""``gala status -o json``: one document with stable keys, described in docs/command-line.md."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gala.api.meta import API_VERSION
from gala.api.model import Model
from gala.api.scalars import format_instant
from gala.cli.status_operator import Operator
from gala.cli.status_view import ClusterLine, Show, WorkloadLine

Json = dict[str, Any]


def document(
    shows: Sequence[Show], operator: Operator | None, *, now: float, withheld: Sequence[str]
) -> Json:
    """Times are RFC3339 in UTC; what is unknown is null, never 0; lists are in the order of names."""
    silent = operator is not None and operator.silent(now)
    return {
        "apiVersion": API_VERSION,
        "kind": "GalaStatus",
        "at": format_instant(now),
        "ready": bool(shows) and not silent and all(show.ready for show in shows),
        "operator": None
        if operator is None
        else {
            "holder": operator.holder,
            "renewedAt": format_instant(operator.renewed_at),
            "silent": silent,
        },
        "withheld": list(withheld),
        "events": [_event(show, now) for show in shows],
    }


def _event(show: Show, now: float) -> Json:
    spec, status, edge = show.spec, show.status, show.next_edge
    return {
        "namespace": show.key.namespace,
        "name": show.key.name,
        "ready": show.ready,
        "phase": status.phase.value,
        "mode": spec.mode.value if spec else None,
        "paused": spec.paused if spec else None,
        "timeZone": spec.time_zone if spec else None,
        "generation": show.generation,
        "observedGeneration": status.observed_generation,
        "problems": [problem._asdict() for problem in show.problems],
        "conditions": [_wire(condition) for condition in status.conditions],
        "currentRound": status.current_round or None,
        "nextRound": status.next_round or None,
        "next": None
        if edge is None
        else {
            "at": format_instant(edge.at),
            "inSeconds": round(edge.at - now),
            "round": edge.round or None,
            "what": edge.what,
        },
        "rounds": [_wire(line.status) for line in show.rounds],
        "clusters": [_cluster(line) for line in sorted(show.clusters, key=lambda line: line.status.name)],
    }


def _cluster(line: ClusterLine) -> Json:
    workloads = sorted(line.workloads, key=lambda one: one.name)
    return {
        "name": line.status.name,
        "state": line.status.state,
        "trouble": line.trouble or None,
        "required": line.status.required,
        "ready": line.status.ready,
        "qps": line.status.qps,
        "trafficWeight": line.status.traffic_weight,
        "workloads": [_workload(one) for one in workloads],
    }


def _workload(line: WorkloadLine) -> Json:
    entry, seen = line.entry, line.seen
    return {
        "workload": entry.workload,
        "donor": entry.donor,
        "target": {
            "apiVersion": entry.target.api_version,
            "kind": entry.target.kind,
            "namespace": entry.target.namespace,
            "name": entry.target.name,
        },
        "state": entry.state,
        "original": entry.original,
        "intended": entry.intended,
        "written": entry.written,
        "observed": seen.observed if seen else None,
        "ready": seen.ready if seen else None,
        "since": format_instant(entry.since),
        "reason": entry.reason,
        "rule": entry.rule,
    }


def _wire(value: Model) -> Json:
    return value.model_dump(mode="json", by_alias=True)
