"""Builds the operator out of its rooms; the only place that names every one of them.

``gala run`` wires it to a real hub and the wall clock, the sandbox to its own servers and
its stepped clock: the same operator either way.
"""

from __future__ import annotations

from dataclasses import dataclass

from gala.engine.clock import steady_of
from gala.engine.desired import Desired
from gala.engine.existence import Existence
from gala.engine.foresight import Foresight
from gala.engine.gathering import Gatherer
from gala.engine.leadership import Elector
from gala.engine.operator import Observer, Operator, Parts
from gala.engine.passes import Pass
from gala.engine.ports import Clock, Listening, Signals
from gala.engine.reporting import Telling
from gala.engine.store import LedgerStore
from gala.fleet.client import ApiServer
from gala.fleet.fleet import MemberFleet
from gala.fleet.secrets import FleetSecrets
from gala.report.metrics import Metrics
from gala.report.recorder import Recorder
from gala.report.reporter import Reporter
from gala.report.vitals import Vitals
from gala.settings import Settings
from gala.signals.prometheus import PrometheusSignals


@dataclass(frozen=True, slots=True, kw_only=True)
class Wired:
    """An operator and what its owner has to feed, ask or close."""

    operator: Operator
    desired: Desired
    elector: Elector
    fleet: MemberFleet
    signals: Signals
    recorder: Recorder
    metrics: Metrics

    def vitals(self, intake: Listening) -> Vitals:
        """How the process is doing, but for the ages that a vigil measures; from any thread."""
        one = self.operator
        return Vitals(
            passes=one.passes,
            undecided=one.undecided,
            faults=one.faults,
            jumps=one.jumps,
            leads=self.elector.held,
            synced=self.desired.synced(),
            lease_problem=self.elector.problem,
            listed_age=intake.listed_ago,
            watched_age=intake.watched_ago,
            intake_restarts=intake.restarts,
            intake_problem=intake.problem,
        )

    async def close(self) -> None:
        """Closes every connection but the hub's; changes nothing in any cluster."""
        await self.signals.close()
        await self.fleet.close()


def wire(
    hub: ApiServer,
    clock: Clock,
    settings: Settings,
    *,
    identity: str,
    observer: Observer | None = None,
    signals: Signals | None = None,
) -> Wired:
    """The operator on ``hub``; ``identity`` is this process and no other.

    ``signals`` is where traffic is known from, by default each cluster's Prometheus.
    """
    desired = Desired(settings.fleet_namespace)
    elector = Elector(hub, settings, clock, identity)
    store = LedgerStore(hub, settings, steady=steady_of(clock))
    existence = Existence(hub, settings)
    fleet = MemberFleet(
        hub, settings, clock.now, leads=lambda: elector.holds(clock.now()), steady=steady_of(clock)
    )
    if signals is None:
        signals = PrometheusSignals(settings, clock.now, FleetSecrets(hub, settings))
    reporter = Reporter(hub, settings, host=identity)
    metrics = Metrics(reporter, hub.counters)
    gatherer = Gatherer(
        desired=desired, fleet=fleet, signals=signals, store=store, existence=existence, settings=settings
    )
    work = Pass(
        gatherer=gatherer,
        store=store,
        fleet=fleet,
        leads=lambda: elector.holds(clock.now()),
        settings=settings,
    )
    operator = Operator(
        Parts(
            clock=clock,
            desired=desired,
            elector=elector,
            store=store,
            existence=existence,
            work=work,
            foresight=Foresight(fleet, settings),
            telling=Telling(reporter=reporter, metrics=metrics, store=store, health=fleet.health),
            settings=settings,
            jumped=getattr(clock, "jumped", _never),
        ),
        observer=observer,
    )
    return Wired(
        operator=operator,
        desired=desired,
        elector=elector,
        fleet=fleet,
        signals=signals,
        recorder=reporter.recorder,
        metrics=metrics,
    )


def _never() -> float:
    """A simulated clock is never set."""
    return 0.0
