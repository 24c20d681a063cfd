"""The main job on three real clusters: two rounds, everything Ready before each, everything given back."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from clusters.audit import Asked
from clusters.local import LocalCluster
from events import Object, event, part, soon, workload
from figures import Figures
from operating import ACCOUNT, Stage
from oracle import Night, Promise, Target, judge
from watched import Watched, watched
from workloads import deployment

WEIGHTS = {"east": 3, "west": 2, "north": 1}
FLOORS = {
    "first": {"web": {"east": 30, "west": 20, "north": 10}, "pay": {"east": 12, "west": 8, "north": 4}},
    "second": {"web": {"east": 60, "west": 40, "north": 20}, "pay": {"east": 6, "west": 4, "north": 2}},
}
"""Exact sixths, so that no rule of division is in doubt; `pay` falls where `web` rises."""
ORIGINALS = {"web": {"east": 2, "west": 3, "north": 1}, "pay": {"east": 1, "west": 0, "north": 2}}

BEFORE, LASTS, BETWEEN = 60, 15, 20
"""Seconds to the first round, of each round, and between them: too short for a hand-back, so it is held."""

QUIET = 20.0
"""Seconds without a write once all is home; a pass comes every 15 s."""


@dataclass(frozen=True)
class Times:
    """When the rounds begin and end."""

    first: datetime
    second: datetime
    lasts: timedelta

    def of(self, name: str) -> tuple[datetime, datetime]:
        start = self.first if name == "first" else self.second
        return start, start + self.lasts


def planned() -> Times:
    first = soon(BEFORE)
    return Times(first, first + timedelta(seconds=LASTS + BETWEEN), timedelta(seconds=LASTS))


def show(namespace: str, times: Times) -> Object:
    rounds = [
        part(name, times.of(name)[0], LASTS, {one: sum(places.values()) for one, places in floors.items()})
        for name, floors in FLOORS.items()
    ]
    shares = [{"cluster": name, "weight": weight} for name, weight in WEIGHTS.items()]
    workloads = [workload("web", tier="S"), workload("pay")]
    return event("show", namespace, workloads, rounds, division={"shares": shares})


def promises(times: Times) -> list[Promise]:
    """Each round's floors while it lasts, and between the rounds the lower of both."""
    found = []
    for app, cluster in ((app, cluster) for app in ORIGINALS for cluster in WEIGHTS):
        target = Target(cluster, "deployments", app)
        floors = {name: FLOORS[name][app][cluster] for name in FLOORS}
        found += [Promise(target, floors[name], *times.of(name)) for name in FLOORS]
        found.append(Promise(target, min(floors.values()), times.of("first")[1], times.second))
    return found


def not_ready(seen: Watched, kept: Sequence[Promise]) -> list[str]:
    """Promises that the API servers did not see kept, from the first moment to the last."""
    found = []
    for one in kept:
        least = seen.least_ready(one.target.cluster, one.target.name, one.since, one.until)
        if least < one.replicas:
            found.append(f"{one.target} had {least} of {one.replicas} Ready after {one.since:%H:%M:%S}")
    return found


def ours(cluster: LocalCluster, since: int) -> list[Asked]:
    """What the operator wrote, but for its Lease and for statuses, which tell of pods until they are gone."""
    writes = [one for one in cluster.audit(since) if one.writes and one.user == ACCOUNT]
    return [one for one in writes if one.resource != "leases" and one.subresource != "status"]


def test_two_rounds_are_ready_before_they_start_and_everything_is_given_back(
    stage: Stage, local_fleet: Sequence[LocalCluster], figures: Figures
) -> None:
    for app, places in ORIGINALS.items():
        for cluster in local_fleet:
            cluster.apply(deployment(app, stage.namespace, places[cluster.name]))
    marks = {cluster.name: cluster.audit_mark() for cluster in local_fleet}
    stage.admit()
    stage.operator()
    with watched(local_fleet, stage.namespace) as seen:
        times = planned()
        stage.apply(show(stage.namespace, times))
        stage.until_phase("show", "Live", seconds=BEFORE + 60)
        stage.until_phase("show", "HandedBack")
        time.sleep(2)
        home = {cluster.name: cluster.audit_mark() for cluster in local_fleet}
        time.sleep(QUIET)

    assert not_ready(seen, promises(times)) == [], stage.tell()
    assert {app: stage.replicas(app) for app in ORIGINALS} == ORIGINALS
    night = Night(
        hub=stage.hub.name,
        event=(stage.namespace, "show"),
        originals={
            Target(cluster, "deployments", app): count
            for app, places in ORIGINALS.items()
            for cluster, count in places.items()
        },
        promises=promises(times),
        asked={cluster.name: cluster.audit(marks[cluster.name]) for cluster in local_fleet},
    )
    judgement = judge(night)
    assert judgement.breaches == (), f"{judgement}\n{stage.tell()}"
    assert [one for cluster in local_fleet for one in ours(cluster, home[cluster.name])] == []
    figures.add("two rounds of 84 and 132 replicas in three clusters", "by the audit logs", judgement)
