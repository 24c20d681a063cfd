"""PromQL, rendered so that nothing can be smuggled into it."""

from __future__ import annotations

from typing import Any

import pytest

from gala.api.cluster import GalaCluster, Prometheus
from gala.api.event import Signal, Workload
from gala.errors import InvalidInput
from gala.planning.facts import EventKey
from gala.signals.query import asks, freshness, rate, rendered

NIGHT = EventKey("shop", "night")
OWN = Prometheus(url="http://prometheus.example:9090")


def workload(name: str = "web", **more: Any) -> Workload:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": name}
    return Workload.model_validate({"name": name, "target": {**target, **more.pop("target", {})}, **more})


def cluster(name: str, prometheus: dict[str, Any] | None = None) -> GalaCluster:
    spec = (
        {} if prometheus is None else {"prometheus": {"url": "http://prometheus.example:9090", **prometheus}}
    )
    return GalaCluster.model_validate({"metadata": {"name": name, "namespace": "gala-system"}, "spec": spec})


SIGNAL = {"metric": "http_requests_total", "matchLabels": {"app": "web"}, "window": "1m"}


@pytest.mark.parametrize(
    ("site", "target", "want"),
    [
        pytest.param({}, {}, 'app="web",namespace="shop"', id="the event's namespace is forced"),
        pytest.param(
            {}, {"namespace": "blue"}, 'app="web",namespace="blue"', id="or the target's, where it has one"
        ),
        pytest.param(
            {"cluster_label": "north"},
            {},
            'app="web",cluster="north",namespace="shop"',
            id="a central Prometheus is asked for one cluster's series",
        ),
    ],
)
def test_a_signal_is_rendered_with_its_matchers_forced(
    site: dict[str, str], target: dict[str, str], want: str
) -> None:
    got = rendered(workload(signal=SIGNAL, target=target), OWN.model_copy(update=site), "shop")

    assert got == f"sum(rate(http_requests_total{{{want}}}[60000ms]))"


@pytest.mark.parametrize(
    ("value", "want"),
    [
        pytest.param('x"} or up{a="', r"x\"} or up{a=\"", id="a quote cannot end the matcher"),
        pytest.param("a\\", r"a\\", id="a backslash cannot swallow the quote"),
        pytest.param("a\nb", r"a\nb", id="a line end stays inside"),
    ],
)
def test_a_label_is_quoted(value: str, want: str) -> None:
    signal = Signal(metric="m", match_labels={"app": value})

    assert rate(signal, {"namespace": "shop"}) == f'sum(rate(m{{app="{want}",namespace="shop"}}[60000ms]))'


def test_a_signal_cannot_name_another_namespace_or_cluster() -> None:
    signal = Signal(metric="m", match_labels={"namespace": "bank", "cluster": "south"})

    got = rate(signal, {"namespace": "shop", "cluster": "north"})

    assert got == 'sum(rate(m{cluster="north",namespace="shop"}[60000ms]))'


@pytest.mark.parametrize(
    "signal",
    [
        pytest.param(Signal.model_construct(metric="m{}", match_labels={}, window=60.0), id="in the metric"),
        pytest.param(
            Signal.model_construct(metric="m", match_labels={'a="b",c': "d"}, window=60.0), id="in a label"
        ),
        pytest.param(
            Signal.model_construct(metric="m\n", match_labels={}, window=60.0), id="at the metric's end"
        ),
    ],
)
def test_what_promql_has_no_name_for_is_refused(signal: Signal) -> None:
    with pytest.raises(InvalidInput):
        rate(signal, {"namespace": "shop"})


def test_the_newest_scrape_is_asked_for_the_same_series() -> None:
    query = rate(Signal(metric="m", match_labels={"app": 'a"}b'}), {"namespace": "shop"})

    assert freshness(query) == 'max(timestamp(m{app="a\\"}b",namespace="shop"}))'
    assert freshness("sum(rate(a[1m])) / 2") is None
    assert freshness("vector(1)") is None


def test_a_query_of_ones_own_is_asked_only_where_the_cluster_allows_it() -> None:
    own = workload(query="sum(my_qps)")

    assert rendered(own, OWN.model_copy(update={"allow_custom_queries": True}), "shop") == "sum(my_qps)"
    assert rendered(own, OWN, "shop") == ""
    assert rendered(workload(), OWN, "shop") is None


def test_every_measured_workload_is_asked_for_in_every_cluster_with_prometheus() -> None:
    workloads = (
        workload(signal=SIGNAL),
        workload("api"),
        workload("cart", signal={**SIGNAL, "matchLabels": {"no-label": "x"}}),
    )
    clusters = [cluster("north", {}), cluster("south"), cluster("west", {"clusterLabel": "w"})]

    got = asks(NIGHT, [(one, where) for one in workloads for where in clusters], interval=15.0)

    assert [(ask.workload, ask.cluster, bool(ask.query)) for ask in got] == [
        ("web", "north", True),
        ("web", "west", True),
        ("cart", "north", False),
        ("cart", "west", False),
    ]
    assert got[0].event == NIGHT
    assert 'cluster="w"' in got[1].query
