"""What the servers saw of a night: replicas, Ready pods, writes and the ledger, without the operator's word.

Listens to the stores themselves, so nothing that was carried out can be missed, and
nothing that was only claimed gets in.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from gala.api.scalars import parse_instant
from gala.api.validation import parse_event
from gala.errors import InvalidInput
from gala.report.nightlog import Place
from gala.report.series import StepSeries
from gala.sandbox.apiserver.errors import Json
from gala.sandbox.apiserver.kinds import Kind, find_builtin
from gala.sandbox.apiserver.managed import owner
from gala.sandbox.apiserver.server import EmbeddedServer
from gala.sandbox.night import Night
from gala.sandbox.world import ClusterWorld

_REPLICAS = ("spec", "replicas")
_PLURALS = ("deployments", "statefulsets")


class ScaleWrite(NamedTuple):
    """One acknowledged change of ``spec.replicas``; ``place.workload`` is the target's name."""

    at: float
    place: Place
    manager: str
    was: int
    to: int
    ledgered: bool
    """Whether an entry for this target stood open in the hub before the write."""


class FloorSeen(NamedTuple):
    """A floor as it stood in a GalaAllocation from ``at`` on."""

    at: float
    replicas: int
    taken: int
    basis: tuple[str, int, int]


class MoveSeen(NamedTuple):
    """A move as it stood in an event record from ``at`` on."""

    at: float
    workload: str
    segment: str
    source: str
    to: str
    pods: int
    to_floor: int
    phase: str


class SpecSeen(NamedTuple):
    """The event's spec from ``at`` on; None once it was deleted."""

    at: float
    generation: int
    body: Json | None


@dataclass(slots=True)
class Recording:
    """Everything that was seen; places are (workload, cluster), a workload being called like its target."""

    originals: dict[Place, int] = field(default_factory=dict)
    spec: dict[Place, StepSeries] = field(default_factory=dict)
    ready: dict[Place, StepSeries] = field(default_factory=dict)
    intended: dict[Place, StepSeries] = field(default_factory=dict)
    writes: list[ScaleWrite] = field(default_factory=list)
    floors: dict[tuple[Place, str], list[FloorSeen]] = field(default_factory=dict)
    """By place and segment."""
    moves: list[MoveSeen] = field(default_factory=list)
    specs: list[SpecSeen] = field(default_factory=list)
    prepare_at: dict[str, float] = field(default_factory=dict)
    """By segment: the earliest latched beginning of any cluster."""
    open: dict[str, frozenset[Place]] = field(default_factory=dict)
    """By name of a GalaAllocation that exists: the places of its entries."""
    ended: float = 0.0
    refused: list[tuple[float, Place]] = field(default_factory=list)
    """Writes of replicas that a server answered with an error."""

    def warm(self, place: Place, at: float, warmup: float) -> int:
        """Pods that have been Ready for ``warmup`` seconds; newest pods are stopped first, so the minimum."""
        series = self.ready.get(place, StepSeries())
        values = [piece.values[0] for piece in series.pieces(at - warmup, at)]
        values.append(series.value_at(at))
        return int(min((value for value in values if value is not None), default=0))


