"""For each alert the state of the operator that it is about, told by the operator's own metrics.

A page is a process as Prometheus scrapes it: each scrape is one more pass, reported as any other.
Until it turns bad all is well with it, so that counters have something to grow from.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from gala.api.validation import parse_event
from gala.errors import Rejected
from gala.fleet.client import Counters
from gala.planning.facts import EventFacts, EventKey, Missing
from gala.planning.outcome import ClusterWindow, EventPlan, Need, SegmentPlan
from gala.report.metrics import Metrics, Tale
from gala.report.reporter import Passed, Reporter
from gala.settings import Settings
from metric_tales import ASKED, LEADING
from report_night import EVENT
from report_passes import (
    Cluster,
    Done,
    Event,
    Hub,
    cluster,
    decision,
    event_plan,
    facts,
    finding,
    floor,
    health,
    ledger,
    plan,
    raw_event,
    segment,
    snapshot,
    target,
    traffic,
    write,
)

WEB = ("web", "east")
FAR = 7200.0
"""Seconds until the round of a healthy event."""


class Moment(NamedTuple):
    """One scrape."""

    now: float
    began: float
    """When the first scrape was."""
    turned: float
    """When it turned bad."""
    step: int
    """Scrapes since then, from 1; 0 while all is well."""


def a_round(start: float, **changes: Any) -> SegmentPlan:
    """The round of ``raw_event`` at another time."""
    times = {
        "start": start, "ready_by": start - 10, "earliest_end": start + 50, "latest_end": start + 70,
        "windows": (ClusterWindow("east", start - 80, start + 70, "", 0.0),),
    }  # fmt: skip
    return segment(**(times | changes))


def an_event(one: SegmentPlan, phase: str = "Armed", **changes: Any) -> EventPlan:
    """Ten replicas are due in east and twelve are Ready."""
    values = {"segments": (one,), "floors": {WEB: 10}, "ready": {WEB: 12}, "open_entries": 1}
    return event_plan(phase, **(values | changes))


def a_pass(moment: Moment, one: EventPlan | None = None, **changes: Any) -> Passed:
    """A pass in which all is well, but for what is changed."""
    one = one or an_event(a_round(moment.began + FAR))
    wanted = _facts(one.segments[0].start)
    east = cluster(
        web=target(12),
        signal_configured=True,
        traffic=traffic(900.0, at=moment.now - 3),
        last_contact=moment.now,
    )
    values: dict[str, Any] = {
        "now": moment.now,
        "snapshot": snapshot(
            events=(wanted,), clusters={"east": east}, ledgers={(EVENT, "east"): ledger(12, floor())}
        ),
        "plan": plan(one),
        "events": (Event(facts=wanted),),
        "clusters": (Cluster(),),
        "health": {"east": health(last_contact=moment.now, asked=ASKED, watch_age=9.0)},
        "results": (Done(write(10, 12)),),
    }
    return Passed(**(values | changes))


def _facts(start: float) -> EventFacts:
    raw = raw_event()
    raw["spec"]["rounds"][0]["start"] = datetime.fromtimestamp(start, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return replace(facts(), spec=parse_event(raw).spec)


@dataclass(frozen=True, kw_only=True)
class Bad:
    """What is bad; a part that is left out is well."""

    vitals: Callable[[int], Mapping[str, Any]] = lambda step: {}
    passed: Callable[[Moment], Passed] = a_pass
    tale: Mapping[str, Any] = field(default_factory=dict)
    delay: float = 0.0
    """Seconds by which the event loop is late each time."""
    refuses: bool = False
    """The hub refuses every status."""


class Page:
    """One process; not to be asked by two threads at once."""

    def __init__(self, bad: Bad, *, leads: bool = True) -> None:
        """``leads``: while all is well; ``bad`` may say otherwise for later."""
        self._bad, self._leads = bad, leads
        self._hub = Hub()
        self._reporter = Reporter(self._hub, Settings())
        self._metrics = Metrics(self._reporter, Counters())
        self._began = self._turned = 0.0
        self._step = 0

    def scrape(self, now: float, *, bad: bool) -> bytes:
        """What the process tells after one more pass; ``now`` is the wall clock of whoever asks."""
        self._began = self._began or now
        self._turned = self._turned if self._step else now
        self._step += bad
        moment = Moment(now, self._began, self._turned, self._step)
        it = self._bad if bad else Bad()
        self._hub.error = Rejected("the hub refuses it", status=422) if it.refuses else None
        passed = it.passed(moment)
        self._metrics.delayed(it.delay)
        self._metrics.tell(Tale(passed=passed, **({"seconds": 0.02} | dict(it.tale))))
        asyncio.run(self._reporter.publish(passed))
        vitals = {"leads": self._leads} | dict(it.vitals(self._step))
        return self._metrics.text(replace(LEADING, **vitals))


def of_cluster(**changes: Any) -> Bad:
    """The health of east is bad."""
    return Bad(passed=lambda m: a_pass(m, health={"east": health(last_contact=m.now, **changes)}))


def of_event(phase: str = "Armed", **changes: Any) -> Bad:
    """What the plan says of the event is bad."""
    return Bad(passed=lambda m: a_pass(m, an_event(a_round(m.began + FAR), phase, **changes)))


def of_round(wait: float, *, ready: int = 12, **changes: Any) -> Bad:
    """Of the round: it starts so many seconds after things turned bad."""
    return Bad(
        passed=lambda m: a_pass(m, an_event(a_round(m.turned + wait, **changes), "Live", ready={WEB: ready}))
    )


def about_to_start(moment: Moment) -> Passed:
    """Twenty seconds before it has to be Ready, whenever somebody looks, two replicas lack."""
    return a_pass(moment, an_event(a_round(moment.now + 30), ready={WEB: 8}))


def idle(moment: Moment) -> Passed:
    """No floor is due, and an entry is still open."""
    return a_pass(moment, an_event(a_round(moment.began + FAR), "Cooling", floors={}))


def in_doubt(moment: Moment) -> Passed:
    """The event is held."""
    one = a_pass(moment)
    return replace(one, snapshot=replace(one.snapshot, events=(replace(one.snapshot.events[0], doubt=True),)))


def unmeasured(moment: Moment) -> Passed:
    """East has no figure of its traffic."""
    one = a_pass(moment)
    blind = replace(one.snapshot.clusters["east"], traffic=traffic(Missing("NoData", "no such series")))
    return replace(one, snapshot=replace(one.snapshot, clusters={"east": blind}))


def too_many(moment: Moment) -> Passed:
    """Another event has a place in thousands of clusters."""
    one = a_pass(moment)
    places = {("web", f"c{number}"): 1 for number in range(7000)}
    large = event_plan(key=EventKey("show", "large"), floors=places, ready=places)
    return replace(one, plan=plan(events={EVENT: one.plan.events[EVENT], large.key: large}))


def contested(moment: Moment) -> Passed:
    """Somebody lowered web again."""
    one = a_pass(moment)
    return replace(one, plan=replace(one.plan, decisions=(decision(moment.now, 2, 10, "Contested"),)))


def more_clusters(moment: Moment) -> Passed:
    """Five clusters have appeared whose statuses were never written."""
    return a_pass(moment, clusters=tuple(Cluster(f"c{number}") for number in range(5)))


def lowered(moment: Moment) -> Passed:
    """The round is live, and web was written down to two."""
    return a_pass(
        moment,
        an_event(a_round(moment.turned - 5, latest_end=moment.turned + 900), "Live"),
        results=(Done(write(10, 2)),),
    )


STATES: dict[str, Bad] = {
    "GalaNoLeader": Bad(vitals=lambda _: {"leads": False}),
    "GalaTwoLeaders": Bad(vitals=lambda _: {"leads": True}),
    "GalaLeaseUnavailable": Bad(vitals=lambda _: {"lease_problem": "the Lease cannot be had: 403"}),
    "GalaOperatorRestarting": Bad(),
    "GalaPassesStalled": Bad(vitals=lambda _: {"pass_age": 41.0}),
    "GalaPassesUndecided": Bad(vitals=lambda step: {"undecided": 3 * step}),
    "GalaPassFaults": Bad(vitals=lambda step: {"faults": step}),
    "GalaPassesSlow": Bad(tale={"seconds": 4.0}),
    "GalaLoopLate": Bad(delay=3.0),
    "GalaClockJumped": Bad(vitals=lambda _: {"jumps": 1}),
    "GalaNotSynced": Bad(vitals=lambda _: {"synced": False, "listed_age": None}),
    "GalaIntakeStale": Bad(vitals=lambda _: {"listed_age": 300.0}),
    "GalaIntakeRestarting": Bad(vitals=lambda step: {"intake_restarts": 3 * step}),
    "GalaStatusUnwritable": Bad(passed=more_clusters, refuses=True),
    "GalaLedgerNotStorable": Bad(tale={"problems": 2}),
    "GalaEventsVanished": Bad(tale={"vanished": 3}),
    "GalaEventsUntold": Bad(passed=too_many),
    "GalaClusterUnreachable": of_cluster(reachable=False),
    "GalaClusterLostInShow": of_cluster(reachable=False),
    "GalaClusterForbids": of_cluster(unauthorized="it forbids to list pods"),
    "GalaClusterInvalid": Bad(passed=lambda m: a_pass(m, clusters=(Cluster(problems=("bad",)),))),
    "GalaClusterBlind": of_cluster(caches_current=1),
    "GalaWritesFailing": Bad(
        passed=lambda m: a_pass(m, results=(Done(write(2, 10), Rejected("quota", status=403)),))
    ),
    "GalaWritesResting": of_cluster(breaker_open=True),
    "GalaEventInvalid": Bad(passed=lambda m: a_pass(m, events=(Event(problems=("bad",)),))),
    "GalaEventInDoubt": Bad(passed=in_doubt),
    "GalaEventPausedBeforeRound": Bad(
        passed=lambda m: a_pass(m, an_event(a_round(m.turned + 900), "Paused"))
    ),
    "GalaPreflightFailed": of_event(findings=(finding(),)),
    "GalaCapacityInsufficient": Bad(
        passed=lambda m: a_pass(m, an_event(a_round(m.began + FAR, needs=(Need("web", 10, 4, "NoRoom", 0),))))
    ),
    "GalaCapacityInsufficientSoon": of_round(900, needs=(Need("web", 10, 4, "NoRoom", 0),)),
    "GalaRoundLate": Bad(
        passed=lambda m: a_pass(
            m,
            an_event(
                a_round(m.began + FAR, windows=(ClusterWindow("east", m.now, m.began + FAR, "", 45),)),
                ready={WEB: 8},
            ),
        )
    ),
    "GalaRoundAtRisk": Bad(passed=about_to_start),
    "GalaRoundNotReady": of_round(-5, ready=8, latest_end=4e9),
    "GalaRoundBelowFloor": of_round(-5, ready=2, latest_end=4e9, earliest_end=4e9),
    "GalaSignalsStale": Bad(passed=unmeasured),
    "GalaContested": Bad(passed=contested),
    "GalaHandBackStuck": Bad(passed=idle),
    "GalaOriginalLost": of_event(findings=(finding("OriginalLost", "its ledger is lost"),)),
    "GalaWrongDecrease": Bad(passed=lowered),
}
"""By alert; ``GalaOperatorAbsent`` is a page that nobody answers."""
