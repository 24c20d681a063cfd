"""One pass: snapshot → plan → ledger → apply → report.

Level-triggered: killed at any point and started anew, the next pass ends in the same state.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from gala.engine.gathering import Gathered, Gatherer
from gala.engine.horizon import Horizon
from gala.engine.ports import Barrier, Fleet
from gala.engine.quarantine import Planner, Quarantine
from gala.engine.store import LedgerStore
from gala.engine.storing import Storing, Unstored
from gala.fleet.writes import WriteResult
from gala.planning import reasons
from gala.planning.facts import EventKey, TargetKey
from gala.planning.outcome import Plan, Write
from gala.planning.plan import plan
from gala.report.event_judgements import Trouble
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
    troubles: Mapping[EventKey, tuple[Trouble, ...]] = field(default_factory=dict)
    """By event: what keeps it from being carried out."""
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
        planner: Planner | None = None,
    ) -> None:
        """``leads`` is asked before anything is stored or written; ``planner`` plans, if not ``Horizon``."""
        self._gatherer = gatherer
        self._store = store
        self._fleet = fleet
        self._leads = leads
        self._storing = Storing(store, leads)
        alone = planner or partial(plan, settings=settings)
        self._quarantine = Quarantine(planner or Horizon(settings).plan, alone)
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
        made, aside = self._quarantine.plan(gathered.snapshot, now)
        # 3. ledger
        unstored = await self._storing.all(made)
        # 4. apply
        results = await self._apply(self._allowed(made.writes, unstored), now)
        # 5. report: by whoever asked for the pass
        return Done(
            now=now,
            gathered=gathered,
            plan=made,
            results=tuple(results),
            problems=tuple(one.text for one in unstored),
            troubles=troubles(aside, self._store.doubts, unstored),
            doubt=doubt,
            seconds=time.monotonic() - began,
        )

    def _allowed(self, writes: Sequence[Write], unstored: Sequence[Unstored]) -> list[Write]:
        """Those whose ledger is stored; no decrease where the API server was seen to drop parts of it."""
        blocked = {(one.event, one.cluster) for one in unstored}
        doubts = self._store.doubts.keys()
        return [
            write
            for write in writes
            if blocked.isdisjoint({(write.event, ""), (write.event, write.cluster)})
            and (write.to >= write.was or write.event not in doubts)
        ]

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


def troubles(
    aside: Mapping[EventKey, str], doubts: Mapping[EventKey, str], unstored: Sequence[Unstored]
) -> dict[EventKey, tuple[Trouble, ...]]:
    """By event: what keeps it from being carried out, the worst first."""
    found: dict[EventKey, list[Trouble]] = {}
    for key, fault in aside.items():
        text = (
            f"gala-operator cannot plan this event ({fault}); its targets stay as they are. This is a fault "
            "of the operator: report it with the event's YAML, and raise by hand what "
            "`gala plan -o kubectl` prints."
        )
        found.setdefault(key, []).append(Trouble("PlanningFailed", text))
    for key, why in doubts.items():
        found.setdefault(key, []).append(Trouble("LedgerInDoubt", why))
    for one in unstored:
        found.setdefault(one.event, []).append(Trouble("LedgerNotStored", one.text, stuck=one.stuck))
    return {key: tuple(dict.fromkeys(rows)) for key, rows in found.items()}
