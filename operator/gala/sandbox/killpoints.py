"""Kill points: the operator dies right before or right after a named request of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from gala.sandbox.apiserver.errors import ApiError
from gala.sandbox.apiserver.faults import Call
from gala.sandbox.apiserver.server import EmbeddedServer
from gala.sandbox.clock import HUB
from gala.sandbox.fleet import SandboxFleet


class KillPoint(NamedTuple):
    """The ``nth`` (from 1) request of this kind; ``cluster`` may be ``hub``."""

    cluster: str
    verb: str
    """HTTP method, or ``WATCH``."""
    resource: str
    """Plural, with its subresource: ``deployments/scale``."""
    nth: int
    before: bool
    """Before the request is carried out; else after it, and before it is answered."""


class KillSwitch:
    """Counts every request of every server, and strikes at the points it was given, each once."""

    def __init__(
        self, fleet: SandboxFleet, kill: Callable[[], None], points: tuple[KillPoint, ...] = ()
    ) -> None:
        self.calls: Counter[tuple[str, str, str]] = Counter()
        """By cluster, verb and resource: requests seen so far; what a sweep chooses its points from."""
        self.struck: list[KillPoint] = []
        self._kill = kill
        self._points = set(points)
        servers = {HUB: fleet.hub, **{name: world.server for name, world in fleet.worlds.items()}}
        for name, server in servers.items():
            self._guard(name, server)

    def _guard(self, cluster: str, server: EmbeddedServer) -> None:
        numbers: dict[int, int] = {}

        async def before(call: Call) -> None:
            key = (cluster, "WATCH" if call.watch else call.method, call.resource)
            self.calls[key] += 1
            numbers[id(call)] = self.calls[key]
            self._strike(KillPoint(*key, self.calls[key], before=True))

        async def after(call: Call) -> None:
            key = (cluster, call.method, call.resource)
            self._strike(KillPoint(*key, numbers.pop(id(call)), before=False))

        server.faults.before = before
        server.faults.after = after

    def _strike(self, point: KillPoint) -> None:
        if point not in self._points:
            return
        self._points.discard(point)
        self.struck.append(point)
        self._kill()
        raise ApiError(503, "ServiceUnavailable", "nobody is left to hear this")
