"""An event that cannot be planned: it is set aside, and neither it nor anybody else loses anything by it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from gala.engine.quarantine import Planner, Quarantine
from gala.planning.facts import EventKey, Missing, TargetKey
from gala.planning.ledger import ClusterLedger
from gala.planning.outcome import Plan
from gala.planning.plan import plan
from gala.planning.snapshot import Snapshot
from planning_values import (
    NOW,
    SETTINGS,
    SHOW,
    a_cluster,
    a_round,
    a_spec,
    a_workload,
    an_event,
    running,
    target,
)

BAD = EventKey("gala", "bad")
SOON, LIVE, OVER = NOW + 870.0, NOW + 1050.0, NOW + 5000.0

Breaks = Callable[[Snapshot], bool]


def stumbling(breaks: Breaks, seen: list[Snapshot] | None = None) -> Planner:
    """The real plan, with a fault that some snapshots bring out."""

    def planned(snapshot: Snapshot, now: float) -> Plan:
        if seen is not None:
            seen.append(snapshot)
        if breaks(snapshot):
            raise KeyError("east")
        return plan(snapshot, now, SETTINGS)

    return planned


def has_spec(snapshot: Snapshot) -> bool:
    return any(event.key == BAD for event in snapshot.events)


def has_anything(snapshot: Snapshot) -> bool:
    return has_spec(snapshot) or BAD in snapshot.records or any(key == BAD for key, _ in snapshot.ledgers)


def two(*, shared: bool = False) -> Snapshot:
    """Two events of the same night, each with a target of its own, or with one for both."""
    names = ("web", "web") if shared else ("web", "shop")
    events = [
        an_event(
            a_spec(a_round(), workloads=[{"name": "web", "target": {"name": name}}]), key=key, uid=key.name
        )
        for key, name in zip((SHOW, BAD), names, strict=True)
    ]
    targets = {target(name): running(4, uid=name) for name in names}
    return Snapshot(events=tuple(events), clusters={"east": a_cluster(targets=targets)})


def after(snapshot: Snapshot, made: Plan, *, carried_out: bool = True) -> Snapshot:
    """What the next pass reads once a plan is stored and carried out."""
    ledgers: dict[tuple[EventKey, str], ClusterLedger] = {**snapshot.ledgers, **made.ledgers}  # type: ignore[dict-item]
    facts = snapshot.clusters["east"]
    new = {w.target: w.to for w in made.writes} if carried_out else {}
    targets = {
        key: running(new.get(key, one.replicas), uid=one.uid, manager="gala-operator")
        for key, one in facts.targets.items()
        if not isinstance(one, Missing)
    }
    return replace(
        snapshot,
        records={**snapshot.records, **made.records},
        ledgers={key: ledger for key, ledger in ledgers.items() if ledger is not None},
        clusters={"east": replace(facts, targets=targets)},
    )


def held(snapshot: Snapshot) -> Snapshot:
    """Both events hold what they want."""
    for _ in range(9):
        snapshot = after(snapshot, plan(snapshot, SOON, SETTINGS))
    return snapshot


def wrote(made: Plan) -> Mapping[TargetKey, int]:
    return {write.target: write.to for write in made.writes}


def quarantine(breaks: Breaks) -> Quarantine:
    return Quarantine(stumbling(breaks), stumbling(breaks))


def test_without_a_fault_one_plan_is_made_and_nobody_is_set_aside() -> None:
    seen: list[Snapshot] = []
    whole = stumbling(lambda _: False, seen)
    made, aside = Quarantine(whole, whole).plan(two(), SOON)
    assert (len(seen), aside) == (1, {})
    assert made == plan(two(), SOON, SETTINGS)


@pytest.mark.parametrize(
    "breaks",
    [
        pytest.param(has_spec, id="its spec brings the fault out"),
        pytest.param(has_anything, id="its ledger brings it out as well"),
    ],
)
def test_the_others_are_planned_as_if_it_were_not_there_and_it_is_named(breaks: Breaks) -> None:
    made, aside = quarantine(breaks).plan(two(), SOON)
    assert aside == {BAD: "KeyError: 'east'"}
    assert set(wrote(made)) == {target("web")}


@pytest.mark.parametrize("breaks", [has_spec, has_anything])
@pytest.mark.parametrize("now", [LIVE, OVER])
def test_what_it_holds_stays_as_it_is_for_as_long_as_it_is_set_aside(breaks: Breaks, now: float) -> None:
    snapshot = held(two())
    assert snapshot.clusters["east"].targets[target("shop")].replicas == 30  # type: ignore[union-attr]
    made, _ = quarantine(breaks).plan(snapshot, now)
    assert target("shop") not in wrote(made)
    assert made.ledgers.get((BAD, "east"), snapshot.ledgers[BAD, "east"]) is not None


def test_it_keeps_its_room_while_its_ledger_can_be_read() -> None:
    show, bad = two().events
    alone = held(replace(two(), events=(bad,)))
    targets = alone.clusters["east"].targets
    wants_more = a_spec(a_round(demand=[{"workload": "web", "replicas": 40}]), workloads=[a_workload()])
    snapshot = replace(
        alone,
        events=(replace(show, spec=wants_more), bad),
        clusters={"east": a_cluster(nodes=4, targets=targets)},
    )
    made, _ = quarantine(has_spec).plan(snapshot, SOON)
    (need,) = made.events[SHOW].segments[0].needs
    assert need.short == 30


@pytest.mark.parametrize("breaks", [has_spec, has_anything])
def test_a_target_that_both_hold_is_not_lowered_by_the_one_that_goes_home(breaks: Breaks) -> None:
    snapshot = held(two(shared=True))
    shorter = a_spec(a_round(duration="10s"), workloads=[a_workload()])
    events = (replace(snapshot.events[0], spec=shorter, generation=2), snapshot.events[1])
    made, _ = quarantine(breaks).plan(replace(snapshot, events=events), LIVE)
    assert wrote(made) == {}


def test_a_target_of_a_lost_ledger_is_nobodys_to_open_anew() -> None:
    alone = replace(two(shared=True), events=(two(shared=True).events[1],))
    snapshot = replace(held(alone), events=two(shared=True).events)
    made, _ = quarantine(has_anything).plan(snapshot, SOON)
    assert (SHOW, "east") not in made.ledgers
    assert wrote(made) == {}


def test_it_goes_on_as_soon_as_it_can_be_planned() -> None:
    broken = [True]
    one = quarantine(lambda snapshot: broken[0] and has_spec(snapshot))
    assert list(one.plan(two(), SOON)[1]) == [BAD]
    broken[0] = False
    made, aside = one.plan(two(), SOON)
    assert aside == {}
    assert set(wrote(made)) == {target("web"), target("shop")}


def test_the_fault_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    one = quarantine(has_spec)
    for _ in range(3):
        one.plan(two(), SOON)
    assert caplog.messages == ["event gala/bad cannot be planned and is set aside"]
    assert "KeyError" in caplog.text


def test_two_broken_events_are_both_set_aside() -> None:
    made, aside = quarantine(lambda snapshot: bool(snapshot.events)).plan(two(), SOON)
    assert (sorted(aside), made.writes) == ([BAD, SHOW], ())


def test_a_second_event_that_breaks_later_is_set_aside_too() -> None:
    broken = {BAD}
    one = quarantine(lambda snapshot: any(event.key in broken for event in snapshot.events))
    assert list(one.plan(two(), SOON)[1]) == [BAD]
    broken.add(SHOW)
    assert list(one.plan(two(), SOON)[1]) == [BAD, SHOW]


def test_a_fault_that_no_single_event_brings_out_is_raised() -> None:
    with pytest.raises(KeyError):
        quarantine(lambda snapshot: len(snapshot.events) == 2).plan(two(), SOON)
