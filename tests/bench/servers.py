"""A hub and its member clusters in a process of their own, so that their CPU is nobody else's figure.

    python servers.py CLUSTERS WORKLOADS ROUNDS START

They are the sandbox's embedded API servers on loopback without TLS, with real pods and nodes, and a
stand-in for Prometheus. One line of JSON says where they are; they end when their input is closed.
"""

from __future__ import annotations

import asyncio
import base64
import json
import re
import sys
import time
from random import Random
from typing import Any

from aiohttp import web
from night import (
    FLEET_NAMESPACE,
    GIB,
    NAMESPACE,
    NODE_GROUPS,
    Json,
    Size,
    cluster_name,
    events,
    free_cores,
    loads,
    nodes_of,
)

from gala.api.crd import KINDS, render
from gala.sandbox.apiserver.kinds import CRD
from gala.sandbox.apiserver.resources import Options
from gala.sandbox.apiserver.server import EmbeddedServer
from gala.sandbox.fleet import kubeconfig
from gala.sandbox.nodes import NodeGroup
from gala.sandbox.readiness import Readiness
from gala.sandbox.world import ClusterWorld, WorldParams

STEP = 0.25
"""Wall seconds between two steps of the simulated clusters."""

wall = time.time  # noqa: TID251 (what the servers stamp is real time)

AT_ONCE = Readiness(p50=0.1, p95=0.2, longest=0.2)
"""Nobody waits for pods here."""

_MARK = re.compile(r'"(\d+)([vt])"')


class Servers:
    """Builds and fills all of them."""

    def __init__(self, size: Size, start: float) -> None:
        self.size = size
        self.hub = EmbeddedServer("hub", wall)
        self.prometheus = Prometheus()
        self.worlds = [self._world(number) for number in range(size.clusters)]
        self._events = events(size, start)

    async def start(self) -> Json:
        """Opens every port and fills the servers; answers where the hub is."""
        await self.hub.start()
        await self.prometheus.start()
        for world in self.worlds:
            await world.server.start()
        for space in (FLEET_NAMESPACE, NAMESPACE):
            _create(self.hub, "namespaces", {"metadata": {"name": space}})
        for kind in KINDS:
            self.hub.resources.create(CRD, "", render(kind), Options(manager="bench"))
        for number, world in enumerate(self.worlds):
            self._member(number, world)
        for document in self._events:
            _create(self.hub, "galaevents", document)
        return {"hub": self.hub.url}

    async def live(self) -> None:
        """Lets time pass for the pods."""
        while True:
            await asyncio.sleep(STEP)
            for world in self.worlds:
                world.step(wall())

    def _world(self, number: int) -> ClusterWorld:
        server = EmbeddedServer(cluster_name(number), wall)
        params = WorldParams(
            nodes=tuple(_nodes(self.size, number)), readiness=AT_ONCE, starts_per_second=10_000, grace=0.1
        )
        return ClusterWorld(server, params, now=wall())

    def _member(self, number: int, world: ClusterWorld) -> None:
        name = cluster_name(number)
        text = kubeconfig({name: world.server.url}, name)
        secret = {
            "metadata": {"name": f"{name}-kubeconfig", "namespace": FLEET_NAMESPACE},
            "data": {"value": base64.b64encode(text.encode()).decode()},
        }
        _create(self.hub, "secrets", secret)
        _create(self.hub, "galaclusters", self._cluster(number))
        _create(world.server, "namespaces", {"metadata": {"name": NAMESPACE}})
        for load in loads(self.size):
            _create(world.server, "deployments", deployment(load.name, load.original, load.cpu, load.memory))
        world.prime()

    def _cluster(self, number: int) -> Json:
        grant = {
            "eventNamespace": NAMESPACE,
            "targetNamespaces": [NAMESPACE],
            "may": ["Grow"],
            "maxTier": "S",
        }
        return {
            "metadata": {"name": cluster_name(number), "namespace": FLEET_NAMESPACE},
            "spec": {
                "class": "Public" if number % 4 == 3 else "Private",
                "fillOrder": number % 3,
                "podStart": {"perSecond": 1000, "p95": "60s"},
                "writeLimit": {"qps": 1000, "burst": 2000},
                "admits": [grant],
                "prometheus": {"url": self.prometheus.url},
            },
        }


class Prometheus:
    """Has a fresh figure for everything that it is asked."""

    def __init__(self) -> None:
        self.url = ""
        self._random = Random(0)

    async def start(self) -> None:
        """Listens on a free port."""
        runner = web.ServerRunner(web.Server(self._answer))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"

    async def _answer(self, request: web.BaseRequest) -> web.Response:
        asked = request.query.get("query") or dict(await request.post()).get("query") or ""
        now, found = wall(), []
        for number, kind in _MARK.findall(str(asked)):
            value = now - 1.0 if kind == "t" else self._random.uniform(100.0, 200.0)
            metric = {"gala": f"{number}{kind}"}
            found.append({"metric": metric, "value": [now, str(value)]})
        return web.json_response({"status": "success", "data": {"resultType": "vector", "result": found}})


def deployment(name: str, replicas: int, cpu: int, memory: int) -> Json:
    """One target."""
    labels = {"app": name}
    resources = {"requests": {"cpu": f"{cpu}m", "memory": str(memory)}}
    container = {"name": "main", "image": f"example.invalid/{name}:1", "resources": resources}
    return {
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def _nodes(size: Size, number: int) -> list[NodeGroup]:
    return [
        NodeGroup(
            count=nodes_of(size) // NODE_GROUPS,
            cpu=32_000,
            memory=128 * GIB,
            system_cpu=32_000 - free,
            system_memory=(128 - free * 4 // 1000) * GIB,
        )
        for free in free_cores(number)
    ]


def _create(server: EmbeddedServer, plural: str, body: Any) -> None:
    kind = server.resources.find(plural)
    namespace = body["metadata"].get("namespace", "")
    server.resources.create(kind, namespace, body, Options(manager="helm"))


async def main(size: Size, start: float) -> None:
    """Serves until the input is closed."""
    servers = Servers(size, start)
    print(json.dumps(await servers.start()), flush=True)
    living = asyncio.create_task(servers.live())
    await asyncio.to_thread(sys.stdin.read)
    living.cancel()


if __name__ == "__main__":
    asyncio.run(main(Size(*(int(text) for text in sys.argv[1:4])), float(sys.argv[4])))
