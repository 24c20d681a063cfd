"""What is true of clusters, events and rounds as of one pass, as Prometheus' samples.

Worked out when somebody asks, in the asker's thread, from values that nobody changes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

from prometheus_client.core import GaugeMetricFamily, HistogramMetricFamily, Metric

from gala.api.event_status import GalaEventStatus
from gala.fleet.client import LATENCY_BOUNDS, Asked
from gala.fleet.member import ClusterHealth
from gala.planning.facts import EventKey
from gala.planning.outcome import EventPlan, SegmentPlan
from gala.report import families
from gala.report.recorder import Recorder
from gala.report.reporter import Passed

STATUSES = ("True", "False", "Unknown")

Statuses = Mapping[EventKey, GalaEventStatus]
Told = frozenset[EventKey]
"""The events that are told of one by one (``report/breadth.py``)."""


def add_latencies(family: HistogramMetricFamily, labels: Sequence[str], asked: Asked) -> None:
    """One histogram of what an API server was asked."""
    bounds = [*(str(bound) for bound in LATENCY_BOUNDS), "+Inf"]
    counts = [float(count) for count in accumulate(asked.counts)]
    family.add_metric(labels, list(zip(bounds, counts, strict=True)), asked.seconds)


def cluster_samples(passed: Passed) -> Iterator[Metric]:
    """Of each member cluster."""
    valid = families.CLUSTER_VALID.gauge()
    for cluster in passed.clusters:
        valid.add_metric([cluster.name], float(not cluster.problems))
    yield valid
    yield from _health_gauges(passed.health)
    restarts, failures = families.CLUSTER_RESTARTS.counter(), families.CLUSTER_REQUEST_FAILURES.counter()
    seconds = families.CLUSTER_SECONDS.histogram()
    for name, health in sorted(passed.health.items()):
        restarts.add_metric([name], health.restarts)
        if health.asked is not None:
            failures.add_metric([name], health.asked.failures)
            add_latencies(seconds, [name], health.asked)
    yield from (restarts, failures, seconds)


def _health_gauges(clusters: Mapping[str, ClusterHealth]) -> Iterator[Metric]:
    for family, read in (
        (families.CLUSTER_REACHABLE, lambda health: health.reachable),
        (families.CLUSTER_AUTHORIZED, lambda health: not health.unauthorized),
        (families.CLUSTER_CONTACT, lambda health: health.last_contact),
        (families.CLUSTER_WATCH_AGE, lambda health: health.watch_age),
        (families.CLUSTER_CACHES, lambda health: health.caches - health.caches_current),
        (families.CLUSTER_BREAKER, lambda health: health.breaker_open),
        (families.CLUSTER_FAILURES, lambda health: health.consecutive_write_failures),
    ):
        made = family.gauge()
        for name, health in sorted(clusters.items()):
            value = read(health)
            if value is not None:
                made.add_metric([name], float(value))
        yield made


def event_samples(passed: Passed, events: Told, recorder: Recorder, statuses: Statuses) -> Iterator[Metric]:
    """Of each event: is it valid, in what phase, what does it hold, and what is wrong."""
    valid, doubt = families.EVENT_VALID.gauge(), families.EVENT_DOUBT.gauge()
    for one in passed.events:
        if one.key in events:
            valid.add_metric(one.key, float(not one.problems))
    for facts in passed.snapshot.events:
        if facts.key in events:
            doubt.add_metric(facts.key, float(facts.doubt))
    yield from (valid, doubt)
    phase, entries = families.EVENT_PHASE.gauge(), families.EVENT_ENTRIES.gauge()
    findings = families.EVENT_FINDINGS.gauge()
    counters = [family.counter() for family in (families.CONTESTED, families.MOVES, families.WRONG)]
    for key, plan in plans_of(passed, events):
        phase.add_metric([*key, plan.phase], 1)
        entries.add_metric(key, plan.open_entries)
        for reason, count in sorted(Counter(finding.reason for finding in plan.findings).items()):
            findings.add_metric([*key, reason], count)
        for counter, count in zip(counters, recorder.tally(key), strict=True):
            counter.add_metric(key, count)
    yield from (phase, entries, findings, *counters)
    yield _conditions(passed, events, statuses)


def plans_of(passed: Passed, events: Told) -> list[tuple[EventKey, EventPlan]]:
    """Of the events that are told of, by name."""
    return [(key, plan) for key, plan in sorted(passed.plan.events.items()) if key in events]


def _conditions(passed: Passed, events: Told, statuses: Statuses) -> GaugeMetricFamily:
    made = families.EVENT_CONDITION.gauge()
    for key in sorted({one.key for one in passed.events} & statuses.keys() & events):
        for condition in statuses[key].conditions:
            for status in STATUSES:
                made.add_metric([*key, condition.type, status], float(condition.status == status))
    return made


def round_samples(passed: Passed, events: Told, statuses: Statuses) -> Iterator[Metric]:
    """Of each round that is not over: when it starts, when its capacity is begun, and what is amiss."""
    start, ready_by = families.ROUND_START.gauge(), families.ROUND_READY_BY.gauge()
    prepare, short = families.ROUND_PREPARE.gauge(), families.ROUND_SHORT.gauge()
    late = families.ROUND_LATE.gauge()
    required, ready = families.ROUND_REQUIRED.gauge(), families.ROUND_READY.gauge()
    seconds = families.ROUND_SHORT_SECONDS.gauge()
    for key, plan in plans_of(passed, events):
        shown = {one.name: one for one in statuses[key].rounds} if key in statuses else {}
        for one in shown.values():
            seconds.add_metric([*key, one.name], one.short_replica_seconds)
        for segment in _rounds(plan, passed.now):
            names = [*key, segment.round]
            start.add_metric(names, segment.start)
            ready_by.add_metric(names, segment.ready_by)
            prepare.add_metric(names, segment.prepare_at)
            short.add_metric(names, sum(need.short for need in segment.needs))
            late.add_metric(names, max((window.late for window in segment.windows), default=0.0))
            if segment.round in shown:
                required.add_metric(names, shown[segment.round].required)
                ready.add_metric(names, shown[segment.round].ready)
    yield from (start, ready_by, prepare, short, late, required, ready, seconds)


def _rounds(plan: EventPlan, now: float) -> list[SegmentPlan]:
    return [segment for segment in plan.segments if segment.is_round and segment.latest_end > now]
