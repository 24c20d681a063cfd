"""Ways into a namespace, a permission or a tier that a cluster's platform team did not grant."""

from __future__ import annotations

from collections.abc import Mapping

from tenancy_objects import (
    BANK,
    FLEET,
    SHOWS,
    SYSTEM,
    Json,
    admit,
    admitting,
    cluster,
    event,
    home,
    of_the_bank,
    workload,
)
from tenancy_ways import OWN, Told, Way, invalid_cluster, not_admitted, unknown_there

BANKS = event(workloads=[of_the_bank()])
FROM_THE_BANK = event(namespace=BANK)
INTO_THE_BANK = "{eventNamespace: shows, targetNamespaces: [bank], maxTier: B}"
INTO_SHOWS = "{eventNamespace: shows, targetNamespaces: [shows], maxTier: B}"
A_NAME = "is not a name; write lower-case letters, digits and hyphens"
A_FORM = "does not have the right form; write something that matches"


def in_(namespace: str, name: str) -> dict[str, object]:
    """A workload of another namespace."""
    return workload(name, target={"name": name, "namespace": namespace})


def of_tier(tier: str) -> dict[str, object]:
    """An event of its own namespace that wants to be served first."""
    return event(workloads=[workload(tier=tier)])


def donor(which: Json) -> Way:
    """An event that wants room from somebody else, where even lending is granted."""
    made = event(donors=[{"name": "lender", "floor": {"replicas": 0}, **which}])
    later = 'may: [Lend] in spec.admits from the platform team and the label gala.dev/may-lend: "true"'
    told = Told(made, "PreflightPassed", "NotYetSupported", later)
    return Way(objects=(admitting(SHOWS, BANK, may=["Grow", "Lend"]), made), told=told, touched=OWN)


NAMESPACES: Mapping[str, Way] = {
    "a target of another namespace in the operator's own cluster": not_admitted(
        BANKS, home(), grants=INTO_THE_BANK
    ),
    "a target of another namespace in a remote cluster": unknown_there(
        BANKS, cluster(), grants=INTO_THE_BANK
    ),
    "a target of the own namespace in a remote cluster": unknown_there(event(), cluster(), grants=INTO_SHOWS),
    "an admission for the events of somebody else": unknown_there(
        BANKS, admitting(BANK, event_namespace=BANK), grants=INTO_THE_BANK
    ),
    "an admission for the events of somebody else in the operator's own cluster": unknown_there(
        event(), home(admits=[admit(BANK, event_namespace=BANK)]), grants=INTO_SHOWS
    ),
    "an admission whose target namespaces lack this one": not_admitted(
        BANKS, admitting(SHOWS), grants=INTO_THE_BANK
    ),
    "an admission for a namespace whose name begins alike": not_admitted(
        BANKS, admitting("ban", "bank-2"), grants=INTO_THE_BANK
    ),
    "an admission for a namespace whose name ends alike": not_admitted(
        BANKS, admitting("ank", "my-bank"), grants=INTO_THE_BANK
    ),
    "an admission for events whose namespace begins alike": unknown_there(
        BANKS, admitting(BANK, event_namespace="show"), grants=INTO_THE_BANK
    ),
    "an admission in capitals": invalid_cluster(admitting("BANK"), A_FORM, BANKS),
    "an admission with a star in a name": invalid_cluster(admitting("ba*"), A_FORM, BANKS),
    "an admission for the events of every namespace": invalid_cluster(
        admitting(BANK, event_namespace="*"), A_NAME, BANKS
    ),
    "namespaces that mean the same, and a target in another one": not_admitted(
        BANKS, cluster(namespaceSameness=True), grants=INTO_THE_BANK
    ),
    "namespaces that do not mean the same": unknown_there(
        event(), cluster(namespaceSameness=False), grants=INTO_SHOWS
    ),
    "an event in the fleet namespace with a target elsewhere": not_admitted(
        event(namespace=FLEET, workloads=[of_the_bank()]),
        home(),
        grants="{eventNamespace: gala-system, targetNamespaces: [bank], maxTier: B}",
    ),
    "the operator itself as a target": not_admitted(
        event(workloads=[in_(FLEET, "gala-operator")]),
        home(),
        grants="{eventNamespace: shows, targetNamespaces: [gala-system], maxTier: B}",
    ),
    "a target of kube-system in the operator's own cluster": not_admitted(
        event(workloads=[in_(SYSTEM, "coredns")]),
        home(),
        grants="{eventNamespace: shows, targetNamespaces: [kube-system], maxTier: B}",
    ),
    "a target of kube-system in a cluster that admits the own namespace": not_admitted(
        event(workloads=[in_(SYSTEM, "coredns")]),
        admitting(SHOWS),
        grants="{eventNamespace: shows, targetNamespaces: [kube-system], maxTier: B}",
    ),
    "a selector that picks a cluster which admits nobody": not_admitted(
        event(clusterSelector={"matchLabels": {"team": "bank"}}),
        cluster(metadata={"labels": {"team": "bank"}}),
        grants=INTO_SHOWS,
    ),
    "shares that name a cluster which admits nobody": not_admitted(
        event(division={"shares": [{"cluster": "north", "weight": 1}]}), cluster(), grants=INTO_SHOWS
    ),
    "a minimum for every cluster, those that admit nobody included": unknown_there(
        event(workloads=[workload(perCluster={"min": 20})]), cluster(), grants=INTO_SHOWS
    ),
    "labels and annotations of the event that claim an admission": not_admitted(
        event(
            workloads=[of_the_bank()],
            metadata={
                "labels": {"gala.dev/admitted": "true", "gala.dev/may-lend": "true"},
                "annotations": {"gala.dev/admits": "bank", "gala.dev/event": "bank/gala"},
            },
        ),
        home(),
        grants=INTO_THE_BANK,
    ),
}

PERMISSIONS: Mapping[str, Way] = {
    "growth where only lending is granted": not_admitted(
        event(), admitting(may=["Lend"]), grants="may: [Grow]"
    ),
    "a donor of another namespace": donor({"target": {"name": "vault", "namespace": BANK}}),
    "a donor of the own namespace without a label": donor({"target": {"name": "back"}}),
    "donors by a label that anybody can write": donor(
        {"selector": {"kind": "Deployment", "matchLabels": {"gala.dev/may-lend": "true"}}}
    ),
    "an admission that permits nothing": invalid_cluster(admitting(may=[]), "write", event()),
    "tier S where nothing is said of tiers": not_admitted(of_tier("S"), admitting(), grants="maxTier: S"),
    "tier A where nothing is said of tiers": not_admitted(of_tier("A"), admitting(), grants="maxTier: A"),
    "tier A in the own namespace of the operator's own cluster": not_admitted(
        of_tier("A"), home(), grants="{eventNamespace: shows, targetNamespaces: [shows], maxTier: A}"
    ),
    "tier S where A is the highest": not_admitted(of_tier("S"), admitting(maxTier="A"), grants="maxTier: S"),
    "tier S where it is granted to somebody else": not_admitted(
        of_tier("S"),
        cluster(admits=[admit(), admit(SHOWS, event_namespace=BANK, maxTier="S")]),
        grants="maxTier: S",
    ),
    "tier S where it is granted in another namespace": not_admitted(
        of_tier("S"), cluster(admits=[admit(), admit(BANK, maxTier="S")]), grants="maxTier: S"
    ),
    "tier S where namespaces mean the same": not_admitted(
        of_tier("S"),
        cluster(namespaceSameness=True),
        grants="{eventNamespace: shows, targetNamespaces: [shows], maxTier: S}",
    ),
}
