"""Whether an event that is no longer there was really deleted.

A list can come back empty, a CRD can be replaced, a cache can lie; each time every event of
a show would seem to be deleted at once. So a deletion is believed only after a GET by name
has answered 404 twice, some time apart, while the CRD is Established and the namespace
exists, or while the namespace itself answers 404 both times. Anything else is doubt.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from gala.api.meta import EVENTS, GROUP, VERSION
from gala.errors import RequestFailed
from gala.fleet.client import ApiServer
from gala.planning.facts import EventKey
from gala.settings import Settings

AT_ONCE: Final = 8
"""Events that are asked for side by side; a mass loss must not become a flood of requests."""

AGAIN: Final = 10.0
"""Seconds until an event that is there, or in doubt, is asked for again."""

_ABSENT: Final = 404
_CRD: Final = f"/apis/apiextensions.k8s.io/v1/customresourcedefinitions/{EVENTS}.{GROUP}"


class _Answer(Enum):
    DOUBT = auto()
    GONE = auto()
    NAMESPACE_GONE = auto()


@dataclass(slots=True)
class _Case:
    """One event that is missing."""

    ask_at: float
    first: _Answer = _Answer.DOUBT
    first_at: float = 0.0
    believed: bool = False


class Existence:
    """Asks for missing events by name; keeps what it heard from call to call."""

    def __init__(self, hub: ApiServer, settings: Settings) -> None:
        self._hub = hub
        self._confirm = settings.deletion_confirm
        self._cases: dict[EventKey, _Case] = {}

    async def believed(self, missing: Collection[EventKey], now: float) -> frozenset[EventKey]:
        """The part of ``missing`` whose deletion is certain by now; whatever is not missing is forgotten.

        A failing API server leaves everything in doubt and raises nothing.
        """
        self._cases = {key: self._cases.get(key) or _Case(ask_at=now) for key in missing}
        due = sorted(key for key, case in self._cases.items() if not case.believed and case.ask_at <= now)
        if due:
            limit = asyncio.Semaphore(AT_ONCE)
            established, answers = await asyncio.gather(
                self._established(), asyncio.gather(*(self._ask(key, limit) for key in due))
            )
            for key, answer in zip(due, answers, strict=True):
                self._judge(self._cases[key], answer if established else _Answer.DOUBT, now)
        return frozenset(key for key, case in self._cases.items() if case.believed)

    def next_question(self) -> float:
        """When ``believed`` has something to ask again, by the clock that is given to it."""
        return min((case.ask_at for case in self._cases.values() if not case.believed), default=float("inf"))

    def _judge(self, case: _Case, answer: _Answer, now: float) -> None:
        if answer is _Answer.DOUBT:
            case.first, case.ask_at = _Answer.DOUBT, now + AGAIN
        elif case.first is not answer:
            case.first, case.first_at, case.ask_at = answer, now, now + self._confirm
        elif now - case.first_at >= self._confirm:
            case.believed = True

    async def _ask(self, key: EventKey, limit: asyncio.Semaphore) -> _Answer:
        namespace = f"/api/v1/namespaces/{key.namespace}"
        event = f"/apis/{GROUP}/{VERSION}/namespaces/{key.namespace}/{EVENTS}/{key.name}"
        async with limit:
            event_gone, namespace_gone = await asyncio.gather(self._absent(event), self._absent(namespace))
        if not event_gone or namespace_gone is None:
            return _Answer.DOUBT
        return _Answer.NAMESPACE_GONE if namespace_gone else _Answer.GONE

    async def _absent(self, path: str) -> bool | None:
        """True after a 404, False if it is there, None if nobody knows."""
        try:
            await self._hub.request("GET", path)
        except RequestFailed as failed:
            return True if failed.status == _ABSENT else None
        return False

    async def _established(self) -> bool:
        try:
            definition: dict[str, Any] = await self._hub.request("GET", _CRD)
        except RequestFailed:
            return False
        conditions = (definition.get("status") or {}).get("conditions") or ()
        return any(c.get("type") == "Established" and c.get("status") == "True" for c in conditions)
