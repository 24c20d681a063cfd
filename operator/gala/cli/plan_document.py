"""``gala plan -o json``: the outlook with stable keys, described in docs/command-line.md."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from gala.api.application import MAX_REPLICAS
from gala.api.event import GalaEvent
from gala.api.meta import API_VERSION
from gala.api.scalars import format_instant
from gala.api.validation import unsupported
from gala.cli.plan_outlook import Change, Loss, Outlook
from gala.cli.plan_snapshot import event_key
from gala.planning.outcome import EventPlan, Finding, Need, Placement, SegmentPlan

Json = dict[str, Any]


def document(outlook: Outlook, events: Sequence[GalaEvent]) -> Json:
    """One document for all events; times are RFC3339 in UTC, durations whole seconds."""
    return {
        "apiVersion": API_VERSION,
        "kind": "GalaPlan",
        "at": format_instant(outlook.at),
        "fits": outlook.fits,
        "events": [_event(outlook, event) for event in events],
        "changes": [_change(change) for change in outlook.changes],
    }


def _event(outlook: Outlook, event: GalaEvent) -> Json:
    key = event_key(event)
    planned = outlook.events[key]
    return {
        "namespace": key.namespace,
        "name": key.name,
        "mode": event.spec.mode.value,
        "paused": event.spec.paused,
        "timeZone": event.spec.time_zone,
        "notYetSupported": list(unsupported(event)),
        "findings": [_finding(finding) for finding in planned.findings],
        "segments": [_segment(outlook, planned, segment) for segment in planned.segments],
    }


def _finding(finding: Finding) -> Json:
    return {
        "reason": finding.reason,
        "message": finding.message,
        "cluster": finding.cluster or None,
        "workload": finding.workload or None,
    }


def _segment(outlook: Outlook, planned: EventPlan, segment: SegmentPlan) -> Json:
    loss = outlook.losses.get((planned.key, segment.name))
    return {
        "name": segment.name,
        "kind": "Round" if segment.is_round else "AfterScene",
        "round": segment.round,
        "start": format_instant(segment.start),
        "readyBy": format_instant(segment.ready_by),
        "prepareAt": format_instant(segment.prepare_at),
        "earliestEnd": format_instant(segment.earliest_end),
        "latestEnd": format_instant(segment.latest_end),
        "clusters": [
            {
                "cluster": window.cluster,
                "prepareAt": format_instant(window.prepare_at),
                "end": format_instant(window.end),
                "leadSeconds": math.ceil(segment.ready_by - window.prepare_at),
                "lateSeconds": math.ceil(window.late),
                "gap": window.gap or None,
            }
            for window in segment.windows
        ],
        "workloads": [_workload(outlook, planned, segment, need) for need in segment.needs],
        "worstLoss": None if loss is None else _loss(loss),
    }


def _workload(outlook: Outlook, planned: EventPlan, segment: SegmentPlan, need: Need) -> Json:
    here = [placement for placement in segment.placements if placement.workload == need.workload]
    weights = {
        weight.cluster: weight.percent for weight in segment.weights if weight.workload == need.workload
    }
    later = outlook.later.get((planned.key, segment.name, need.workload), ())
    return {
        "workload": need.workload,
        "qps": need.qps or None,
        "required": need.required,
        "planned": sum(placement.floor for placement in here),
        "short": need.short,
        "shortReason": need.short_reason or None,
        "shortWhy": need.why or None,
        "shortLater": [
            {"at": format_instant(item.at), "after": item.after, "short": item.short} for item in later
        ],
        "clusters": [_placement(placement, weights.get(placement.cluster)) for placement in here],
    }


def _placement(placement: Placement, weight: int | None) -> Json:
    return {
        "cluster": placement.cluster,
        "share": placement.share,
        "cap": None if placement.cap >= MAX_REPLICAS else placement.cap,
        "division": placement.division,
        "floor": placement.floor,
        "original": placement.original,
        "trafficWeight": weight,
    }


def _loss(loss: Loss) -> Json:
    return {
        "cluster": loss.cluster,
        "replicas": loss.replicas,
        "of": loss.of,
        "workloads": [
            {
                "workload": lost.workload,
                "lost": lost.replicas,
                "left": lost.left,
                "required": lost.required,
                "carriesPercent": lost.carries_percent,
            }
            for lost in loss.workloads
        ],
    }


def _change(change: Change) -> Json:
    return {
        "at": format_instant(change.at),
        "cluster": change.cluster,
        "target": {
            "apiVersion": change.target.api_version,
            "kind": change.target.kind,
            "namespace": change.target.namespace,
            "name": change.target.name,
        },
        "event": {"namespace": change.event.namespace, "name": change.event.name},
        "workload": change.workload,
        "segment": change.segment or None,
        "from": change.start,
        "to": change.to,
        "reason": change.reason,
    }
