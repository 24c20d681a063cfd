"""What a cluster's platform team grants to events of a namespace, and how it is asked for more.

Nobody gains rights in a namespace, or a tier, by writing an event in another namespace.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from gala.api.event import Tier
from gala.planning.facts import Admission, TargetKey

EVERYWHERE = "*"
"""Among the target namespaces of an admission: all of them."""

MOST_NAMED = 4
"""Clusters in one sentence: it has to stay one that is read."""


def highest_tier(
    admits: Iterable[Admission], event_namespace: str, target_namespace: str, *, growing: bool = True
) -> Tier | None:
    """The highest tier that may grow there, None where nothing may; else of any permission."""
    tiers = [
        Tier(admission.max_tier)
        for admission in admits
        if admission.event_namespace == event_namespace
        and (admission.may_grow or not growing)
        and {EVERYWHERE, target_namespace} & set(admission.target_namespaces)
    ]
    return min(tiers, key=lambda tier: tier.rank, default=None)


def may_grow(admits: Iterable[Admission], event_namespace: str, target_namespace: str, tier: Tier) -> bool:
    """Whether an event of one namespace may grow a target of this tier in another one."""
    highest = highest_tier(admits, event_namespace, target_namespace)
    return highest is not None and tier.rank >= highest.rank


def knows(admits: Iterable[Admission], event_namespace: str) -> bool:
    """Whether anything at all is granted to events of a namespace, be it too little."""
    return any(admission.event_namespace == event_namespace for admission in admits)


def refusal(
    admits: tuple[Admission, ...], cluster: str, event_namespace: str, target: TargetKey, tier: Tier
) -> str:
    """What is not granted, by whom, and what to write where so that it is; one sentence."""
    highest = highest_tier(admits, event_namespace, target.namespace)
    listed = highest_tier(admits, event_namespace, target.namespace, growing=False)
    who = f"its platform team can grant it in spec.admits of GalaCluster {cluster}"
    events = f"events of namespace {event_namespace}"
    if highest is not None:
        return (
            f"cluster {cluster} admits {target} for {events} up to tier {highest}, not tier {tier}; "
            f"{who} with maxTier: {tier}, or write a lower tier"
        )
    if listed is not None:
        return f"cluster {cluster} lets {events} lend {target}, not grow it; {who} with may: [Grow]"
    grant = _grant(event_namespace, target, tier)
    return f"cluster {cluster} does not admit {target} of tier {tier} for {events}; {who} with {grant}"


def refusal_of_all(clusters: Sequence[str], event_namespace: str, target: TargetKey, tier: Tier) -> str:
    """The same where not one of these clusters, sorted by name, knows the event's namespace."""
    named = clusters if len(clusters) <= MOST_NAMED else [*clusters[: MOST_NAMED - 1], "another one"]
    where = " or ".join(filter(None, (", ".join(named[:-1]), named[-1])))
    return (
        f"no cluster admits {target} of tier {tier} for events of namespace {event_namespace}; "
        f"its platform team can grant it in spec.admits of GalaCluster {where} "
        f"with {_grant(event_namespace, target, tier)}"
    )


def _grant(event_namespace: str, target: TargetKey, tier: Tier) -> str:
    return f"{{eventNamespace: {event_namespace}, targetNamespaces: [{target.namespace}], maxTier: {tier}}}"
