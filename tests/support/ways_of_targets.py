"""Ways to make a target's words lead to another object of an API server."""

from __future__ import annotations

from collections.abc import Mapping

from tenancy_objects import admitting, event, workload
from tenancy_ways import OWN, Told, Way, invalid_event

A_NAME = "is not a name; write lower-case letters, digits and hyphens"
A_FORM = "does not have the right form; write something that matches"


def word(grants: str = A_NAME, **target: str) -> Way:
    """A target with a word that is none."""
    return invalid_event(event(workloads=[workload(target=target)]), grants, admitting())


def kind(name: str, api_version: str = "v1") -> Way:
    """A target of a kind that cannot be scaled."""
    made = event(workloads=[workload(target={"apiVersion": api_version, "kind": name, "name": "front"})])
    told = Told(made, "PreflightPassed", "NotServed", "only what lives in a namespace and has /scale can")
    return Way(objects=(admitting(), made), told=told, touched=OWN)


TARGETS: Mapping[str, Way] = {
    "a name that leads into another namespace": word(name="../../bank/deployments/vault"),
    "a name that is dot dot": word(name=".."),
    "a name with escaped dots": word(name="%2e%2e"),
    "a name with an escaped slash": word(name="front%2fscale"),
    "a name with a subresource": word(name="front/scale"),
    "a name with a query": word(name="front?fieldManager=kubectl"),
    "a name with a fragment": word(name="front#"),
    "a name with a line break": word(name="front\n"),
    "a name in letters that only look like latin ones": word(name="frоnt"),
    "a namespace that leads to another one": word(namespace="shows/../bank"),
    "a namespace that is dot dot": word(namespace=".."),
    "a namespace in capitals": word(namespace="BANK"),
    "a namespace in wide letters": word(namespace="ｂank"),
    "no namespace": word("write", namespace=""),
    "all namespaces": word(namespace="*"),
    "a version that leads to another path": word(A_FORM, apiVersion="../v1"),
    "a version with a path after it": word(A_FORM, apiVersion="apps/v1/namespaces/bank"),
    "a version with an escaped slash": word(A_FORM, apiVersion="apps%2fv1"),
    "a version with a query": word(A_FORM, apiVersion="apps/v1?x=1"),
    "a kind with a subresource": word(A_FORM, kind="Deployment/scale"),
    "a kind that leads to another path": word(A_FORM, kind="../Deployment"),
    "a kind in small letters": word(A_FORM, kind="deployments"),
    "a Secret": kind("Secret"),
    "a Node": kind("Node"),
    "a Namespace": kind("Namespace"),
    "a definition of a kind": kind("CustomResourceDefinition", "apiextensions.k8s.io/v1"),
    "a GalaEvent": kind("GalaEvent", "gala.dev/v1alpha1"),
    "a kind of the whole cluster that has a scale": kind("Fleet", "example.com/v1"),
}
