"""The oracle passes a night that keeps its promises and names each promise that is broken."""

from __future__ import annotations

from random import Random

import pytest

from gala.report.event_report import build
from gala.report.series import StepSeries
from gala.sandbox.apiserver.faults import Refuse
from gala.sandbox.demo import play_night
from gala.sandbox.fleet import SandboxFleet
from gala.sandbox.night import build_night
from gala.sandbox.night_log import night_log, warm_series
from gala.sandbox.oracle import Verdict, fingerprint, judge
from sandbox_puppet import Breach, Puppet


async def played(breach: Breach, seed: int = 3, *, jitter: float = 0.0) -> tuple[SandboxFleet, Verdict]:
    fleet = SandboxFleet(build_night(seed=seed, rounds=1, clusters=2, scale=0.05))
    draw = Random(seed)
    for server in (fleet.hub, *(world.server for world in fleet.worlds.values())):
        server.faults.delay = (lambda: draw.uniform(0.0, jitter)) if jitter else None
    await fleet.start()
    try:
        await Puppet(fleet, breach).run()
    finally:
        await fleet.stop()
    return fleet, judge(fleet.recorder.seen)


async def test_a_night_that_keeps_its_promises_has_no_breach():
    fleet, verdict = await played(Breach())
    assert verdict.breaches == ()
    assert verdict.handed_back
    (only,) = verdict.rounds
    assert only.ready_at_start >= only.required > 0
    ends = fingerprint(fleet.recorder.seen)
    assert ends["red-envelope in north"] == fleet.deployment("north", "red-envelope")["spec"]["replicas"]


@pytest.mark.parametrize(
    ("breach", "want"),
    [
        pytest.param(Breach(lead=10.0), "Ready at its start and missed", id="capacity that comes too late"),
        pytest.param(
            Breach(home_early=True), "which was still on", id="a hand-back in the middle of a round"
        ),
        pytest.param(
            Breach(without_ledger=True), "without an open ledger entry", id="a write without ledger"
        ),
        pytest.param(Breach(below_original=True), "below its original", id="a target below its original"),
        pytest.param(Breach(forgets_one=True), "its original was", id="a target that is not given back"),
        pytest.param(
            Breach(take=2, take_blindly=True), "which was still on", id="a move that breaks before it makes"
        ),
    ],
)
async def test_a_broken_promise_is_named(breach: Breach, want: str):
    _, verdict = await played(breach)
    assert not verdict.ok
    assert any(want in text for text in verdict.breaches), verdict.breaches


async def test_a_move_that_makes_before_it_breaks_is_no_breach():
    fleet, verdict = await played(Breach(take=2))
    assert verdict.breaches == ()
    floors = fleet.recorder.seen.floors
    assert any(history[-1].taken == 2 for history in floors.values()), "the take was really seen"


async def test_the_recording_becomes_an_event_report_that_passes():
    fleet, verdict = await played(Breach(take=2))
    report = build(night_log(fleet.night, fleet.recorder.seen, fleet.traffic, verdict=verdict))
    assert report.passed
    assert report.rebalance_moves == 1
    assert report.tiers["S"].served_ratio is not None
    assert report.tiers["S"].served_ratio > 0.99


async def test_the_same_seed_gives_the_same_recording_whatever_the_network_does():
    first, _ = await played(Breach())
    second, _ = await played(Breach(), jitter=0.002)
    other, _ = await played(Breach(), seed=4)
    assert first.recorder.seen.ready == second.recorder.seen.ready
    assert first.recorder.seen.writes == second.recorder.seen.writes
    assert first.recorder.seen.ready != other.recorder.seen.ready


def test_warm_is_what_has_been_ready_for_the_whole_warm_up():
    ready = StepSeries([(0, 4), (10, 6), (50, 3), (55, 9)])
    want = [(0, 4), (40, 6), (50, 3), (85, 9)]
    assert list(warm_series(ready, 30, 100)) == want


async def test_a_write_that_a_server_refused_is_counted_by_the_server() -> None:
    night = build_night(rounds=1, clusters=1, scale=0.1)

    def refuse(fleet: SandboxFleet) -> None:
        fleet.worlds["north"].server.faults.refusals.append(
            Refuse(status=500, method="PATCH", path=".*/scale$", times=2)
        )

    played = await play_night(night, prepare=refuse)

    assert played.report.writes.failed == 2
    assert not played.report.passed
