"""A pass in which there is something to say of every metric, and what the operator says then."""

from __future__ import annotations

from typing import Any

from prometheus_client.parser import text_string_to_metric_families

from gala.api.event_status import GalaEventStatus
from gala.errors import Conflict
from gala.fleet.client import Asked, Counters
from gala.planning.facts import Missing
from gala.report.metrics import Metrics, Tale
from gala.report.reporter import Passed, Reporter
from gala.report.vitals import Vitals
from gala.settings import Settings
from report_night import EVENT, T0
from report_passes import (
    Cluster,
    Done,
    Hub,
    cluster,
    decision,
    event_plan,
    finding,
    health,
    ledger,
    passed,
    plan,
    snapshot,
    traffic,
    write,
)

LEADING = Vitals(leads=True, synced=True, passes=7, listed_age=3.0, watched_age=60.0)

ASKED = Asked(2, 0.5, (5, 3, 0, 0, 0, 1, 0, 0, 0, 0, 1))

STATUS = GalaEventStatus.model_validate(
    {
        "phase": "Live",
        "rounds": [
            {"name": "round-1", "phase": "Live", "required": 10, "ready": 2, "shortReplicaSeconds": 12}
        ],
        "conditions": [
            {
                "type": "SignalsFresh",
                "status": "False",
                "reason": "Stale",
                "message": "old",
                "lastTransitionTime": "2027-02-05T12:00:00Z",
            }
        ],
    }
)


def full(**changes: Any) -> Passed:
    """Two clusters, one of which measures nothing; the event holds east, and something was decided."""
    clusters = {
        "east": cluster(traffic=traffic(900.0, at=T0 - 7.0)),
        "north": cluster("north", traffic=traffic(Missing("NoData", "nothing"))),
    }
    one = event_plan(
        "Live", floors={("web", "east"): 10, ("web", "north"): 4}, findings=(finding(),), open_entries=1
    )
    values: dict[str, Any] = {
        "snapshot": snapshot(clusters=clusters, ledgers={(EVENT, "east"): ledger(12)}),
        "plan": plan(one, decisions=(decision(T0, 2, 10), decision(T0, 10, 12, "OwnNeed"))),
        "clusters": (Cluster(), Cluster("north", problems=("bad",))),
        "health": {
            "east": health(asked=ASKED, watch_age=9.0, breaker_open=True),
            "north": health(reachable=False, last_contact=None, unauthorized="no pods", caches_current=1),
        },
        "results": (Done(write(2, 10)), Done(write(10, 12), Conflict("changed", status=409))),
    }
    return passed(0, "Live", **(values | changes))


def metrics() -> Metrics:
    """Of a process that has seen the event's status already."""
    reporter = Reporter(Hub(), Settings())
    reporter.statuses = {EVENT: STATUS}
    return Metrics(reporter, Counters())


def told(one: Passed | None = None, **more: Any) -> Metrics:
    """After one pass."""
    made = metrics()
    made.tell(Tale(passed=one or full(), seconds=0.02, **more))
    return made


Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def samples(text: bytes) -> Samples:
    """What a scrape gives, by name and sorted labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text.decode())
        for sample in family.samples
    }


def value(text: bytes, name: str, **labels: str) -> float | None:
    """One figure; None where it is not told."""
    return samples(text).get((name, tuple(sorted(labels.items()))))
