"""The operator's own metrics: what the last pass knew, and what all passes did.

Gauges are worked out when somebody asks, from the values of the last pass, so a pass pays for
none of them; what is gone from the last pass is gone from the answer. A process that does not
lead tells of itself alone: what it once knew of clusters and events is old.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from prometheus_client import Histogram, ProcessCollector, generate_latest
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

import gala
from gala.fleet.client import Counters
from gala.report import breadth, families
from gala.report.families import Family
from gala.report.gauges import (
    add_latencies,
    cluster_samples,
    event_samples,
    round_samples,
)
from gala.report.reporter import Passed, Reporter
from gala.report.sums import replica_samples, traffic_samples
from gala.report.vitals import Vitals

PASS_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Seconds; a pass should take less than the short tick of two."""

DELAY_BOUNDS: Final = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Seconds by which the event loop is late."""

WRITE_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Seconds; a request is given up after five."""

WRITTEN: Final = "Written"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tale:
    """What a pass has to say beside what is reported of it anyway."""

    passed: Passed
    seconds: float
    """Wall time from the begin of the pass to the end of its writes."""
    problems: int = 0
    """Ledgers and records that could not be stored."""
    vanished: int = 0
    doubt: bool = False
    """The wall clock was set just now, and nothing is lowered."""


class Metrics:
    """One per process; ``tell`` comes from the loop of the passes, ``text`` from any thread."""

    def __init__(self, reporter: Reporter, hub: Counters) -> None:
        self._reporter = reporter
        self._hub = hub
        self._last: Tale | None = None
        self._decisions: Counter[str] = Counter()
        self._writes: Counter[tuple[str, str]] = Counter()
        self._pass_seconds = _histogram(families.PASS_SECONDS, PASS_BOUNDS)
        self._write_seconds = _histogram(families.WRITE_SECONDS, WRITE_BOUNDS)
        self._delays = _histogram(families.LOOP_DELAY, DELAY_BOUNDS)
        self._process = ProcessCollector(registry=None)

    def tell(self, tale: Tale) -> None:
        """Takes over what a pass that came to its end knew and did."""
        passed = tale.passed
        self._last = replace(tale, passed=replace(passed, results=()))
        self._pass_seconds.observe(tale.seconds)
        self._decisions.update(decision.reason for decision in passed.plan.decisions)
        for result in passed.results:
            outcome = WRITTEN if result.error is None else type(result.error).__name__
            self._writes[result.write.cluster, outcome] += 1
            if result.error is None:
                self._write_seconds.observe(result.seconds)
        gone = {cluster for cluster, _ in self._writes} - passed.health.keys()
        if gone:
            self._writes = Counter({key: n for key, n in self._writes.items() if key[0] not in gone})

    def delayed(self, seconds: float) -> None:
        """The event loop was so late for something."""
        self._delays.observe(seconds)

    def text(self, vitals: Vitals) -> bytes:
        """Everything in Prometheus' text format."""
        return generate_latest(_Exposition(self, vitals))

    def collect(self, vitals: Vitals) -> Iterator[Metric]:
        """Everything that is true now."""
        yield from self._process.collect()
        yield from _vital_gauges(vitals)
        yield from self._counted(vitals)
        for histogram in (self._pass_seconds, self._write_seconds, self._delays):
            yield from _without_created(histogram)
        last = self._last
        if last is None or not vitals.leads:
            return
        statuses, passed = self._reporter.statuses, last.passed
        events = breadth.told(passed)
        known = len(breadth.known(passed))
        for family, value in (
            (families.LEDGER_PROBLEMS, last.problems),
            (families.VANISHED, last.vanished),
            (families.CLOCK_DOUBT, last.doubt),
            (families.EVENTS, known),
            (families.EVENTS_UNTOLD, known - len(events)),
        ):
            yield _single(family, value)
        yield from cluster_samples(passed)
        yield from event_samples(passed, events, self._reporter.recorder, statuses)
        yield from replica_samples(passed, events)
        yield from round_samples(passed, events, statuses)
        yield from traffic_samples(passed, events)

    def _counted(self, vitals: Vitals) -> Iterator[Metric]:
        passes = families.PASSES.counter()
        outcomes = (("Done", vitals.passes), ("Undecided", vitals.undecided), ("Fault", vitals.faults))
        for outcome, count in outcomes:
            passes.add_metric([outcome], count)
        decisions, writes = families.DECISIONS.counter(), families.WRITES.counter()
        # Both are copied in one step, since the loop of the passes may be writing to them.
        for reason, count in sorted(dict(self._decisions).items()):
            decisions.add_metric([reason], count)
        for (cluster, outcome), count in sorted(dict(self._writes).items()):
            writes.add_metric([cluster, outcome], count)
        yield from (passes, decisions, writes)
        asked, seconds = self._hub.asked(), families.HUB_SECONDS.histogram()
        add_latencies(seconds, (), asked)
        yield seconds
        for family, value in (
            (families.HUB_FAILURES, asked.failures),
            (families.CLOCK_JUMPS, vitals.jumps),
            (families.STATUS_WRITES, self._reporter.writer.writes),
            (families.STATUS_FAILURES, self._reporter.writer.failures),
        ):
            yield _single(family, value)


class _Exposition(Collector):
    """One answer to one question."""

    def __init__(self, metrics: Metrics, vitals: Vitals) -> None:
        self._metrics = metrics
        self._vitals = vitals

    def collect(self) -> Iterable[Metric]:
        return self._metrics.collect(self._vitals)


def _vital_gauges(vitals: Vitals) -> Iterator[Metric]:
    build = families.BUILD.gauge()
    build.add_metric([gala.__version__], 1)
    yield build
    values: tuple[tuple[Family, float | None], ...] = (
        (families.LEADER, vitals.leads),
        (families.LEASE_PROBLEM, bool(vitals.lease_problem)),
        (families.SYNCED, vitals.synced),
        (families.LOOP_AGE, vitals.loop_age),
        (families.TURN_AGE, vitals.turn_age),
        (families.PASS_AGE, vitals.pass_age if vitals.leads else None),
        (families.LIST_AGE, vitals.listed_age),
        (families.WATCH_AGE, vitals.watched_age),
        (families.INTAKE_RESTARTS, vitals.intake_restarts),
        (families.INTAKE_PROBLEM, bool(vitals.intake_problem)),
    )
    for family, value in values:
        if value is not None:
            yield _single(family, value)


def _single(family: Family, value: float) -> Metric:
    made = family.counter() if family.kind == "counter" else family.gauge()
    made.add_metric((), float(value))
    return made


def _histogram(family: Family, bounds: tuple[float, ...]) -> Histogram:
    return Histogram(family.name, family.text, buckets=bounds, registry=None)


def _without_created(histogram: Histogram) -> Iterator[Metric]:
    """The time since when it counts is one more series for each, of no use to anybody here."""
    for metric in histogram.collect():
        metric.samples = [sample for sample in metric.samples if not sample.name.endswith("_created")]
        yield metric
