"""A puppet in the operator's place: keeps a one-round night's promises, or breaks the one it is told to.

It holds the highest floor of round and scene from before the round until after the cooldown,
and writes through the real ledger store and client.
"""

from __future__ import annotations

from dataclasses import dataclass

from gala.api.validation import parse_event
from gala.engine.store import LedgerStore
from gala.fleet.client import ApiServer
from gala.fleet.kubeconfig import Credentials
from gala.planning.facts import EventKey, TargetKey
from gala.planning.ledger import Basis, ClusterLedger, Entry, EventRecord, Floor, Move, Phase, Policy
from gala.report.nightlog import Place
from gala.sandbox.fleet import SandboxFleet
from gala.sandbox.schedule import Stretch, stretches
from gala.settings import HOME_MANAGER, MANAGER, Settings

POLICY = Policy()


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """What the puppet does wrong; nothing by default."""

    lead: float = 240.0
    home_early: bool = False
    """Gives back before the round's latest end."""
    without_ledger: bool = False
    below_original: bool = False
    forgets_one: bool = False
    """Leaves one target and its entry as they are."""
    take: int = 0
    """Moves so many replicas of the first workload to the second cluster in the middle of the round."""
    take_blindly: bool = False
    """Takes without adding and waiting first."""


class Puppet:
    """Runs one night on a started fleet."""

    def __init__(self, fleet: SandboxFleet, breach: Breach) -> None:
        self.fleet = fleet
        self.breach = breach
        settings = Settings()
        self.hub = ApiServer("hub", Credentials(server=fleet.hub_url), settings)
        self.members = {
            name: ApiServer(name, Credentials(server=world.server.url), settings)
            for name, world in fleet.worlds.items()
        }
        self.store = LedgerStore(self.hub, settings)
        self.key = EventKey(fleet.night.namespace, fleet.night.name)
        event = fleet.hub.resources.get(fleet.hub.resources.find("galaevents"), *self.key)
        self.uid: str = event["metadata"]["uid"]
        self.plan = stretches(parse_event(event).spec)
        self.seen = fleet.recorder.seen
        self.taken: dict[Place, int] = {}
        self.added: dict[Place, int] = {}

    async def run(self) -> None:
        """The whole night, until the clock stops."""
        show, scene = self.plan
        await self.store.load()
        await self._until(show.ready_by - self.breach.lead)
        await self._hold(self.plan)
        if self.breach.take:
            await self._until(show.start + 10)
            await self._move(show)
        if self.breach.home_early:
            await self._until(show.start + 60)
            await self._home()
        await self._until(scene.end + POLICY.cooldown + 5)
        await self._home()
        await self._until(self.fleet.night.end)
        await self.hub.close()
        for member in self.members.values():
            await member.close()

    async def _until(self, when: float) -> None:
        while self.fleet.clock.now() < when:
            await self.fleet.clock.until(when)

    def _target(self, name: str) -> TargetKey:
        return TargetKey("apps/v1", "Deployment", self.fleet.night.namespace, name)

    def floor(self, segment: Stretch, place: Place) -> int:
        """A plain division by share, rounded up, and never below the original."""
        share = next(c.share for c in self.fleet.night.clusters if c.name == place.cluster)
        wanted = -(-segment.required.get(place.workload, 0) * share // 1)
        moved = self.added.get(place, 0) - self.taken.get(place, 0) if segment.is_round else 0
        return max(int(wanted), self.seen.originals[place]) + moved

    async def _hold(self, segments: list[Stretch]) -> None:
        for cluster in self.members:
            places = [place for place in self.seen.originals if place.cluster == cluster]
            entries = tuple(self._entry(place, segments) for place in places)
            if not self.breach.without_ledger:
                ledger = ClusterLedger(
                    event=self.key, uid=self.uid, cluster=cluster, policy=POLICY, entries=entries
                )
                await self.store.put_ledger((self.key, cluster), ledger)
            for place, entry in zip(places, entries, strict=True):
                await self._write(place, entry.intended)

    def _entry(self, place: Place, segments: list[Stretch]) -> Entry:
        floors = tuple(
            Floor(
                segment=one.name,
                replicas=self.floor(one, place),
                required=0,
                division=0,
                basis=Basis(self.uid, 1),
                taken=self.taken.get(place, 0) if one.is_round else 0,
            )
            for one in segments
        )
        return Entry(
            workload=place.workload,
            target=self._target(place.workload),
            uid="",
            original=self.seen.originals[place],
            intended=max(floor.replicas for floor in floors),
            floors=floors,
        )

    async def _move(self, show: Stretch) -> None:
        source, to = (Place("red-envelope", name) for name in list(self.members)[:2])
        move = Move(
            workload=source.workload,
            segment=show.name,
            source=source.cluster,
            to=to.cluster,
            count=self.breach.take,
            phase=Phase.ADDING,
            source_floor=self.floor(show, source) - self.breach.take,
            to_floor=self.floor(show, to) + self.breach.take,
            at=self.fleet.clock.now(),
        )
        await self.store.put_record(
            self.key, EventRecord(event=self.key, uid=self.uid, policy=POLICY, moves=(move,))
        )
        if not self.breach.take_blindly:
            self.added[to] = self.breach.take
            await self._hold(self.plan)
            await self._until(self.fleet.clock.now() + 120)
        self.taken[source] = self.breach.take
        await self._hold(self.plan)

    async def _home(self) -> None:
        places = list(self.seen.originals)
        if self.breach.forgets_one:
            places = places[1:]
        for place in places:
            await self._write(place, self.seen.originals[place], manager=HOME_MANAGER)
        if self.breach.below_original:
            await self._write(places[0], self.seen.originals[places[0]] - 1)
            await self._write(places[0], self.seen.originals[places[0]])
        for cluster in self.members:
            if not (self.breach.forgets_one and cluster == next(iter(self.seen.originals)).cluster):
                await self.store.put_ledger((self.key, cluster), None)
        await self.store.put_record(self.key, None)

    async def _write(self, place: Place, replicas: int, manager: str = MANAGER) -> None:
        await self.members[place.cluster].request(
            "PATCH",
            f"/apis/apps/v1/namespaces/{self.fleet.night.namespace}/deployments/{place.workload}/scale",
            body={"spec": {"replicas": replicas}},
            content_type="application/merge-patch+json",
            params={"fieldManager": manager},
        )
