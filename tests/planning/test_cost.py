"""A plan costs what there is, and not its square: counted in calls, which no load on the machine changes."""

from __future__ import annotations

import sys
from dataclasses import replace
from types import FrameType
from typing import Any

import pytest

from gala.planning.facts import ClusterFacts
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
    traffic,
    with_capacity,
)


def fleet(clusters: int, workloads: int) -> Snapshot:
    names = [f"app{number}" for number in range(workloads)]
    spec = a_spec(
        a_round(demand=[{"workload": name, "qps": 300 * clusters} for name in names]),
        workloads=[a_workload(name) | with_capacity() for name in names],
    )
    return Snapshot(
        events=(an_event(spec),),
        clusters={f"c{number:02}": cluster(f"c{number:02}", names) for number in range(clusters)},
    )


def cluster(name: str, workloads: list[str]) -> ClusterFacts:
    return a_cluster(
        name,
        {target(workload): running(uid=workload) for workload in workloads},
        nodes=100,
        traffic={(SHOW, workload): traffic(250, 250, now=NOW + 1000) for workload in workloads},
    )


def calls(clusters: int, workloads: int) -> int:
    """Of one plan in a live round, every entry in the ledger."""
    before = fleet(clusters, workloads)
    made = plan(before, NOW + 900, SETTINGS)
    assert len(made.ledgers) == clusters
    stored = replace(before, records=made.records, ledgers=made.ledgers)
    count = 0

    def note(_frame: FrameType, event: str, _: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    old = sys.getprofile()
    sys.setprofile(note)
    try:
        plan(stored, NOW + 1010, SETTINGS)
    finally:
        sys.setprofile(old)
    return count


@pytest.mark.parametrize(
    ("clusters", "workloads"),
    [
        pytest.param(16, 8, id="of twice as many clusters"),
        pytest.param(8, 16, id="of twice as many workloads"),
    ],
)
def test_a_plan_costs_hardly_more_than_twice_as_much(clusters: int, workloads: int) -> None:
    assert calls(clusters, workloads) < 2.05 * calls(8, 8)
