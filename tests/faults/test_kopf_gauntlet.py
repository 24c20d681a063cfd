"""What used to end operators built on kopf: the watch fails in every way, and the engine goes on and is told.

kopf is real, and so are the hub and HTTP. The engine's clock runs forty times as fast as the wall's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise

import pytest

from engine_stage import START, EngineStage, an_engine, front
from gala.api.scalars import format_instant
from gala.engine.passes import Done
from gala.intake.intake import Intake
from gala.sandbox.apiserver.faults import Damage, Faults, Refuse, Spoil
from gala.settings import Settings
from hub_server import NAMESPACE, Time, cluster
from measures import Measure

pytestmark = pytest.mark.faults

SLOW_LISTS = Settings(relist_interval=3600)
"""So slow that whatever arrives comes by kopf's watch."""

KINDS = "/(galaevents|galaclusters)$"
ENOUGH = 5
"""So many failures in a row are more than kopf is allowed (three): it ends, and is started again."""

LONG = {
    "name": "one",
    "start": format_instant(START),
    "duration": "12h",
    "demand": [{"workload": "front", "replicas": 30}],
}
"""A round that is live until the test is over, however slow the machine is."""

CLUSTERS_PATH = f"/apis/gala.dev/v1alpha1/namespaces/{NAMESPACE}/galaclusters"


@dataclass
class Brisk:
    """The hub's time, which goes to each deadline within a twentieth of a second."""

    time: Time

    def now(self) -> float:
        return self.time.value

    async def until(self, deadline: float) -> dict[tuple[str, str], int]:
        await asyncio.sleep(0.05)
        self.time.value = max(self.time.value, deadline)
        return {}

    def wake(self) -> None:
        """Nothing: the next deadline is near."""


@dataclass
class Running:
    """An operator at work, with kopf beside it."""

    it: EngineStage
    intake: Intake
    passes: list[Done] = field(default_factory=list)

    @property
    def faults(self) -> Faults:
        return self.it.hub.server.faults

    def lost(self) -> int:
        """Passes that were left out while something was held."""
        tick = self.it.hub.settings.tick_live
        return sum(b.now - a.now > tick + 0.001 for a, b in pairwise(self.passes) if a.plan.busy)

    def events(self) -> list[str]:
        return [wanted.key.name for wanted in self.it.desired.events()]

    def end_watches(self) -> None:
        """As a load balancer does."""
        for _, watcher in self.it.hub.server.store.watchers():
            watcher.close()


async def until(true: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not true():  # noqa: ASYNC110 (other threads set no event of ours)
            await asyncio.sleep(0.01)


@asynccontextmanager
async def an_operator() -> AsyncIterator[Running]:
    """An operator that holds one event's capacity when it is handed over."""
    async with an_engine(SLOW_LISTS) as it:
        it.hub.time.value = START - 150.0
        await it.hub.api.request("POST", CLUSTERS_PATH, body=cluster())
        await it.hub.create_event(rounds=[LONG])
        intake = Intake(it.desired, it.hub.api, SLOW_LISTS, first_pause=0.05)
        running = Running(it, intake)
        await intake.start()
        operator = it.operator(clock=Brisk(it.hub.time), observer=running.passes.append)
        task = asyncio.create_task(operator.run())
        try:
            await until(lambda: it.fleet.replicas.get(("north", front())) == 30)
            await until(lambda: intake.health().watched_ago is not None)
            yield running
            assert (operator.faults, operator.undecided) == (0, 0)
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            await intake.stop()


def refuse(status: int, times: int = 10**9) -> Refuse:
    return Refuse(status=status, path=KINDS, method="GET", times=times)


def spoil(damage: Damage) -> Spoil:
    return Spoil(damage=damage, path=KINDS, watch=True)


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(refuse(503), id="lists and watches are answered with 503 until kopf gives up"),
        pytest.param(refuse(500), id="lists and watches are answered with 500 until kopf gives up"),
        pytest.param(refuse(403), id="lists and watches are forbidden"),
        pytest.param(refuse(401), id="the login is refused for long"),
        pytest.param(refuse(401, times=1), id="one 401 comes, with a token that stays as it is"),
        pytest.param(refuse(404), id="the kinds are not served any more"),
        pytest.param(refuse(410), id="lists and watches are answered with 410"),
        pytest.param(refuse(429), id="lists and watches are answered with 429"),
        pytest.param(spoil(Damage.EXPIRED), id="every watch says that its version is too old"),
        pytest.param(spoil(Damage.ERROR), id="every watch carries an ERROR event with code 500"),
        pytest.param(spoil(Damage.TRUNCATED), id="every watch ends in the middle of a line"),
        pytest.param(spoil(Damage.HTML), id="every watch is answered with a page"),
        pytest.param(spoil(Damage.RESET), id="every watch is cut off"),
    ],
)
async def test_the_engine_loses_no_pass_while_kopf_fails_and_what_came_meanwhile_is_seen_afterwards(
    fault: Refuse | Spoil, measured: Measure
) -> None:
    wanted = min(ENOUGH, fault.times)
    last = fault.times - wanted
    async with an_operator() as running:
        (running.faults.refusals if isinstance(fault, Refuse) else running.faults.spoils).append(fault)
        running.end_watches()
        before = len(running.passes)
        await until(lambda: fault.times <= last)
        await running.it.hub.create_event("second", rounds=[LONG])
        await until(lambda: len(running.passes) > before + 20)
        running.faults.refusals.clear()
        running.faults.spoils.clear()
        healed = time.monotonic()
        await until(lambda: running.events() == ["gala", "second"])
        seen = time.monotonic() - healed
        await until(lambda: running.intake.health().problem == "")
        lost, replicas = running.lost(), running.it.fleet.replicas["north", front()]

    assert lost == 0
    assert replicas == 30
    measured("T05", "passes lost", lost)
    measured("T05", "s until an event made meanwhile is seen, once healed", seen)
    measured("T05", "wrong decreases", replicas < 30)


async def test_that_kopf_has_ended_is_told() -> None:
    async with an_operator() as running:
        running.faults.refusals.append(refuse(403))
        running.end_watches()
        await until(lambda: running.intake.health().restarts)
        problem = running.intake.health().problem
    assert problem.startswith("kopf ended: ")
