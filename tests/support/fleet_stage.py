"""A hub, member clusters and the fleet that sees them, for tests of whole passes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fleet_builders import DEPLOYMENTS, NODES, QUICK, WEB, Now, Wish, client, deployment, enrol, member, node
from fleet_server import FleetServer, serving
from gala.fleet.fleet import MemberFleet
from gala.planning.facts import ClusterFacts, TargetFacts
from gala.settings import Settings

HASTY = Settings(request_deadline=0.3)


class Stage:
    """A hub, one member cluster and the fleet that sees them."""

    def __init__(self, hub: FleetServer, north: FleetServer, settings: Settings) -> None:
        self.hub, self.north, self.now = hub, north, Now()
        self.settings = settings
        self.hub_client = client(hub, settings)
        self.fleet = MemberFleet(self.hub_client, settings, self.now)
        self.clusters = [member()]
        self.wishes = [Wish()]

    async def look(self, **barrier: int) -> ClusterFacts:
        """One pass over the cluster ``north``."""
        return (await self.look_at_all(**barrier))["north"]

    async def look_at_all(self, **barrier: int) -> dict[str, ClusterFacts]:
        wanted = {cluster.metadata.name: self.wishes for cluster in self.clusters}
        await self.fleet.sync(self.clusters, wanted)
        seen = {("north", plural): version for plural, version in barrier.items()}
        return dict(await self.fleet.observe(seen))

    async def later(self, seconds: float, **barrier: int) -> ClusterFacts:
        """A pass some seconds later."""
        self.now.pass_by(seconds)
        return await self.look(**barrier)

    async def fall(self) -> None:
        """The cluster stops answering."""
        self.north.down = True
        self.north.cut()
        await self.ended()

    async def ended(self, plural: str = "") -> None:
        """Returns when the caches (of one kind) have ended."""
        targets = self.fleet._members["north"]._upkeep.targets
        assert targets is not None
        caches = [cache for cache in targets.caches() if plural in {"", cache.plural}]
        while any(cache.running for cache in caches):  # noqa: ASYNC110 (what is waited for is an end)
            await asyncio.sleep(0.005)


@asynccontextmanager
async def stage(settings: Settings = QUICK) -> AsyncIterator[Stage]:
    async with serving() as hub, serving() as north:
        enrol(hub, north)
        north.put(DEPLOYMENTS, deployment())
        north.put(NODES, node("n1"))
        made = Stage(hub, north, settings)
        try:
            yield made
        finally:
            await made.fleet.close()
            await made.hub_client.close()


def web_of(facts: ClusterFacts) -> TargetFacts:
    found = facts.targets[WEB]
    assert isinstance(found, TargetFacts)
    return found
