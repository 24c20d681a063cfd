"""From a forecast to replicas."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gala.api.event import Demand
from gala.planning.demand import replicas_for, replicas_without_headroom, required
from planning_values import with_capacity, workload


@pytest.mark.parametrize(
    ("qps", "per_replica", "headroom", "want"),
    [
        pytest.param(1000, 10, 0, 100, id="a forecast that divides evenly needs no more"),
        pytest.param(1001, 10, 0, 101, id="one query more needs one replica more"),
        pytest.param(1000, 10, 20, 120, id="headroom is added"),
        pytest.param(1, 1_000_000, 20, 1, id="the smallest forecast needs one replica"),
        pytest.param(0, 10, 20, 0, id="no traffic needs nothing"),
        pytest.param(2_000_000, 3, 15, 766_667, id="no rounding error costs or adds a pod"),
    ],
)
def test_replicas_for(qps: int, per_replica: int, headroom: int, want: int) -> None:
    assert replicas_for(qps, per_replica=per_replica, headroom_percent=headroom) == want


@pytest.mark.parametrize(
    ("qps", "want"),
    [
        pytest.param(100.0, 10, id="a measured rate that divides evenly needs no more"),
        pytest.param(100.001, 11, id="a thousandth more needs one replica more"),
        pytest.param(0.0, 0, id="no traffic needs nothing"),
        pytest.param(1e9, 100_000_000, id="a huge rate keeps its precision"),
    ],
)
def test_replicas_without_headroom(qps: float, want: int) -> None:
    assert replicas_without_headroom(qps, per_replica=10) == want


@pytest.mark.parametrize(
    ("demand", "capacity", "want"),
    [
        pytest.param({"replicas": 7}, with_capacity(10, 50), 7, id="stated replicas get no headroom"),
        pytest.param({"qps": 100}, with_capacity(10, 50), 15, id="a forecast gets headroom"),
        pytest.param({"qps": 100}, {}, 0, id="a forecast without a capacity says nothing"),
    ],
)
def test_required(demand: dict[str, int], capacity: dict[str, object], want: int) -> None:
    stated = Demand.model_validate({"workload": "web"} | demand)
    assert required(stated, workload(**capacity)) == want


@given(st.integers(0, 10**7), st.integers(1, 10**4), st.integers(0, 300))
def test_more_traffic_never_needs_fewer_replicas(qps: int, per_replica: int, headroom: int) -> None:
    now, more = (replicas_for(q, per_replica=per_replica, headroom_percent=headroom) for q in (qps, qps + 1))
    assert now <= more <= now + headroom + 2
    assert now * per_replica * 100 >= qps * (100 + headroom)