class Recorder:
    """Fills a ``Recording`` while the night goes on."""

    def __init__(self, night: Night, hub: EmbeddedServer, worlds: Mapping[str, ClusterWorld]) -> None:
        self.night = night
        self.seen = Recording()
        self._worlds = worlds
        self._hub = hub
        self._last = night.start
        self._begun = False

    def begin(self) -> None:
        """From now on everything counts; what runs now are the originals."""
        now = self.night.start
        for name, world in self._worlds.items():
            store = world.server.store
            for body in [b for p in _PLURALS for b in store.all(find_builtin(p), self.night.namespace)]:
                place = Place(body["metadata"]["name"], name)
                replicas = body["spec"]["replicas"]
                self.seen.originals[place] = replicas
                self.seen.spec[place] = StepSeries([(now, replicas)])
                self.seen.intended[place] = StepSeries([(now, replicas)])
                self.seen.ready[place] = StepSeries([(now, replicas)])
            store.listeners.append(_Member(self, name).on_change)
        events = self._hub.resources.find("galaevents")
        for body in self._hub.store.all(events, self.night.namespace):
            self._on_event(body)
        self._hub.store.listeners.append(self._on_hub)

    def observe(self, now: float) -> None:
        """After each step of the clock: exact times at which pods became Ready."""
        for name, world in self._worlds.items():
            for pods in world.workloads.values():
                series = self.seen.ready.get(Place(pods.name, name))
                if series is None:
                    continue
                first, last = pods.ready(self._last), pods.ready(now)
                series.append(self._last, first)
                for count in range(first, last):
                    series.append(pods.times[count], count + 1)
        self._last = self.seen.ended = now
        self.seen.refused = [
            (one.at, Place(one.path.split("/")[-2], name))
            for name, world in self._worlds.items()
            for one in world.server.refused_scales
        ]

    def replicas_changed(self, place: Place, before: Json, after: Json) -> None:
        """A server carried out a change of replicas."""
        was, to = before["spec"].get("replicas", 0), after["spec"].get("replicas", 0)
        now = self._hub.now()
        if was == to or place not in self.seen.spec:
            return
        self.seen.spec[place].append(now, to)
        ledgered = any(place in places for places in self.seen.open.values())
        self.seen.writes.append(ScaleWrite(now, place, owner(after, _REPLICAS), was, to, ledgered))

    def _on_hub(self, kind: Kind, before: Json | None, after: Json | None) -> None:
        if kind.plural == "galaevents":
            self._on_event(after, gone=before)
        elif kind.plural == "galaallocations":
            self._on_allocation(before, after)

    def _on_event(self, body: Json | None, gone: Json | None = None) -> None:
        named = (body or gone or {})["metadata"]
        if named["name"] != self.night.name or named["namespace"] != self.night.namespace:
            return
        generation = named.get("generation", 1)
        known = self.seen.specs[-1] if self.seen.specs else None
        if known is not None and body is not None and known.body is not None:
            same = known.body["metadata"]["uid"] == named["uid"]
            if same and known.generation == generation:
                return
        if body is not None and not _good(body):
            return
        self.seen.specs.append(SpecSeen(self._hub.now(), generation, body))

    def _on_allocation(self, before: Json | None, after: Json | None) -> None:
        now = self._hub.now()
        name = (after or before or {})["metadata"]["name"]
        spec: Json = after["spec"] if after else {}
        old = self.seen.open.pop(name, frozenset())
        if after is not None:
            cluster = spec.get("cluster", "")
            entries = {Place(e["target"]["name"], cluster): e for e in spec.get("entries", ())}
            self.seen.open[name] = frozenset(entries)
            if spec["eventRef"]["name"] == self.night.name:
                for place, entry in entries.items():
                    self._on_entry(now, place, entry)
                self._on_record(now, spec)
        elsewhere: set[Place] = set().union(*self.seen.open.values())
        for place in old - elsewhere:
            if place in self.seen.intended:
                self.seen.intended[place].append(now, self.seen.originals[place])

    def _on_entry(self, now: float, place: Place, entry: Json) -> None:
        if place in self.seen.intended:
            intended = max(entry["intended"], self.seen.originals[place])
            self.seen.intended[place].append(now, intended)
        for floor in entry.get("floors", ()):
            basis = floor.get("basis", {})
            seen = FloorSeen(
                now,
                floor["replicas"],
                floor.get("taken", 0),
                (basis.get("uid", ""), basis.get("generation", 0), basis.get("cues", 0)),
            )
            history = self.seen.floors.setdefault((place, floor["segment"]), [])
            if not history or history[-1][1:] != seen[1:]:
                history.append(seen)

    def _on_record(self, now: float, spec: Json) -> None:
        for move in spec.get("moves", ()):
            self._on_move(now, move)
        for latched in spec.get("latched", ()):
            times = [parse_instant(window["prepareAt"]) for window in latched.get("clusters", ())]
            if times:
                name = latched["segment"]
                self.seen.prepare_at[name] = min(*times, self.seen.prepare_at.get(name, times[0]))

    def _on_move(self, now: float, move: Mapping[str, Any]) -> None:
        seen = MoveSeen(
            now,
            move["workload"],
            move["segment"],
            move["from"],
            move["to"],
            move["count"],
            move["toFloor"],
            move["phase"],
        )
        if not any(known[1:] == seen[1:] for known in self.seen.moves):
            self.seen.moves.append(seen)


def _good(body: Json) -> bool:
    """Whether a spec promises anything: after a broken edit the one before it is still what counts."""
    try:
        parse_event(body)
    except InvalidInput:
        return False
    return True


class _Member:
    """Listens to one member's store."""

    def __init__(self, recorder: Recorder, cluster: str) -> None:
        self._recorder = recorder
        self._cluster = cluster

    def on_change(self, kind: Kind, before: Json | None, after: Json | None) -> None:
        if kind.plural not in _PLURALS or before is None or after is None:
            return
        if before["spec"] is not after["spec"]:
            place = Place(after["metadata"]["name"], self._cluster)
            self._recorder.replicas_changed(place, before, after)


def opened(moves: Iterable[MoveSeen]) -> list[MoveSeen]:
    """Each move once, as it was when it began."""
    found: dict[tuple[str, str, str, str, int], MoveSeen] = {}
    for move in moves:
        found.setdefault((move.workload, move.segment, move.source, move.to, move.to_floor), move)
    return list(found.values())
