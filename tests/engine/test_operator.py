"""The loop: when it passes, what it outlives, and when it gives up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from engine_stage import START, EngineStage, an_engine
from gala.engine.operator import Operator, run_until_stopped
from gala.engine.passes import Done, Pass
from gala.engine.ports import Barrier
from gala.errors import BarrierTimeout, Stalled, Unreachable
from gala.planning.facts import EventKey
from gala.sandbox.apiserver.faults import Refuse
from hub_server import Time

GALA = EventKey("shows", "gala")
IDLE = START - 20_000.0
"""Hours before anything has to be held."""


@pytest.fixture
async def stage() -> AsyncIterator[EngineStage]:
    async with an_engine() as made:
        made.put_cluster()
        made.put_event()
        made.listed()
        made.hub.time.value = IDLE
        yield made


class Over(Exception):
    """The clock has shown all that a test wants to see."""


@dataclass
class Steps(Time):
    """A clock that jumps to each deadline, so many times, and remembers them."""

    left: int = 1
    asked: list[float] = field(default_factory=list)
    between: Callable[[int], None] = lambda _: None
    """Called after each step with its number."""

    async def until(self, deadline: float) -> Barrier:
        self.asked.append(deadline)
        if len(self.asked) >= self.left:
            raise Over
        self.value = max(self.value, deadline)
        self.between(len(self.asked))
        return {}

    def wake(self) -> None:
        """Nobody sleeps."""


class FailingPass:
    """Raises what it was told to, pass by pass."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.runs = 0

    async def run(self, barrier: Barrier, now: float, *, doubt: bool = False) -> Done:
        self.runs += 1
        raise self.faults[min(self.runs, len(self.faults)) - 1]


@dataclass
class FrozenPass:
    """A pass in whose end the process stands still."""

    work: Pass
    steps: Steps
    seconds: float = 60.0

    async def run(self, barrier: Barrier, now: float, *, doubt: bool = False) -> Done:
        done = await self.work.run(barrier, now, doubt=doubt)
        self.steps.value += self.seconds
        return done


@dataclass
class LongPass:
    """A pass that has so much to write that it takes longer than a leader may go without its Lease."""

    work: Pass
    steps: Steps
    renewals: Callable[[], int]

    async def run(self, barrier: Barrier, now: float, *, doubt: bool = False) -> Done:
        done = await self.work.run(barrier, now, doubt=doubt)
        for renewed in range(self.renewals(), self.renewals() + 3):
            self.steps.value += 5.0
            async with asyncio.timeout(10):
                while self.renewals() == renewed:  # noqa: ASYNC110 (a server sets no event of ours)
                    await asyncio.sleep(0.01)
        return done


async def run(stage: EngineStage, steps: Steps, **more: Any) -> Operator:
    """Runs until the steps are used up; the stage's time is theirs."""
    stage.hub.time = stage.elector._clock = steps  # type: ignore[assignment]
    stage.elector._steady = steps.now
    made = stage.operator(clock=steps, **more)
    with pytest.raises(Over):
        await made.run()
    return made


def seen_by(times: list[float]) -> Callable[[Done], None]:
    return lambda done: times.append(done.now)


async def test_when_nothing_is_held_a_pass_comes_every_fifteen_seconds(stage: EngineStage) -> None:
    times: list[float] = []
    await run(stage, Steps(IDLE, left=25), observer=seen_by(times))
    assert [round(moment - IDLE) for moment in times] == [0, 15, 30, 45]


async def test_the_lease_is_renewed_between_two_passes(stage: EngineStage) -> None:
    steps = Steps(IDLE, left=8)
    await run(stage, steps)
    assert [round(moment - IDLE) for moment in steps.asked] == [2, 4, 6, 8, 10, 12, 14, 15]
    assert stage.journal.count("PUT leases") == 7


async def test_while_something_is_held_a_pass_comes_every_two_seconds(stage: EngineStage) -> None:
    times: list[float] = []
    await run(stage, Steps(START - 60.0, left=4), observer=seen_by(times))
    assert [round(moment - START) for moment in times] == [-60, -58, -56, -54]


async def test_room_is_read_once_more_between_the_passes_before_a_hold_and_the_one_that_latches(
    stage: EngineStage,
) -> None:
    ahead: list[tuple[float, int]] = []

    def noted(done: Done) -> None:
        (opening,) = done.plan.events[GALA].segments
        ahead.append((opening.prepare_at - done.now, len(stage.fleet.refreshed)))

    first: list[Done] = []
    await run(stage, Steps(IDLE, left=2), observer=first.append)
    (opening,) = first[0].plan.events[GALA].segments
    await run(stage, Steps(opening.prepare_at - 95.0, left=70), observer=noted)
    assert [(left > 60.0, count) for left, count in ahead if left >= 0] == [
        (True, 0),
        (True, 0),
        (True, 0),
        (False, 1),
        (False, 1),
        (False, 1),
        (False, 1),
        (False, 1),
    ]
    assert stage.fleet.refreshed == [["north"]]


