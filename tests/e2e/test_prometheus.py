"""A real Prometheus: shares follow it, and neither its end nor an empty start lowers anything."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

import pytest

from clusters.local import LocalCluster
from events import event, part, soon, workload
from figures import Figures
from gala.sandbox.traffic import Load, Surge, Traffic, TrafficPlan
from operating import ACCOUNT, Stage
from prometheuses import METRIC, Exporter, serving
from workloads import deployment

SHARES = {"east": 0.5, "west": 0.3, "north": 0.2}
FLOORS = {"east": 15, "west": 9, "north": 6}
"""Of 30 replicas by these shares; by weight it would be ten each."""
TURNED = {"east": 0.2, "west": 0.2, "north": 0.6}

NOISE = 2
"""Replicas by which five per cent of noise may move a floor."""

LOST = "west"
"""Whose Prometheus is stopped, and started again with nothing in it."""

BLIND = 10.0
"""Seconds that it stays away after it was missed."""

BEFORE, LASTS = 50, 120


def traffic(start: datetime, shares: Mapping[str, float]) -> Traffic:
    """Domain.md's surge of 2,500 queries per second in a round that was planned for 3,000."""
    at = start.timestamp()
    load = Load(base=150, surges=(Surge(start=at, amplitude=2350, hold=LASTS),))
    plan = TrafficPlan(start=at - 300, end=at + 600, loads={"web": load}, shares=shares)
    return Traffic(plan, seed=7)


def decreases(
    clusters: Sequence[LocalCluster], marks: Mapping[str, int], floors: Mapping[str, int]
) -> list[str]:
    """What the operator lowered since these marks, by the audit logs alone."""
    found = []
    for cluster in clusters:
        now = floors[cluster.name]
        for one in cluster.audit(marks[cluster.name]):
            if one.user == ACCOUNT and one.replicas is not None and one.accepted:
                if one.replicas < now:
                    found.append(f"{one.name} in {cluster.name} from {now} to {one.replicas} at {one.at}")
                now = one.replicas
    return found


@pytest.mark.parametrize(
    "central",
    [
        pytest.param(False, id="one for each cluster, of which one is lost"),
        pytest.param(True, id="a central one with a label, which is lost for all"),
    ],
)
def test_shares_follow_it_and_its_loss_lowers_nothing(
    central: bool,
    stage: Stage,
    local_fleet: Sequence[LocalCluster],
    tmp_path: Path,
    figures: Figures,
) -> None:
    start = soon(BEFORE)
    exporter = Exporter(traffic(start, SHARES), stage.namespace, "web")
    with serving(exporter, list(SHARES), tmp_path / "prometheus", central=central) as servers:
        for cluster in local_fleet:
            cluster.apply(deployment("web", stage.namespace, 1))
            where = {"url": servers[cluster.name].url}
            stage.admit(cluster, prometheus={**where, "clusterLabel": cluster.name} if central else where)
        stage.operator("--allow-prometheus-address=127.0.0.1")
        signal = {"metric": METRIC, "matchLabels": {"app": "web"}, "window": "6s"}
        rebalance = {"interval": "2s", "staleAfter": "6s", "tolerancePercent": 30, "cooldown": "5s"}
        stage.apply(
            event(
                "show",
                stage.namespace,
                [workload("web", signal=signal)],
                [{**part("only", start, LASTS, {}), "demand": [{"workload": "web", "qps": 3000}]}],
                rebalance=rebalance,
            )
        )

        stage.until_phase("show", "Live", seconds=BEFORE + 60)
        floors = stage.replicas("web")
        assert all(abs(floors[name] - want) <= NOISE for name, want in FLOORS.items()), floors
        assert stage.condition("show", "SignalsFresh")["status"] == "True", stage.tell()

        marks = {cluster.name: cluster.audit_mark() for cluster in local_fleet}
        servers[LOST].stop()
        stage.until(lambda: stage.condition("show", "SignalsFresh")["status"] == "False", "it is noticed")
        lost = stage.condition("show", "SignalsFresh")
        assert lost["reason"] in {"Unreachable", "Stale"}
        assert LOST in lost["message"]
        time.sleep(BLIND)
        servers[LOST].start()
        stage.until(lambda: stage.condition("show", "SignalsFresh")["status"] == "True", "it is back")
        assert decreases(local_fleet, marks, floors) == [], stage.tell()

        exporter.follow(traffic(start, TURNED))
        more = floors["north"] + 5
        stage.until(lambda: stage.replicas("web")["north"] >= more, f"north has {more} for its traffic")
        assert stage.status("show")["phase"] == "Live"
    where = "central" if central else "one in each cluster"
    figures.add(
        f"Prometheus {where}, lost", "floors and the reason", f"{floors}, {lost['reason']}; no decrease"
    )
