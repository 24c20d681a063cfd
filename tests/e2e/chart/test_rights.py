"""The operator does its whole job with the account of its release and nothing more, and needs all of it.

The audit logs are the oracle: what was asked is what is granted (docs/security.md), in both directions.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import yaml

from chart_release import (
    FLEET,
    NAME,
    Helm,
    Operator,
    arguments,
    asked,
    granted,
    operator,
    unused,
)
from clusters.cluster import Cluster, Object
from foreign_kinds import definition
from workloads import IMAGE, deployment

ROLLOUTS = "shows.example.com"
KINDS = ("deployments", "statefulsets", "rollouts")
SOON = 35
"""Seconds until a round starts: everything grows late, and is warm in time all the same."""


def soon() -> str:
    now = datetime.now(UTC)  # noqa: TID251 (the operator that is tried reads the wall clock)
    return (now + timedelta(seconds=SOON)).isoformat(timespec="seconds")


def short(event: Object, namespace: str, *, duration: str = "5s") -> Object:
    """The same show in this namespace, soon over and given back at once."""
    event["metadata"]["namespace"] = namespace
    for one in event["spec"]["rounds"]:
        one |= {"start": soon(), "duration": duration, "window": {"late": "0s"}}
    for workload in event["spec"]["workloads"]:
        workload["capacity"] = {"qpsPerReplica": 1, "warmup": "1s"}
    event["spec"]["handback"] = {"cooldown": "1s", "maxStepPercent": 100}
    return event


def phase(hub: Cluster, name: str, namespace: str) -> str:
    return hub.run("get", "galaevent", name, "-n", namespace, "-o", "jsonpath={.status.phase}").out


def wait(hub: Cluster, name: str, namespace: str, want: set[str], running: Operator) -> None:
    def seen() -> str:
        told = hub.run("get", "galaevent", name, "-n", namespace, "-o", "yaml").out
        return f"{name} is {' or '.join(want)}\n{told}\n{running.said}"

    hub.until(lambda: phase(hub, name, namespace) in want, seen, 120)


def test_installing_it_and_applying_the_show_that_it_prints_is_the_whole_first_use(
    helm: Helm, namespace: str
) -> None:
    hub = helm.cluster
    hub.apply(deployment("gateway", namespace, 2))
    told = helm.install()
    shown = told.partition("<<EOF\n")[2].partition("  EOF\n")[0]
    assert len(shown.splitlines()) <= 25
    hub.apply(short(yaml.safe_load(shown), namespace))
    with operator(hub, hub.service_account(FLEET, NAME), arguments(hub)) as running:
        wait(hub, "first-show", namespace, {"Armed"}, running)
        # More, if pods were late and it made up for them.
        assert hub.ready("deployment", "gateway", namespace) >= 12
        wait(hub, "first-show", namespace, {"HandedBack"}, running)
    assert hub.get("deployment", "gateway", "-n", namespace)["spec"]["replicas"] == 2
    assert hub.get("galaclusters", "-n", FLEET)["items"][0]["metadata"]["name"] == "local"


OF_OTHERS = (
    definition("scaledobjects", "keda.sh", "v1alpha1", "ScaledObject", status={}),
    definition(
        "rollouts",
        ROLLOUTS,
        "v1",
        "Rollout",
        status={},
        scale={
            "specReplicasPath": ".spec.replicas",
            "statusReplicasPath": ".status.replicas",
            "labelSelectorPath": ".status.selector",
        },
    ),
)


def targets(namespace: str) -> list[Object]:
    """One of each kind, and the two pods that the Rollout comes to have; no controller makes them."""
    web = deployment("web", namespace, 2)
    store = deployment("store", namespace, 1)
    store["kind"] = "StatefulSet"
    store["spec"]["serviceName"] = "store"
    metadata = {"name": "rollout", "namespace": namespace}
    labels = {"app": "rollout"}
    pods = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"rollout-{number}", "namespace": namespace, "labels": labels},
            "spec": {"containers": [{"name": "app", "image": IMAGE}]},
        }
        for number in range(2)
    ]
    rollout = {
        "apiVersion": f"{ROLLOUTS}/v1",
        "kind": "Rollout",
        "metadata": metadata,
        "spec": {"replicas": 1},
    }
    return [web, store, deployment("extra", namespace, 1), rollout, *pods]


def barrier(namespace: str) -> list[Object]:
    """A policy of the platform team's that lets nobody scale in this namespace."""
    name = f"nobody-scales-{namespace}"
    api = "admissionregistration.k8s.io/v1"
    rules = [{"apiGroups": ["*"], "apiVersions": ["*"], "operations": ["UPDATE"], "resources": ["*/scale"]}]
    where = {"matchLabels": {"kubernetes.io/metadata.name": namespace}}
    policy = {
        "matchConstraints": {"resourceRules": rules, "namespaceSelector": where},
        "validations": [{"expression": "false", "message": "nobody scales here now"}],
    }
    binding = {"policyName": name, "validationActions": ["Deny"]}
    return [
        {"apiVersion": api, "kind": "ValidatingAdmissionPolicy", "metadata": {"name": name}, "spec": policy},
        {
            "apiVersion": api,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": {"name": name},
            "spec": binding,
        },
    ]


def show(namespace: str) -> Object:
    """Every kind of target, in both clusters."""
    rollout = {"apiVersion": f"{ROLLOUTS}/v1", "kind": "Rollout", "name": "rollout"}
    return event(
        "show",
        {"web": {"name": "web"}, "store": {"kind": "StatefulSet", "name": "store"}, "rollout": rollout},
        {"web": 8, "store": 4, "rollout": 4},
        namespace,
    )


