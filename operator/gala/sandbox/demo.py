"""A whole night in one process: the unchanged operator over HTTP against the embedded fleet.

The verdict comes from what the servers saw. Time is simulated and stands still while
anybody works; nothing of the night is left out or shortened.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import ip_network

from gala.engine.passes import Done
from gala.engine.wiring import Wired, wire
from gala.errors import BarrierTimeout, RequestFailed, Stalled
from gala.fleet.client import ApiServer
from gala.fleet.kubeconfig import Credentials
from gala.intake.intake import Intake
from gala.planning.outcome import Decision
from gala.report import event_report
from gala.report.event_report import EventReport
from gala.report.nightlog import NightLog, Place, WriteLog
from gala.sandbox.fleet import FleetParams, SandboxFleet
from gala.sandbox.night import Night
from gala.sandbox.night_log import Trail, night_log
from gala.sandbox.oracle import Verdict, judge
from gala.sandbox.script import PERSON
from gala.settings import Settings

SETTINGS = Settings(
    lease_duration=60.0,
    renew_deadline=40.0,
    retry_period=15.0,
    prometheus_addresses=(ip_network("127.0.0.0/8"),),
)
"""The operator's own, but for the Lease, for which nobody competes, and whose every renewal is a step of the
clock; and for Prometheus, which is on this machine."""

START_DEADLINE = 30.0
"""Wall seconds until the operator knows what is wanted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """A finished night."""

    report: EventReport
    log: NightLog
    verdict: Verdict
    passes: int


@dataclass(slots=True)
class _Trail:
    """What only the operator knows: why it decided, and which writes no server answered."""

    decisions: list[Decision] = field(default_factory=list)
    unanswered: list[WriteLog] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)

    def take(self, done: Done) -> None:
        self.decisions.extend(done.plan.decisions)
        for result in done.results:
            if result.error is None:
                self.seconds.append(result.seconds)
            elif isinstance(result.error, RequestFailed) and result.error.status is None:
                write = result.write
                place = Place(write.workload, write.cluster)
                self.unanswered.append(
                    WriteLog(done.now, place, write.was, write.to, str(result.error), result.seconds)
                )


async def play_night(
    night: Night,
    *,
    params: FleetParams | None = None,
    prepare: Callable[[SandboxFleet], None] = lambda _: None,
    observer: Callable[[Done], None] = lambda _: None,
    settings: Settings = SETTINGS,
) -> Played:
    """Plays a night from its first second to its last; ``prepare`` may plan incidents before it begins.

    Raises:
        BarrierTimeout: something hung, so that time could not go on.
        Stalled: the operator met a fault of its own, even if it got over it.
    """
    fleet = SandboxFleet(night, params)
    trail = _Trail()

    def watch(done: Done) -> None:
        trail.take(done)
        observer(done)

    await fleet.start()
    prepare(fleet)
    hub = ApiServer("hub", Credentials(server=fleet.hub_url), settings)
    wired = wire(hub, fleet.clock, settings, identity="demo", observer=watch)
    intake = Intake(wired.desired, hub, settings)
    gc.freeze()
    try:
        await intake.start()
        await until_synced(wired)
        await _run(wired, fleet)
    finally:
        await _close([intake.stop, wired.close, hub.close, fleet.stop])
    return _judged(fleet, trail, wired.operator.passes)


async def until_synced(wired: Wired) -> None:
    """Waits until intake has listed everything once; BarrierTimeout if it never does."""
    try:
        async with asyncio.timeout(START_DEADLINE):
            while not wired.desired.synced():  # noqa: ASYNC110 - it is filled from another thread
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise BarrierTimeout(
            f"The operator did not see its events within {START_DEADLINE:g} s of wall time."
        ) from None


async def _run(wired: Wired, fleet: SandboxFleet) -> None:
    """Until the night is over; whatever ends the operator before that is raised."""
    running = asyncio.create_task(wired.operator.run(), name="operator")
    finished = asyncio.create_task(fleet.clock.finished.wait(), name="night")
    try:
        await asyncio.wait({running, finished}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
    finally:
        # Also where somebody interrupts the night: what the operator stands on is closed next.
        finished.cancel()
        running.cancel()
        await asyncio.wait({running})
    if wired.operator.faults:
        raise Stalled(
            f"The operator met {wired.operator.faults} faults of its own in this night, see its log."
        )


async def _close(closers: list[Callable[[], Awaitable[None]]]) -> None:
    for closer in closers:
        await closer()


def _judged(fleet: SandboxFleet, trail: _Trail, passes: int) -> Played:
    seen = fleet.recorder.seen
    verdict = judge(seen, people=frozenset({PERSON}))
    log = night_log(
        fleet.night,
        seen,
        fleet.traffic,
        verdict=verdict,
        trail=Trail(trail.decisions, trail.unanswered, trail.seconds),
    )
    return Played(report=event_report.build(log), log=log, verdict=verdict, passes=passes)
