"""Step 5 of a pass: what it did, told to people; none of it can stop scaling."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping

from gala.engine.passes import Done
from gala.engine.store import LedgerStore
from gala.errors import GalaError
from gala.fleet.member import ClusterHealth
from gala.planning.facts import ClusterFacts, EventKey, TargetFacts
from gala.planning.ledger import ClusterLedger
from gala.report.event_judgements import Trouble
from gala.report.metrics import Metrics, Tale
from gala.report.reporter import Passed, Reporter

_log = logging.getLogger(__name__)


class Telling:
    """Metrics, statuses of events, clusters and ledgers, Kubernetes Events, the log and the recorder."""

    def __init__(
        self,
        *,
        reporter: Reporter,
        metrics: Metrics,
        store: LedgerStore,
        health: Callable[[], Mapping[str, ClusterHealth]],
    ) -> None:
        self._reporter = reporter
        self._metrics = metrics
        self._store = store
        self._health = health
        self._vanished: frozenset[EventKey] = frozenset()
        self._troubles: Mapping[EventKey, tuple[Trouble, ...]] = {}

    async def tell(self, done: Done) -> None:
        """Everything that is to be told after one pass; raises nothing but cancellation."""
        try:
            await self._tell(done)
        except Exception:  # noqa: BLE001 (nothing that is told can stop scaling)
            _log.exception("this pass was not reported")

    async def _tell(self, done: Done) -> None:
        self._complain(done)
        self._alarm(done)
        passed = Passed(
            now=done.now,
            snapshot=done.gathered.snapshot,
            plan=done.plan,
            results=done.results,
            events=done.gathered.events,
            clusters=done.gathered.clusters,
            strays=done.gathered.strays,
            health=self._health(),
            troubles=done.troubles,
        )
        self._count(done, passed)
        await asyncio.gather(self._reporter.publish(passed), self._ledgers(done))

    def _count(self, done: Done, passed: Passed) -> None:
        tale = Tale(
            passed=passed,
            seconds=done.seconds,
            problems=len(done.problems),
            vanished=len(done.gathered.vanished),
            doubt=done.doubt,
        )
        try:
            self._metrics.tell(tale)
        except Exception:  # noqa: BLE001 (statuses are worth more than figures)
            _log.exception("this pass is not in the metrics")

    def _complain(self, done: Done) -> None:
        """Says each trouble once, when it is new."""
        for key, found in done.troubles.items():
            for trouble in found:
                if trouble not in self._troubles.get(key, ()):
                    _log.error("event %s: %s: %s", key, trouble.reason, trouble.message)
        self._troubles = done.troubles

    def _alarm(self, done: Done) -> None:
        """Says once when most events dropped out of a list at the same time: nobody deletes like that."""
        vanished = done.gathered.vanished
        if vanished - self._vanished:
            names = ", ".join(str(key) for key in sorted(vanished)[:3])
            _log.error(
                "EventsVanished: %d GalaEvents (%s) dropped out of a list at once; what they hold stays "
                "until each of them has been asked for by name twice",
                len(vanished),
                names,
            )
        self._vanished = vanished

    async def _ledgers(self, done: Done) -> None:
        clusters = done.gathered.snapshot.clusters
        try:
            _, ledgers = await self._store.load()
        except GalaError as failed:
            _log.warning("the statuses of the ledgers were not written: %s", failed)
            return
        for key, ledger in ledgers.items():
            try:
                await self._ledger(key, ledger, clusters.get(key[1]), done.now)
            except GalaError as failed:
                _log.warning("the status of the ledger of %s in %s was not written: %s", *key, failed)

    async def _ledger(
        self, key: tuple[EventKey, str], ledger: ClusterLedger, cluster: ClusterFacts | None, now: float
    ) -> None:
        seen: dict[str, tuple[int | None, int | None]] = {}
        for entry in ledger.entries:
            facts = cluster.targets.get(entry.target) if cluster else None
            known = facts if isinstance(facts, TargetFacts) else None
            ready = known.ready if known and isinstance(known.ready, int) else None
            seen[entry.workload] = (known.replicas if known else None, ready)
        await self._store.put_status(key, seen, outstanding=len(ledger.entries), now=now)
