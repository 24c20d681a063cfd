"""Which clusters a workload may use, and what is known of its target in each.

A cluster takes part when the selectors match, when the platform team admits it, and when
the target is there. Everything that keeps one out is a finding with a name, because it may
come later. Only a cluster that grants the event's namespace nothing, and that nobody asked
for by a selector or a share, is not spoken of: most clusters of a fleet are somebody else's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from gala.api.event import Tier, Workload
from gala.api.meta import Selector
from gala.planning.books import Books, SiteKey
from gala.planning.facts import ClusterFacts, EventFacts, Missing, TargetFacts, TargetKey
from gala.planning.fit import NOTHING, Needs, Size
from gala.planning.grants import highest_tier, knows, may_grow, refusal, refusal_of_all
from gala.planning.ledger import Entry
from gala.planning.outcome import Finding
from gala.planning.quotas import draws
from gala.planning.snapshot import Snapshot
from gala.planning.templates import ANYWHERE

_LAST = Tier.C.rank


class Site(NamedTuple):
    """One workload of one event in one cluster that takes part."""

    workload: Workload
    cluster: ClusterFacts
    key: TargetKey
    facts: TargetFacts | Missing | None
    """None: never read."""
    entry: Entry | None
    original: int
    """What runs there without us."""
    size: Size
    """What one pod requests; nothing where it was never read."""
    admitted: bool
    """Whether more may be put here; else an open entry holds what it has, and nothing new begins."""
    rank: int
    """Of the tier that it has here: no higher than what is granted, C where nothing is."""

    @property
    def warmup(self) -> float | None:
        """The workload's own warm-up in seconds, None where it states no capacity."""
        return None if self.workload.capacity is None else self.workload.capacity.warmup


def target_key(workload: Workload, event_namespace: str) -> TargetKey:
    """The target's key in every cluster; its namespace defaults to the event's."""
    target = workload.target
    return TargetKey(target.api_version, target.kind, target.namespace or event_namespace, target.name)


def selects(selector: Selector | None, labels: Mapping[str, str]) -> bool:
    """Whether a selector picks these labels; an absent one picks everything."""
    return selector is None or selector.matches(labels)


def sites(event: EventFacts, snapshot: Snapshot, books: Books) -> tuple[dict[SiteKey, Site], list[Finding]]:
    """Every place where this event may hold capacity, and why the other places are none.

    An entry that is open stays a site whatever has changed since; what it may not do any more is
    a finding too.
    """
    found: dict[SiteKey, Site] = {}
    findings: list[Finding] = []
    entries = books.entries(event.key)
    taking = [
        cluster
        for _, cluster in sorted(snapshot.clusters.items())
        if selects(event.spec.cluster_selector, cluster.labels)
    ]
    grants: dict[tuple[str, str], int | None] = {}
    """The rank of the highest tier that a cluster lets this event grow in a namespace; None: nothing."""
    silent = _strangers(event, taking)
    for workload in sorted(event.spec.workloads, key=lambda w: w.name):
        key, rank = target_key(workload, event.key.namespace), workload.tier.rank
        selected = [cluster for cluster in taking if selects(workload.cluster_selector, cluster.labels)]
        spoken_of = [
            cluster
            for cluster in selected
            if workload.cluster_selector is not None
            or cluster.name not in silent
            or (workload.name, cluster.name) in entries
        ]
        if selected and not spoken_of:
            message = refusal_of_all([one.name for one in selected], event.key.namespace, key, workload.tier)
            findings.append(Finding("NoClusters", message, "", workload.name))
        for cluster in spoken_of:
            name = cluster.name
            facts, entry = cluster.targets.get(key), entries.get((workload.name, name))
            original, size = books.original(name, key, facts), pod_size(cluster, key, facts)
            place = (name, (key if entry is None else entry.target).namespace)
            if place not in grants:
                granted = highest_tier(cluster.admits, event.key.namespace, place[1])
                grants[place] = None if granted is None else granted.rank
            highest = grants[place]
            admitted = highest is not None and rank >= highest
            served = max(rank, _LAST if highest is None else highest)
            site = Site(workload, cluster, key, facts, entry, original, size, admitted, served)
            problem = _refusal(event, site)
            if problem is not None:
                findings.append(problem)
            if problem is None or entry is not None:
                found[workload.name, name] = site
    return found, findings


def _strangers(event: EventFacts, taking: Iterable[ClusterFacts]) -> set[str]:
    """Clusters that grant the event's namespace nothing, and that its spec did not ask for."""
    if event.spec.cluster_selector is not None:
        return set()
    asked = {share.cluster for share in event.spec.division.shares}
    return {
        cluster.name
        for cluster in taking
        if cluster.name not in asked
        and not cluster.admits_own
        and not knows(cluster.admits, event.key.namespace)
    }


def pod_size(cluster: ClusterFacts, key: TargetKey, facts: TargetFacts | Missing | None) -> Size:
    """What one pod of a target asks of its cluster; nothing where the target was never read."""
    if not isinstance(facts, TargetFacts):
        return NOTHING
    quotas, template = cluster.quotas.get(key.namespace, ()), facts.template
    plain = template.where == ANYWHERE and template.spread is None and not template.extended
    if plain and not quotas:
        return Size(facts.cpu, facts.memory)
    drawn = draws(key.namespace, quotas, cpu=facts.cpu, memory=facts.memory, template=template)
    of = str(key) if template.spread is not None else ""
    needs = Needs(drawn, template.where, template.extended, template.spread, of)
    return Size(facts.cpu, facts.memory, needs)


def _refusal(event: EventFacts, site: Site) -> Finding | None:
    """Why nothing may grow here; of an open entry only what its cluster does not admit (any more)."""
    if site.admitted and site.entry is None:
        return _unusable(site)
    name, where, key = site.cluster.name, site.workload.name, site.key
    tier, admits = site.workload.tier, site.cluster.admits
    moved = site.entry is not None and site.entry.target.namespace != key.namespace
    if not site.admitted or (moved and not may_grow(admits, event.key.namespace, key.namespace, tier)):
        message = refusal(admits, name, event.key.namespace, key, tier)
        if site.entry is not None:
            message += "; what is held there stays until its round is over, and nothing new begins"
        return Finding("NotAdmitted", message, name, where)
    return None


def _unusable(site: Site) -> Finding | None:
    """What is wrong with a target that the cluster admits."""
    name, where, key = site.cluster.name, site.workload.name, site.key
    if site.facts is None:
        return Finding("TargetUnknown", f"{key} in cluster {name} has not been read yet", name, where)
    if isinstance(site.facts, Missing):
        return Finding(site.facts.reason, site.facts.message, name, where)
    if site.facts.autoscaler:
        message = (
            f"{key} in cluster {name} is scaled by {site.facts.autoscaler}, which is not yet supported; "
            "remove it for the show, or take the workload out of the event"
        )
        return Finding("NotYetSupported", message, name, where)
    if site.facts.deletes_volumes:
        message = (
            f"{key} in cluster {name} deletes its volumes when scaled down (whenScaled: Delete); "
            "set persistentVolumeClaimRetentionPolicy.whenScaled to Retain"
        )
        return Finding("DeletesVolumes", message, name, where)
    return None
