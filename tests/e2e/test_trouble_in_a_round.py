"""Pods that are refused, pods that find no node, and a rollout while a round is on."""

from __future__ import annotations

from datetime import datetime, timedelta

from clusters.cluster import Cluster, Object
from events import event, part, soon, workload
from figures import Figures
from operating import ACCOUNT, Stage
from workloads import deployment

BEFORE, LASTS = 45, 60
WITHIN = timedelta(seconds=10)
"""From the first refusal to the status that tells of it."""


def quota(namespace: str, **hard: str) -> Object:
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "few", "namespace": namespace},
        "spec": {"hard": {name.replace("_", "."): amount for name, amount in hard.items()}},
    }


def limit_range(namespace: str) -> Object:
    """Gives every pod a limit that its template does not state, so that no plan knows of it."""
    return {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": {"name": "limits", "namespace": namespace},
        "spec": {"limits": [{"type": "Container", "default": {"cpu": "100m"}}]},
    }


NO_MORE = "only: 4 of 10 web find no room: quota few allows no more pods in {}"


def test_a_quota_that_is_too_small_is_told_before_the_round_and_raised_in_it(
    stage: Stage, cluster: Cluster
) -> None:
    cluster.apply(quota(stage.namespace, pods="6"), deployment("web", stage.namespace, 2))
    cluster.until(lambda: cluster.ready("deployment", "web", stage.namespace) == 2, "two are Ready")
    stage.admit(cluster)
    stage.operator()
    stage.apply(
        event("show", stage.namespace, [workload("web")], [part("only", soon(BEFORE), LASTS, {"web": 10})])
    )

    stage.until(lambda: message(stage, "CapacitySufficient") == NO_MORE.format(cluster.name), "it is told")
    assert stage.condition("show", "CapacitySufficient")["reason"] == "QuotaExceeded"
    assert stage.status("show")["phase"] in {"Planned", "Preparing", "Armed"}
    stage.until(lambda: stage.replicas_in(cluster, "web") == 6, "what is allowed is asked for, and no more")

    cluster.apply(quota(stage.namespace, pods="20"))
    stage.until(lambda: cluster.ready("deployment", "web", stage.namespace) == 10, "all are Ready after all")
    assert stage.condition("show", "CapacitySufficient")["reason"] == "EverythingFits"


SHORT = "web in east: 6 of 10 are Ready"


def told_short(cluster: Cluster, since: int, namespace: str) -> datetime:
    """When the API server was given a status that says how many are Ready beside those that are refused."""
    for one in cluster.audit(since):
        if (one.user, one.resource, one.namespace) == (ACCOUNT, "galaevents", namespace) and one.body:
            for condition in one.body["status"].get("conditions", ()):
                if (condition["type"], condition["message"]) == ("Ready", SHORT):
                    return one.done
    raise AssertionError(f"no status said {SHORT!r}")


def first_refusal(cluster: Cluster, since: int, namespace: str) -> datetime:
    """When the API server refused a pod of this namespace."""
    asked = cluster.audit(since)
    return next(
        one.done
        for one in asked
        if (one.resource, one.verb, one.namespace, one.code) == ("pods", "create", namespace, 403)
    )


def test_a_quota_that_refuses_pods_is_told_within_seconds(
    stage: Stage, cluster: Cluster, figures: Figures
) -> None:
    few = quota(stage.namespace, limits_cpu="600m")
    cluster.apply(limit_range(stage.namespace), few, deployment("web", stage.namespace, 2))
    cluster.until(lambda: cluster.ready("deployment", "web", stage.namespace) == 2, "two are Ready")
    mark = cluster.audit_mark()
    stage.admit(cluster)
    stage.operator()
    stage.apply(
        event("show", stage.namespace, [workload("web")], [part("only", soon(BEFORE), LASTS, {"web": 10})])
    )

    stage.until(lambda: message(stage, "Ready") == SHORT, "the shortfall is told")
    took = told_short(cluster, mark, stage.namespace) - first_refusal(cluster, mark, stage.namespace)
    told = f"{took.total_seconds():.1f} s, target {WITHIN.seconds} s"
    figures.add("a quota refuses pods", "told after", told)
    assert took <= WITHIN

    cluster.apply(quota(stage.namespace, limits_cpu="2"))
    stage.until(lambda: stage.condition("show", "Ready")["status"] == "True", "all are Ready after all")


def test_pods_that_no_node_takes_are_told_and_nobody_else_suffers(stage: Stage, cluster: Cluster) -> None:
    cluster.apply(
        deployment("web", stage.namespace, 2),
        deployment("lost", stage.namespace, 0, pool="nowhere"),
        deployment("huge", stage.namespace, 0, cpu="500"),
    )
    stage.admit(cluster)
    stage.operator()
    workloads = [workload(name) for name in ("web", "lost", "huge")]
    demand = {"web": 10, "lost": 3, "huge": 2}
    stage.apply(event("show", stage.namespace, workloads, [part("only", soon(BEFORE), LASTS, demand)]))
    stage.until(lambda: cluster.ready("deployment", "web", stage.namespace) == 10, "web is Ready")
    stage.until_phase("show", "Live", seconds=BEFORE + 60)

    room = stage.condition("show", "CapacitySufficient")
    assert (room["status"], room["reason"]) == ("False", "InsufficientCPU")
    assert "2 of 2 huge find no room" in room["message"]
    assert "3 of 3 lost find no room: no node takes such a pod" in room["message"]
    assert [stage.replicas_in(cluster, name) for name in ("huge", "lost")] == [0, 0]


def message(stage: Stage, kind: str) -> str:
    return str(stage.condition("show", kind).get("message", ""))


def test_a_rollout_in_the_middle_of_a_round_keeps_the_floor_and_is_given_back(
    stage: Stage, cluster: Cluster
) -> None:
    cluster.apply(deployment("web", stage.namespace, 2))
    stage.admit(cluster)
    stage.operator()
    rounds = [part("only", soon(BEFORE), 30, {"web": 10})]
    stage.apply(event("show", stage.namespace, [workload("web")], rounds))
    stage.until_phase("show", "Live", seconds=BEFORE + 60)
    mark = cluster.audit_mark()

    there = ("deployment/web", "-n", stage.namespace)
    cluster.kubectl("rollout", "restart", *there)
    cluster.kubectl("rollout", "status", *there, "--timeout=60s")
    assert stage.status("show")["phase"] == "Live"
    assert cluster.ready("deployment", "web", stage.namespace) == 10
    stage.until_phase("show", "HandedBack")

    writes = [one for one in cluster.audit(mark) if one.user == ACCOUNT and one.replicas is not None]
    assert [one.replicas for one in writes] == [2], stage.tell()
    assert stage.replicas_in(cluster, "web") == 2
