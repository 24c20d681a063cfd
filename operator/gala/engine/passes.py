"""One pass: snapshot → plan → ledger → apply → report.

Level-triggered: killed at any point and started anew, the next pass ends in the same state.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from gala.engine.gathering import Gathered, Gatherer
from gala.engine.horizon import Horizon
from gala.engine.ports import Barrier, Fleet
from gala.engine.store import LedgerStore
from gala.errors import GalaError, LeadershipLost
from gala.fleet.writes import WriteResult
from gala.planning import reasons
from gala.planning.facts import EventKey, TargetKey
from gala.planning.outcome import Plan, Write
from gala.settings import Settings

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A finished pass."""

    now: float
    gathered: Gathered
    plan: Plan
    results: tuple[WriteResult, ...]
    problems: tuple[str, ...]
    """What could not be stored, one sentence each; what depended on it was not written."""
    doubt: bool = False
    """Nothing was lowered, because the wall clock was set just now."""
    seconds: float = 0.0
    """Of wall time, to the end of its writes."""


class Pass:
    """Runs passes one after another; remembers only when it last fought a foreign writer."""

    def __init__(
        self,
        *,
        gatherer: Gatherer,
        store: LedgerStore,
        fleet: Fleet,
        leads: Callable[[], bool],
        settings: Settings,
    ) -> None:
        """``leads`` is asked before anything is stored or written."""
        self._gatherer = gatherer
        self._store = store
        self._fleet = fleet
        self._leads = leads
        self._settings = settings
        self._horizon = Horizon(settings)
        self._reasserted: dict[tuple[str, TargetKey], float] = {}

    async def run(self, barrier: Barrier, now: float, *, doubt: bool = False) -> Done:
        """One pass; in ``doubt`` it only holds or raises.

        Raises:
            BarrierTimeout: a cache did not catch up; nothing was decided.
            RequestFailed: the ledger could not be read; nothing was decided.
        """
        began = time.monotonic()
        # 1. snapshot
        gathered = await self._gatherer.gather(barrier, now, reasserted=self._reasserted, doubt=doubt)
        # 2. plan
        made = self._horizon.plan(gathered.snapshot, now)
        # 3. ledger
        unstored, problems = await self._store_all(made)
        # 4. apply
        writes = [w for w in made.writes if w.event not in unstored and (w.event, w.cluster) not in unstored]
        results = await self._apply(writes, now)
        # 5. report: by whoever asked for the pass
        return Done(
            now=now,
            gathered=gathered,
            plan=made,
            results=tuple(results),
            problems=tuple(problems),
            doubt=doubt,
            seconds=time.monotonic() - began,
        )

    async def _store_all(self, made: Plan) -> tuple[set[object], list[str]]:
        """The record of an event first, then its ledgers; answers what is not stored, and why."""
        unstored: set[object] = set()
        problems: list[str] = []
        events: dict[EventKey, list[str]] = {key: [] for key in made.records}
        for key, cluster in made.ledgers:
            events.setdefault(key, []).append(cluster)

        async def one(key: EventKey, clusters: Sequence[str]) -> None:
            try:
                if made.records.get(key) is not None:
                    await self._put_record(key, made)
            except GalaError as failed:
                unstored.add(key)
                problems.append(f"the record of event {key} was not stored: {failed}")
                return
            await asyncio.gather(*(ledger(key, cluster) for cluster in clusters))
            try:
                # A record goes last: as long as a ledger is there, its times are needed.
                if key in made.records and made.records[key] is None:
                    await self._put_record(key, made)
            except GalaError as failed:
                problems.append(f"the record of event {key} was not removed: {failed}")

        async def ledger(key: EventKey, cluster: str) -> None:
            try:
                self._must_lead()
                await self._store.put_ledger((key, cluster), made.ledgers[key, cluster])
            except GalaError as failed:
                unstored.add((key, cluster))
                problems.append(f"the ledger of event {key} in cluster {cluster} was not stored: {failed}")

        await asyncio.gather(*(one(key, clusters) for key, clusters in sorted(events.items())))
        return unstored, sorted(problems)

    async def _put_record(self, key: EventKey, made: Plan) -> None:
        self._must_lead()
        await self._store.put_record(key, made.records[key])

    def _must_lead(self) -> None:
        if not self._leads():
            raise LeadershipLost("this process does not lead any more")

    async def _apply(self, writes: Sequence[Write], now: float) -> Sequence[WriteResult]:
        if not writes or not self._leads():
            return ()
        results = await self._fleet.apply(writes)
        for result in results:
            write = result.write
            if result.error is None and write.reason == reasons.CONTESTED:
                self._reasserted[write.cluster, write.target] = now
            if result.error is not None:
                _log.warning(
                    "%s in cluster %s was not written: %s", write.target, write.cluster, result.error
                )
        return results
