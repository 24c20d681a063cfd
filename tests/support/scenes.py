"""Small nights with something special about them, and what the servers saw of each.

Two clusters, two workloads, one round of two minutes and a scene of one: about two seconds
of wall time with the real operator over HTTP.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gala.api.scalars import format_instant
from gala.engine.passes import Done
from gala.engine.wiring import wire
from gala.fleet.client import ApiServer
from gala.fleet.kubeconfig import Credentials
from gala.intake.intake import Intake
from gala.planning.facts import EventKey
from gala.planning.outcome import Decision, Finding
from gala.report.nightlog import Place
from gala.sandbox.demo import SETTINGS, play_night, until_synced
from gala.sandbox.fleet import FleetParams, SandboxFleet
from gala.sandbox.night import METRIC, ClusterDesign, Night, WorkloadDesign
from gala.sandbox.oracle import Verdict, judge
from gala.sandbox.recording import Recording, ScaleWrite
from gala.sandbox.script import PERSON, Incident
from gala.sandbox.script import play as plan_incidents
from gala.sandbox.traffic import Load, Skew, Surge, TrafficPlan, Wave
from gala.settings import HOME_MANAGER, MANAGER, Settings

Json = dict[str, Any]

START = 1_800_000_000.0
NAMESPACE = "show"
EVENT = "gala"
KEY = EventKey(NAMESPACE, EVENT)

ROUND_AT = 300.0
"""Seconds of the night at which the round starts; its hold begins about 150 s before."""
DURATION = 120.0
LATE = 30.0
AFTER = 60.0
COOLDOWN = 60.0
ROUND_END = ROUND_AT + DURATION + LATE
HOLD_END = ROUND_END + AFTER + COOLDOWN

NORTH = ClusterDesign("north", private=True, fill_order=1, share=0.6, nodes=6)
EAST = ClusterDesign("east", private=True, fill_order=2, share=0.4, nodes=6)
WEB = WorkloadDesign("web", "S", 1000, "1", "2Gi", 4_000, 40_000, 0, 0)
SHOP = WorkloadDesign("shop", "A", 1000, "1", "2Gi", 3_000, 0, 0, 12_000)

WEB_NORTH, WEB_EAST = Place("web", "north"), Place("web", "east")
SHOP_NORTH, SHOP_EAST = Place("shop", "north"), Place("shop", "east")


def workload(design: WorkloadDesign = WEB, **more: Any) -> Json:
    """One of an event's workloads."""
    return {
        "name": design.name,
        "target": {"apiVersion": "apps/v1", "kind": design.kind, "name": design.name},
        "tier": design.tier,
        "capacity": {"qpsPerReplica": design.qps_per_replica, "headroomPercent": 20, "warmup": "30s"},
        "signal": {"metric": METRIC, "matchLabels": {"app": design.name}, "window": "30s"},
        **more,
    }


def show_round(name: str = "round-1", *, at: float = ROUND_AT, web: Json | None = None, **more: Any) -> Json:
    """One round, ``at`` so many seconds after the start; ``web`` is its demand of web."""
    demand = {"qps": WEB.peak} if web is None else web
    return {
        "name": name,
        "start": format_instant(START + at),
        "duration": f"{int(DURATION)}s",
        "window": {"early": "10s", "late": f"{int(LATE)}s"},
        "demand": [{"workload": "web", **demand}],
        **more,
    }


AFTER_SCENE: Json = {"afterScene": "shopping", "afterDuration": f"{int(AFTER)}s"}


def event(name: str = EVENT, *, rounds: Sequence[Json] | None = None, **spec: Any) -> Json:
    """A GalaEvent; by default the whole night's, with a round of web and a scene of shop after it."""
    return {
        "apiVersion": "gala.dev/v1alpha1",
        "kind": "GalaEvent",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "timeZone": "UTC",
            "workloads": [workload(WEB), workload(SHOP)],
            "scenes": [{"name": "shopping", "demand": [{"workload": "shop", "qps": SHOP.after}]}],
            "rounds": [show_round(**AFTER_SCENE)] if rounds is None else list(rounds),
            "handback": {"cooldown": f"{int(COOLDOWN)}s"},
            **spec,
        },
    }


