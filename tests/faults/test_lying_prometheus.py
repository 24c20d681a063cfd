"""A Prometheus fails or lies, while a round is prepared and while it is live: nothing is lowered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from condition_watch import ConditionWatch, Told
from gala.sandbox.demo import SETTINGS
from gala.sandbox.outages import Outage
from gala.sandbox.script import Incident
from gala.sandbox.traffic import Skew, hot
from measures import Measure
from scenes import (
    EAST,
    NORTH,
    ROUND_AT,
    ROUND_END,
    START,
    WEB_EAST,
    WEB_NORTH,
    Scene,
    event,
    night,
    play,
    show_round,
    workload,
)

pytestmark = pytest.mark.faults

OUTAGE = 100.0
HASTY = replace(SETTINGS, request_deadline=0.5)
"""For what hangs: that is given up by the wall clock."""

BEFORE, LIVE = 60.0, ROUND_AT + 15
"""When the lies begin."""

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
    Outage.MATRIX: "NotOneSample",
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


async def blinded(mode: Outage, *, first: float, watch: ConditionWatch) -> Scene:
    """A round in which north is 30 % hotter than forecast, and both Prometheuses lie for a while."""
    blind = [
        Incident(after=first, what="MetricsOutage", cluster=name, mode=mode.value, seconds=OUTAGE)
        for name in ("north", "east")
    ]
    shares = {cluster.name: cluster.share for cluster in (NORTH, EAST)}
    body = event(workloads=[workload()], scenes=[], rounds=[show_round()])
    uneven = night(body, skews=[Skew(START + ROUND_AT, START + ROUND_END, hot(shares, "north", 1.3))])
    settings = HASTY if mode is Outage.HANG else SETTINGS
    return await play(uneven, *blind, prepare=watch, settings=settings)


def is_told(watch: ConditionWatch, mode: Outage) -> Told:
    """``SignalsFresh=False`` in time, with its reason, and with nothing that only a programmer reads."""
    told = watch.told(DOUBT[mode])
    assert told.after <= (TOLD_STALE_WITHIN if mode is Outage.FROZEN else TOLD_WITHIN)
    assert not any(raw in told.message for raw in ("Error(", "b'", "HTTPConnection", "object at"))
    return told


def nothing_was_lowered(scene: Scene, first: float) -> None:
    """Not while nobody knew better: a move takes once the figures are good again. Everything is home."""
    assert scene.decreases(0, first + OUTAGE) == []
    assert scene.at_end() == scene.originals()
    assert scene.closes() == dict.fromkeys((WEB_NORTH, WEB_EAST), "HandedBack")
    assert scene.verdict.wrong_decreases == 0
    assert scene.verdict.breaches == ()


def looked_at(first: float) -> ConditionWatch:
    return ConditionWatch("SignalsFresh", first=first, last=first + OUTAGE)


@pytest.mark.parametrize("mode", [pytest.param(mode, id=mode.value) for mode in DOUBT])
async def test_what_is_no_figure_lowers_nothing_in_a_round_and_is_told_with_its_reason(
    mode: Outage, measured: Measure
) -> None:
    watch = looked_at(LIVE)
    scene = await blinded(mode, first=LIVE, watch=watch)

    nothing_was_lowered(scene, LIVE)
    measured("T13", "s to SignalsFresh=False, live", is_told(watch, mode).after)
    measured("T13", "wrong decreases, live", scene.verdict.wrong_decreases)


@pytest.mark.parametrize("mode", [pytest.param(mode, id=mode.value) for mode in (*DOUBT, *BELIEVED)])
async def test_a_lie_while_the_round_is_prepared_costs_no_replica_of_its_floor(
    mode: Outage, measured: Measure
) -> None:
    watch = looked_at(BEFORE)
    scene = await blinded(mode, first=BEFORE, watch=watch)

    nothing_was_lowered(scene, BEFORE)
    floors = scene.floor(WEB_NORTH) + scene.floor(WEB_EAST)
    assert floors >= 48
    assert scene.value(WEB_NORTH, ROUND_AT) + scene.value(WEB_EAST, ROUND_AT) >= 48
    measured("T13", "wrong decreases, before the round", scene.verdict.wrong_decreases)
    if mode in DOUBT:
        measured("T13", "s to SignalsFresh=False, before the round", is_told(watch, mode).after)


@pytest.mark.parametrize("mode", [pytest.param(mode, id=mode.value) for mode in BELIEVED])
async def test_a_lie_that_looks_like_a_figure_may_raise_and_lowers_nothing(
    mode: Outage, measured: Measure
) -> None:
    scene = await blinded(mode, first=LIVE, watch=looked_at(LIVE))

    nothing_was_lowered(scene, LIVE)
    raised = [d for d in scene.decisions("OwnNeed") if d.to > d.start]
    assert bool(raised) is (mode is Outage.HUNDREDFOLD)
    measured("T13", "wrong decreases, live", scene.verdict.wrong_decreases)
