"""Builders for tests of the sandbox: a server with a client, workloads, a small world."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp

from gala.sandbox.apiserver.server import EmbeddedServer
from gala.sandbox.clock import SimTime
from gala.sandbox.nodes import NodeGroup
from gala.sandbox.readiness import Readiness
from gala.sandbox.world import ClusterWorld, WorldParams

Json = dict[str, Any]
START = 1_800_000_000.0
DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"
MERGE = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"
APPLY = "application/apply-patch+yaml"


class Client:
    """Raw HTTP to one server; answers (status, body)."""

    def __init__(self, session: aiohttp.ClientSession, server: EmbeddedServer) -> None:
        self.session = session
        self.server = server

    async def call(
        self, method: str, path: str, body: Any = None, *, content: str = "application/json", **query: str
    ) -> tuple[int, Json]:
        headers = {"Content-Type": content}
        async with self.session.request(
            method, self.server.url + path, json=body, params=query, headers=headers
        ) as response:
            return response.status, await response.json()

    async def get(self, path: str, **query: str) -> Json:
        status, body = await self.call("GET", path, **query)
        assert status == 200, body
        return body

    async def deploy(self, name: str = "web", replicas: int = 3, **more: Any) -> Json:
        status, body = await self.call("POST", DEPLOYMENTS, deployment(name, replicas, **more))
        assert status == 201, body
        return body

    async def scale(
        self, replicas: int, *, name: str = "web", manager: str = "gala-operator"
    ) -> tuple[int, Json]:
        patch = {"spec": {"replicas": replicas}}
        path = f"{DEPLOYMENTS}/{name}/scale"
        return await self.call("PATCH", path, patch, content=MERGE, fieldManager=manager)


@asynccontextmanager
async def serving(server: EmbeddedServer) -> AsyncIterator[Client]:
    """The server on a port, with the namespace ``shop``, and a client of it."""
    await server.start()
    try:
        async with aiohttp.ClientSession() as session:
            client = Client(session, server)
            status, _ = await client.call("POST", "/api/v1/namespaces", {"metadata": {"name": "shop"}})
            assert status == 201
            yield client
    finally:
        await server.stop()


def deployment(
    name: str = "web", replicas: int = 3, *, cpu: str = "1", memory: str = "1Gi", kind: str = "Deployment"
) -> Json:
    labels = {"app": name}
    resources = {"requests": {"cpu": cpu, "memory": memory}}
    return {
        "apiVersion": "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "main", "image": "example/main", "resources": resources}]},
            },
        },
    }


def world(
    *, name: str = "east", nodes: int = 4, cpu: int = 12_000, seed: int = 1, **more: Any
) -> tuple[ClusterWorld, SimTime]:
    """A cluster of equal nodes with ten usable cores each, and the time it lives in."""
    time = SimTime(START)
    server = EmbeddedServer(name, time.now)
    groups = (NodeGroup(count=nodes, cpu=cpu),)
    more.setdefault("readiness", Readiness())
    return ClusterWorld(server, WorldParams(nodes=groups, seed=seed, **more), now=START), time
