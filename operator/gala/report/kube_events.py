"""Kubernetes Events for what a person should notice: phases, shortfalls, findings, contests.

Core v1 Events, because that is what ``kubectl describe`` shows. What is worth saying is the
pure difference of two plans; saying it never fails a pass.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from gala.api.meta import API_VERSION
from gala.api.scalars import format_instant
from gala.errors import GalaError
from gala.planning.facts import EventKey
from gala.planning.outcome import EventPlan
from gala.report.writer import Requester

log = logging.getLogger(__name__)

COMPONENT = "gala-operator"

REPEAT_AFTER = 300.0
"""Seconds before the same thing is said again: an Event lives for an hour, a round for minutes."""

MOST_PER_MINUTE = 20
"""Of one object: the API server throttles writers of Events, and nobody reads a flood."""

MAX_MESSAGE = 1000
"""The API server refuses longer ones (1,024)."""


class Notice(NamedTuple):
    """One thing to say; ``reason`` is PascalCase, ``warning`` makes kubectl show it as such."""

    reason: str
    message: str
    warning: bool = False


class Subject(NamedTuple):
    """The object that an Event is about."""

    key: EventKey
    uid: str
    kind: str = "GalaEvent"


def notices(before: EventPlan | None, after: EventPlan) -> tuple[Notice, ...]:
    """What is new in ``after``: a phase, a shortfall, a finding. Of a first plan only what is wrong.

    A finding whose figures alone have changed is not new.
    """
    known = {blurred(one) for one in _faults(before)} if before else set()
    found = [one for one in _faults(after) if blurred(one) not in known]
    if before is not None and before.phase != after.phase:
        found.insert(0, Notice(f"Phase{after.phase}", f"{before.phase} → {after.phase}"))
    return tuple(dict.fromkeys(found))


def _faults(plan: EventPlan) -> list[Notice]:
    return [Notice(one.reason, one.message, warning=True) for one in plan.findings]


def blurred(notice: Notice) -> Notice:
    """The same without its figures; digits inside of names stay."""
    return notice._replace(message=_FIGURE.sub("#", notice.message))


_FIGURE = re.compile(r"(?<![\w./-])\d+(?![\w./-])")


class EventPoster:
    """Posts notices, each at most once in a while, and never so many that it hurts."""

    def __init__(self, hub: Requester, *, host: str = "") -> None:
        self._hub = hub
        self._host = host
        self._said: dict[tuple[Subject, Notice], float] = {}
        self._posted: dict[Subject, list[float]] = {}
        self.failures = 0
        """Notices that the API server did not take, since the process started."""

    async def post(self, subject: Subject, found: Iterable[Notice], now: float) -> None:
        """Says what has not been said lately; what fails is logged and counted, never raised."""
        for notice in found:
            if not self._may_say(subject, notice, now):
                continue
            path = f"/api/v1/namespaces/{subject.key.namespace}/events"
            try:
                await self._hub.request("POST", path, body=render(subject, notice, now, host=self._host))
            except GalaError as error:
                self.failures += 1
                log.warning("the Event %s of %s was not taken: %s", notice.reason, subject.key, error)

    def _may_say(self, subject: Subject, notice: Notice, now: float) -> bool:
        self._said = {key: at for key, at in self._said.items() if now - at < REPEAT_AFTER}
        recent = [at for at in self._posted.get(subject, []) if now - at < 60.0]
        said = (subject, blurred(notice))
        if said in self._said or len(recent) >= MOST_PER_MINUTE:
            return False
        self._said[said] = now
        self._posted[subject] = [*recent, now]
        return True


def render(subject: Subject, notice: Notice, now: float, *, host: str = "") -> Mapping[str, Any]:
    """A core v1 Event; its name is made of its content, so that a repeated POST makes no second one."""
    message = notice.message[:MAX_MESSAGE]
    digest = hashlib.sha256(f"{subject.uid}/{notice.reason}/{message}/{now:.3f}".encode()).hexdigest()
    moment = format_instant(float(int(now)))
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": f"{subject.key.name[:200]}.{digest[:16]}",
            "namespace": subject.key.namespace,
        },
        "involvedObject": {
            "apiVersion": API_VERSION,
            "kind": subject.kind,
            "namespace": subject.key.namespace,
            "name": subject.key.name,
            "uid": subject.uid,
        },
        "reason": notice.reason,
        "message": message,
        "type": "Warning" if notice.warning else "Normal",
        "source": {"component": COMPONENT, "host": host},
        "reportingComponent": COMPONENT,
        "reportingInstance": host,
        "firstTimestamp": moment,
        "lastTimestamp": moment,
        "count": 1,
    }
