"""What has to be done now and then so that a cluster's facts stay facts.

Connecting, probing a cluster that was quiet, making and starting caches, reading again
what a write showed to be old. All of it is begun by a pass and judged by the time of the
passes; only the deadlines of the requests are wall time.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from typing import Any, Final

from gala.errors import BarrierTimeout, GalaError, Rejected, RequestFailed, Unreachable
from gala.fleet.breaker import Backoff
from gala.fleet.certificates import explained
from gala.fleet.client import ApiServer
from gala.fleet.connection import Connection
from gala.fleet.targets import Targets, Wanted
from gala.fleet.trouble import pause_of
from gala.fleet.watching import Cache
from gala.planning.facts import TargetKey
from gala.settings import Settings

_OWN_WRITE: Final = 1.0
"""Seconds of wall time in which a watch should show our own write; then the object is read by itself."""

_NOT_SERVED_PAUSE: Final = 300.0
"""Seconds between two questions for a kind that is not served: KEDA may be installed later."""

_QUESTION_PAUSE: Final = 10.0
"""Seconds between two questions for a kind that was not found or a selector that was not told."""

_log = logging.getLogger(__name__)


class Upkeep:
    """The work of one cluster, and what it found."""

    def __init__(self, connection: Connection, settings: Settings) -> None:
        self.server: ApiServer | None = None
        self.targets: Targets | None = None
        self.failure: GalaError | None = None
        """Why the cluster does not answer; None while it does."""
        self.version = ""
        """``gitVersion`` of the API server."""
        self.refused = False
        """Something is forbidden: the account may have been exchanged for another that may do it."""
        self._retries: dict[Cache[Any], Backoff] = {}
        self._connection = connection
        self._settings = settings
        self._wanted: Sequence[Wanted] = ()
        self._rewant = True
        self._reread: dict[TargetKey, int | None] = {}
        self._next_try = float("-inf")
        self._next_login = self._next_question = float("-inf")
        self._next_reading = float("-inf")

    def want(self, wanted: Sequence[Wanted]) -> None:
        """Takes other wishes over."""
        self._wanted, self._rewant = wanted, True
        keys = {item.target for item in wanted}
        self._reread = {key: version for key, version in self._reread.items() if key in keys}

    def written(self, target: TargetKey, version: int | None) -> None:
        """A write was acknowledged with this version, or (None) showed that what is known is old."""
        self._reread[target] = version

    def answered(self) -> None:
        """There was contact."""
        self.failure = None

    def failed(self, error: GalaError, now: float) -> None:
        """There is none; the next attempt is due a probe's interval from now."""
        if self.server is not None:
            error = explained(error, self.server.credentials, now)
        if self.failure is None:
            _log.warning("%s", error)
        self.failure = error
        self._next_try = now + max(self._settings.probe_interval, pause_of(error))

    def due(self, now: float, last_contact: float | None) -> bool:
        """Whether ``run`` has anything to do; costs microseconds when it has not."""
        if self.failure is not None or self.targets is None:
            return now >= self._next_try
        return (
            self._rewant
            or self._quiet(now, last_contact)
            or self._login_due(now)
            or (now >= self._next_reading and any(not self._shown(key) for key in self._reread))
            or any(self._startable(cache, now) for cache in self.targets.caches())
            or (now >= self._next_question and self.targets.has_questions())
        )

    def stale_since(self, cache: Cache[Any]) -> float:
        """When a cache was first seen to have ended; infinity while it follows its server."""
        return float("inf") if cache.running else self._retries.get(cache, Backoff()).since

    async def run(self, now: float, last_contact: float | None) -> None:
        """Does what is due; credentials that fail are read anew, once.

        Raises:
            CredentialsRefused: the cluster's Secret is not usable.
            RequestFailed: the cluster does not answer.
        """
        try:
            await self._run(now, last_contact)
        except RequestFailed as error:
            if error.status not in {None, 401} or not await self._renewed():
                raise
            await self._run(now, last_contact)

    async def stop(self) -> None:
        """Ends every cache and closes every connection."""
        if self.targets is not None:
            await self.targets.stop()
        await self._connection.close()

    async def _run(self, now: float, last_contact: float | None) -> None:
        if self.server is None or self.targets is None:
            self.server = await self._connection.open()
            self.targets = Targets(self.server)
        if self._login_due(now):
            self._next_login = now + _QUESTION_PAUSE
            await self._renewed()
        if self.failure is not None or not self.version or self._quiet(now, last_contact):
            await self._ask()
        if self.failure is not None:
            self._retries.clear()
        if self._rewant:
            await self.targets.want(self._wanted)
            self._rewant = False
        await self._start(self.targets, now)
        if now >= self._next_question and self.targets.has_questions():
            self._next_question = now + _QUESTION_PAUSE
            await self.targets.learn_again()
            await self._start(self.targets, now)
            await self._select(self.targets)
            await self._start(self.targets, now)
        if now >= self._next_reading:
            await self._read_all_again(self.targets, now)

    async def _renewed(self) -> bool:
        try:
            return await self._connection.renew()
        except RequestFailed as error:
            _log.info("Credentials cannot be read again: %s", error)
            return False

    async def _start(self, targets: Targets, now: float) -> None:
        """Starts the caches whose time has come; one kind that cannot be read is that kind's trouble.

        Raises:
            RequestFailed: nothing can be read, the login is refused, or the server does not answer at all.
        """
        begun = [cache for cache in targets.caches() if self._startable(cache, now)]
        for cache in begun:
            cache.start()
        deadline = self._settings.request_deadline
        await asyncio.gather(*(cache.settled(seconds=deadline) for cache in begun))
        for cache in begun:
            least = _NOT_SERVED_PAUSE if _status(cache.failure) == 404 else pause_of(cache.failure)
            self._retries[cache] = self._retries.get(cache, Backoff()).failed(now, least=least)
        caches = list(targets.caches())
        ended = [cache for cache in caches if not cache.current]
        self._retries = {cache: self._retries[cache] for cache in ended if cache in self._retries}
        lost = [cache.failure for cache in begun if cache.failure is not None and _no_answer(cache.failure)]
        for failure in lost:
            if _status(failure) == 401 or len(ended) == len(caches):
                raise failure
        if lost:
            await self._ask()

    async def _ask(self) -> None:
        """Whether the server answers at all, which every account may ask."""
        if self.server is not None:
            answer = await self.server.request("GET", "/version")
            self.version = str(answer.get("gitVersion") or "unknown")

    async def _select(self, targets: Targets) -> None:
        """Learns the selectors of targets whose pods have to be counted."""
        for key in targets.without_selector():
            try:
                await targets.select(key)
            except RequestFailed as error:
                _log.warning("The pods of %s cannot be counted: %s", key, error)

    async def _read_all_again(self, targets: Targets, now: float) -> None:
        """One object that cannot be read is no reason to give a cluster up, as long as it answers."""
        reads = (self._read_again(targets, key) for key in list(self._reread))
        failures = [e for e in await asyncio.gather(*reads, return_exceptions=True) if e is not None]
        for failure in failures:
            if not isinstance(failure, RequestFailed) or failure.status == 401:
                raise failure
            pause = max(_QUESTION_PAUSE, pause_of(failure))
            _log.warning("%s It is read again in %g s.", failure, pause)
            self._next_reading = max(self._next_reading, now + pause)
        if any(isinstance(failure, Unreachable) for failure in failures):
            await self._ask()

    async def _read_again(self, targets: Targets, key: TargetKey) -> None:
        version = self._reread.get(key)
        cache = targets.cache(key)
        try:
            if cache is not None and version is not None:
                await cache.reached(version, seconds=_OWN_WRITE)
            else:
                await targets.read(key)
        except BarrierTimeout:
            await targets.read(key)
        except Rejected as error:
            if error.status == 401:
                raise
            _log.warning("%s cannot be read again: %s", key, error)
        if self._reread.get(key) == version:
            self._reread.pop(key, None)

    def _shown(self, key: TargetKey) -> bool:
        version = self._reread[key]
        cache = None if self.targets is None else self.targets.cache(key)
        return version is not None and cache is not None and cache.version >= version

    def _quiet(self, now: float, last_contact: float | None) -> bool:
        return last_contact is None or now - last_contact >= self._settings.probe_interval

    def _login_due(self, now: float) -> bool:
        return self.refused and now >= self._next_login

    def _startable(self, cache: Cache[Any], now: float) -> bool:
        return not cache.running and self._retries.get(cache, Backoff()).due <= now


def _status(error: GalaError | None) -> int | None:
    return error.status if isinstance(error, RequestFailed) else None


def _no_answer(error: GalaError) -> bool:
    """A refusal of one kind is an answer; a login that is refused is none, for nothing else would work."""
    return isinstance(error, Unreachable) or _status(error) == 401