def night(
    body: Json | None = None,
    *,
    end: float = HOLD_END + 60.0,
    seed: int = 1,
    clusters: Sequence[ClusterDesign] = (NORTH, EAST),
    workloads: Sequence[WorkloadDesign] = (WEB, SHOP),
    skews: Sequence[Skew] = (),
) -> Night:
    """A night of ``end`` seconds in which the traffic comes as the default event expects it."""
    loads = {
        WEB.name: Load(WEB.base, (Surge(START + ROUND_AT, 0.9 * WEB.peak - WEB.base, cut=DURATION),)),
        SHOP.name: Load(SHOP.base, (), (Wave(START + ROUND_AT + DURATION, 0.9 * SHOP.after - SHOP.base),)),
    }
    plan = TrafficPlan(
        start=START,
        end=START + end,
        loads={w.name: loads.get(w.name, Load(w.base)) for w in workloads},
        shares={c.name: c.share for c in clusters},
        skews=tuple(skews),
    )
    return Night(
        name=EVENT,
        namespace=NAMESPACE,
        seed=seed,
        start=START,
        end=START + end,
        clusters=tuple(clusters),
        workloads=tuple(workloads),
        event=body or event(),
        traffic=plan,
    )


@dataclass(slots=True)
class Scene:
    """A played night: what the servers saw, and what the operator said in each pass."""

    fleet: SandboxFleet = field(repr=False)
    verdict: Verdict
    passes: list[Done] = field(default_factory=list, repr=False)

    @property
    def seen(self) -> Recording:
        """What the servers saw."""
        return self.fleet.recorder.seen

    def value(self, place: Place, after: float) -> int:
        """``spec.replicas`` at that second of the night."""
        value = self.seen.spec[place].value_at(START + after)
        assert value is not None
        return int(value)

    def at_end(self) -> dict[Place, int]:
        """``spec.replicas`` of everything when the night was over."""
        return {place: int(series.value_at(self.seen.ended) or 0) for place, series in self.seen.spec.items()}

    def originals(self, **changed: int) -> dict[Place, int]:
        """What ran before the night; ``web_north=9`` says that a person changed it for good."""
        places = {Place(*name.split("_")): value for name, value in changed.items()}
        return {**self.seen.originals, **places}

    def floor(self, place: Place, segment: str = "round-1") -> int:
        """The highest floor that a segment ever had there."""
        return max(floor.replicas for floor in self.seen.floors[place, segment])

    def promised(self, place: Place, name: str = EVENT) -> int:
        """The highest floor that was ever due there, as the plan tells people."""
        key = EventKey(NAMESPACE, name)
        plans = (done.plan.events.get(key) for done in self.passes)
        return max(plan.floors.get((place.workload, place.cluster), 0) for plan in plans if plan)

    def lowest(self, place: Place, first: float, last: float) -> int:
        """The least that ``spec.replicas`` was in [first, last)."""
        values = [piece.values[0] for piece in self.seen.spec[place].pieces(START + first, START + last)]
        return int(min(value for value in values if value is not None))

    def writes(
        self, *, first: float = 0.0, last: float = 1e9, managers: Iterable[str] = (MANAGER, HOME_MANAGER)
    ) -> list[ScaleWrite]:
        """Changes of replicas in [first, last), by default the operator's."""
        chosen = set(managers)
        return [w for w in self.seen.writes if first <= w.at - START < last and w.manager in chosen]

    def decreases(self, first: float = 0.0, last: float = 1e9) -> list[ScaleWrite]:
        """The operator's own writes downwards in [first, last)."""
        return [write for write in self.writes(first=first, last=last) if write.to < write.was]

    def decisions(self, *reasons: str) -> list[Decision]:
        """What the operator decided, in order; all, or those for these reasons."""
        found = [decision for done in self.passes for decision in done.plan.decisions]
        return [decision for decision in found if not reasons or decision.reason in reasons]

    def closes(self, name: str = EVENT) -> dict[Place, str]:
        """By place: why an event's entry was closed there last."""
        closing = ("HandedBack", "ChangedByOther", "HandedOver", "Kept", "OriginalLost")
        return {
            Place(d.workload, d.cluster): d.reason
            for d in self.decisions(*closing)
            if d.event.name == name and d.start == d.to
        }

    def findings(self, name: str = EVENT) -> list[Finding]:
        """Everything that was ever to be told of an event, each sentence once."""
        key = EventKey(NAMESPACE, name)
        plans = (done.plan.events.get(key) for done in self.passes)
        return list(dict.fromkeys(finding for plan in plans if plan for finding in plan.findings))

    def phases(self, name: str = EVENT) -> list[str]:
        """The phases that an event went through, in order."""
        key = EventKey(NAMESPACE, name)
        found = [plan.phase for done in self.passes if (plan := done.plan.events.get(key))]
        return [phase for index, phase in enumerate(found) if index == 0 or phase != found[index - 1]]

    def status(self, name: str = EVENT) -> Json:
        """An event's status as the hub has it at the end."""
        kind = self.fleet.hub.resources.find("galaevents")
        return dict(self.fleet.hub.resources.get(kind, NAMESPACE, name).get("status", {}))

    def condition(self, kind: str, name: str = EVENT) -> Json:
        """One condition of an event at the end."""
        return next(c for c in self.status(name)["conditions"] if c["type"] == kind)


