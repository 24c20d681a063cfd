"""A round of thousands of pods is Ready about as fast as the clusters can by themselves.

The same number at the same clusters, by turns: `kubectl scale`, side by side in each cluster, and a round.
Both are counted from the first write that the API servers took to the moment when the last replica was seen
Ready, so what is compared is what the operator adds: waves, ledgers, and the load of its own watches.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

import pytest

from clusters.local import LocalCluster
from events import event, part, soon, workload
from figures import Figures
from operating import Stage
from watched import Watched, watched
from workloads import deployment

PODS = 1000
"""In each of three clusters."""

HOME = 10
TURNS = 3
"""The fastest of each counts: whatever else a machine does makes a turn slower, and none faster."""

TARGET = 1.15
"""The most that a round may take in times of what the clusters take by themselves."""

PATIENCE = 240.0
SOON = timedelta(seconds=120)
"""Until a round starts: sooner than its lead, so that it grows at once; nobody waits for its start."""

LATER = timedelta(days=1)
"""A round that is put off so far lets go of what it holds."""


@pytest.mark.alone
def test_a_round_is_ready_as_fast_as_the_clusters_can(
    stage: Stage, local_fleet: Sequence[LocalCluster], figures: Figures
) -> None:
    for cluster in local_fleet:
        cluster.apply(deployment("web", stage.namespace, HOME))
    stage.admit(podStart={"perSecond": PODS // 10, "p95": "60s"})
    stage.operator()
    by_themselves, as_round = [], []
    for _ in range(TURNS):
        by_themselves.append(measured(stage, local_fleet, lambda: by_hand(stage, local_fleet, PODS)))
        by_hand(stage, local_fleet, HOME)
        settled(stage, local_fleet)
        as_round.append(measured(stage, local_fleet, lambda: a_round(stage, SOON)))
        a_round(stage, LATER)
        settled(stage, local_fleet)
    ratio = min(as_round) / min(by_themselves)
    told = f"{_seconds(as_round)} in rounds, {_seconds(by_themselves)} by kubectl scale, ratio {ratio:.2f}"
    figures.add(f"{3 * PODS} pods", "from write to Ready", f"{told}, target {TARGET}")
    assert ratio <= TARGET, told


def measured(stage: Stage, fleet: Sequence[LocalCluster], begin: Callable[[], None]) -> float:
    """Seconds from the first write to the last replica, whatever ``begin`` does to bring it about."""
    marks = [cluster.audit_mark() for cluster in fleet]
    with watched(fleet, stage.namespace) as seen:
        begin()
        stage.until(lambda: all(_ready(seen, one) for one in fleet), f"{PODS} Ready in each", PATIENCE)
    raises = [
        write.at
        for cluster, mark in zip(fleet, marks, strict=True)
        for write in cluster.audit(mark)
        if (write.replicas or 0) > HOME and write.namespace == stage.namespace
    ]
    ready = [_ready(seen, cluster) for cluster in fleet]
    return (max(at for at in ready if at is not None) - min(raises)).total_seconds()


def _ready(seen: Watched, cluster: LocalCluster) -> datetime | None:
    return seen.when_ready(cluster.name, "web", PODS)


def by_hand(stage: Stage, fleet: Sequence[LocalCluster], replicas: int) -> None:
    words = ("scale", "deployment", "web", "-n", stage.namespace, f"--replicas={replicas}")
    with ThreadPoolExecutor(len(fleet)) as side_by_side:
        list(side_by_side.map(lambda cluster: cluster.kubectl(*words), fleet))


def a_round(stage: Stage, begins: timedelta) -> None:
    demand = {"web": len(stage.fleet) * PODS}
    rounds = [part("only", soon(begins.total_seconds()), 20, demand)]
    stage.apply(event("show", stage.namespace, [workload("web")], rounds))


def settled(stage: Stage, fleet: Sequence[LocalCluster]) -> None:
    """Nothing of the turn before is left that would slow the next one down."""

    def left(cluster: LocalCluster) -> int:
        names = cluster.kubectl("get", "pods", "-n", stage.namespace, "-o", "name")
        return len(names.split())

    gone = "the pods of the turn are gone"
    stage.until(lambda: all(left(one) == HOME for one in fleet) and not stage.ledger(), gone, PATIENCE)
    time.sleep(3)


def _seconds(taken: Sequence[float]) -> str:
    return ", ".join(f"{one:.1f}" for one in taken) + " s"