async def test_a_pass_comes_exactly_at_the_next_edge(stage: EngineStage) -> None:
    passes: list[Done] = []
    await run(stage, Steps(IDLE, left=2), observer=passes.append)
    edge = passes[0].plan.wake_at
    passes.clear()
    stage.elector._renewed = (float("-inf"), float("-inf"))
    await run(stage, Steps(edge - 3.25, left=5), observer=passes.append)
    assert [done.now for done in passes][:2] == [edge - 3.25, edge]


async def test_a_changed_event_is_passed_at_the_next_turn(stage: EngineStage) -> None:
    times: list[float] = []

    def edit(step: int) -> None:
        if step == 3:
            stage.put_event(paused=True)

    await run(stage, Steps(IDLE, left=6, between=edit), observer=seen_by(times))
    assert [round(moment - IDLE) for moment in times] == [0, 6]


async def test_a_clock_that_was_set_back_does_not_put_passes_off(stage: EngineStage) -> None:
    times: list[float] = []
    steps = Steps(IDLE, left=4)

    def back(step: int) -> None:
        if step == 2:
            steps.value -= 3600.0

    steps.between = back
    await run(stage, steps, observer=seen_by(times))
    assert [round(moment - IDLE) for moment in times][:2] == [0, 4 - 3600]


async def test_after_the_clock_was_set_nothing_is_lowered_for_half_a_minute(stage: EngineStage) -> None:
    doubts: list[bool] = []
    work = stage.a_pass()

    class Noting:
        async def run(self, barrier: Barrier, now: float, *, doubt: bool = False) -> Done:
            doubts.append(doubt)
            return await work.run(barrier, now, doubt=doubt)

    steps = Steps(START - 60.0, left=20)

    def jump(step: int) -> None:
        if step == 1:
            stage.jumps.append(90.0)

    steps.between = jump
    made = await run(stage, steps, work=Noting())
    assert doubts == [False] + [True] * 15 + [False] * 4
    assert made.jumps == 1


async def test_writes_that_failed_are_tried_again_after_the_short_tick(stage: EngineStage) -> None:
    times: list[float] = []
    stage.fleet.refusing = {"north"}
    await run(stage, Steps(START - 60.0, left=3), observer=seen_by(times))
    assert [round(moment - START) for moment in times] == [-60, -58, -56]
    assert stage.journal.count("write gala in north") == 3


@pytest.mark.parametrize(
    "failed",
    [
        pytest.param(BarrierTimeout("late"), id="a cache that does not catch up"),
        pytest.param(Unreachable("no answer"), id="a hub that does not answer"),
        pytest.param(ValueError("a bug"), id="a fault of our own"),
    ],
)
async def test_a_pass_that_fails_is_tried_again_after_the_short_tick(
    stage: EngineStage, failed: Exception
) -> None:
    work = FailingPass(failed)
    await run(stage, Steps(IDLE, left=5), work=work)
    assert work.runs == 5


async def test_a_fault_of_our_own_is_logged_with_its_traceback_and_counted(
    stage: EngineStage, caplog: pytest.LogCaptureFixture
) -> None:
    made = await run(stage, Steps(IDLE, left=2), work=FailingPass(ValueError("a bug")))
    assert made.faults == 2
    assert "ValueError: a bug" in caplog.text
    assert "replicas stay as they are" in caplog.text


async def test_a_minute_of_faults_ends_the_process_with_one_sentence(stage: EngineStage) -> None:
    steps = Steps(IDLE, left=1000)
    stage.elector._clock, stage.elector._steady = steps, steps.now
    with pytest.raises(Stalled, match="30 passes in a row failed, the last with ValueError: a bug"):
        await stage.operator(clock=steps, work=FailingPass(ValueError("a bug"))).run()
    assert steps.value - IDLE == pytest.approx(58.0)


async def test_faults_that_do_not_come_in_a_row_end_nothing(stage: EngineStage) -> None:
    faults = [ValueError("a bug"), Unreachable("no answer")] * 40
    work = FailingPass(*faults)
    await run(stage, Steps(IDLE, left=70), work=work)
    assert work.runs == 70


