"""Plays a script: the world goes on, passes run or fail to, and judges look at each of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gala.api.event import GalaEventSpec
from gala.planning.facts import EventKey, Missing, Sample
from gala.planning.outcome import Plan, Write
from gala.planning.snapshot import Snapshot
from night_world import World
from planning_nights import START, Script, Trouble

MEASURE_EVERY = 15.0


@dataclass
class Pass:
    """One pass as a judge sees it: what was known, what was planned, and the world afterwards."""

    night: Script
    before: Snapshot
    plan: Plan
    now: float
    whole: bool
    """Everything was stored and every write arrived."""

    @property
    def world(self) -> World:
        return self.night.world

    def spec(self, key: EventKey) -> GalaEventSpec | None:
        """The event's spec as the pass saw it."""
        return next((event.spec for event in self.before.events if event.key == key), None)


Judge = Callable[[Pass], None]


def play(night: Script, judges: Iterable[Judge]) -> None:
    """Runs the whole night; an AssertionError of a judge carries what had happened until then."""
    judges, world = list(judges), night.world
    pending, told, measured = list(night.acts), [], START - MEASURE_EVERY
    while world.now < night.until:
        while pending and pending[0].at <= world.now:
            act = pending.pop(0)
            told.append(f"{world.now - START:.0f} {act.what}")
            act.do(world)
        if world.now - measured >= MEASURE_EVERY:
            measured = world.now
            measure(night)
        absent = next((end for start, end in night.absent if start <= world.now < end), None)
        if absent is not None:
            world.now = min([absent, *(act.at for act in pending[:1])])
            continue
        seen = _step(night)
        try:
            for judge in judges:
                judge(seen)
        except AssertionError as problem:
            problem.add_note(f"at {world.now - START:.1f} s after: {told}")
            raise
        _advance(night, seen.plan, [act.at for act in pending[:1]])
    calm(night)


def calm(night: Script) -> None:
    """Takes all troubles away, and lets the world go on until everything is home or long past."""
    world = night.world
    night.fail_part = night.crash_part = 0.0
    world.hidden.clear()
    world.withdrawn.clear()
    for cluster in world.clusters.values():
        cluster.reachable = True
        cluster.qps.clear()
    for key, raw in night.raw.items():
        raw["paused"] = False
        if key in world.events:
            world.apply_event(key, GalaEventSpec.model_validate(raw), uid=world.events[key].uid)
    end = world.now + 6000
    while world.now < end and (world.ledgers or world.now < end - 5000):
        made = world.step()
        _advance(night, made, [])


def _step(night: Script) -> Pass:
    world, rng = night.world, night.random
    before, whole = world.snapshot(), [True]

    def store(_: object) -> bool:
        whole[0] &= rng.random() >= night.crash_part / 4
        return whole[0]

    def write(_: Write) -> bool:
        done = rng.random() >= night.fail_part
        whole[0] &= done
        return done

    conflicts = world.conflicts
    made = world.step(store=store, write=write)
    whole[0] &= conflicts == world.conflicts
    return Pass(night, before, made, world.now, whole[0])


def _advance(night: Script, made: Plan, edges: list[float]) -> None:
    world = night.world
    assert made.wake_at > world.now, "the next edge lies ahead"
    tick = world.settings.tick_live if made.busy else world.settings.tick_idle
    world.now = min([world.now + tick, max(made.wake_at, world.now + 0.001), *edges])


def measure(night: Script) -> None:
    """What each cluster's Prometheus says now; with the trouble it is blind or lies."""
    world, rng = night.world, night.random
    for key, event in world.events.items():
        rates = _rates(event.spec, world.now)
        for cluster in world.clusters.values():
            for workload, rate in rates.items():
                samples = cluster.qps.setdefault((key, workload), [])
                qps = rate / len(world.clusters) * rng.uniform(0.6, 1.3)
                lie = rng.choice(["", "", "", "gone", "stale", "zero", "huge"])
                lie = lie if Trouble.TRAFFIC in night.troubles else ""
                if not cluster.signal or lie == "gone":
                    samples.append(Missing("NoData", "nothing there"))
                elif lie != "stale":
                    value = {"zero": 0.0, "huge": qps * 100}.get(lie, qps)
                    samples.append(Sample(value, world.now - rng.choice([0, 5, 15])))
                del samples[:-3]


def _rates(spec: GalaEventSpec, now: float) -> dict[str, float]:
    """The traffic of each workload: a little always, and the forecast during a round."""
    scenes = {scene.name: scene.demand for scene in spec.scenes}
    rates = {workload.name: 5.0 for workload in spec.workloads}
    for item in spec.rounds:
        if item.start <= now < item.start + item.duration:
            for demand in scenes.get(item.scene or "", ()):
                rates[demand.workload] = max(rates.get(demand.workload, 0.0), float(demand.qps or 0))
    return rates
