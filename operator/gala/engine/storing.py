"""Step 3 of a pass: the record of an event first, then its ledgers; what is not stored is not written."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

from gala.engine.store import LedgerStore
from gala.errors import GalaError, InvalidInput, LeadershipLost
from gala.planning.facts import EventKey
from gala.planning.outcome import Plan

_log = logging.getLogger(__name__)


class Unstored(NamedTuple):
    """A ledger that could not be stored, or with cluster ``""`` a record: nothing is written for it."""

    event: EventKey
    cluster: str
    text: str
    """What failed and what to do, one sentence or two."""
    stuck: bool
    """It fails until a person acts."""


class Storing:
    """Stores what a plan says of the ledger, events side by side."""

    def __init__(self, store: LedgerStore, leads: Callable[[], bool]) -> None:
        """``leads`` is asked before each write."""
        self._store = store
        self._leads = leads

    async def all(self, made: Plan) -> tuple[Unstored, ...]:
        """Stores everything that changed; answers what is not stored."""
        events: dict[EventKey, list[str]] = {key: [] for key in made.records}
        for key, cluster in made.ledgers:
            events.setdefault(key, []).append(cluster)
        failed: list[Unstored] = []
        await self._mend()
        await asyncio.gather(
            *(self._event(key, names, made, failed) for key, names in sorted(events.items()))
        )
        return tuple(sorted(failed))

    async def _mend(self) -> None:
        if not self._leads():
            return
        try:
            await self._store.mend()
        except GalaError as error:
            _log.warning("a ledger of which fields were dropped was not written again: %s", error)

    async def _event(
        self, key: EventKey, clusters: Sequence[str], made: Plan, failed: list[Unstored]
    ) -> None:
        if made.records.get(key) is not None:
            with _noting(failed, key, "", f"the record of event {key} was not stored"):
                await self._record(key, made)
            if any(one.event == key for one in failed):
                return
        await asyncio.gather(*(self._ledger(key, cluster, made, failed) for cluster in clusters))
        if key in made.records and made.records[key] is None:
            # A record goes last: as long as a ledger is there, its times are needed.
            with _noting(failed, key, "", f"the record of event {key} was not removed"):
                await self._record(key, made)

    async def _record(self, key: EventKey, made: Plan) -> None:
        self._must_lead()
        await self._store.put_record(key, made.records[key])

    async def _ledger(self, key: EventKey, cluster: str, made: Plan, failed: list[Unstored]) -> None:
        with _noting(failed, key, cluster, f"the ledger of event {key} in cluster {cluster} was not stored"):
            self._must_lead()
            await self._store.put_ledger((key, cluster), made.ledgers[key, cluster])

    def _must_lead(self) -> None:
        if not self._leads():
            raise LeadershipLost("this process does not lead any more")


@contextmanager
def _noting(failed: list[Unstored], key: EventKey, cluster: str, what: str) -> Iterator[None]:
    try:
        yield
    except GalaError as error:
        failed.append(Unstored(key, cluster, f"{what}: {error}", isinstance(error, InvalidInput)))
