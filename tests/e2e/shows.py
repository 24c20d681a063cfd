"""One small show, on as many hubs at once as there are clusters, and what was written to its target."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple

import pytest

from clusters.audit import Asked
from clusters.cluster import Cluster
from clusters.local import LocalCluster
from events import event, part, soon, workload
from operating import Stage, operating
from workloads import deployment

AT_HOME, HELD = 2, 8
"""Replicas in each cluster, before and during the round."""

WAY = (HELD, 5, 3, AT_HOME)
"""What is written to a target in an undisturbed night: up at once, down by half of what is left."""

POD_START = 1000
"""Seconds that clusters say a pod takes, so that what is due in so long is prepared at once.

Pods here take a moment; stragglers, which a round that begins too late would have, are not looked for.
"""

LEAD = 1.2 * (1.25 * POD_START + 1)
"""Seconds before its start in which a round is prepared then."""


@contextmanager
def show_stage(fleet: Sequence[Cluster], hub: int, namespace: str) -> Iterator[Stage]:
    """A stage whose hub is the cluster of this number; all are members, with `web` at home in each."""
    if not all(isinstance(one, LocalCluster) for one in fleet):
        pytest.skip("only local clusters have an audit log that tells what was written")
    with operating([*fleet[hub:], *fleet[:hub]], namespace) as stage:
        for one in fleet:
            one.namespace(namespace)
            one.apply(deployment("web", namespace, AT_HOME))
        stage.admit(podStart={"perSecond": 1000, "p95": f"{POD_START}s"})
        yield stage
    for one in fleet:
        one.kubectl("delete", "namespace", namespace, "--wait=false")


def begin(stage: Stage, known_before: float = 0.0) -> None:
    """Applies the event: one round, prepared at once or after so many seconds, and held until `end`."""
    handback = {"cooldown": "1s", "maxStepPercent": 50}
    start = soon(LEAD + known_before if known_before else LEAD - 200)
    rounds = [part("one", start, 600, {"web": len(stage.fleet) * HELD})]
    stage.apply(event("show", stage.namespace, [workload("web")], rounds, handback=handback))


def end(stage: Stage) -> None:
    """Edits the round so that it is over."""
    over = {"start": soon(-60).isoformat(), "duration": "1s"}
    _edit(stage, [{"op": "replace", "path": f"/spec/rounds/0/{key}", "value": over[key]} for key in over])


def ask_for(stage: Stage, each: int) -> None:
    """Edits the round so that it wants so many replicas in each cluster."""
    total = len(stage.fleet) * each
    _edit(stage, [{"op": "replace", "path": "/spec/rounds/0/demand/0/replicas", "value": total}])


def _edit(stage: Stage, patch: Sequence[Mapping[str, object]]) -> None:
    words = ("patch", "galaevent", "show", "-n", stage.namespace, "--type=json", "-p", json.dumps(patch))
    stage.hub.kubectl(*words)


def held(stage: Stage, *without: Cluster) -> bool:
    """Whether all that is asked for is Ready in every cluster, some left out."""
    asked = [one for one in stage.fleet if one not in without]
    return all(one.ready("deployment", "web", stage.namespace) == HELD for one in asked)


def marks(stage: Stage) -> Mapping[str, int]:
    """Where the audit logs end now."""
    return {one.name: one.audit_mark() for one in stage.fleet}


class Step(NamedTuple):
    """One accepted write of the target's replicas, by whomever."""

    at: datetime
    user: str
    was: int
    to: int


def steps(stage: Stage, since: Mapping[str, int]) -> Mapping[str, Sequence[Step]]:
    """By cluster: what was written to the target, those that changed nothing left out."""
    return {one.name: list(_steps(one.audit(since[one.name]), stage.namespace)) for one in stage.fleet}


def _steps(asked: Sequence[Asked], namespace: str) -> Iterator[Step]:
    sent = [one for one in asked if one.namespace == namespace and one.accepted and one.replicas is not None]
    values = [AT_HOME, *(one.replicas or 0 for one in sent)]
    for one, (was, to) in zip(sent, pairwise(values), strict=True):
        if was != to:
            yield Step(one.at, one.user, was, to)


def ways(found: Mapping[str, Sequence[Step]]) -> Mapping[str, Sequence[int]]:
    """By cluster: the numbers written one after another."""
    return {name: [step.to for step in way] for name, way in found.items()}


def falls(found: Mapping[str, Sequence[Step]]) -> list[str]:
    """Each decrease as a sentence."""
    return [
        f"{name} was set from {step.was} to {step.to} at {step.at:%H:%M:%S.%f}"
        for name, way in found.items()
        for step in way
        if step.to < step.was
    ]
