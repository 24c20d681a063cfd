"""Writes status: on change only, at most every few seconds per object, and never in the way of scaling."""

from __future__ import annotations

import logging
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from gala.api.meta import GROUP, VERSION
from gala.errors import GalaError
from gala.fleet.breaker import Backoff
from gala.settings import Settings

log = logging.getLogger(__name__)

MERGE_PATCH = "application/merge-patch+json"

LONGEST_PAUSE = 30.0
"""Seconds between two attempts at a status that is refused; more would be a clock that was set back."""

URGENT = ("phase", "observedGeneration")
"""Fields whose change does not wait: people, and tools that wait for an answer, act on them."""


class ObjectId(NamedTuple):
    """Which object; ``plural`` as in URLs."""

    plural: str
    namespace: str
    name: str
    uid: str
    """So that an object made anew under an old name starts from what it has."""

    @property
    def path(self) -> str:
        """Of its status."""
        where = f"namespaces/{self.namespace}/{self.plural}/{self.name}"
        return f"/apis/{GROUP}/{VERSION}/{where}/status"


class Requester(Protocol):
    """The hub's API server."""

    async def request(
        self, method: str, path: str, *, body: object = None, content_type: str = "application/json"
    ) -> dict[str, Any]:
        """Sends one request; raises an error of ``gala.errors``."""
        ...


@dataclass(slots=True)
class _Written:
    status: Mapping[str, Any]
    at: float


class StatusWriter:
    """One per process; holds what it wrote last, so that an old cache does not make it write again."""

    def __init__(self, hub: Requester, settings: Settings) -> None:
        self._hub = hub
        self._interval = settings.status_interval
        self._written: dict[ObjectId, _Written] = {}
        self._failed: dict[ObjectId, Backoff] = {}
        self.writes = 0
        """Acknowledged since the process started."""
        self.failures = 0

    async def write(
        self, target: ObjectId, status: Mapping[str, Any], *, observed: Mapping[str, Any], now: float
    ) -> bool:
        """Brings an object's status to ``status`` (as on the wire) if it differs and the time has come.

        ``observed`` is the status as last seen, used until the first write of this process.
        Answers whether it was written; a failure is logged, counted, and tried again after
        ``status_interval``, then after longer and longer pauses up to half a minute.
        """
        last = self._written.get(target)
        patch = difference(last.status if last else observed, status)
        if not patch:
            return False
        if not self.due(target, now) and not any(name in patch for name in URGENT):
            return False
        if 0 < self._failed.get(target, Backoff()).due - now <= LONGEST_PAUSE:
            return False
        try:
            await self._hub.request("PATCH", target.path, body={"status": patch}, content_type=MERGE_PATCH)
        except GalaError as error:
            self.failures += 1
            self._failed[target] = self._failed.get(target, Backoff()).failed(now, least=self._interval)
            # What the server holds now is not known: the next pass compares with what was seen.
            self._written.pop(target, None)
            log.warning(
                "the status of %s %s/%s was not written: %s",
                target.plural,
                target.namespace,
                target.name,
                error,
            )
            return False
        self.writes += 1
        self._failed.pop(target, None)
        self._written[target] = _Written(dict(status), now)
        return True

    def due(self, target: ObjectId, now: float) -> bool:
        """Whether a status may be written again; what is urgent may at any time."""
        return not 0 <= now - self.written_at(target) < self._interval

    def written_at(self, target: ObjectId) -> float:
        """When this process wrote it last; minus infinity if never."""
        written = self._written.get(target)
        return -math.inf if written is None else written.at

    def last(self, target: ObjectId) -> Mapping[str, Any] | None:
        """What this process wrote last; newer than any cache."""
        written = self._written.get(target)
        return None if written is None else written.status

    def keep(self, targets: Collection[ObjectId]) -> None:
        """Drops what is known of every other object: it is gone."""
        self._written = {target: self._written[target] for target in self._written if target in targets}
        self._failed = {target: self._failed[target] for target in self._failed if target in targets}


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """The JSON merge patch that turns ``before`` into ``after``; empty where they are equal."""
    patch: dict[str, Any] = {name: None for name in before if name not in after}
    for name, value in after.items():
        old = before.get(name)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            inner = difference(old, value)
            if inner:
                patch[name] = inner
        elif old != value:
            patch[name] = value
    return patch
