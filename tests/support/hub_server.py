"""A hub for the tests of whatever talks to one: the sandbox's API server with our CRDs, over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from gala.api import crd
from gala.fleet.client import ApiServer
from gala.fleet.kubeconfig import Credentials
from gala.sandbox.apiserver.server import EmbeddedServer
from gala.settings import Settings

NAMESPACE = "gala-system"
SHOWS = "shows"
EVENTS_PATH = f"/apis/gala.dev/v1alpha1/namespaces/{SHOWS}/galaevents"
LEDGER_PATH = f"/apis/gala.dev/v1alpha1/namespaces/{NAMESPACE}/galaallocations"
KEEP = "x-kubernetes-preserve-unknown-fields"
CRDS_PATH = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


@dataclass
class Time:
    """A clock that moves when it is told to."""

    value: float = 1_800_000_000.0

    def now(self) -> float:
        return self.value

    def __call__(self) -> float:
        return self.value

    async def until(self, deadline: float) -> Mapping[tuple[str, str], int]:
        self.value = max(self.value, deadline)
        return {}


@dataclass
class Hub:
    """The server, a client of it, and what a test does as a person would."""

    server: EmbeddedServer
    api: ApiServer
    time: Time
    settings: Settings

    async def create_event(self, name: str = "gala", **spec: Any) -> dict[str, Any]:
        return await self.api.request("POST", EVENTS_PATH, body=event(name, **spec))

    async def delete_event(self, name: str = "gala") -> None:
        await self.api.request("DELETE", f"{EVENTS_PATH}/{name}")

    def another_client(self) -> ApiServer:
        return ApiServer("hub", self.api.credentials, self.settings)


@asynccontextmanager
async def a_hub(*, settings: Settings | None = None) -> AsyncIterator[Hub]:
    """A hub with our kinds and the two namespaces; everything is closed afterwards."""
    time = Time()
    server = EmbeddedServer("hub", time)
    await server.start()
    chosen = settings or Settings()
    api = ApiServer("hub", Credentials(server=server.url), chosen)
    try:
        for namespace in (NAMESPACE, SHOWS):
            await api.request("POST", "/api/v1/namespaces", body={"metadata": {"name": namespace}})
        for definition in definitions():
            await api.request("POST", CRDS_PATH, body=definition)
        yield Hub(server, api, time, chosen)
    finally:
        await api.close()
        await server.stop()


def definitions() -> Iterator[dict[str, Any]]:
    """Our CRDs."""
    return (crd.render(kind) for kind in crd.KINDS)


def event(name: str = "gala", namespace: str = SHOWS, **spec: Any) -> dict[str, Any]:
    """A small GalaEvent as a person writes it."""
    demand = [{"workload": "front", "replicas": 30}]
    base: dict[str, Any] = {
        "workloads": [{"name": "front", "target": {"name": "front"}}],
        "rounds": [{"name": "one", "start": "2027-02-05T20:00:00+08:00", "duration": "5m", "demand": demand}],
    }
    return {
        "apiVersion": "gala.dev/v1alpha1",
        "kind": "GalaEvent",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {**base, **spec},
    }


def cluster(name: str = "north", namespace: str = NAMESPACE, **spec: Any) -> dict[str, Any]:
    """A small GalaCluster as a person writes it."""
    return {
        "apiVersion": "gala.dev/v1alpha1",
        "kind": "GalaCluster",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"inCluster": True, **spec},
    }


def stored(
    obj: dict[str, Any], *, version: int = 1, uid: str = "u1", generation: int = 1, **status: Any
) -> dict[str, Any]:
    """The object as an API server would show it."""
    meta = {
        **obj["metadata"],
        "uid": uid,
        "generation": generation,
        "resourceVersion": str(version),
        "creationTimestamp": "2027-01-01T00:00:00Z",
    }
    return {**obj, "metadata": meta, **({"status": status} if status else {})}


def without(plural: str, *paths: str) -> dict[str, Any]:
    """A definition of ours that lacks these fields of its spec, and drops what it does not know.

    Paths as ``entries[].floors[].taken``.
    """
    definition = next(one for one in definitions() if one["spec"]["names"]["plural"] == plural)
    (version,) = definition["spec"]["versions"]
    for path in paths:
        schema = version["schema"]["openAPIV3Schema"]["properties"]["spec"]
        *outer, last = path.split(".")
        for step in outer:
            schema.pop(KEEP, None)
            schema = schema["properties"][step.removesuffix("[]")]
            schema = schema["items"] if step.endswith("[]") else schema
        schema.pop(KEEP, None)
        del schema["properties"][last]
    return definition
