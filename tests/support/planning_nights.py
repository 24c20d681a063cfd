"""Random nights for the planner: what is asked for, what the world looks like, and what goes wrong.

Everything follows from one seed and a set of troubles, so that a failure is named by both
and hypothesis can take troubles away until the failure goes.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import planning_specs as specs
from gala.api.event import GalaEventSpec
from gala.api.scalars import format_instant
from gala.planning.facts import EventKey, TargetKey
from gala.settings import Settings
from night_world import Scalable, World
from planning_specs import NAMESPACE, START


class Trouble(StrEnum):
    """One kind of thing that goes wrong, or that people do, during a night."""

    SLIP = "rounds slip"
    DEMAND = "demand is edited"
    ROUNDS = "rounds come and go"
    SCOPE = "workloads or clusters are taken out"
    NODES = "nodes are lost"
    OUTAGE = "clusters cannot be reached"
    TRAFFIC = "Prometheus is blind or lies"
    FOREIGN = "others write"
    DELETE = "the event is deleted"
    REPLACE = "the event is replaced"
    RECREATE = "targets are made anew"
    ABSENCE = "no operator runs"
    FAILURES = "writes fail"
    CRASH = "the operator dies in the middle of a pass"
    SHARED = "two events share a target"
    DOUBT = "a list loses events"
    PAUSE = "the event is paused for a while"


@dataclass(frozen=True)
class Act:
    """Something that happens at a time."""

    at: float
    what: str
    do: Callable[[World], None]


@dataclass
class Script:
    """One whole night: a world, and what happens in it."""

    world: World
    acts: list[Act]
    until: float
    troubles: frozenset[Trouble]
    raw: dict[EventKey, dict[str, Any]]
    random: random.Random
    fail_part: float = 0.0
    crash_part: float = 0.0
    absent: list[tuple[float, float]] = field(default_factory=list)
    touched: set[tuple[str, TargetKey]] = field(default_factory=set)
    """Targets that somebody else wrote or made anew."""
    values: dict[tuple[str, TargetKey], set[int]] = field(default_factory=dict)
    """What others have set each target to, its first value included."""


def script(seed: int, troubles: Collection[Trouble] = ()) -> Script:
    """The night of a seed, with these troubles."""
    rng = random.Random(seed)
    fleet = specs.clusters(rng)
    raw = {EventKey(NAMESPACE, "show"): specs.spec(rng, fleet, "")}
    if Trouble.SHARED in troubles:
        raw[EventKey(NAMESPACE, "sale")] = specs.spec(rng, fleet, "" if rng.random() < 0.7 else "x")
    specs.fill(rng, fleet, raw)
    settings = Settings(tick_live=rng.choice([5.0, 7.0]), tick_idle=30.0)
    world = World(fleet, now=START, seed=seed, settings=settings)
    night = Script(world, [], 0.0, frozenset(troubles), raw, rng)
    for key, spec in raw.items():
        _apply(world, key, spec)
    for name, cluster in fleet.items():
        for target, scalable in cluster.targets.items():
            night.values[name, target] = {scalable.replicas}
    show = max(_ends(spec) for spec in raw.values())
    for trouble in sorted(troubles):
        for _ in range(rng.choice([1, 1, 2])):
            _ACTS.get(trouble, _nothing)(night, show)
    night.acts.sort(key=lambda act: (act.at, act.what))
    night.until = show + 1000
    return night


def _apply(world: World, key: EventKey, raw: dict[str, Any], uid: str | None = None) -> None:
    known = world.events.get(key)
    world.apply_event(
        key, GalaEventSpec.model_validate(raw), uid=uid or (known.uid if known else f"uid-{key.name}")
    )


def _ends(raw: dict[str, Any]) -> float:
    spec = GalaEventSpec.model_validate(raw)
    return max(r.start + r.duration + r.window.late + r.after_duration for r in spec.rounds)


def _nothing(_: Script, __: float) -> None:
    return None


def _when(night: Script, show: float) -> float:
    """Some time during the night, rather while something goes on."""
    return START + night.random.random() * (show - START + 200)


def _edit(night: Script, at: float, what: str, change: Callable[[dict[str, Any]], None]) -> None:
    key = night.random.choice(sorted(night.raw))

    def do(world: World) -> None:
        if key in world.events:
            change(night.raw[key])
            _apply(world, key, night.raw[key])

    night.acts.append(Act(at, f"{what} of {key.name}", do))


def _slip(night: Script, show: float) -> None:
    seconds = night.random.choice([-120, -30, 45, 200, 600])
    pick = night.random.random()

    def change(raw: dict[str, Any]) -> None:
        item = raw["rounds"][int(pick * len(raw["rounds"]))]
        start = GalaEventSpec.model_validate(raw).rounds[raw["rounds"].index(item)].start
        item["start"] = format_instant(start + seconds)

    _edit(night, _when(night, show), f"slip by {seconds} s", change)


def _change_demand(night: Script, show: float) -> None:
    factor, pick = night.random.choice([0.2, 0.7, 1.5, 3]), night.random.random()

    def change(raw: dict[str, Any]) -> None:
        demands = [d for scene in raw["scenes"] for d in scene["demand"]]
        item = demands[int(pick * len(demands))]
        field_name = "qps" if "qps" in item else "replicas"
        item[field_name] = max(1, int(item[field_name] * factor))

    _edit(night, _when(night, show), f"demand × {factor}", change)


def _change_rounds(night: Script, show: float) -> None:
    add, pick, at = night.random.random() < 0.4, night.random.random(), _when(night, show)

    def change(raw: dict[str, Any]) -> None:
        if add:
            extra = {"name": f"x{len(raw['rounds'])}{int(at) % 1000}", "start": format_instant(at + 120)}
            raw["rounds"].append(extra | {"duration": "90s", "scene": "rush", "window": {"late": "30s"}})
        elif len(raw["rounds"]) > 1:
            del raw["rounds"][int(pick * len(raw["rounds"]))]

    _edit(night, at, "round added" if add else "round removed", change)


def _change_scope(night: Script, show: float) -> None:
    rng = night.random
    if rng.random() < 0.4 and len(night.world.clusters) > 1:
        name, at = rng.choice(sorted(night.world.clusters)), _when(night, show)
        back = at + rng.choice([60, 300, 900])
        night.acts.append(Act(at, f"GalaCluster {name} deleted", lambda w: w.withdrawn.add(name)))
        night.acts.append(Act(back, f"GalaCluster {name} back", lambda w: w.withdrawn.discard(name)))
        return
    pick = rng.random()

    def change(raw: dict[str, Any]) -> None:
        if len(raw["workloads"]) > 1:
            gone = raw["workloads"].pop(int(pick * len(raw["workloads"])))["name"]
            for scene in raw["scenes"]:
                left = [d for d in scene["demand"] if d["workload"] != gone]
                kept = raw["workloads"][0]["name"]
                scene["demand"] = left or [{"workload": kept, "replicas": 3}]

    _edit(night, _when(night, show), "workload taken out", change)


def _lose_nodes(night: Script, show: float) -> None:
    name, less = night.random.choice(sorted(night.world.clusters)), night.random.randint(1, 6)

    def do(world: World) -> None:
        world.clusters[name].nodes = max(1, world.clusters[name].nodes - less)

    night.acts.append(Act(_when(night, show), f"{less} nodes of {name} lost", do))


def _outage(night: Script, show: float) -> None:
    name, at = night.random.choice(sorted(night.world.clusters)), _when(night, show)
    back = at + night.random.randint(10, 400)

    def set_to(value: bool) -> Callable[[World], None]:
        def do(world: World) -> None:
            world.clusters[name].reachable = value

        return do

    night.acts.append(Act(at, f"{name} unreachable", set_to(False)))
    night.acts.append(Act(back, f"{name} reachable", set_to(True)))


def _foreign(night: Script, show: float) -> None:
    rng = night.random
    name = rng.choice(sorted(night.world.clusters))
    keys = sorted(night.world.clusters[name].targets)
    if not keys:
        return
    key, replicas = rng.choice(keys), rng.choice([0, 1, 5, 15, 40])

    def do(world: World) -> None:
        night.touched.add((name, key))
        night.values[name, key].add(replicas)
        world.scale(name, key, replicas, rng.choice(["kubectl", "argocd"]))

    night.acts.append(Act(_when(night, show), f"{key.name} in {name} set to {replicas}", do))


def _delete(night: Script, show: float) -> None:
    key = night.random.choice(sorted(night.raw))
    keep = night.random.random() < 0.2
    if keep:
        night.raw[key]["handback"]["onDelete"] = "Keep"
        _apply(night.world, key, night.raw[key])
    night.acts.append(Act(_when(night, show), f"{key.name} deleted", lambda w: w.delete_event(key)))


def _replace(night: Script, show: float) -> None:
    key = night.random.choice(sorted(night.raw))

    def do(world: World) -> None:
        _apply(world, key, night.raw[key], uid="uid-new")

    night.acts.append(Act(_when(night, show), f"{key.name} replaced", do))


def _recreate(night: Script, show: float) -> None:
    rng = night.random
    name = rng.choice(sorted(night.world.clusters))
    keys = sorted(night.world.clusters[name].targets)
    if not keys:
        return
    key, replicas = rng.choice(keys), rng.choice([1, 4])

    def do(world: World) -> None:
        old = world.clusters[name].targets[key]
        fresh = Scalable(f"{old.uid}+", replicas, cpu=old.cpu, pods=[world.now + 20] * replicas)
        world.clusters[name].targets[key] = fresh
        night.touched.add((name, key))
        night.values[name, key].add(replicas)

    night.acts.append(Act(_when(night, show), f"{key.name} in {name} made anew", do))


def _absence(night: Script, show: float) -> None:
    at = _when(night, show)
    night.absent.append((at, at + night.random.choice([30, 120, 400])))


def _failures(night: Script, _: float) -> None:
    night.fail_part = night.random.choice([0.05, 0.3])


def _crash(night: Script, _: float) -> None:
    night.crash_part = night.random.choice([0.05, 0.3])


def _doubt(night: Script, show: float) -> None:
    key, at = night.random.choice(sorted(night.raw)), _when(night, show)
    back = at + night.random.choice([20, 200])
    night.acts.append(Act(at, f"{key.name} hidden", lambda w: w.hidden.add(key)))
    night.acts.append(Act(back, f"{key.name} seen", lambda w: w.hidden.discard(key)))


def _pause(night: Script, show: float) -> None:
    at = _when(night, show)
    length = night.random.choice([20, 200])
    for when, paused in ((at, True), (at + length, False)):

        def change(raw: dict[str, Any], paused: bool = paused) -> None:
            raw["paused"] = paused

        state = night.random.getstate()
        _edit(night, when, "pause" if paused else "end of pause", change)
        if paused:
            night.random.setstate(state)


_ACTS: dict[Trouble, Callable[[Script, float], None]] = {
    Trouble.SLIP: _slip,
    Trouble.DEMAND: _change_demand,
    Trouble.ROUNDS: _change_rounds,
    Trouble.SCOPE: _change_scope,
    Trouble.NODES: _lose_nodes,
    Trouble.OUTAGE: _outage,
    Trouble.FOREIGN: _foreign,
    Trouble.DELETE: _delete,
    Trouble.REPLACE: _replace,
    Trouble.RECREATE: _recreate,
    Trouble.ABSENCE: _absence,
    Trouble.FAILURES: _failures,
    Trouble.CRASH: _crash,
    Trouble.DOUBT: _doubt,
    Trouble.PAUSE: _pause,
}
