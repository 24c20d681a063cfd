"""Changes of ``spec.replicas`` through ``/scale``: guarded, paced, and each with its deadline.

A first write carries the resourceVersion behind the original that was read. Later ones
test the uid and the value that was read, and not a resourceVersion, which a busy status
would outrun for ever. Replicas of 0 are absent on the wire, where a ``test`` would not
find them, so there the resourceVersion guards too. A write of the value that is there
already only says whose it is: an update would change nothing, an apply shares it, and
without force it is refused where the value is another by now.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from gala.errors import GalaError, LeadershipLost, Rejected, RequestFailed, Throttled, Unreachable
from gala.fleet.breaker import Breaker, Bucket
from gala.fleet.client import ApiServer
from gala.fleet.paths import Catalog, single
from gala.fleet.trouble import LONGEST_RETRY_AFTER, Failing
from gala.planning.facts import TargetKey
from gala.planning.outcome import Guard, Write

_IN_FLIGHT: Final = 8
"""Writes to one cluster at once; 16 gain nothing more against one API server."""

_SHORTEST_CALL: Final = 1.0
"""Seconds that the last write of a batch gets, although the batch's time is over then."""


class WriteResult(NamedTuple):
    """What became of one write; ``error`` is None when the server acknowledged it."""

    write: Write
    error: Exception | None
    seconds: float


def patch_of(write: Write) -> tuple[object, str]:
    """Body and content type of a write."""
    if write.to == write.was:
        return _shared(write), "application/apply-patch+yaml"
    if write.guard is Guard.RESOURCE_VERSION or write.was == 0:
        body = {"metadata": {"resourceVersion": write.resource_version}, "spec": {"replicas": write.to}}
        return body, "application/merge-patch+json"
    operations = [
        {"op": "test", "path": "/metadata/uid", "value": write.uid},
        {"op": "test", "path": "/spec/replicas", "value": write.was},
        {"op": "replace", "path": "/spec/replicas", "value": write.to},
    ]
    return operations, "application/json-patch+json"


def _shared(write: Write) -> object:
    """The Scale to apply; it goes as JSON, which is YAML."""
    return {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {"name": write.target.name, "namespace": write.target.namespace},
        "spec": {"replicas": write.to},
    }


def in_turns(writes: Sequence[Write]) -> Iterator[list[Write]]:
    """Runs of writes that may go side by side: one direction, each target once.

    What is lowered is so lowered before anything is raised in its place, or the other way
    round, as the plan has it.
    """
    turn: list[Write] = []
    targets: set[TargetKey] = set()
    lowering = False
    for write in writes:
        lowers = write.to < write.was
        if turn and (lowers != lowering or write.target in targets):
            yield turn
            turn, targets = [], set()
        turn.append(write)
        targets.add(write.target)
        lowering = lowers
    if turn:
        yield turn


