"""The last step of a pass: records it, logs it, and brings every status up to date.

Nothing here can stop scaling: what the API server refuses is counted and tried again with
the next pass, and a fault of our own in one object's report is logged and leaves the
others alone.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from math import inf
from typing import Any, Protocol, TypedDict, TypeVar

from pydantic import ValidationError

from gala.api.cluster import GalaClusterStatus
from gala.api.event_status import GalaEventStatus
from gala.api.meta import CLUSTERS, EVENTS
from gala.api.model import Model
from gala.fleet.member import ClusterHealth
from gala.planning.facts import EventFacts, EventKey
from gala.planning.outcome import EventPlan, Plan
from gala.planning.snapshot import Snapshot
from gala.report.cluster_status import ClusterView, cluster_status, stray_status
from gala.report.cues import CueAnswers
from gala.report.event_judgements import EventView, Trouble
from gala.report.kube_events import EventPoster, Notice, Subject, notices
from gala.report.logs import DecisionLog
from gala.report.recorder import Recorder, Result
from gala.report.shelf import NightShelf
from gala.report.status import event_status, hindered_status, invalid_status, settled, to_wire
from gala.report.writer import ObjectId, Requester, StatusWriter
from gala.settings import Settings

log = logging.getLogger(__name__)

AT_ONCE = 8
"""Objects whose status is written side by side."""

RATES_EVERY = 60.0
"""Seconds between two statuses that differ in measured rates alone."""

S = TypeVar("S", bound=Model)


class EventObject(Protocol):
    """A GalaEvent as the engine wants it."""

    @property
    def key(self) -> EventKey:
        """Namespace and name."""
        ...

    @property
    def uid(self) -> str:
        """Of the object as last seen."""
        ...

    @property
    def generation(self) -> int:
        """Of the spec as last seen."""
        ...

    @property
    def raw(self) -> Mapping[str, Any]:
        """The object as last seen."""
        ...

    @property
    def facts(self) -> EventFacts | None:
        """Of the last good spec."""
        ...

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the spec as last seen."""
        ...

    @property
    def unsupported(self) -> tuple[str, ...]:
        """Features that are not built yet."""
        ...

    @property
    def missing(self) -> bool:
        """It is gone, or in doubt."""
        ...


