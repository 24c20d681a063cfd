"""The clusters that the pages speak of: a hub and three members, a show, and the night that it plays in.

The operator is the real one, in this process, on the sandbox's stepped clock. Between two
``play`` time stands still, so that a reader's commands find what the page says they find.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import yaml

from doc_pages import ROOT
from gala.api.documents import read_documents
from gala.api.scalars import format_instant
from gala.engine.ports import Barrier
from gala.engine.wiring import Wired, wire
from gala.fleet.client import ApiServer
from gala.fleet.kubeconfig import Credentials
from gala.intake.intake import Intake
from gala.sandbox.apiserver.kinds import CRD
from gala.sandbox.apiserver.resources import Options
from gala.sandbox.apiserver.server import EmbeddedServer
from gala.sandbox.clock import LocalClock, SimTime
from gala.sandbox.demo import SETTINGS, until_synced
from gala.sandbox.fleet import kubeconfig
from gala.sandbox.nodes import NodeGroup
from gala.sandbox.readiness import Readiness
from gala.sandbox.world import ClusterWorld, WorldParams

DAY: Final = "2027-02-05"
BEGIN: Final = "19:00"
LOCAL: Final = "local"
"""The hub as a cluster that takes part."""

CONTEXTS: Final = {"my-cluster": LOCAL, "hub": LOCAL}
"""Other names by which the pages call it."""

ORIGINALS: Final = {"east": 40, "north": 20, "rented": 4}
"""Of the Deployment gateway, as in examples/clusters.yaml."""

_MADE: Final = Options(manager="helm")
Json = dict[str, Any]


def moment(clock: str) -> float:
    """A time of day of the night, in Beijing, as seconds since the epoch."""
    return datetime.fromisoformat(f"{DAY}T{clock}+08:00").timestamp()


class PacedClock:
    """The sandbox's clock, which the operator turns no further than it is let."""

    def __init__(self, clock: LocalClock) -> None:
        self._clock = clock
        self._limit = clock.now()
        self._go = asyncio.Event()
        self.waiting = asyncio.Event()
        """Set while the operator has nothing more to do before the limit."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._clock.now()

    def wake(self) -> None:
        """Nothing, as for the sandbox's clock."""

    def let(self, until: float) -> None:
        """Moves the limit."""
        self._limit = until
        self.waiting.clear()
        self._go.set()

    async def until(self, deadline: float) -> Barrier:
        """As ``engine.ports.Clock``; waits at the limit for a new one."""
        while self.now() >= self._limit:
            self._go.clear()
            self.waiting.set()
            await self._go.wait()
        return await self._clock.until(min(deadline, self._limit))


