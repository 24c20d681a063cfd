"""The status of a GalaCluster."""

from __future__ import annotations

from typing import Any

import pytest

from gala.api.cluster import GalaClusterStatus
from gala.planning.facts import Missing, PodStart
from gala.report.cluster_status import ClusterView, cluster_status, stray_status
from gala.report.status import to_wire
from report_night import T0
from report_passes import cluster, health, traffic


def view(**changes: Any) -> ClusterView:
    values: dict[str, Any] = {"generation": 2, "now": T0, "facts": cluster(), "health": health()}
    return ClusterView(**(values | changes))


def conditions(status: GalaClusterStatus) -> dict[str, tuple[str, str]]:
    return {one.type: (one.status, one.reason) for one in status.conditions}


def test_figures_are_written_as_kubernetes_writes_them() -> None:
    facts = cluster(pod_start=PodStart(per_second=30, p95=60.0, slowest=75.0))
    document = to_wire(cluster_status(view(facts=facts)))
    assert document["allocatable"] == {"cpu": "16", "memory": "64Gi", "pods": 440}
    assert document["requested"] == {"cpu": "5500m", "memory": "8Gi", "pods": 90}
    assert (document["nodes"], document["freeCores"], document["version"]) == (4, 10, "v1.31.2")
    assert document["podStart"] == {"perSecond": 30, "p95": "1m", "slowest": "1m15s"}
    assert document["lastContact"] == "2027-02-05T12:00:00Z"


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        pytest.param(
            {}, [("True", "ClusterUsable"), ("True", "Answers"), ("True", "Granted")], id="all is well"
        ),
        pytest.param(
            {"health": health(reachable=False, reason="Timeout", message="no answer")},
            [("False", "Timeout"), ("False", "Timeout"), ("True", "Granted")],
            id="it does not answer any more",
        ),
        pytest.param(
            {"health": health(unauthorized="deployments: forbidden")},
            [("False", "Forbidden"), ("True", "Answers"), ("False", "Forbidden")],
            id="something is forbidden",
        ),
        pytest.param(
            {
                "health": health(
                    reachable=False, reason="CredentialsRefused", message="exec is refused", last_contact=None
                )
            },
            [("False", "CredentialsRefused"), ("False", "CredentialsRefused"), ("Unknown", "NotAskedYet")],
            id="its credentials ask for too much",
        ),
        pytest.param({"health": None}, [("Unknown", "NotAskedYet")] * 3, id="it has not been asked yet"),
        pytest.param(
            {"problems": ("spec.weight: write a whole number",)},
            [("False", "InvalidSpec"), ("False", "InvalidSpec"), ("True", "Granted")],
            id="its spec is invalid",
        ),
    ],
)
def test_conditions(changes: dict[str, Any], want: list[tuple[str, str]]) -> None:
    found = conditions(cluster_status(view(**changes)))
    assert [found[kind] for kind in ("Ready", "Reachable", "Authorized")] == want


@pytest.mark.parametrize(
    ("facts", "want"),
    [
        pytest.param({}, ("Unknown", "NotConfigured"), id="without Prometheus"),
        pytest.param(
            {"signal_configured": True}, ("Unknown", "NothingToMeasure"), id="no event measures here"
        ),
        pytest.param(
            {"signal_configured": True, "traffic": traffic(1.0)}, ("True", "Fresh"), id="a fresh figure"
        ),
        pytest.param(
            {"signal_configured": True, "traffic": traffic(1.0, at=T0 - 90)},
            ("False", "Stale"),
            id="an old figure",
        ),
        pytest.param(
            {"signal_configured": True, "traffic": traffic(Missing("Unreachable", "no answer"))},
            ("False", "Unreachable"),
            id="no figure, with its own reason",
        ),
    ],
)
def test_signals_fresh(facts: dict[str, Any], want: tuple[str, str]) -> None:
    assert conditions(cluster_status(view(facts=cluster(**facts))))["SignalsFresh"] == want


@pytest.mark.parametrize(
    ("contact", "reachable", "want"),
    [
        pytest.param(
            30, True, T0, id="while it answers the time is kept for minutes, so that nothing is written"
        ),
        pytest.param(300, True, T0 + 300, id="then it is written anew"),
        pytest.param(30, False, T0 + 30, id="when it went silent the time is exact"),
    ],
)
def test_last_contact(contact: float, reachable: bool, want: float) -> None:
    before = cluster_status(view())
    after = cluster_status(
        view(previous=before, health=health(last_contact=T0 + contact, reachable=reachable))
    )
    assert after.last_contact == want


def test_figures_that_cannot_be_read_keep_their_last_value() -> None:
    before = cluster_status(view())
    after = cluster_status(view(previous=before, facts=None, health=health(room=None, version="")))
    assert (after.nodes, after.free_cores, after.version, after.pod_start) == (
        4,
        10,
        "v1.31.2",
        before.pod_start,
    )


def test_a_cluster_outside_of_the_fleet_namespace_is_told_where_it_would_count() -> None:
    before = cluster_status(view())
    status = stray_status("gala-system", generation=3, now=T0, previous=before)
    assert conditions(status) == {"Ready": ("False", "OutsideFleetNamespace")}
    assert status.conditions[0].message == (
        "a GalaCluster counts in namespace gala-system alone, so nothing is read or measured by this one, "
        "nor is its Secret; the platform team can write it in gala-system"
    )