class Writer:
    """The writes of one cluster: the pace is on the wall clock, pauses are on one that nobody can set."""

    def __init__(
        self,
        server: ApiServer,
        catalog: Catalog,
        *,
        qps: float,
        burst: float,
        leads: Callable[[], bool] = lambda: True,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """``qps`` and ``burst`` are the cluster's ``writeLimit``; ``leads`` is asked before each write.

        ``steady`` is what pauses after failures and refusals are measured by.
        """
        self.breaker = Breaker()
        self._server = server
        self._catalog = catalog
        self._bucket = Bucket.full(qps, burst, time.monotonic())
        self.failing: dict[TargetKey, Failing] = {}
        """Targets that the last batch could not write because the server would not."""
        self._throttled = (float("-inf"), 0.0)
        """When a 429 came last, and for how many seconds."""
        self._attempting = False
        """The one attempt after which a tripped breaker closes, or opens again, is under way."""
        self._leads = leads
        self._steady = steady

    async def apply(
        self, writes: Sequence[Write], *, seconds: float, done: Callable[[TargetKey, int | None], None]
    ) -> list[WriteResult]:
        """Carries writes out in turns, all within ``seconds``; what cannot be sent by then is Throttled.

        ``done`` hears of every target that was written, with its new resourceVersion, or None
        where it has to be read anew.
        """
        until = time.monotonic() + seconds
        batch = {write.target for write in writes}
        self.failing = {key: failing for key, failing in self.failing.items() if key in batch}
        gate = asyncio.Semaphore(_IN_FLIGHT)

        async def one(write: Write) -> WriteResult:
            async with gate:
                began = time.monotonic()
                error: Exception | None = None
                try:
                    done(write.target, await self._write(write, until))
                except GalaError as failure:
                    error = failure
                    if not isinstance(failure, (Throttled, LeadershipLost)):
                        done(write.target, None)
                return WriteResult(write=write, error=error, seconds=time.monotonic() - began)

        results: list[WriteResult] = []
        for turn in in_turns(writes):
            results += await asyncio.gather(*(one(write) for write in turn))
        return results

    async def _write(self, write: Write, until: float) -> int | None:
        path = self._catalog.path(write.target)
        if path is None:
            raise Rejected(f"{write.target.kind} of {write.target.api_version} is not known here.")
        attempt = self._admit()
        try:
            wait = self._turn(write, until)
            if wait > 0:
                await asyncio.sleep(wait)
            if not self._leads():
                raise LeadershipLost("The Lease was lost before this write was sent.")
            return _version(await self._send(write, path, until))
        finally:
            if attempt:
                self._attempting = False

    async def _send(self, write: Write, path: str, until: float) -> dict[str, Any]:
        body, content_type = patch_of(write)
        try:
            answer = await self._server.request(
                "PATCH",
                f"{single(path, write.target.name)}/scale",
                body=body,
                content_type=content_type,
                params={"fieldManager": write.manager},
                timeout=max(_SHORTEST_CALL, until - time.monotonic()),
            )
        except RequestFailed as error:
            self._note(write.target, error)
            raise
        self.breaker = self.breaker.succeeded()
        self.failing.pop(write.target, None)
        return answer

    def _note(self, target: TargetKey, error: RequestFailed) -> None:
        times = self.failing[target].times if target in self.failing else 0
        self.failing[target] = Failing(times + 1, error)
        if isinstance(error, Throttled):
            self._throttled = (self._steady(), error.retry_after)
        elif isinstance(error, Unreachable):
            self.breaker = self.breaker.failed(self._steady())
        else:
            self.breaker = self.breaker.succeeded()

    def _admit(self) -> bool:
        """Whether this write is the one attempt of a breaker that was open.

        Raises:
            Throttled: the breaker is open, or that attempt is under way.
        """
        pause = self.breaker.open_until - self._steady()
        if pause > 0 or (self.breaker.tripped and self._attempting):
            text = f"{self._server.name} answers no writes; nothing is sent for {max(pause, 0.0):.1f} s."
            raise Throttled(text, retry_after=max(pause, 0.0))
        self._attempting = self._attempting or self.breaker.tripped
        return self.breaker.tripped

    def _turn(self, write: Write, until: float) -> float:
        """Seconds to wait for the bucket and for ``Retry-After``.

        Raises:
            Throttled: that takes too long.
        """
        now = time.monotonic()
        bucket, wait = self._bucket.take(now)
        wait = max(wait, self._not_before(write) - self._steady())
        if now + wait > until:
            raise Throttled(f"{self._server.name} takes no more writes for {wait:.1f} s.", retry_after=wait)
        self._bucket = bucket
        return wait

    def _not_before(self, write: Write) -> float:
        """The end of ``Retry-After``; only a raise may be in such a hurry that it ends sooner."""
        at, seconds = self._throttled
        return at + (min(seconds, LONGEST_RETRY_AFTER) if write.to > write.was else seconds)


def _version(answer: dict[str, Any]) -> int | None:
    text = str((answer.get("metadata") or {}).get("resourceVersion") or "")
    return int(text) if text.isdigit() else None
