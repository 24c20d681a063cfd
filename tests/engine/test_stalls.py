"""The operator itself, in each way that it can come to a halt: what ends it, and what it says before."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from math import inf

import pytest

from engine_stage import START, EngineStage, an_engine
from gala.engine.health import Check, live, ready
from gala.engine.operator import Operator, run_until_stopped
from gala.engine.passes import Done
from gala.engine.ports import Barrier
from gala.engine.vigil import FAILED, Times, Vigil
from gala.errors import Stalled, Unreachable
from gala.report.vitals import Vitals
from gala.sandbox.apiserver.faults import Refuse
from hub_server import Time

PATIENCE = 30.0
"""Wall seconds; nothing here takes a tenth of it."""

NO_LEASE = [Refuse(status=503, path="leases")]


class Brisk(Time):
    """Two seconds of waiting take ten milliseconds."""

    async def until(self, deadline: float) -> Barrier:
        await asyncio.sleep(0.01)
        self.value = max(self.value, min(deadline, self.value + 2.0))
        return {}

    def wake(self) -> None:
        """It does not sleep for long."""


class HungPass:
    """Waits for an answer that never comes."""

    async def run(self, barrier: Barrier, now: float, *, doubt: bool = False) -> Done:
        await asyncio.Event().wait()
        raise AssertionError


@dataclass
class BlockingPass:
    """Does something without letting anybody else run, until somebody ends the process."""

    ended: threading.Event

    async def run(self, barrier: Barrier, now: float, *, doubt: bool = False) -> Done:
        self.ended.wait(PATIENCE)
        raise Unreachable("no answer")


class BlindPass:
    """Cannot read the ledger, and comes to its end."""

    async def run(self, barrier: Barrier, now: float, *, doubt: bool = False) -> Done:
        raise Unreachable("the ledger cannot be read")


@dataclass
class Ward:
    """An operator, and who looks after it."""

    stage: EngineStage
    operator: Operator
    vigil: Vigil
    stalled: asyncio.Future[None]
    ended: threading.Event
    statuses: list[int] = field(default_factory=list)

    async def fails(self, *, alive: set[str], able: set[str]) -> None:
        """Waits until exactly these checks of ``/healthz`` and ``/readyz`` fail."""
        await until(lambda: (_wrong(live(self.vitals())), _wrong(ready(self.vitals()))) == (alive, able))

    def vitals(self) -> Vitals:
        """As the endpoint has them; a wall second of this test counts as a hundred."""
        known = self.vigil.vitals()
        ages = {"loop_age": known.loop_age, "turn_age": known.turn_age, "pass_age": known.pass_age}
        return replace(known, **{name: 100 * age for name, age in ages.items()})


async def until(true: Callable[[], object]) -> None:
    """Waits for what other tasks and threads bring about."""
    async with asyncio.timeout(PATIENCE):
        while not true():  # noqa: ASYNC110 (another thread sets no event of ours)
            await asyncio.sleep(0.01)


def _wrong(checks: tuple[Check, ...]) -> set[str]:
    return {check.name for check in checks if not check.ok}


@asynccontextmanager
async def a_ward(
    work: object = None, *, ended: threading.Event | None = None, stall_after: float = inf
) -> AsyncIterator[Ward]:
    async with an_engine() as stage:
        stage.put_cluster()
        stage.put_event()
        stage.listed()
        clock = Brisk(START - 20_000.0)
        stage.hub.time = stage.elector._clock = clock  # type: ignore[assignment]
        stage.elector._steady = clock.now
        made = stage.operator(clock=clock, work=work)
        statuses: list[int] = []
        ended = ended or threading.Event()

        def leave(status: int) -> None:
            statuses.append(status)
            ended.set()

        vigil = Vigil(
            made,
            vitals=lambda: _vitals(stage, made),
            text=lambda _: b"",
            delayed=lambda _: None,
            leave=leave,
            times=Times(beat=0.02, stall_after=stall_after, grace=PATIENCE),
        )
        stalled = await vigil.start(None)
        try:
            yield Ward(stage, made, vigil, stalled, ended, statuses)
        finally:
            await vigil.stop()


def _vitals(stage: EngineStage, one: Operator) -> Vitals:
    return Vitals(
        passes=one.passes,
        undecided=one.undecided,
        leads=stage.elector.held,
        synced=stage.desired.synced(),
        lease_problem=stage.elector.problem,
        listed_age=1.0,
        watched_age=1.0,
    )


@asynccontextmanager
async def running(ward: Ward) -> AsyncIterator[None]:
    task = asyncio.create_task(ward.operator.run())
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_an_operator_that_goes_on_is_alive_and_ready() -> None:
    async with a_ward() as ward, running(ward):
        await ward.fails(alive=set(), able=set())
        passes = ward.operator.passes
        await until(lambda: ward.operator.passes >= passes + 3)
        await ward.fails(alive=set(), able=set())


async def test_a_pass_that_hangs_is_told_first_to_those_who_ask() -> None:
    async with a_ward(HungPass()) as ward, running(ward):
        await ward.fails(alive={"turns"}, able={"turns", "passes"})
        assert ward.statuses == []


async def test_a_pass_that_hangs_ends_the_operator_which_leaves_the_lease_to_the_next() -> None:
    async with a_ward(HungPass(), stall_after=0.3) as ward:
        with pytest.raises(Stalled, match=r"no pass has come to its end .* Replicas stay as they are"):
            async with asyncio.timeout(PATIENCE):
                await run_until_stopped(ward.operator, asyncio.Event(), ward.stage.elector, ward.stalled)
        assert ward.stage.elector.holder == ""
        assert ward.stage.journal[-1] == "PUT leases"
        assert ward.statuses == []


async def test_a_pass_that_blocks_the_loop_ends_the_process_from_beside_it() -> None:
    ended = threading.Event()
    async with a_ward(BlockingPass(ended), ended=ended, stall_after=0.3) as ward, running(ward):
        await until(lambda: ward.statuses)
        assert ward.statuses[0] == FAILED


async def test_passes_that_decide_nothing_make_it_not_ready_and_kill_nothing() -> None:
    async with a_ward(BlindPass()) as ward, running(ward):
        await ward.fails(alive=set(), able={"passes"})
        assert ward.operator.undecided > 0
        assert not ward.stalled.done()


async def test_a_leader_that_loses_its_lease_stands_by_alive_and_leads_again() -> None:
    async with a_ward() as ward, running(ward):
        await ward.fails(alive=set(), able=set())
        ward.stage.hub.server.faults.refusals = list(NO_LEASE)
        await ward.fails(alive=set(), able={"lease"})
        await until(lambda: not ward.vigil.vitals().leads)
        await ward.fails(alive=set(), able={"lease"})
        passes = ward.operator.passes
        ward.stage.hub.server.faults.refusals = []
        await ward.fails(alive=set(), able=set())
        await until(lambda: ward.operator.passes > passes)
        assert ward.vigil.vitals().leads


async def test_a_standby_is_alive_and_ready() -> None:
    async with a_ward() as ward:
        other = {
            "holderIdentity": "another",
            "leaseDurationSeconds": 10**6,
            "renewTime": "2027-01-01T00:00:00.000000Z",
        }
        leases = "/apis/coordination.k8s.io/v1/namespaces/gala-system/leases"
        body = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"namespace": "gala-system", "name": "gala-operator"},
            "spec": other,
        }
        await ward.stage.hub.api.request("POST", leases, body=body)
        async with running(ward):
            turns = ward.operator.turns
            await until(lambda: ward.operator.turns >= turns + 20)
            assert (ward.operator.passes, ward.vigil.vitals().leads) == (0, False)
            await ward.fails(alive=set(), able=set())
