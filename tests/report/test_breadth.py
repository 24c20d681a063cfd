"""However many events there are, what the metrics tell of them is bounded, and what matters comes first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from gala.api.event_status import GalaEventStatus
from gala.fleet.client import Counters
from gala.planning.facts import EventKey
from gala.planning.outcome import EventPlan
from gala.report.breadth import FOR_EVENT, MOST_SERIES, series_of, told
from gala.report.metrics import Metrics, Tale
from gala.report.reporter import Passed, Reporter
from gala.settings import Settings
from metric_tales import LEADING, STATUS, samples
from report_night import T0
from report_passes import Event, Hub, event_plan, ledger, passed, plan, segment, snapshot


def key(name: str) -> EventKey:
    return EventKey("show", name)


def event(
    name: str, *, workloads: int = 1, clusters: int = 1, soon: float = 0, entries: int = 0
) -> EventPlan:
    places = {(f"w{w}", f"c{c}"): 1 for w in range(workloads) for c in range(clusters)}
    later = segment(ready_by=T0 + soon, latest_end=T0 + soon + 60)
    return event_plan(
        "Live", key=key(name), segments=(later,), floors=places, ready=places, open_entries=entries
    )


def a_pass(plans: Iterable[EventPlan]) -> Passed:
    planned = {one.key: one for one in plans}
    wanted = tuple(Event(key=one, facts=None) for one in planned)
    return passed(0, events=wanted, plan=plan(events=planned), snapshot=snapshot(events=()))


def names(keys: Iterable[EventKey]) -> list[str]:
    return sorted(one.name for one in keys)


PRICE = series_of(event("any"))


@pytest.mark.parametrize(
    ("plans", "want"),
    [
        pytest.param([event("a"), event("b")], ["a", "b"], id="what fits is told"),
        pytest.param(
            [event("a"), event("b"), event("z", entries=1)],
            ["a", "z"],
            id="what holds capacity comes first, then by name",
        ),
        pytest.param(
            [event("a", soon=900), event("b", soon=60), event("c", soon=120)],
            ["b", "c"],
            id="whose round is next comes first",
        ),
        pytest.param(
            [replace(event("a", soon=1), floors={}, ready={}), event("b", soon=9), event("c", soon=9)],
            ["b", "c"],
            id="who has no place to grow in comes after who has one",
        ),
        pytest.param(
            [event("a", workloads=100, clusters=70), event("b"), event("c")],
            ["b", "c"],
            id="one that is too large leaves its room to the others",
        ),
    ],
)
def test_who_is_told_of(plans: list[EventPlan], want: list[str]) -> None:
    assert names(told(a_pass(plans), most=2 * PRICE)) == want


def test_an_event_that_was_refused_from_the_start_comes_last() -> None:
    one = a_pass([event("z")])
    both = replace(one, events=(*one.events, Event(key=key("a"), facts=None, problems=("bad",))))
    assert names(told(both, most=PRICE)) == ["z"]
    assert names(told(both, most=PRICE + FOR_EVENT)) == ["a", "z"]


def test_clusters_of_a_ledger_count_although_the_plan_has_forgotten_them() -> None:
    one = a_pass([event("a")])
    held = {(key("a"), name): ledger(1) for name in ("c0", "east", "north")}
    seen = replace(one, snapshot=snapshot(events=(), ledgers=held))
    assert told(seen, most=PRICE) == frozenset()
    assert names(told(seen, most=PRICE + 2 * 5)) == ["a"]


def series(one: Passed, status: GalaEventStatus = STATUS) -> int:
    """How many a scrape gives of events."""
    reporter = Reporter(Hub(), Settings())
    reporter.statuses = dict.fromkeys(one.plan.events, status)
    made = Metrics(reporter, Counters())
    made.tell(Tale(passed=one, seconds=0.0))
    return sum(1 for _, labels in samples(made.text(LEADING)) if "event" in dict(labels))


def test_an_event_has_no_more_series_than_are_counted_for_it() -> None:
    over = {"name": "over", "phase": "Done", "required": 1, "ready": 1}
    status = GalaEventStatus.model_validate(
        {
            **STATUS.model_dump(by_alias=True, mode="json"),
            "rounds": [STATUS.rounds[0].model_dump(by_alias=True, mode="json")]
            + [{**over, "name": f"over-{number}"} for number in range(63)],
            "conditions": [
                {**STATUS.conditions[0].model_dump(by_alias=True, mode="json"), "type": f"Condition{number}"}
                for number in range(10)
            ],
        }
    )
    assert series(a_pass([event("a", workloads=7, clusters=3)]), status) <= series_of(
        event("a", workloads=7, clusters=3)
    )


def test_fifty_events_over_a_fleet_of_seventy_clusters_stay_within_the_bound() -> None:
    one = a_pass([event(f"e{number:02}", workloads=100, clusters=70) for number in range(50)])
    chosen = told(one)
    assert 0 < len(chosen) < 50
    assert sum(series_of(one.plan.events[key]) for key in chosen) <= MOST_SERIES
    assert series(one) <= MOST_SERIES


def test_workloads_and_clusters_are_summed_and_not_multiplied() -> None:
    one, other = (series(a_pass([event("a", workloads=w, clusters=20)])) for w in (10, 20))
    assert other - one == 10 * 3
