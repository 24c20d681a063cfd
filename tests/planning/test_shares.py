"""Whose traffic is how much."""

from __future__ import annotations

from typing import Any

import pytest

from gala.planning.facts import ClusterFacts, Missing, Traffic
from gala.planning.ledger import LastShares
from gala.planning.shares import choose, fresh_sample
from planning_values import NOW, SETTINGS, SHOW, a_cluster, a_spec, traffic

WEB = (SHOW, "web")
BLIND = Traffic(Missing("NoData", "nothing"))
LAST = LastShares("web", NOW - 3600, (("a", 4), ("b", 6)))


def measuring(name: str, seen: Traffic | None, **more: Any) -> ClusterFacts:
    known = {} if seen is None else {WEB: seen}
    return a_cluster(name, signal_configured=True, traffic=known, **more)


@pytest.mark.parametrize(
    ("spec", "eligible", "last", "want", "source"),
    [
        pytest.param(
            {"division": {"shares": [{"cluster": "a", "weight": 7}]}},
            [measuring("a", traffic(1)), measuring("b", traffic(9))],
            LAST,
            {"a": 7, "b": 0},
            "Stated",
            id="stated shares come first, and who is not listed has none",
        ),
        pytest.param(
            {"division": {"shares": [{"cluster": "z", "weight": 7}]}},
            [measuring("a", traffic(1)), measuring("b", traffic(9))],
            LAST,
            {"a": 1000, "b": 9000},
            "Measured",
            id="stated shares of other clusters say nothing",
        ),
        pytest.param(
            {},
            [measuring("a", traffic(1.5)), a_cluster("b", weight=5)],
            None,
            {"a": 1500, "b": 0},
            "Measured",
            id="a cluster without a signal gets nothing beside measured ones",
        ),
        pytest.param(
            {},
            [measuring("a", traffic(1)), measuring("b", BLIND)],
            LAST,
            {"a": 4, "b": 6},
            "LastMeasured",
            id="one missing sample makes the last complete set count",
        ),
        pytest.param(
            {},
            [measuring("a", traffic(1)), measuring("b", traffic(9, age=61))],
            LAST,
            {"a": 4, "b": 6},
            "LastMeasured",
            id="one stale sample makes the last complete set count",
        ),
        pytest.param(
            {},
            [measuring("a", traffic(1)), measuring("b", None, reachable=False)],
            LAST,
            {"a": 1000, "b": 0},
            "Measured",
            id="an unreachable cluster does not spoil the measurement",
        ),
        pytest.param(
            {},
            [measuring("a", traffic(0)), measuring("b", traffic(0))],
            LAST,
            {"a": 4, "b": 6},
            "LastMeasured",
            id="zeros everywhere are no measurement",
        ),
        pytest.param(
            {},
            [measuring("a", None, weight=2), measuring("b", None, weight=1)],
            LAST._replace(at=NOW - 90_000),
            {"a": 2, "b": 1},
            "Weight",
            id="a set older than a day is forgotten",
        ),
        pytest.param(
            {},
            [measuring("c", None, weight=2), measuring("d", None, weight=0)],
            LAST,
            {"c": 2, "d": 0},
            "Weight",
            id="a set of other clusters says nothing",
        ),
        pytest.param({}, [], None, {}, "Weight", id="without clusters there are no shares"),
    ],
)
def test_choose(
    spec: dict[str, Any],
    eligible: list[ClusterFacts],
    last: LastShares | None,
    want: dict[str, int],
    source: str,
) -> None:
    got = choose(a_spec(**spec), SHOW, "web", eligible, last=last, now=NOW, settings=SETTINGS)
    assert (dict(got.weights), got.source) == (want, source)


@pytest.mark.parametrize(
    ("seen", "want"),
    [
        pytest.param(traffic(5, age=60), 5, id="a sample is fresh up to its age"),
        pytest.param(traffic(5, age=61), None, id="an older one is not"),
        pytest.param(BLIND, None, id="a missing one is not"),
        pytest.param(None, None, id="one that was never asked for is not"),
    ],
)
def test_fresh_sample(seen: Traffic | None, want: float | None) -> None:
    got = fresh_sample(measuring("a", seen), SHOW, "web", now=NOW, stale_after=60)
    assert (got.qps if got else None) == want
