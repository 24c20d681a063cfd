"""Two replicas of the operator beside each other, each under a name of its own in every audit log."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from clusters.audit import Asked
from clusters.cluster import Cluster
from clusters.processes import Program
from crossing import Crossing
from operating import FLEET, NAME, Operator, Stage

REPLICAS = ("replica-a", "replica-b")


@dataclass(frozen=True, slots=True)
class Replica:
    """One of them, and its way to the API servers."""

    name: str
    way: Crossing
    operator: Operator

    @property
    def program(self) -> Program:
        """Its process."""
        return self.operator.program


@contextmanager
def pair(stage: Stage, *options: Sequence[str]) -> Iterator[tuple[Replica, Replica]]:
    """Two replicas; the first leads where they share a Lease. ``options`` are those of each, if any."""
    ways: list[Crossing] = []
    found: list[Replica] = []
    try:
        for name, more in zip(REPLICAS, options or ((), ()), strict=True):
            tokens = {one.name: _token(one, name) for one in stage.fleet}
            way = Crossing(tokens, stage.hub.name, stage.hub.folder)
            ways.append(way)
            way.start()
            operator = stage.operator(f"--identity={name}", *more, kubeconfig=way.kubeconfig)
            found.append(Replica(name, way, operator))
            if not found[1:]:
                stage.until(lambda: "this process leads now" in operator.said, f"{name} leads")  # noqa: B023
        yield found[0], found[1]
    finally:
        for replica in found:
            replica.program.stop()
        for way in ways:
            way.stop()


def leadership(hub: Cluster, since: int) -> list[tuple[datetime, str]]:
    """Who held the Lease from when on, as its API server saw it."""
    found: list[tuple[datetime, str]] = []
    for one in hub.audit(since):
        claims = one.resource == "leases" and one.writes and one.accepted and _name(one) != ""
        if claims and (not found or found[-1][1] != _name(one)):
            found.append((one.at, _name(one)))
    return found


def stale(stage: Stage, since: Mapping[str, int]) -> list[str]:
    """Writes of targets, ledger and event by one who had lost the Lease to the other; accepted or not."""
    reigns = leadership(stage.hub, since[stage.hub.name])
    return [
        f"{_name(one)} wrote {one.resource}/{one.name} in {cluster.name} at {one.at:%H:%M:%S.%f}"
        for cluster in stage.fleet
        for one in cluster.audit(since[cluster.name])
        if one.writes
        and _name(one)
        and _is_of(one, stage.namespace)
        and _holder(reigns, one.at) != _name(one)
    ]


def _is_of(one: Asked, namespace: str) -> bool:
    """Whether it is about a target of this namespace, or what is held or said of an event of it."""
    if one.resource == "galaallocations" and not one.subresource:
        return one.name.startswith(f"{namespace}.")
    what = one.subresource == "scale" or one.resource == "galaevents"
    return what and one.namespace == namespace


def writer(user: str) -> str:
    """The replica of an audit log's user; empty for anybody else."""
    name = user.rpartition(":")[2]
    return name if name in REPLICAS else ""


def _name(one: Asked) -> str:
    return writer(one.user)


def _holder(reigns: Sequence[tuple[datetime, str]], at: datetime) -> str:
    return next((name for since, name in reversed(reigns) if since <= at), "")


def _token(cluster: Cluster, name: str) -> Path:
    """A kubeconfig of a ServiceAccount that may do what the operator's may."""
    rbac = "rbac.authorization.k8s.io"
    cluster.apply(
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": FLEET}},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": {"name": f"{name}-e2e"},
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": NAME},
            "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": FLEET}],
        },
    )
    return cluster.service_account(FLEET, name)
