"""Who may write: one Lease, and a leader who stops by itself before anybody else may begin.

The elections that client libraries bring let a leader work on after its Lease ran out. Here
only the leader's own steady clock counts: it holds from the moment a renewal was *sent*, for
``renew_deadline`` at most, and a write that is begun in that time ends before the Lease runs
out for others. Those never read the times in the Lease, which another machine's clock wrote:
they take it once they have seen it unchanged for its whole duration by their own clock.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from gala.engine.advice import advice
from gala.engine.clock import steady_of
from gala.engine.ports import Clock
from gala.errors import Conflict, RequestFailed
from gala.fleet.client import ApiServer
from gala.settings import Settings

_ABSENT = 404

_LOOK = 0.05
"""Wall seconds between two looks at whether a renewal is due, at least."""

_log = logging.getLogger(__name__)

Json = Mapping[str, Any]


class Elector:
    """Takes and renews one Lease; call ``acquire_or_renew`` at least every ``retry_period``."""

    def __init__(
        self,
        hub: ApiServer,
        settings: Settings,
        clock: Clock,
        identity: str,
        *,
        steady: Callable[[], float] | None = None,
    ) -> None:
        """``identity`` is one process and no other; ``steady`` a clock that nobody sets.

        Without ``steady`` that is the clock's own; a stepped clock, which has none, only goes forward.
        """
        self.identity = identity
        self._hub = hub
        self._settings = settings
        self._clock = clock
        self._steady = steady or steady_of(clock)
        self._collection = f"/apis/coordination.k8s.io/v1/namespaces/{settings.fleet_namespace}/leases"
        self._lease = settings.lease_name
        self._ours: Json | None = None
        """The Lease as we wrote it last; None while we do not lead."""
        self._renewed = (float("-inf"), float("-inf"))
        """When the last renewal that succeeded was sent, by the steady and by the wall clock."""
        self._tried = float("-inf")
        self._observed: tuple[object, float] = (None, 0.0)
        """What was last seen of somebody else's Lease, and since when it has not changed."""
        self._lock = asyncio.Lock()
        self.problem = ""
        """Why the last attempt failed, as a sentence; empty when the Lease could be read or written."""

    @property
    def holder(self) -> str:
        """Who held the Lease when it was last looked at; empty if nobody."""
        if self._ours is not None:
            return self.identity
        seen = self._observed[0]
        return str(seen[0]) if isinstance(seen, tuple) else ""

    def holds(self, now: float) -> bool:
        """Whether we may begin a write; ask before each one.

        Both clocks must agree: the steady one stands still while a machine sleeps, the wall
        clock may be set back.
        """
        if self._ours is None:
            return False
        limit = self._settings.renew_deadline
        return self._steady() - self._renewed[0] < limit and now - self._renewed[1] < limit

    @property
    def held(self) -> bool:
        """Whether the Lease is ours by the steady clock; for telling, and from any thread."""
        return self._ours is not None and self._steady() - self._renewed[0] < self._settings.renew_deadline

    def next_attempt(self) -> float:
        """Seconds until the next attempt is due; 0.0 if it is."""
        return max(0.0, self._tried + self._settings.retry_period - self._steady())

    async def acquire_or_renew(self) -> bool:
        """One attempt, if one is due; whether we hold the Lease now. A failure raises nothing."""
        async with self._lock:
            if self.next_attempt() == 0.0:
                self._tried = self._steady()
                self._note(await self._try())
        return self.holds(self._clock.now())

    async def keep(self) -> None:
        """Renews beside a pass, which with thousands of writes may outlast ``renew_deadline``; cancel it.

        A Lease that ran out meanwhile is not taken again: the pass decided on what was true before.
        """
        while self.holds(self._clock.now()):
            await asyncio.sleep(max(self.next_attempt(), _LOOK))
            async with self._lock:
                if self.next_attempt() == 0.0 and self.holds(self._clock.now()):
                    self._tried = self._steady()
                    self._note(await self._try())

    async def release(self) -> None:
        """Leaves the Lease to whoever asks first; replicas stay as they are.

        Raises:
            RequestFailed: It could not be said; the others wait for the Lease to run out.
        """
        async with self._lock:
            ours, self._ours = self._ours, None
            if ours is not None:
                await self._put(ours, {**ours["spec"], "holderIdentity": ""})

    async def _try(self) -> str:
        """One attempt; why it failed, empty if it did not."""
        try:
            await self._try_twice()
        except RequestFailed as failed:
            where = self._settings.fleet_namespace
            told = failed.advised(
                advice(failed, verb="get, create and update", plural="leases", namespace=where)
            )
            return f"the Lease {self._lease} in namespace {where} cannot be had: {told}"
        return ""

    def _note(self, problem: str) -> None:
        """Says what is wrong when it begins, and not with every attempt."""
        if problem and not self.problem:
            _log.warning("%s", problem)
        elif self.problem and not problem:
            _log.info("the Lease %s can be had again", self._lease)
        self.problem = problem

    async def _try_twice(self) -> None:
        try:
            await self._attempt()
        except RequestFailed as failed:
            if not isinstance(failed, Conflict) and failed.status != _ABSENT:
                raise
            # Somebody wrote or deleted it, or the answer to our last renewal was lost: look at what is there.
            self._ours = None
            await self._attempt()

    async def _attempt(self) -> None:
        if self._ours is not None and self.holds(self._clock.now()):
            await self._claim(self._ours)
            return
        self._ours = None
        try:
            found = await self._request("GET", f"{self._collection}/{self._lease}")
        except RequestFailed as failed:
            if failed.status != _ABSENT:
                raise
            await self._claim(None)
            return
        if self._is_free(found):
            await self._claim(found)

    def _is_free(self, lease: Json) -> bool:
        spec = lease.get("spec") or {}
        holder = spec.get("holderIdentity") or ""
        if holder in ("", self.identity):
            return True
        mark = (holder, spec.get("renewTime"), lease["metadata"].get("resourceVersion"))
        if mark != self._observed[0]:
            self._observed = (mark, self._steady())
            return False
        term = max(float(spec.get("leaseDurationSeconds") or 0), self._settings.lease_duration)
        return self._steady() - self._observed[1] >= term

    async def _claim(self, lease: Json | None) -> None:
        """Writes our name; the hold counts from before the request was sent."""
        sent = (self._steady(), self._clock.now())
        old = (lease or {}).get("spec") or {}
        renewed = _micro_time(sent[1])
        again = old.get("holderIdentity") == self.identity
        spec = {
            **old,
            "holderIdentity": self.identity,
            "leaseDurationSeconds": round(self._settings.lease_duration),
            "renewTime": renewed,
            "acquireTime": old.get("acquireTime", renewed) if again else renewed,
            "leaseTransitions": int(old.get("leaseTransitions") or 0) + (lease is not None and not again),
        }
        if lease is None:
            metadata = {"name": self._lease, "namespace": self._settings.fleet_namespace}
            self._ours = await self._request("POST", self._collection, _body(metadata, spec))
        else:
            self._ours = await self._put(lease, spec)
        self._renewed = sent

    async def _put(self, lease: Json, spec: Json) -> Json:
        return await self._request("PUT", f"{self._collection}/{self._lease}", _body(lease["metadata"], spec))

    async def _request(self, method: str, path: str, body: Json | None = None) -> Json:
        # A renewal that is still under way when the next is due would only hide that the API server hangs.
        left = self._settings.lease_duration - self._settings.renew_deadline
        return await self._hub.request(
            method, path, body=body, timeout=min(self._settings.request_deadline, left)
        )


def _body(metadata: Json, spec: Json) -> Json:
    kept = {name: value for name, value in metadata.items() if name != "managedFields"}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": kept, "spec": spec}


def _micro_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