class Stage:
    """Servers and their time; ``staged`` starts and ends one."""

    def __init__(self) -> None:
        self._time = SimTime(moment(BEGIN))
        self.hub = EmbeddedServer(LOCAL, self._time.now)
        self.members = {name: EmbeddedServer(name, self._time.now) for name in ORIGINALS}
        self._worlds = [self._world(server) for server in (self.hub, *self.members.values())]
        self._clock = LocalClock(self._time, self.hub, self._worlds)
        self._paced: PacedClock | None = None
        self._operator: asyncio.Task[None] | None = None
        self._parts: tuple[Intake, Wired, ApiServer] | None = None

    def _world(self, server: EmbeddedServer) -> ClusterWorld:
        params = WorldParams(nodes=(NodeGroup(count=12),), readiness=Readiness(), starts_per_second=15)
        return ClusterWorld(server, params, now=self._time.now())

    def now(self) -> str:
        """RFC 3339."""
        return format_instant(self._time.now())

    async def start(self) -> None:
        """Opens the ports; the members run what they run on a usual evening, the hub is empty."""
        await self.hub.start()
        for name, server in self.members.items():
            await server.start()
            _create(server, {"kind": "Namespace", "metadata": {"name": "gala"}})
            _create(server, gateway(ORIGINALS[name]))
        for world in self._worlds:
            world.prime()

    def install(self) -> None:
        """What getting started leads to: kinds, namespaces, three clusters and a show."""
        for path in sorted((ROOT / "crds").glob("*.yaml")):
            self.hub.resources.create(CRD, "", yaml.safe_load(path.read_text(encoding="utf-8")), _MADE)
        for space in ("gala-system", "gala"):
            _create(self.hub, {"kind": "Namespace", "metadata": {"name": space}})
        for name in self.members:
            _create(self.hub, self.secret(name))
        for file in ("clusters.yaml", "minimal.yaml"):
            for body in read_documents((ROOT / "examples" / file).read_text(encoding="utf-8")):
                if body["kind"] != "GalaFacts":
                    _create(self.hub, body)

    def secret(self, name: str) -> Json:
        """A member's kubeconfig as the operator finds it."""
        value = base64.b64encode(self.kubeconfig(name).encode()).decode()
        metadata = {"name": f"{name}-kubeconfig", "namespace": "gala-system"}
        return {"kind": "Secret", "metadata": metadata, "data": {"value": value}}

    def kubeconfig(self, current: str) -> str:
        """With a context for every name that the pages use."""
        urls = {LOCAL: self.hub.url, **{name: server.url for name, server in self.members.items()}}
        return kubeconfig(urls | {other: urls[name] for other, name in CONTEXTS.items()}, current)

    async def play(self, until: float, *, operator: bool) -> None:
        """Lets the night go on, with or without the operator; it stands still afterwards."""
        if not operator:
            await self._end()
            while self._clock.now() < until:
                await self._clock.until(until)
            return
        running = self._operator or await self._begin()
        assert self._paced is not None
        self._paced.let(until)
        waiting = asyncio.create_task(self._paced.waiting.wait())
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if running.done():
            running.result()

    async def _begin(self) -> asyncio.Task[None]:
        hub = ApiServer("hub", Credentials(server=self.hub.url), SETTINGS)
        self._paced = PacedClock(self._clock)
        wired = wire(hub, self._paced, SETTINGS, identity="gala-operator-0")
        intake = Intake(wired.desired, hub, SETTINGS)
        self._parts = (intake, wired, hub)
        await intake.start()
        await until_synced(wired)
        self._operator = asyncio.create_task(wired.operator.run(), name="operator")
        return self._operator

    async def _end(self) -> None:
        """The operator dies: nothing is given back, not even the Lease."""
        if self._operator is not None:
            self._operator.cancel()
            with suppress(asyncio.CancelledError):
                await self._operator
            self._operator = None
        if self._parts is not None:
            intake, wired, hub = self._parts
            await intake.stop()
            await wired.close()
            await hub.close()
            self._parts = None

    async def stop(self) -> None:
        """Ends everything."""
        await self._end()
        for server in (self.hub, *self.members.values()):
            await server.stop()


@asynccontextmanager
async def staged(*, bare: bool = False) -> AsyncIterator[Stage]:
    """A stage with a show, or one on which nothing of ours is installed yet."""
    stage = Stage()
    await stage.start()
    try:
        if not bare:
            stage.install()
        yield stage
    finally:
        await stage.stop()


def gateway(replicas: int) -> Json:
    """The Deployment that the pages speak of."""
    labels = {"app": "gateway"}
    resources = {"requests": {"cpu": "1", "memory": "2Gi"}}
    container = {"name": "main", "image": "example.invalid/gateway:1", "resources": resources}
    return {
        "kind": "Deployment",
        "metadata": {"name": "gateway", "namespace": "gala"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def _create(server: EmbeddedServer, body: Mapping[str, Any]) -> None:
    kind = next(kind for kind in server.resources.kinds.values() if kind.kind == body["kind"])
    server.resources.create(kind, body["metadata"].get("namespace", ""), dict(body), _MADE)


def leave_files(stage: Stage, folder: Path) -> None:
    """What a reader has in his folder: a kubeconfig of each further cluster."""
    for name in stage.members:
        (folder / f"{name}.kubeconfig").write_text(stage.kubeconfig(name), encoding="utf-8")