Prepare = Callable[[SandboxFleet], None]


async def play(
    what: Night | None = None,
    *incidents: Incident,
    prepare: Prepare = lambda _: None,
    params: FleetParams | None = None,
    settings: Settings = SETTINGS,
) -> Scene:
    """Plays a night with incidents to its end."""
    fleets: list[SandboxFleet] = []
    passes: list[Done] = []

    def ready(fleet: SandboxFleet) -> None:
        fleets.append(fleet)
        prepare(fleet)
        plan_incidents(fleet, incidents)

    played = await play_night(
        what or night(), params=params, prepare=ready, observer=passes.append, settings=settings
    )
    return Scene(fleets[0], played.verdict, passes)


async def play_lives(
    what: Night,
    *incidents: Incident,
    down: Sequence[tuple[float, float]],
    settings: Settings = SETTINGS,
) -> Scene:
    """Plays a night in which the operator is not there in each [first, last) of ``down``."""
    fleet = SandboxFleet(what)
    passes: list[Done] = []
    await fleet.start()
    plan_incidents(fleet, incidents)
    try:
        for first, last in down:
            ended = asyncio.Event()
            at(fleet, first, ended.set)
            await live(fleet, settings, passes, ended)
            while fleet.clock.now() < START + last:
                await fleet.clock.until(START + last)
        await live(fleet, settings, passes, fleet.clock.finished)
    finally:
        await fleet.stop()
    return Scene(fleet, judge(fleet.recorder.seen, people=frozenset({PERSON})), passes)


async def live(fleet: SandboxFleet, settings: Settings, passes: list[Done], ended: asyncio.Event) -> None:
    """One life of an operator, cut off in the middle of whatever it does."""
    hub = ApiServer("hub", Credentials(server=fleet.hub_url), settings)
    wired = wire(hub, fleet.clock, settings, identity="scene", observer=passes.append)
    intake = Intake(wired.desired, hub, settings)
    try:
        await intake.start()
        await until_synced(wired)
        running = asyncio.create_task(wired.operator.run())
        waiting = asyncio.create_task(ended.wait())
        await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
    finally:
        await intake.stop()
        await wired.close()
        await hub.close()


def at(fleet: SandboxFleet, after: float, act: Callable[[], None]) -> None:
    """Plans something of which there is no incident."""

    async def happen() -> None:
        act()

    fleet.clock.at(START + after, happen)


def person(after: float, place: Place, replicas: int) -> Incident:
    """A person who scales a target by hand."""
    return Incident(
        after=after, what="PersonScales", cluster=place.cluster, workload=place.workload, replicas=replicas
    )


def edit(after: float, spec: Mapping[str, Any]) -> Incident:
    """A person who edits the event."""
    return Incident(after=after, what="EditEvent", patch={"spec": dict(spec)})
