"""One member cluster: its connection, its caches, its writes, and whether it answers.

Everything is driven from ``observe``, in the time of the passes: what is due (connecting,
a probe of a quiet cluster, starting an ended cache, reading room) is begun there and
waited for with patience, and a cluster that is known to fail gets little of it. Nothing
has a timer of its own, so a night on a stepped clock is the same each time.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gala.api.cluster import ClusterClass, GalaCluster
from gala.errors import BarrierTimeout, GalaError, Unreachable
from gala.fleet.admission import admissions, admits_own
from gala.fleet.client import Asked, Counters
from gala.fleet.connection import Connection, secret_of
from gala.fleet.elastic import elastic_room
from gala.fleet.learning import StartLearner
from gala.fleet.rooms import Reading
from gala.fleet.roomwatch import RoomWatch
from gala.fleet.targets import Targets, Wanted
from gala.fleet.trouble import Trouble, is_absent, is_refusal, read_trouble, told, why, write_trouble
from gala.fleet.upkeep import Upkeep
from gala.fleet.watching import Cache
from gala.fleet.writes import Writer, WriteResult
from gala.planning.facts import ClusterFacts, Elastic, Missing, PodStart, TargetFacts, TargetKey
from gala.planning.outcome import Write
from gala.planning.templates import keys_of
from gala.settings import Settings

_PATIENCE: Final = 2.0
"""Seconds of wall time that a pass waits for a cluster that answered until now: one tick."""

_LITTLE_PATIENCE: Final = 0.25
"""Seconds of wall time that a pass waits for a cluster that is known to fail, or was waited for already."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterHealth:
    """What there is to say of a cluster beside its facts."""

    reachable: bool
    reason: str
    """PascalCase; ``Reachable`` when all is well."""
    message: str
    unauthorized: str
    """What was forbidden, as a sentence; empty when nothing was."""
    last_contact: float | None
    version: str
    caches: int
    """Watches of kinds that are installed there."""
    caches_current: int
    restarts: int
    """Of caches since the start."""
    consecutive_write_failures: int
    room: Reading | None
    trouble: Trouble | None = None
    """What fails although the cluster answers."""
    login_refused: bool = False
    """What is unauthorized is the login as a whole, and no single right."""
    breaker_open: bool = False
    """Nothing is written, or one attempt at a time, because writes were not answered."""
    watch_age: float | None = None
    """Wall seconds since the quietest cache heard of its server; None before the first list."""
    asked: Asked | None = None
    """None before there was a connection."""


