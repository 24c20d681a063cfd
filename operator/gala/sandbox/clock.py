"""The stepped clock: time stands still while anybody works and then jumps to the next edge.

One step: wait until no request is in flight, let every cluster apply what it was asked for,
jump, tell all watches, and answer with the resourceVersions that the engine's caches have to
reach before it may look. So the same seed gives the same night, however threads and sockets
are scheduled.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import count
from math import inf
from typing import NamedTuple

from gala.errors import BarrierTimeout
from gala.sandbox.apiserver.server import EmbeddedServer
from gala.sandbox.world import ClusterWorld

Barrier = Mapping[tuple[str, str], int]
"""As ``engine.ports.Barrier``."""

HUB = "hub"
"""The name under which the barrier lists the operator's own API server."""

_HUB_PLURALS = ("galaevents", "galaclusters", "galacues")
_MEMBER_PLURALS = ("deployments", "statefulsets", "nodes", "pods")
_PATIENCE = 30.0
"""Wall seconds that requests and watches have to finish; longer means that somebody hangs."""


class SimTime:
    """The simulated time of day; only the clock moves it."""

    def __init__(self, start: float) -> None:
        self.value = start

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.value


class Edge(NamedTuple):
    """Something that happens at a given time; the clock returns to the engine right after it."""

    at: float
    order: int
    action: Callable[[], Awaitable[None]]


Observer = Callable[[float], None]
"""Told the new time after each step, when the clusters have got there."""


class LocalClock:
    """Implements ``engine.ports.Clock`` for an engine in the same event loop."""

    def __init__(
        self, time: SimTime, hub: EmbeddedServer, worlds: Sequence[ClusterWorld], *, end: float = inf
    ) -> None:
        """At ``end`` time stops for good: ``until`` does not return any more, and ``finished`` is set."""
        self._time = time
        self._hub = hub
        self._worlds = tuple(sorted(worlds, key=lambda world: world.name))
        self.end = end
        self._edges: list[Edge] = []
        self._orders = count()
        self._lock = asyncio.Lock()
        self.observers: list[Observer] = []
        self.finished = asyncio.Event()
        self.steps = 0

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._time.value

    def at(self, when: float, action: Callable[[], Awaitable[None]]) -> None:
        """Plans something; what is in the past happens at the next step."""
        heapq.heappush(self._edges, Edge(when, next(self._orders), action))

    async def until(self, deadline: float) -> Barrier:
        """Steps to ``deadline``, or to the first planned edge before it.

        Raises:
            BarrierTimeout: a request or a watch did not finish within half a minute of wall time.
        """
        async with self._lock:
            if self.now() >= self.end:
                self.finished.set()
                await asyncio.Event().wait()
            await self._settle()
            target = min(deadline, self.end)
            if self._edges:
                target = min(target, self._edges[0].at)
            self._advance(max(target, self.now()))
            while self._edges and self._edges[0].at <= self.now():
                await heapq.heappop(self._edges).action()
            return await self._publish()

    def wake(self) -> None:
        """Nothing: whoever changes something in the sandbox plans an edge for it."""

    def _advance(self, to: float) -> None:
        for world in self._worlds:
            world.step(to)
        self._time.value = to
        self.steps += 1
        for observer in self.observers:
            observer(to)

    async def _settle(self) -> None:
        servers = [self._hub, *(world.server for world in self._worlds)]
        try:
            async with asyncio.timeout(_PATIENCE):
                for server in servers:
                    await server.settle()
        except TimeoutError as error:
            raise BarrierTimeout(
                f"A request or a watch hangs for {_PATIENCE:g} s; time cannot go on."
            ) from error

    async def _publish(self) -> Barrier:
        for server in (self._hub, *(world.server for world in self._worlds)):
            server.store.bookmark()
        await self._settle()
        return self.barrier()

    def barrier(self) -> dict[tuple[str, str], int]:
        """How far each server is; those that cannot be reached are left out."""
        found: dict[tuple[str, str], int] = {}
        self._collect(found, HUB, self._hub, _HUB_PLURALS)
        for world in self._worlds:
            self._collect(found, world.name, world.server, _MEMBER_PLURALS)
        return found

    def _collect(
        self, into: dict[tuple[str, str], int], name: str, server: EmbeddedServer, plurals: Sequence[str]
    ) -> None:
        if server.faults.unreachable:
            return
        for kind in server.resources.kinds.values():
            if kind.plural not in plurals:
                continue
            latest = server.store.latest(kind)
            if latest and (kind.plural != "pods" or server.store.watched(kind)):
                into[name, kind.plural] = latest
