"""What holds of every plan, whatever is asked for; over whole nights see ``test_nights``."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gala.planning.ledger import Allocation
from gala.planning.outcome import Plan, SegmentPlan
from gala.planning.plan import plan
from gala.planning.snapshot import Snapshot
from planning_values import (
    NOW,
    SETTINGS,
    SHOW,
    a_cluster,
    a_record,
    a_round,
    a_snapshot,
    a_spec,
    a_workload,
    an_event,
    latched,
    running,
    target,
)

NAMES = ("web", "shop")
DEMANDS = st.lists(st.integers(1, 120), min_size=2, max_size=2)
FLEETS = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 12), st.integers(0, 9), st.integers(0, 2)),
    min_size=1,
    max_size=4,
)


def fleet(rows: list[tuple[int, int, int, int]]) -> list[Any]:
    """Clusters of a weight, a number of nodes, an original and a fill order."""
    return [
        a_cluster(
            name,
            weight=weight,
            nodes=nodes,
            fill_order=fill,
            targets={target(n): running(original) for n in NAMES},
        )
        for name, (weight, nodes, original, fill) in zip("abcd", rows, strict=False)
    ]


def asking(rows: list[tuple[int, int, int, int]], *rounds: dict[str, Any], **more: Any) -> Snapshot:
    workloads = [a_workload("web", tier="A", **more), a_workload("shop", tier="B", **more)]
    return a_snapshot(an_event(a_spec(*rounds, workloads=workloads)), clusters=fleet(rows))


def counts(demands: list[int]) -> list[dict[str, Any]]:
    return [{"workload": n, "replicas": count} for n, count in zip(NAMES, demands, strict=True)]


def segment(made: Plan, name: str = "r") -> SegmentPlan:
    return next(item for item in made.events[SHOW].segments if item.name == name)


def totals(item: SegmentPlan) -> dict[str, int]:
    found = dict.fromkeys(NAMES, 0)
    for placement in item.placements:
        found[placement.workload] += placement.division
    return found


@given(FLEETS, DEMANDS)
def test_nothing_is_lost(rows: list[tuple[int, int, int, int]], demands: list[int]) -> None:
    item = segment(plan(asking(rows, a_round(demand=counts(demands))), NOW, SETTINGS))
    got = totals(item)
    assert {n.workload: got[n.workload] + n.short for n in item.needs} == dict(
        zip(NAMES, demands, strict=True)
    )


@given(FLEETS, DEMANDS, st.integers(0, 1), st.integers(1, 60))
def test_more_demand_never_lowers_that_workloads_total(
    rows: list[tuple[int, int, int, int]], demands: list[int], which: int, more: int
) -> None:
    higher = [count + (more if index == which else 0) for index, count in enumerate(demands)]
    low, high = (
        segment(plan(asking(rows, a_round(demand=counts(d))), NOW, SETTINGS)) for d in (demands, higher)
    )
    name = NAMES[which]
    assert totals(high)[name] >= totals(low)[name]
    if not any(n.short for n in high.needs) and all(p.division < p.cap for p in high.placements):
        floors = {p.cluster: p.division for p in low.placements if p.workload == name}
        assert all(p.division >= floors[p.cluster] for p in high.placements if p.workload == name)


def test_overlapping_rounds_hold_the_higher_floor_in_each_cluster() -> None:
    """30/0 and 26/4 give 30/4."""
    rounds = [a_round(name, start, demand=counts([30, 1])[:1]) for name, start in (("r", -50), ("s", -20))]
    parts = {"r": {"a": 30, "b": 0}, "s": {"a": 26, "b": 4}}
    latches = [
        latched(
            name,
            ready_by=start,
            end=start + 100,
            prepare_at=-200,
            clusters=("a", "b"),
            allocations=tuple(Allocation("web", c, n, 100) for c, n in parts[name].items()),
        )
        for name, start in (("r", -50), ("s", -20))
    ]
    clusters = [a_cluster(name, targets={target(): running(0)}) for name in "ab"]
    made = a_snapshot(an_event(a_spec(*rounds)), clusters=clusters, records=[a_record(*latches)])
    want = {("web", "a"): 30, ("web", "b"): 4}
    assert dict(plan(made, NOW, SETTINGS).events[SHOW].floors) == want


@given(FLEETS, DEMANDS, st.integers(1, 900))
def test_every_hold_begins_its_lead_ahead_or_says_how_late_it_is(
    rows: list[tuple[int, int, int, int]], demands: list[int], start: int
) -> None:
    made = plan(asking(rows, a_round(start=start, demand=counts(demands))), NOW, SETTINGS)
    item = segment(made)
    for window in item.windows:
        grows = sum(max(0, p.division - p.original) for p in item.placements if p.cluster == window.cluster)
        # Ten pods a second, the last one after 75 s, 30 s of warm-up, and at least 30 s or a fifth more.
        terms = grows / 10 + 75 + 30
        lead = terms + max(30, terms / 5) if grows else 0
        begins = max(window.prepare_at, NOW)
        assert begins + lead <= item.ready_by + window.late + 1
        assert window.late <= max(0.0, begins + lead - item.ready_by) + 1


@given(FLEETS, DEMANDS, DEMANDS)
def test_a_plan_made_anew_never_lowers_a_floor(
    rows: list[tuple[int, int, int, int]], demands: list[int], nodes: list[int]
) -> None:
    """The room shrinks to anything after the hold has begun."""
    made = asking(rows, a_round(start=100, demand=counts(demands)))
    first = plan(made, NOW, SETTINGS)
    stored = replace(
        made,
        records={key: record for key, record in first.records.items() if record},
        ledgers={key: ledger for key, ledger in first.ledgers.items() if ledger},
        clusters={
            name: replace(cluster, nodes=a_cluster(nodes=nodes[index % 2] % 12).nodes)
            for index, (name, cluster) in enumerate(made.clusters.items())
        },
    )
    again = plan(stored, NOW + 2, SETTINGS)
    before, after = first.events[SHOW].floors, again.events[SHOW].floors
    assert all(after[site] >= floor for site, floor in before.items())
