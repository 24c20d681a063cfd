"""The status of a GalaCluster: whether it answers, what it forbids, how much room it has."""

from __future__ import annotations

from dataclasses import dataclass

from gala.api.cluster import GalaClusterStatus, PodStartStatus, Resources
from gala.api.quantities import format_cpu, format_memory
from gala.fleet.amounts import Amount
from gala.fleet.member import ClusterHealth
from gala.planning.facts import ClusterFacts, EventKey, Missing
from gala.report.conditions import Judgement, merge, no, several, unknown, yes

CONTACT_EVERY = 300.0
"""Seconds between two statuses of a cluster that answers and does not change; as for a Node's heartbeat."""

STALE_AFTER = 60.0
"""Seconds after which a figure of traffic is stale; the default of ``rebalance.staleAfter``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterView:
    """Everything that the status of one cluster is computed from."""

    generation: int
    now: float
    previous: GalaClusterStatus | None = None
    problems: tuple[str, ...] = ()
    """What is wrong with the spec as last seen."""
    facts: ClusterFacts | None = None
    health: ClusterHealth | None = None


def cluster_status(view: ClusterView) -> GalaClusterStatus:
    """The status; figures that could not be read this time keep their last known value."""
    before = view.previous or GalaClusterStatus()
    room = view.health.room if view.health else None
    free = max(0, room.allocatable.cpu - room.requested.cpu) // 1000 if room else before.free_cores
    return GalaClusterStatus(
        observed_generation=view.generation,
        version=(view.health.version if view.health else "") or before.version,
        nodes=room.nodes if room else before.nodes,
        allocatable=_resources(room.allocatable) if room else before.allocatable,
        requested=_resources(room.requested) if room else before.requested,
        free_cores=free,
        pod_start=_pod_start(view.facts) or before.pod_start,
        last_contact=_last_contact(view.health, before),
        conditions=merge(_judge(view), before.conditions, generation=view.generation, now=view.now),
    )


def stray_status(
    fleet_namespace: str, *, generation: int, now: float, previous: GalaClusterStatus | None
) -> GalaClusterStatus:
    """The status of a GalaCluster outside of the fleet namespace: it counts for nothing, and who can help."""
    text = (
        f"a GalaCluster counts in namespace {fleet_namespace} alone, so nothing is read or measured by this "
        f"one, nor is its Secret; the platform team can write it in {fleet_namespace}"
    )
    before = previous.conditions if previous else ()
    conditions = merge((no("Ready", "OutsideFleetNamespace", text),), before, generation=generation, now=now)
    return GalaClusterStatus(observed_generation=generation, conditions=conditions)


def _resources(amount: Amount) -> Resources:
    """By its wire form: a bare integer of CPU means cores."""
    return Resources.model_validate(
        {"cpu": format_cpu(amount.cpu), "memory": format_memory(amount.memory), "pods": amount.pods}
    )


def _pod_start(facts: ClusterFacts | None) -> PodStartStatus | None:
    if facts is None:
        return None
    known = facts.pod_start
    return PodStartStatus(per_second=known.per_second, p95=known.p95, slowest=known.slowest)


def _last_contact(health: ClusterHealth | None, before: GalaClusterStatus) -> float | None:
    """To a few minutes while it answers; exactly when it went silent."""
    if health is None or health.last_contact is None:
        return before.last_contact
    contact, shown = float(int(health.last_contact)), before.last_contact
    if health.reachable and shown is not None and 0 <= contact - shown < CONTACT_EVERY:
        return shown
    return contact


def _judge(view: ClusterView) -> tuple[Judgement, ...]:
    reachable, authorized, signals = _reachable(view), _authorized(view), _signals(view)
    return (_ready(view, (reachable, authorized)), reachable, authorized, signals)


def _ready(view: ClusterView, parts: tuple[Judgement, ...]) -> Judgement:
    for part in parts:
        if part.status != "True":
            return Judgement("Ready", part.status, part.reason, part.message)
    if view.health is not None and view.health.trouble is not None:
        return no("Ready", view.health.trouble.reason, view.health.trouble.message)
    return yes("Ready", "ClusterUsable", "the cluster answers and lets the operator do its work")


def _reachable(view: ClusterView) -> Judgement:
    if view.problems:
        return no("Reachable", "InvalidSpec", several(view.problems))
    if view.health is None or (view.health.last_contact is None and view.health.reason == "NotReadYet"):
        return unknown("Reachable", "NotAskedYet", "the cluster has not been asked yet")
    if not view.health.reachable:
        return no("Reachable", view.health.reason, view.health.message)
    return yes("Reachable", "Answers", "the API server answers")


def _authorized(view: ClusterView) -> Judgement:
    if view.health is None or view.health.last_contact is None:
        return unknown("Authorized", "NotAskedYet", "nothing has been asked of it yet")
    if view.health.unauthorized:
        login = view.health.login_refused or view.health.reason == "Unauthorized"
        return no("Authorized", "Unauthorized" if login else "Forbidden", view.health.unauthorized)
    return yes("Authorized", "Granted", "everything that was asked was allowed")


def _signals(view: ClusterView) -> Judgement:
    if view.facts is None or not view.facts.signal_configured:
        return unknown(
            "SignalsFresh", "NotConfigured", "spec.prometheus is absent: no traffic is measured here"
        )
    if not view.facts.traffic:
        return unknown("SignalsFresh", "NothingToMeasure", "no event measures traffic here")
    faults: list[tuple[tuple[EventKey, str], str, str]] = []
    for (event, workload), traffic in view.facts.traffic.items():
        latest = traffic.latest
        if isinstance(latest, Missing):
            faults.append(((event, workload), latest.reason, f"{workload} of {event}: {latest.message}"))
        elif view.now - latest.at > STALE_AFTER:
            text = (
                f"{workload} of {event}: the figure is over {STALE_AFTER:g} s old; are its targets scraped?"
            )
            faults.append(((event, workload), "Stale", text))
    if faults:
        faults.sort()
        return no("SignalsFresh", faults[0][1], several([text for _, _, text in faults]))
    return yes("SignalsFresh", "Fresh", "every figure is fresh")