class Member:
    """One cluster's worker; all methods are called from one loop."""

    def __init__(
        self,
        cluster: GalaCluster,
        connection: Connection,
        settings: Settings,
        *,
        leads: Callable[[], bool] = lambda: True,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """``leads`` is asked before each write; ``steady`` measures pauses between them."""
        self._leads = leads
        self._steady = steady
        self.cluster = cluster
        self.name = cluster.metadata.name
        self._settings = settings
        self._upkeep = Upkeep(connection, settings)
        self._room = RoomWatch(settings)
        self._starts = StartLearner()
        self._writer: Writer | None = None
        self._task: asyncio.Task[None] | None = None
        self._wanted: Sequence[Wanted] = ()
        self._wishes: tuple[tuple[TargetKey, float], ...] = ()
        self._contacts = 0
        self._passed_at: float | None = None
        self._last_contact: float | None = None
        self._targets: Mapping[TargetKey, TargetFacts | Missing] = {}
        self._noted: Mapping[TargetKey, TargetFacts | Missing] | None = None
        """What pod starts were last learned from."""
        self._waited = False
        """The pass before did not see the end of the upkeep that is still under way."""
        self._wrote = False

    @property
    def counters(self) -> Counters:
        """Of its API server."""
        return Counters() if self._upkeep.server is None else self._upkeep.server.counters

    @property
    def reachable(self) -> bool:
        """Whether it answered last time."""
        return self._upkeep.failure is None and self._last_contact is not None

    def sync(self, cluster: GalaCluster, wanted: Sequence[Wanted]) -> None:
        """Takes a new spec and new wishes over; the work begins with the next ``observe``.

        ``wanted`` is not changed any more once it was handed over: the same object means the same wishes.
        """
        if cluster.spec.write_limit != self.cluster.spec.write_limit:
            self._writer = None
        self.cluster = cluster
        if wanted is self._wanted:
            return
        self._wanted = wanted
        wishes = tuple((item.target, item.warmup) for item in wanted)
        if wishes != self._wishes:
            self._wishes = wishes
            self._upkeep.want(wanted)
            self._starts.keep({key for key, _ in wishes})
            self._room.due_now()

    def refresh_room(self, now: float) -> None:
        """Has the next ``observe`` read nodes and pods, or one soon after where they were read just now."""
        self._room.due_soon(now)

    async def observe(self, now: float, barrier: Mapping[str, int]) -> ClusterFacts:
        """Facts as of this pass; ``barrier`` is by resource plural.

        Raises:
            BarrierTimeout: a cluster that answers did not show what it should have.
        """
        try:
            return await self._observe(now, barrier)
        except BarrierTimeout:
            raise
        except Exception as fault:  # noqa: BLE001 (one cluster's fault is a value, never the pass's end)
            _log.exception("%s could not be looked at", self.name)
            self._upkeep.failed(Unreachable(f"{self.name}: {type(fault).__name__}: {fault}"), now)
            return self._facts(now)

    async def _observe(self, now: float, barrier: Mapping[str, int]) -> ClusterFacts:
        self._note_contact(self._passed_at)
        self._passed_at = now
        if self._writer is not None and not self._wrote:
            self._writer.failing.clear()
        self._wrote = False
        caches = () if self._upkeep.targets is None else tuple(self._upkeep.targets.caches())
        self._upkeep.refused = self._refusal(caches) is not None
        await self._keep_up(now)
        if self.reachable and not await self._caught_up(barrier):
            await self._keep_up(now)
            await self._caught_up(barrier)
        targets, server = self._upkeep.targets, self._upkeep.server
        if self.reachable and targets is not None and server is not None:
            await self._room.look(server, targets, now)
        self._note_contact(now)
        if targets is not None:
            before, self._targets = self._targets, self._read(targets, now)
            if self._targets is not before:
                known = (one for one in self._targets.values() if isinstance(one, TargetFacts))
                self._room.need(keys_of(one.template for one in known))
                if any(_lost_pods(before.get(key), facts) for key, facts in self._targets.items()):
                    self._room.due_soon(now)
        return self._facts(now)

    async def apply(self, writes: Sequence[Write]) -> list[WriteResult]:
        """Carries writes out; a cluster that does not answer gets none."""
        self._wrote = True
        targets, server = self._upkeep.targets, self._upkeep.server
        if targets is None or server is None or not self.reachable:
            error = self._upkeep.failure or Unreachable(f"{self.name} has not been reached yet.")
            return [WriteResult(write=write, error=error, seconds=0.0) for write in writes]
        if self._writer is None:
            limit = self.cluster.spec.write_limit
            self._writer = Writer(
                server,
                targets.catalog,
                qps=limit.qps,
                burst=limit.burst,
                leads=self._leads,
                steady=self._steady,
            )
        return await self._writer.apply(
            writes, seconds=self._settings.request_deadline, done=self._upkeep.written
        )

    def health(self) -> ClusterHealth:
        """What conditions and metrics need."""
        targets, failure = self._upkeep.targets, self._upkeep.failure
        caches = [] if targets is None else list(targets.caches())
        heard = [cache.heard_at for cache in caches if cache.synced]
        server, writer = self._upkeep.server, self._writer
        if failure is not None:
            reason, message = why(failure), told(failure, self._credentials)
        elif self._last_contact is None:
            reason, message = "NotReadYet", f"{self.name} has not been asked yet."
        else:
            reason, message = "Reachable", f"{self.name} answers."
        refusal = self._refusal(caches)
        return ClusterHealth(
            reachable=self.reachable,
            reason=reason,
            message=message,
            unauthorized="" if refusal is None else told(refusal, self._credentials),
            login_refused=refusal is not None and why(refusal) == "Unauthorized",
            last_contact=self._last_contact,
            version=self._upkeep.version,
            caches=sum(not is_absent(cache.failure) for cache in caches),
            caches_current=sum(cache.current for cache in caches),
            restarts=sum(cache.restarts for cache in caches),
            consecutive_write_failures=0 if writer is None else writer.breaker.failures,
            room=self._room.reading,
            trouble=self._trouble(caches),
            breaker_open=writer is not None and writer.breaker.tripped,
            watch_age=time.monotonic() - min(heard) if heard else None,
            asked=None if server is None else server.counters.asked(),
        )

    def _refusal(self, caches: Sequence[Cache[Any]]) -> GalaError | None:
        writes = () if self._writer is None else (each.error for each in self._writer.failing.values())
        errors = [*(cache.failure for cache in caches), self._room.refused, self._upkeep.failure, *writes]
        return next((error for error in errors if is_refusal(error)), None)

    def _trouble(self, caches: Sequence[Cache[Any]]) -> Trouble | None:
        failing = [] if self._writer is None else list(self._writer.failing.values())
        return read_trouble(caches, self._room.failure, self._credentials) or write_trouble(
            failing, self._credentials
        )

    @property
    def _credentials(self) -> str:
        """Where they are, for people."""
        if self.cluster.spec.in_cluster:
            return "the operator's own account"
        return f"Secret {self._settings.fleet_namespace}/{secret_of(self.cluster).name}"

    async def close(self) -> None:
        """Ends all work and closes every connection."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
        await self._room.stop()
        await self._upkeep.stop()

    def _note_contact(self, at: float | None) -> None:
        """What came since the last look counts as contact ``at``; between passes, as of the one before."""
        contacts = self.counters.contacts
        if contacts != self._contacts and self._upkeep.failure is None:
            self._last_contact = at
        self._contacts = contacts

    async def _keep_up(self, now: float) -> None:
        if self._task is None and self._upkeep.due(now, self._last_contact):
            self._task = asyncio.create_task(self._upkeep.run(now, self._last_contact), name=self.name)
        if self._task is not None:
            await self._finish(self._task, now)

    async def _finish(self, task: asyncio.Task[None], now: float) -> None:
        """Waits for the upkeep: long for a first contact, a tick while it answers, else hardly.

        A cluster that is only slow keeps its facts, which say how old they are, until the requests fail.
        """
        known_to_fail, first = self._upkeep.failure is not None, self._last_contact is None
        patience = self._settings.request_deadline
        if known_to_fail or self._waited:
            patience = _LITTLE_PATIENCE
        elif not first:
            patience = min(patience, _PATIENCE)
        await asyncio.wait({task}, timeout=patience)
        self._waited = not task.done()
        if not task.done():
            if first and self.counters.contacts == self._contacts:
                text = f"{self.name} did not answer within {patience:g} s."
                self._upkeep.failed(Unreachable(text, reason="TimedOut"), now)
            return
        self._task = None
        try:
            task.result()
        except GalaError as error:
            self._upkeep.failed(error, now)
            self._contacts = self.counters.contacts
        except Exception as error:  # noqa: BLE001 (one cluster's fault is a value, never the pass's end)
            _log.exception("The upkeep of %s failed", self.name)
            self._upkeep.failed(Unreachable(f"{self.name}: {type(error).__name__}: {error}"), now)
        else:
            if known_to_fail and self._upkeep.targets is not None:
                self._upkeep.targets.forget_history()
                self._starts.forget_waiting()
            self._upkeep.answered()
            self._contacts, self._last_contact = self.counters.contacts, now

    async def _caught_up(self, barrier: Mapping[str, int]) -> bool:
        """Whether every cache has reached the barrier; False if one ended meanwhile and has to be started."""
        if not barrier or self._upkeep.targets is None:
            return True
        late = [
            cache
            for cache in self._upkeep.targets.caches()
            if cache.current and cache.version < barrier.get(cache.plural, 0)
        ]
        seconds = self._settings.request_deadline
        waits = (cache.reached(barrier[cache.plural], seconds=seconds) for cache in late)
        outcomes = await asyncio.gather(*waits, return_exceptions=True)
        for cache, outcome in zip(late, outcomes, strict=True):
            if cache.running and isinstance(outcome, BaseException):
                raise outcome
        return all(cache.running for cache in late)

    def _read(self, targets: Targets, now: float) -> Mapping[TargetKey, TargetFacts | Missing]:
        """Facts outlive contact with the cluster, but not a cache that ended while the cluster answers."""
        facts = targets.facts(now, fresh=self.reachable)
        if not self.reachable:
            return facts
        if facts is not self._noted:
            self._noted = facts
            for key, found in facts.items():
                if isinstance(found, TargetFacts):
                    self._starts.note(now, key, found)
        ended = [
            cache
            for cache in targets.sources()
            if cache.synced and now - self._upkeep.stale_since(cache) > self._settings.unreachable_after
        ]
        for cache in ended:
            reason = "Unreachable" if cache.failure is None else why(cache.failure)
            lost = {
                key: Missing(reason, f"{key} is not followed any more: {cache.failure}")
                for key in targets.of(cache)
            }
            facts = {**facts, **lost}
        return facts

    def _facts(self, now: float) -> ClusterFacts:
        spec, failure = self.cluster.spec, self._upkeep.failure
        stated = PodStart(per_second=spec.pod_start.per_second, p95=spec.pod_start.p95)
        return ClusterFacts(
            name=self.name,
            private=spec.cluster_class is ClusterClass.PRIVATE,
            fill_order=spec.fill_order,
            weight=spec.effective_weight,
            labels=self.cluster.metadata.labels,
            admits=admissions(spec, {key.namespace for key, _ in self._wishes}),
            admits_own=admits_own(spec),
            reachable=self.reachable,
            unreachable_reason=why(failure) if failure is not None else "",
            last_contact=self._last_contact,
            targets=self._targets,
            nodes=self._room.rooms(now),
            elastic=self._elastic(),
            quotas=self._room.quotas(),
            pod_start=self._starts.estimate(now, stated),
            signal_configured=spec.prometheus is not None,
        )

    def _elastic(self) -> Elastic | None:
        reading = self._room.reading
        return None if reading is None else elastic_room(self.cluster.spec.elastic, reading.allocatable)


def _lost_pods(before: TargetFacts | Missing | None, after: TargetFacts | Missing) -> bool:
    """Whether fewer pods are Ready than before although nobody asked for fewer."""
    if before is after or not isinstance(before, TargetFacts) or not isinstance(after, TargetFacts):
        return False
    if isinstance(before.ready, Missing) or isinstance(after.ready, Missing):
        return False
    return after.ready < before.ready and after.replicas >= before.replicas
