"""A Prometheus fails or lies, while a round is prepared and while it is live: nothing is lowered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from gala.sandbox.demo import SETTINGS
from gala.sandbox.fleet import SandboxFleet
from gala.sandbox.outages import Outage
from gala.sandbox.script import Incident
from gala.sandbox.traffic import Skew, hot
from scenes import (
    EAST,
    EVENT,
    NAMESPACE,
    NORTH,
    ROUND_AT,
    ROUND_END,
    START,
    WEB_EAST,
    WEB_NORTH,
    Scene,
    at,
    event,
    night,
    play,
    show_round,
    workload,
)

pytestmark = pytest.mark.faults

OUTAGE = 100.0
HASTY = replace(SETTINGS, request_deadline=0.25)

TOLD_WITHIN = 30.0
"""Seconds: one interval of 15, and a status at most every 5."""
TOLD_STALE_WITHIN = 100.0
"""A frozen sample is fresh for ``staleAfter`` (60 s)."""

DOUBT: Mapping[Outage, str] = {
    Outage.DOWN: "Unreachable",
    Outage.HANG: "Timeout",
    Outage.ERROR: "Failed",
    Outage.UNAUTHORIZED: "Unauthorized",
    Outage.UNPROCESSABLE: "QueryRefused",
    Outage.HTML: "NotPrometheus",
    Outage.TRUNCATED: "NotPrometheus",
    Outage.MATRIX: "NotPrometheus",
    Outage.PARTIAL: "PartialData",
    Outage.TWICE: "NotOneSample",
    Outage.EMPTY: "NoData",
    Outage.NAN: "NotANumber",
    Outage.INFINITE: "NotANumber",
    Outage.NEGATIVE: "Negative",
    Outage.FUTURE: "ClockSkew",
    Outage.FROZEN: "Stale",
}
"""What is seen to be no figure, and the reason that people read."""

BELIEVED = (Outage.ZERO, Outage.HUNDREDFOLD)
"""What looks like a figure: it may raise what fits, and lowers nothing."""


class Watcher:
    """What the event's status says of its signals, second by second."""

    def __init__(self, first: float, last: float) -> None:
        self.seen: list[tuple[float, dict[str, Any]]] = []
        self._first, self._last = first, last

    def __call__(self, fleet: SandboxFleet) -> None:
        kind = fleet.hub.resources.find("galaevents")

        def look() -> None:
            status = fleet.hub.resources.get(kind, NAMESPACE, EVENT).get("status", {})
            found = [c for c in status.get("conditions", ()) if c["type"] == "SignalsFresh"]
            self.seen += [(fleet.clock.now() - START, condition) for condition in found]

        for second in range(int(self._first), int(self._last)):
            at(fleet, float(second), look)

    def told(self, reason: str) -> tuple[float, str]:
        """Seconds from the outage to ``SignalsFresh=False`` with this reason, and the message."""
        return next(
            (second - self._first, condition["message"])
            for second, condition in self.seen
            if condition["status"] == "False" and reason in f"{condition['reason']} {condition['message']}"
        )


async def blinded(mode: Outage, *, first: float, watcher: Watcher | None = None) -> Scene:
    """A round in which north is 30 % hotter than forecast, and both Prometheuses lie for a while."""
    blind = [
        Incident(after=first, what="MetricsOutage", cluster=name, mode=mode.value, seconds=OUTAGE)
        for name in ("north", "east")
    ]
    shares = {cluster.name: cluster.share for cluster in (NORTH, EAST)}
    body = event(workloads=[workload()], scenes=[], rounds=[show_round()])
    uneven = night(body, skews=[Skew(START + ROUND_AT, START + ROUND_END, hot(shares, "north", 1.3))])
    return await play(uneven, *blind, prepare=watcher or (lambda _: None), settings=HASTY)


def nothing_was_lowered(scene: Scene, first: float) -> None:
    """Not while nobody knew better: a move takes once the figures are good again. Everything is home."""
    assert scene.decreases(0, first + OUTAGE) == []
    assert scene.at_end() == scene.originals()
    assert scene.closes() == dict.fromkeys((WEB_NORTH, WEB_EAST), "HandedBack")
    assert scene.verdict.wrong_decreases == 0
    assert scene.verdict.breaches == ()


@pytest.mark.parametrize("mode", [pytest.param(mode, id=mode.value) for mode in DOUBT])
async def test_what_is_no_figure_lowers_nothing_in_a_round_and_is_told_with_its_reason(mode: Outage) -> None:
    first = ROUND_AT + 15
    watcher = Watcher(first, first + OUTAGE)
    scene = await blinded(mode, first=first, watcher=watcher)

    nothing_was_lowered(scene, first)
    after, message = watcher.told(DOUBT[mode])
    assert after <= (TOLD_STALE_WITHIN if mode is Outage.FROZEN else TOLD_WITHIN)
    assert not any(raw in message for raw in ("Error(", "b'", "HTTPConnection", "object at"))


@pytest.mark.parametrize("mode", [pytest.param(mode, id=mode.value) for mode in (*DOUBT, *BELIEVED)])
async def test_a_lie_while_the_round_is_prepared_costs_no_replica_of_its_floor(mode: Outage) -> None:
    scene = await blinded(mode, first=60.0)

    nothing_was_lowered(scene, 60.0)
    floors = scene.floor(WEB_NORTH) + scene.floor(WEB_EAST)
    assert floors >= 48
    assert scene.value(WEB_NORTH, ROUND_AT) + scene.value(WEB_EAST, ROUND_AT) >= 48


@pytest.mark.parametrize("mode", [pytest.param(mode, id=mode.value) for mode in BELIEVED])
async def test_a_lie_that_looks_like_a_figure_may_raise_and_lowers_nothing(mode: Outage) -> None:
    scene = await blinded(mode, first=ROUND_AT + 15)

    nothing_was_lowered(scene, ROUND_AT + 15)
    raised = [d for d in scene.decisions("OwnNeed") if d.to > d.start]
    assert bool(raised) is (mode is Outage.HUNDREDFOLD)