class ClusterObject(Protocol):
    """A GalaCluster as the engine wants it."""

    @property
    def name(self) -> str:
        """Of the object."""
        ...

    @property
    def uid(self) -> str:
        """Of the object as last seen."""
        ...

    @property
    def generation(self) -> int:
        """Of the spec as last seen."""
        ...

    @property
    def raw(self) -> Mapping[str, Any]:
        """The object as last seen."""
        ...

    @property
    def problems(self) -> tuple[str, ...]:
        """What is wrong with the spec as last seen."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Passed:
    """One pass: what was known, what was decided, what came of it."""

    now: float
    snapshot: Snapshot
    plan: Plan
    results: Sequence[Result] = ()
    events: Sequence[EventObject] = ()
    clusters: Sequence[ClusterObject] = ()
    strays: Sequence[ClusterObject] = ()
    """GalaClusters outside of the fleet namespace."""
    health: Mapping[str, ClusterHealth] = field(default_factory=dict)
    troubles: Mapping[EventKey, tuple[Trouble, ...]] = field(default_factory=dict)


class _Known(TypedDict):
    """What every status is made from beside its own subject."""

    generation: int
    now: float
    previous: GalaEventStatus | None


class Reporter:
    """One per process; only the leader publishes. ``host`` names this process in Kubernetes Events."""

    def __init__(self, hub: Requester, settings: Settings, *, host: str = "") -> None:
        self.recorder = Recorder()
        self.writer = StatusWriter(hub, settings)
        self.poster = EventPoster(hub, host=host)
        self.cues = CueAnswers(hub)
        self.shelf = NightShelf(hub, settings, self.recorder)
        self._namespace = settings.fleet_namespace
        self._interval = settings.status_interval
        self._looked: dict[ObjectId, float] = {}
        self.statuses: Mapping[EventKey, GalaEventStatus] = {}
        """As last judged, whether they could be written or not; replaced as a whole, for other threads."""
        self._decisions = DecisionLog()
        self._plans: dict[EventKey, EventPlan] = {}
        self._problems: dict[EventKey, tuple[str, ...]] = {}
        self._troubles: Mapping[EventKey, tuple[Trouble, ...]] = {}

    async def publish(self, passed: Passed) -> None:
        """Records the pass and writes what has changed; raises nothing but cancellation."""
        self._record(passed)
        gate = asyncio.Semaphore(AT_ONCE)
        events = [one for one in passed.events if not one.missing]
        work = [self._guarded(gate, partial(self._event, one, passed)) for one in events]
        work += [self._guarded(gate, partial(self._cluster, one, passed)) for one in passed.clusters]
        work += [self._guarded(gate, partial(self._stray, one, passed.now)) for one in passed.strays]
        work.append(self._guarded(gate, partial(self.shelf.keep, passed.plan, passed.now)))
        await asyncio.gather(*work, self._guarded(gate, partial(self.cues.answer, passed.now)))
        self._troubles = passed.troubles
        self._forget_others(passed)

    def _forget_others(self, passed: Passed) -> None:
        events = {_event_id(one) for one in passed.events if not one.missing}
        clusters = {_cluster_id(one) for one in (*passed.clusters, *passed.strays)}
        self.writer.keep(events | clusters)
        self._looked = {target: at for target, at in self._looked.items() if target in events | clusters}
        keys = {one.key for one in passed.events} | passed.plan.events.keys()
        self.recorder.keep(keys)
        self.statuses = {key: status for key, status in self.statuses.items() if key in keys}
        self._plans = {key: plan for key, plan in self._plans.items() if key in keys}
        self._problems = {key: found for key, found in self._problems.items() if key in keys}

    def _record(self, passed: Passed) -> None:
        self._decisions.tell(passed.plan.decisions)
        try:
            self.recorder.observe(passed.now, passed.snapshot, passed.plan, passed.results)
        except Exception:
            log.exception("a pass was not recorded")

    async def _guarded(self, gate: asyncio.Semaphore, work: Callable[[], Awaitable[Any]]) -> None:
        """Begins ``work`` once it is its turn: a process that ends before leaves nothing half begun."""
        async with gate:
            try:
                await work()
            except Exception:
                log.exception("a part of this pass was not reported")

    async def _event(self, event: EventObject, passed: Passed) -> None:
        plan = passed.plan.events.get(event.key)
        troubles = passed.troubles.get(event.key, ())
        if self._worth_it(event, plan, passed.now):
            await self._event_status(event, plan, passed)
        news = [*self._new(event.key, troubles), *self._news(event, plan)]
        await self.poster.post(Subject(event.key, event.uid), news, passed.now)

    def _new(self, key: EventKey, troubles: Sequence[Trouble]) -> list[Notice]:
        known = {trouble.reason for trouble in self._troubles.get(key, ())}
        return [Notice(t.reason, t.message, warning=True) for t in troubles if t.reason not in known]

    def _worth_it(self, event: EventObject, plan: EventPlan | None, now: float) -> bool:
        """Computing a status costs more than a whole pass of waiting, so not while it may not be written."""
        target = _event_id(event)
        last = self.writer.last(target)
        if last is None or (self.writer.due(target, now) and self._may_look(target, now)):
            return True
        phase = "Invalid" if event.problems else plan.phase if plan else last.get("phase")
        return (phase, event.generation) != (last.get("phase"), last.get("observedGeneration"))

    def _may_look(self, target: ObjectId, now: float) -> bool:
        """Whether it is time to compute a status that may well turn out to be the one that is there."""
        if now - self._looked.get(target, -inf) < self._interval:
            return False
        self._looked[target] = now
        return True

    async def _event_status(self, event: EventObject, plan: EventPlan | None, passed: Passed) -> None:
        target = _event_id(event)
        observed = event.raw.get("status") or {}
        before = _parsed(GalaEventStatus, self.writer.last(target) or observed)
        troubles = passed.troubles.get(event.key, ())
        known: _Known = {"generation": event.generation, "now": passed.now, "previous": before}
        if event.facts is not None and plan is not None:
            status = event_status(self._view(event, event.facts, plan, passed, before))
        elif event.problems:
            status = invalid_status(event.problems, **known)
        elif troubles:
            status = hindered_status(troubles, **known)
        else:
            return
        self.statuses = {**self.statuses, event.key: status}
        document, last = to_wire(status), self.writer.last(target)
        rates_wait = passed.now - self.writer.written_at(target) < RATES_EVERY
        if rates_wait and last is not None and settled(document) == settled(last):
            return
        await self.writer.write(target, document, observed=observed, now=passed.now)

    def _view(
        self,
        event: EventObject,
        facts: EventFacts,
        plan: EventPlan,
        passed: Passed,
        before: GalaEventStatus | None,
    ) -> EventView:
        return EventView(
            key=event.key,
            generation=event.generation,
            spec=facts.spec,
            plan=plan,
            snapshot=passed.snapshot,
            now=passed.now,
            previous=before,
            progress=self.recorder.progress(event.key),
            problems=event.problems,
            unsupported=event.unsupported,
            troubles=passed.troubles.get(event.key, ()),
            contested_at=self.recorder.contested_at(event.key),
            left=self.recorder.left(event.key),
        )

    def _news(self, event: EventObject, plan: EventPlan | None) -> list[Notice]:
        found: list[Notice] = []
        if event.problems and event.problems != self._problems.get(event.key):
            found = [Notice("InvalidSpec", problem, warning=True) for problem in event.problems]
        self._problems[event.key] = event.problems
        if plan is not None:
            found += notices(self._plans.get(event.key), plan)
            self._plans[event.key] = plan
        return found

    async def _cluster(self, cluster: ClusterObject, passed: Passed) -> None:
        target = _cluster_id(cluster)
        observed = cluster.raw.get("status") or {}
        if not self.writer.due(target, passed.now) or not self._may_look(target, passed.now):
            return
        status = cluster_status(
            ClusterView(
                generation=cluster.generation,
                now=passed.now,
                previous=_parsed(GalaClusterStatus, self.writer.last(target) or observed),
                problems=cluster.problems,
                facts=passed.snapshot.clusters.get(cluster.name),
                health=passed.health.get(cluster.name),
            )
        )
        await self.writer.write(target, to_wire(status), observed=observed, now=passed.now)

    async def _stray(self, cluster: ClusterObject, now: float) -> None:
        target = _cluster_id(cluster)
        observed = cluster.raw.get("status") or {}
        last = self.writer.last(target) or {}
        if last.get("observedGeneration") == cluster.generation or not self._may_look(target, now):
            return
        before = _parsed(GalaClusterStatus, last or observed)
        status = stray_status(self._namespace, generation=cluster.generation, now=now, previous=before)
        await self.writer.write(target, to_wire(status), observed=observed, now=now)


def _cluster_id(cluster: ClusterObject) -> ObjectId:
    return ObjectId(CLUSTERS, cluster.raw["metadata"]["namespace"], cluster.name, cluster.uid)


def _event_id(event: EventObject) -> ObjectId:
    return ObjectId(EVENTS, event.key.namespace, event.key.name, event.uid)


def _parsed(model: type[S], raw: Mapping[str, Any]) -> S | None:
    """A status that cannot be read is as good as none: it is ours, and is written anew."""
    try:
        return model.model_validate(raw) if raw else None
    except ValidationError:
        return None
