"""Step 5 of a pass: status, Kubernetes Events, the log and the recorder; none of it can stop scaling."""

from __future__ import annotations

import asyncio
import logging
from math import inf

from gala.api.event_status import GalaEventStatus
from gala.api.meta import EVENTS
from gala.engine.passes import Done
from gala.engine.wanted import WantedEvent
from gala.planning.facts import EventFacts, EventKey
from gala.planning.outcome import EventPlan
from gala.report.event_judgements import EventView
from gala.report.kube_events import EventPoster, Subject, notices
from gala.report.logs import log_decisions
from gala.report.recorder import Recorder
from gala.report.status import event_status, invalid_status, to_wire
from gala.report.writer import ObjectId, StatusWriter
from gala.settings import Settings

_log = logging.getLogger(__name__)


class Reporter:
    """Tells people what a pass did; an object's status changes at most every few seconds."""

    def __init__(
        self, *, writer: StatusWriter, poster: EventPoster, recorder: Recorder, settings: Settings
    ) -> None:
        self._writer = writer
        self._poster = poster
        self.recorder = recorder
        self._settings = settings
        self._before: dict[EventKey, EventPlan] = {}
        self._told: dict[EventKey, float] = {}

    async def report(self, done: Done) -> None:
        """Everything that is to be told after one pass."""
        self.recorder.observe(done.now, done.gathered.snapshot, done.plan, done.results)
        log_decisions(done.plan.decisions)
        for problem in done.problems:
            _log.error("%s", problem)
        facts = {event.key: event for event in done.gathered.snapshot.events}
        await asyncio.gather(
            *(self._event(event, facts.get(event.key), done) for event in done.gathered.events)
        )
        for key in done.gathered.snapshot.deleted:
            self._before.pop(key, None)
            self._told.pop(key, None)

    async def _event(self, event: WantedEvent, facts: EventFacts | None, done: Done) -> None:
        if event.missing:
            return
        made = done.plan.events.get(event.key)
        before = self._before.get(event.key)
        if not self._due(event, made, before, done.now):
            return
        self._told[event.key] = done.now
        observed = event.raw.get("status") or {}
        status = self._status(event, facts, done, observed)
        target = ObjectId(EVENTS, event.key.namespace, event.key.name, event.uid)
        await self._writer.write(target, to_wire(status), observed=observed, now=done.now)
        if made is not None:
            self._before[event.key] = made
            await self._poster.post(Subject(event.key, event.uid), notices(before, made), done.now)

    def _due(self, event: WantedEvent, made: EventPlan | None, before: EventPlan | None, now: float) -> bool:
        """A new phase or finding is told at once, everything else every few seconds."""
        news = (
            made is None or before is None or (made.phase, made.findings) != (before.phase, before.findings)
        )
        return news or now - self._told.get(event.key, -inf) >= self._settings.status_interval

    def _status(
        self, event: WantedEvent, facts: EventFacts | None, done: Done, observed: object
    ) -> GalaEventStatus:
        previous = _read(observed)
        made = done.plan.events.get(event.key)
        if facts is None or made is None:
            return invalid_status(
                event.problems, generation=event.generation, now=done.now, previous=previous
            )
        return event_status(
            EventView(
                key=event.key,
                generation=event.generation,
                spec=facts.spec,
                plan=made,
                snapshot=done.gathered.snapshot,
                now=done.now,
                previous=previous,
                progress=self.recorder.progress(event.key),
                problems=event.problems,
                unsupported=event.unsupported,
                contested_at=self.recorder.contested_at(event.key),
            )
        )


def _read(observed: object) -> GalaEventStatus | None:
    """The status as last seen; one that another version wrote, or nobody understands, counts as none."""
    try:
        return GalaEventStatus.model_validate(observed) if observed else None
    except ValueError:
        return None
