"""All member clusters at once; one that fails is a value and never keeps the others waiting."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence

from gala.api.cluster import GalaCluster
from gala.errors import Unreachable
from gala.fleet.client import ApiServer
from gala.fleet.connection import Connection, secret_of
from gala.fleet.member import ClusterHealth, Member
from gala.fleet.secrets import FleetSecrets
from gala.fleet.targets import Wanted
from gala.fleet.writes import WriteResult
from gala.planning.facts import ClusterFacts
from gala.planning.outcome import Write
from gala.settings import Settings

_log = logging.getLogger(__name__)


class MemberFleet:
    """The real fleet behind the engine's port."""

    def __init__(
        self,
        hub: ApiServer,
        settings: Settings,
        now: Callable[[], float],
        *,
        leads: Callable[[], bool] = lambda: True,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """``now`` is the time that intervals are judged by; deadlines of requests are wall time.

        ``steady`` measures the pauses between writes to a cluster that fails or refuses.

        ``leads`` is asked before each write: a batch takes seconds, and the Lease may be lost in them.
        """
        self._leads = leads
        self._steady = steady
        self._hub = hub
        self._settings = settings
        self._now = now
        self._secrets = FleetSecrets(hub, settings)
        self._members: dict[str, Member] = {}
        self._closing: set[asyncio.Task[None]] = set()

    async def sync(self, clusters: Sequence[GalaCluster], wanted: Mapping[str, Sequence[Wanted]]) -> None:
        """Starts, changes or stops the work for each cluster; returns without waiting for any of them.

        A GalaCluster outside of the fleet's namespace is ignored: its Secret is never read.
        """
        ours = {
            cluster.metadata.name: cluster
            for cluster in clusters
            if cluster.metadata.namespace == self._settings.fleet_namespace
        }
        for name in set(self._members) - set(ours):
            self._dismiss(name)
        for name, cluster in sorted(ours.items()):
            member = self._members.get(name)
            if member is not None and _reached_otherwise(member.cluster, cluster):
                self._dismiss(name)
                member = None
            if member is None:
                member = self._members[name] = self._hire(cluster)
            member.sync(cluster, wanted.get(name, ()))

    async def observe(self, barrier: Mapping[tuple[str, str], int]) -> Mapping[str, ClusterFacts]:
        """Facts of every cluster, by name.

        Raises:
            BarrierTimeout: a cluster that answers did not show what the barrier names; a fault of ours.
        """
        now = self._now()
        members = list(self._members.values())
        facts = await asyncio.gather(
            *(
                member.observe(
                    now,
                    {plural: version for (name, plural), version in barrier.items() if name == member.name},
                )
                for member in members
            )
        )
        return {item.name: item for item in facts}

    async def apply(self, writes: Sequence[Write]) -> Sequence[WriteResult]:
        """Carries writes out, in order within a cluster and side by side between clusters."""
        by_cluster: dict[str, list[int]] = {}
        for index, write in enumerate(writes):
            by_cluster.setdefault(write.cluster, []).append(index)
        results: dict[int, WriteResult] = {}

        async def one(name: str, indices: list[int]) -> None:
            batch = [writes[index] for index in indices]
            try:
                outcome = await self._members[name].apply(batch)
            except Exception as fault:  # noqa: BLE001 (one cluster's fault is a value, never the pass's end)
                _log.exception("%s could not be written to", name)
                error = Unreachable(f"{name}: {type(fault).__name__}: {fault}")
                outcome = [WriteResult(write=write, error=error, seconds=0.0) for write in batch]
            results.update(zip(indices, outcome, strict=True))

        known = {name: indices for name, indices in by_cluster.items() if name in self._members}
        await asyncio.gather(*(one(name, indices) for name, indices in known.items()))
        return [results.get(index) or _not_a_member(write) for index, write in enumerate(writes)]

    def refresh_room(self, clusters: Collection[str]) -> None:
        """Has one of the next ``observe`` read nodes and pods of these clusters; asking twice is once."""
        now = self._now()
        for name in clusters:
            if name in self._members:
                self._members[name].refresh_room(now)

    def health(self) -> Mapping[str, ClusterHealth]:
        """By cluster name."""
        return {name: member.health() for name, member in self._members.items()}

    async def close(self) -> None:
        """Ends all work and closes every connection; changes nothing in any cluster."""
        for name in list(self._members):
            self._dismiss(name)
        if self._closing:
            await asyncio.wait(self._closing)

    def _hire(self, cluster: GalaCluster) -> Member:
        connection = Connection(cluster, hub=self._hub, secrets=self._secrets, settings=self._settings)
        return Member(cluster, connection, self._settings, leads=self._leads, steady=self._steady)

    def _dismiss(self, name: str) -> None:
        task = asyncio.create_task(self._members.pop(name).close(), name=f"closing {name}")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)


def _reached_otherwise(old: GalaCluster, new: GalaCluster) -> bool:
    return (old.spec.in_cluster, secret_of(old)) != (new.spec.in_cluster, secret_of(new))


def _not_a_member(write: Write) -> WriteResult:
    return WriteResult(
        write=write, error=Unreachable(f"{write.cluster} is not a member cluster."), seconds=0.0
    )