async def test_a_hub_that_fails_in_the_middle_of_a_pass_ends_nothing(
    stage: EngineStage, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(step: int) -> None:
        if step > 1:
            return
        stage.put_event(rounds=[_bigger()])
        stage.hub.server.faults.refusals = [
            Refuse(status=503, method="PUT", path="galaallocations"),
            Refuse(status=503, method="GET", path="galaallocations", times=1),
        ]

    made = await run(stage, Steps(START - 60.0, left=3, between=fail))

    assert (made.faults, made.passes) == (0, 3)
    assert "the statuses of the ledgers were not written" in caplog.text


def _bigger() -> dict[str, object]:
    demand = [{"workload": "front", "replicas": 60}]
    return {"name": "one", "start": "2027-02-05T20:00:00+08:00", "duration": "5m", "demand": demand}


async def test_before_everything_was_listed_once_nothing_is_decided() -> None:
    async with an_engine() as stage:
        stage.put_cluster()
        stage.put_event()
        made = await run(stage, Steps(START - 60.0, left=3))
        assert made.passes == 0


async def test_who_does_not_lead_passes_nothing_and_asks_for_the_lease_again(stage: EngineStage) -> None:
    stage.hub.server.faults.refusals = [Refuse(status=403, path="leases")]
    steps = Steps(START - 60.0, left=4)
    made = await run(stage, steps)
    assert made.passes == 0
    assert [round(moment - START) for moment in steps.asked] == [-58, -56, -54, -52]


async def test_who_lost_the_lease_in_the_middle_of_a_pass_says_nothing_about_it(stage: EngineStage) -> None:
    steps = Steps(START - 60.0, left=1)
    made = await run(stage, steps, work=FrozenPass(stage.a_pass(), steps))
    assert made.passes == 0
    assert "PATCH galaevents/status" not in stage.journal


async def test_the_lease_is_renewed_while_a_long_pass_writes(stage: EngineStage) -> None:
    steps = Steps(START - 60.0, left=1)
    work = LongPass(stage.a_pass(), steps, lambda: stage.journal.count("PUT leases"))
    made = await run(stage, steps, work=work)
    assert made.passes == 1
    assert "PATCH galaevents/status" in stage.journal


async def test_who_still_has_the_lease_after_a_slow_pass_tells_of_it(stage: EngineStage) -> None:
    steps = Steps(START - 60.0, left=1)
    made = await run(stage, steps, work=FrozenPass(stage.a_pass(), steps, seconds=9.0))
    assert made.passes == 1
    assert "PATCH galaevents/status" in stage.journal


async def test_a_lease_that_cannot_be_had_is_told_once_with_what_is_needed(
    stage: EngineStage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.hub.server.faults.refusals = [Refuse(status=403, path="leases")]
    await run(stage, Steps(IDLE, left=5))
    told = [record.message for record in caplog.records if "cannot be had" in record.message]
    assert len(told) == 1
    assert "needs get, create and update on leases in namespace gala-system" in told[0]


async def test_told_to_stop_it_leaves_the_lease_to_the_next(stage: EngineStage) -> None:
    stop = asyncio.Event()
    made = stage.operator(clock=_Sleepy(IDLE), observer=lambda _: stop.set())
    await run_until_stopped(made, stop, stage.elector, asyncio.get_running_loop().create_future())
    assert stage.elector.holder == ""
    assert stage.journal[-1] == "PUT leases"


async def test_a_lease_that_is_not_released_in_time_is_told_with_how_long_it_was_given(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stop = asyncio.Event()
    stop.set()
    stalled = asyncio.get_running_loop().create_future()
    await run_until_stopped(_Hanging(), stop, _HangingLease(), stalled)  # type: ignore[arg-type]
    want = "the Lease was not released, others wait for it to run out: no answer within 1 s"
    assert [record.message for record in caplog.records] == [want]


async def test_who_is_told_that_nothing_gets_done_ends_with_that_sentence() -> None:
    stalled = asyncio.get_running_loop().create_future()
    stalled.set_exception(Stalled("nothing gets done"))
    with pytest.raises(Stalled, match="nothing gets done"):
        await run_until_stopped(_Hanging(), asyncio.Event(), _NoLease(), stalled)  # type: ignore[arg-type]


async def test_turns_are_counted_whatever_comes_of_them(stage: EngineStage) -> None:
    work = FailingPass(BarrierTimeout("late"), Unreachable("no answer"), ValueError("a bug"))
    made = await run(stage, Steps(IDLE, left=5), work=work)
    assert (made.turns, made.undecided, made.faults, made.passes) == (5, 2, 3, 0)


async def test_a_standby_turns_too(stage: EngineStage) -> None:
    stage.hub.server.faults.refusals = [Refuse(status=403, path="leases")]
    assert (await run(stage, Steps(IDLE, left=4))).turns == 4


class _Sleepy(Time):
    """Sleeps until it is cancelled."""

    async def until(self, deadline: float) -> Barrier:
        await asyncio.Event().wait()
        return {}

    def wake(self) -> None:
        """Nothing wakes it."""


class _Hanging:
    async def run(self) -> None:
        await asyncio.Event().wait()


class _HangingLease:
    async def release(self) -> None:
        """Never comes to an end by itself."""
        await asyncio.Event().wait()


class _NoLease:
    async def release(self) -> None:
        """There is nothing to release."""
