"""Ways to have a cluster, a Secret or a Prometheus used that is not one's own."""

from __future__ import annotations

from collections.abc import Mapping

from tenancy_objects import (
    BANK,
    SHOWS,
    Json,
    admit,
    cluster,
    event,
    measured,
    measuring,
    of_the_bank,
)
from tenancy_ways import OWN, Told, Way, invalid_cluster

BANKS = event(workloads=[of_the_bank()])
ALL = [admit("*", maxTier="S")]
ITS_PLACE = "the platform team can write it in gala-system"
A_NAME = "is not a name; write lower-case letters, digits and hyphens"
A_FORM = "does not have the right form; write something that matches"
SIGNAL = {"signal": {"metric": "hits"}}


def elsewhere(name: str = "north", *others: Json, **spec: object) -> Way:
    """A GalaCluster that somebody writes in his own namespace; ``others`` are the platform team's."""
    stray = cluster(name, SHOWS, **{"admits": ALL, **spec})
    event_ = event(workloads=[of_the_bank(**SIGNAL)])
    return Way(
        objects=(*others, stray, event_), told=Told(stray, "Ready", "OutsideFleetNamespace", ITS_PLACE)
    )


def keeping(name: str, **more: str) -> Json:
    """A GalaCluster whose kubeconfig is said to be in this Secret."""
    return cluster(kubeconfig={"secretRef": {"name": name, **more}}, admits=ALL)


def with_token(name: str, **more: str) -> Json:
    """A GalaCluster whose Prometheus is said to take the token in this Secret."""
    return measuring(bearerTokenSecretRef={"name": name, **more})


CLUSTERS: Mapping[str, Way] = {
    "a GalaCluster in one's own namespace": elsewhere("mine"),
    "one of the same name as a real one, which admits more": elsewhere("north", cluster()),
    "one that says it is the operator's own cluster": elsewhere("mine", inCluster=True),
    "one that names the Secret of a real one": elsewhere(
        "mine", kubeconfig={"secretRef": {"name": "north-kubeconfig"}}
    ),
    "one that has its own Prometheus asked": elsewhere(
        "mine", prometheus={"url": "http://127.0.0.1:PORT", "allowCustomQueries": True}
    ),
    "a second one for a real cluster, which admits more": elsewhere(
        "north-too", cluster(), kubeconfig={"secretRef": {"name": "north-kubeconfig"}}
    ),
}

SECRETS: Mapping[str, Way] = {
    "the path of a Secret in another namespace": invalid_cluster(
        keeping("../../bank/secrets/token"), A_NAME, event()
    ),
    "a Secret called dot dot": invalid_cluster(keeping(".."), A_NAME, event()),
    "a Secret with a query in its name": invalid_cluster(keeping("token?x=1"), A_NAME, event()),
    "a Secret with an escaped slash in its name": invalid_cluster(keeping("..%2fbank"), A_NAME, event()),
    "a key with a slash": invalid_cluster(keeping("north-kubeconfig", key="../value"), A_FORM, event()),
    "a Secret with a namespace": invalid_cluster(
        keeping("token", namespace=BANK), "there is no such field; write name", event()
    ),
    "a Secret that is only in another namespace": Way(
        objects=(missing := keeping("token"), event()),
        told=Told(missing, "Ready", "CredentialsRefused", "the platform team can put it there"),
        secrets=("token",),
    ),
    "a token that is only in another namespace": Way(
        objects=(with_token("token"), unread := measured(**SIGNAL)),
        told=Told(unread, "SignalsFresh", "CredentialsRefused", "the platform team can put it there"),
        secrets=("token",),
        touched=OWN,
    ),
    "the path of a token in another namespace": invalid_cluster(
        with_token("../../bank/secrets/token"), A_NAME, event()
    ),
    "a token with a namespace": invalid_cluster(
        with_token("token", namespace=BANK), "there is no such field; write name", event()
    ),
}
