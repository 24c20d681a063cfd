"""The latest reading of a cluster's room, and when the next one is due."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

from gala.errors import GalaError, Unreachable
from gala.fleet.client import ApiServer
from gala.fleet.rooms import Owners, Reading, read_room
from gala.fleet.targets import Targets
from gala.fleet.trouble import is_refusal, pause_of
from gala.planning.facts import Missing, NodeRoom
from gala.planning.quotas import Quota
from gala.planning.templates import NO_KEYS, Keys, keys_of
from gala.settings import Settings

_PATIENCE: Final = 2.0
"""Seconds of wall time that a pass waits for a reading while an older one is there."""

_APART: Final = 30.0
"""Seconds between two readings, however many are asked for: in a large cluster one costs a second."""

_KEPT: Final = 3
"""Intervals after which a reading that could not be renewed is no fact any more."""


class RoomWatch:
    """Reads when due, in a task of its own: a large cluster takes longer than a pass may."""

    def __init__(self, settings: Settings) -> None:
        self.reading: Reading | None = None
        self.failure: GalaError | None = None
        self._settings = settings
        self._read_at = float("-inf")
        self._due_at = float("-inf")
        self._task: asyncio.Task[Reading] | None = None
        self._begun = 0.0
        self._keys = NO_KEYS

    def due_now(self) -> None:
        """Has the next ``look`` read."""
        self._due_at = float("-inf")

    def due_soon(self, now: float) -> None:
        """Has one of the next looks read: pods were lost, and nodes may be, or a plan is to be latched."""
        self._due_at = min(self._due_at, max(now, self._begun + _APART))

    def need(self, keys: Keys) -> None:
        """Says what targets ask of nodes; something new has the next ``look`` read."""
        self._keys = keys
        if self.reading is not None and not self.reading.keys.cover(keys):
            self.due_now()

    async def look(self, server: ApiServer, targets: Targets, now: float) -> None:
        """Begins a reading if one is due and waits for it, within limits."""
        if self._task is None:
            if now < self._due_at:
                return
            owners = Owners(targets.wanted, targets.selectors())
            reading = read_room(server, owners, keys_of(targets.templates()))
            self._task = asyncio.create_task(reading, name=f"{server.name} room")
            self._begun, self._due_at = now, now + self._settings.room_interval
        patience = self._settings.request_deadline if self.reading is None else _PATIENCE
        await asyncio.wait({self._task}, timeout=patience)
        if not self._task.done():
            return
        task, self._task = self._task, None
        try:
            self.reading, self._read_at, self.failure = task.result(), self._begun, None
        except GalaError as error:
            self._failed(error, now)
        except (KeyError, TypeError, ValueError) as error:
            self._failed(Unreachable(f"{server.name} sent nodes or pods that cannot be read: {error!r}"), now)

    def rooms(self, now: float) -> tuple[NodeRoom, ...] | Missing:
        """What is free, unless that is not known or was read too long ago."""
        if self.reading is not None and now - self._read_at <= _KEPT * self._settings.room_interval:
            if self.reading.keys.cover(self._keys):
                return self.reading.rooms
            return Missing("NotReadYet", "Nodes have not been read by what a target asks for now.")
        if self.failure is None:
            return Missing("NotReadYet", "Nodes and pods have not been read yet.")
        return Missing("Forbidden" if is_refusal(self.failure) else "RoomUnknown", str(self.failure))

    def quotas(self) -> Mapping[str, tuple[Quota, ...]]:
        """What quotas leave, by namespace, as far as that is known; of no use without ``rooms``."""
        return {} if self.reading is None else self.reading.quotas

    @property
    def refused(self) -> GalaError | None:
        """A right that is missing."""
        return self.failure or (None if self.reading is None else self.reading.refused)

    def _failed(self, error: GalaError, now: float) -> None:
        self.failure = error
        self._due_at = min(self._due_at, now + max(self._settings.probe_interval, pause_of(error)))

    async def stop(self) -> None:
        """Ends a reading that is under way."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})
            self._task = None