def event(
    name: str, what: dict[str, Object], replicas: dict[str, int], namespace: str, *, duration: str = "5s"
) -> Object:
    demand = [{"workload": workload, "replicas": count} for workload, count in replicas.items()]
    return short(
        {
            "apiVersion": "gala.dev/v1alpha1",
            "kind": "GalaEvent",
            "metadata": {"name": name},
            "spec": {
                "workloads": [{"name": workload, "target": target} for workload, target in what.items()],
                "rounds": [{"name": "opening", "demand": demand}],
            },
        },
        namespace,
        duration=duration,
    )


def prepared(cluster: Cluster, namespace: str) -> None:
    """Kinds, targets, and the policy, seen to be in force."""
    cluster.apply(*OF_OTHERS)
    for one in OF_OTHERS:
        cluster.kubectl(
            "wait", "crd", one["metadata"]["name"], "--for=condition=Established", "--timeout=30s"
        )
    cluster.apply(*targets(namespace))
    selector = '{"status":{"selector":"app=rollout","replicas":1}}'
    words = ("patch", "rollout", "rollout", "-n", namespace, "--subresource=status", "--type=merge")
    cluster.kubectl(*words, "-p", selector)
    cluster.apply(*barrier(namespace))
    scale = ("scale", "deployment", "web", "-n", namespace, "--replicas=2", "--dry-run=server")
    cluster.until(lambda: cluster.run(*scale).code != 0, "the policy is in force")


def a_member(member: Cluster, hub: Cluster, namespace: str) -> None:
    """What docs/security.md and docs/getting-started.md have a platform team do for a further cluster."""
    options = ["-t", namespace, "--resource", f"rollouts.{ROLLOUTS}"]
    printed = subprocess.run(
        [str(Path(sys.executable).parent / "gala"), "member-rbac", *options],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    member.namespace(FLEET)
    member.kubectl("apply", "-f", "-", stdin=printed)
    kubeconfig = member.service_account(FLEET, NAME)
    hub.kubectl(
        "create", "secret", "generic", "east-kubeconfig", "-n", FLEET, f"--from-file=value={kubeconfig}"
    )
    admits = [{"eventNamespace": namespace, "targetNamespaces": [namespace]}]
    hub.apply(
        {
            "apiVersion": "gala.dev/v1alpha1",
            "kind": "GalaCluster",
            "metadata": {"name": "east", "namespace": FLEET},
            "spec": {"admits": admits},
        }
    )


def refused(cluster: Cluster, since: int, namespace: str) -> bool:
    """Whether a write of each kind was refused, and the target read again for that."""
    seen = asked(cluster, NAME, FLEET, since)
    kinds = {right[2].partition("/")[0] for right, code in seen if right[3] == "patch" and code >= 400}
    read = {right[2] for right, _ in seen if right[3] == "get" and right[0] == namespace}
    return set(KINDS) <= kinds & read


def released(cluster: Cluster, namespace: str) -> None:
    name = f"nobody-scales-{namespace}"
    cluster.kubectl("delete", "validatingadmissionpolicybinding,validatingadmissionpolicy", name)


def test_every_right_that_is_granted_is_needed_and_nothing_else_is(
    helm: Helm, local_fleet: Sequence[Cluster], namespace: str
) -> None:
    hub, member = helm.cluster, local_fleet[0]
    helm.remove()
    helm.install(
        f"--set=localCluster.targetNamespaces={{{namespace}}}",
        f'--set-json=localCluster.resources=[{{"plural":"rollouts","group":"{ROLLOUTS}"}}]',
    )
    marks = {cluster.name: cluster.audit_mark() for cluster in (hub, member)}
    try:
        for cluster in (hub, member):
            prepared(cluster, namespace)
        a_member(member, hub, namespace)
        hub.apply(
            show(namespace),
            event("second-show", {"extra": {"name": "extra"}}, {"extra": 2}, namespace, duration="10m"),
            {
                "apiVersion": "gala.dev/v1alpha1",
                "kind": "GalaCue",
                "metadata": {"name": "pause", "namespace": namespace},
                "spec": {"eventRef": {"name": "show"}, "action": "Pause"},
            },
        )
        with operator(hub, hub.service_account(FLEET, NAME), arguments(hub)) as running:
            for cluster in (hub, member):
                since = marks[cluster.name]
                cluster.until(lambda c=cluster, s=since: refused(c, s, namespace), lambda: running.said, 60)
            for cluster in (hub, member):
                released(cluster, namespace)
            # On a busy machine the round may have begun before the policy was taken away.
            wait(hub, "show", namespace, {"Armed", "Live", "Cooling", "HandedBack"}, running)
            hub.kubectl("delete", "galaevent", "second-show", "-n", namespace)
            wait(hub, "show", namespace, {"HandedBack"}, running)
            asks = ("galaevents", "get")
            hub.until(
                lambda: asks in {right[2:] for right, _ in asked(hub, NAME, FLEET, marks[hub.name])},
                "it asks whether the event that is gone was really deleted",
            )
        time.sleep(1)
        for cluster in (hub, member):
            given = granted(cluster, NAME, FLEET)
            used = asked(cluster, NAME, FLEET, marks[cluster.name])
            assert {right for right, code in used if code in (401, 403)} == set(), cluster.name
            assert unused(given, used) == set(), cluster.name
            beyond = {right for right, _ in used if not given & {right, ("*", *right[1:])}}
            assert beyond == set(), cluster.name
    finally:
        for cluster in (hub, member):
            cluster.kubectl(
                "delete", "crd", "--ignore-not-found", *(one["metadata"]["name"] for one in OF_OTHERS)
            )
        member.kubectl("delete", "namespace", FLEET, "--ignore-not-found")
        member.kubectl("delete", "clusterrole,clusterrolebinding", NAME, "--ignore-not-found")
