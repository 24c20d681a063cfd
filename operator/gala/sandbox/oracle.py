"""Judges a night by what the servers saw: what was promised, and whether it was kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf
from typing import NamedTuple

from gala.api.event import GalaEventSpec
from gala.api.validation import parse_event
from gala.report.nightlog import Place
from gala.report.series import integrate
from gala.sandbox.recording import FloorSeen, Recording, ScaleWrite
from gala.sandbox.schedule import Stretch, stretches, warmup


class RoundVerdict(NamedTuple):
    """One round; replicas summed over its workloads, ``short`` in replica-seconds of the whole fleet."""

    name: str
    required: int
    ready_at_start: int
    short: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """``breaches`` are whole sentences; none of them: the night was as promised."""

    rounds: tuple[RoundVerdict, ...]
    wrong_decreases: int
    unledgered: int
    handed_back: bool
    breaches: tuple[str, ...]

    @property
    def ok(self) -> bool:
        """Whether everything promised was kept."""
        return not self.breaches


def judge(seen: Recording, *, people: frozenset[str] = frozenset()) -> Verdict:
    """Judges a finished night; ``people`` are field managers whose writes are not the operator's."""
    judged = _Judge(seen, people)
    rounds = tuple(judged.rounds())
    wrong = [text for write in seen.writes if write.manager not in people for text in judged.decrease(write)]
    loose = [
        f"{_name(write.place)} was set from {write.was} to {write.to} at {_time(write.at)} "
        f"by {write.manager} without an open ledger entry."
        for write in seen.writes
        if write.manager not in people and not write.ledgered
    ]
    left = list(judged.left_over())
    short = [
        f"{one.name} had {one.ready_at_start} of {one.required} Ready at its start "
        f"and missed {one.short:.0f} replica-seconds."
        for one in rounds
        if one.ready_at_start < one.required or one.short > 0
    ]
    return Verdict(
        rounds=rounds,
        wrong_decreases=len(wrong),
        unledgered=len(loose),
        handed_back=not left,
        breaches=(*short, *wrong, *loose, *left),
    )


def fingerprint(seen: Recording) -> dict[str, int]:
    """What a killed night must share with an undisturbed one: every target's replicas at the end."""
    return {
        _name(place): int(series.value_at(seen.ended) or 0) for place, series in sorted(seen.spec.items())
    }


class _Judge:
    def __init__(self, seen: Recording, people: frozenset[str]) -> None:
        self._seen = seen
        self._people = people
        self._specs = [
            (one.at, None if one.body is None else parse_event(one.body).spec) for one in seen.specs
        ]
        self._stretches: dict[int, list[Stretch]] = {}
        self._first: dict[tuple[str, str], float] = {}
        for (place, segment), history in seen.floors.items():
            key = (place.cluster, segment)
            self._first[key] = min(history[0].at, self._first.get(key, inf))

    def _spec(self, at: float) -> tuple[GalaEventSpec | None, bool]:
        """The spec in force (the last one, once deleted), and whether the event was there."""
        spec, there = None, False
        for since, body in self._specs:
            if since <= at:
                spec, there = body or spec, body is not None
        return spec, there

    def _plan(self, spec: GalaEventSpec) -> list[Stretch]:
        return self._stretches.setdefault(id(spec), stretches(spec))

    def rounds(self) -> Iterator[RoundVerdict]:
        """Every round that took place, by the spec that held at its start."""
        names = {one.name for _, spec in self._specs if spec for one in self._plan(spec) if one.is_round}
        for name in sorted(names, key=lambda n: (len(n), n)):
            for _, spec in reversed(self._specs):
                one = next((s for s in self._plan(spec) if s.name == name), None) if spec else None
                if one is None or not self._took_place(one):
                    continue
                yield self._round(one)
                break

    def _took_place(self, one: Stretch) -> bool:
        spec, there = self._spec(one.start)
        listed = spec is not None and any(
            s.name == one.name and s.start == one.start for s in self._plan(spec)
        )
        return there and listed and one.start < self._seen.ended

    def _round(self, one: Stretch) -> RoundVerdict:
        ready = {name: self._fleet_ready(name, one.start) for name in one.required}
        met = all(ready[name] >= need for name, need in one.required.items())
        have = sum(ready[name] if met else min(ready[name], need) for name, need in one.required.items())
        short = 0.0
        for name, need in one.required.items():
            series = [s for place, s in self._seen.ready.items() if place.workload == name]
            until = min(one.counted_end, self._seen.ended, self._removed(one))
            short += integrate(series, one.start, until, lambda v, n=need: max(0.0, n - sum(v)))  # type: ignore[misc]
        return RoundVerdict(one.name, sum(one.required.values()), have, round(short, 3))

    def _removed(self, one: Stretch) -> float:
        """When a round that had begun was taken out of the spec; inf where it was not."""
        later = [(at, spec) for at, spec in self._specs if at > one.start and spec is not None]
        return next((at for at, spec in later if all(s.name != one.name for s in self._plan(spec))), inf)

    def _fleet_ready(self, workload: str, at: float) -> int:
        return sum(
            int(series.value_at(at) or 0)
            for place, series in self._seen.ready.items()
            if place.workload == workload
        )

    def decrease(self, write: ScaleWrite) -> Iterator[str]:
        """What is wrong with one write, if it lowered something that it might not; at most one sentence."""
        if write.to >= write.was:
            return
        what = f"{_name(write.place)} was lowered from {write.was} to {write.to} at {_time(write.at)}"
        original = self._seen.originals[write.place]
        if write.to < original:
            yield f"{what}, below its original {original}."
            return
        due, segment = self._due(write.place, write.at)
        if write.to < due:
            yield f"{what}, below the floor {due} of {segment}, which was still on."
            return
        yield from self._below_required(write, what)

    def _below_required(self, write: ScaleWrite, what: str) -> Iterator[str]:
        spec, there = self._spec(write.at)
        if spec is None or not there:
            return
        workload, at = write.place.workload, write.at
        total = sum(
            int(min(series.value_at(at) or 0, self._seen.spec[place].value_at(at) or 0))
            for place, series in self._seen.ready.items()
            if place.workload == workload
        )
        for one in self._plan(spec):
            need = one.required.get(workload, 0)
            if one.is_round and one.start <= at < one.end and total < need:
                yield f"{what}, which left {total} Ready in the fleet where {one.name} required {need}."
                return

    def _due(self, place: Place, at: float) -> tuple[int, str]:
        """The highest floor that the spec's own times still protect at ``at``, and whose it is."""
        spec, _ = self._spec(at)
        if spec is None:
            return 0, ""
        begun = [one for one in self._plan(spec) if self._begun(place.cluster, one.name, at)]
        coming = next((one for one in begun if one.ready_by > at and one.is_round), None)
        on = [one for one in begun if at < one.end]
        found = [(0, "")]
        for one in on:
            # A scene yields to the round that follows; until that is due the lower of both holds.
            partner = coming if coming is not one and not one.is_round else None
            found.append(self._lower(place, at, spec, (one, partner)))
        past = [one for one in begun if one.end <= at]
        last = max(past, key=lambda one: one.end, default=None)
        cooling = last is not None and at < last.end + spec.handback.cooldown
        if last is not None and cooling and all(one.ready_by > at for one in on):
            found.append(self._lower(place, at, spec, (last, coming)))
        return max(found)

    def _lower(
        self, place: Place, at: float, spec: GalaEventSpec, pair: tuple[Stretch, Stretch | None]
    ) -> tuple[int, str]:
        one, other = pair
        warm = warmup(spec, place.workload)
        floor = self._floor(place, one.name, at, warm)
        if other is None:
            return floor, one.name
        return min(floor, self._floor(place, other.name, at, warm)), f"{one.name} and {other.name}"

    def _begun(self, cluster: str, segment: str, at: float) -> bool:
        """Whether a segment's hold has begun in a cluster: for any workload, since it yields for all."""
        return self._first.get((cluster, segment), inf) <= at

    def _floor(self, place: Place, segment: str, at: float, warmup_: float) -> int:
        """The highest floor seen since the latest basis that a person gave, less what moves took rightly."""
        gross, taken, allowed = 0, 0, 0
        basis: tuple[str, int, int] | None = None
        for seen in self._seen.floors.get((place, segment), ()):
            if seen.at > at:
                break
            if basis is not None and _newer(seen.basis, basis) and self._was_said(seen):
                gross = seen.replicas + allowed
            basis = seen.basis
            if seen.taken > taken:
                if self._receiver_was_warm(place, segment, seen, warmup_):
                    allowed += seen.taken - taken
                taken = seen.taken
            gross = max(gross, seen.replicas + seen.taken)
        return gross - allowed

    def _was_said(self, seen: FloorSeen) -> bool:
        """Whether a person wrote the spec that a floor claims to come from: the ledger alone is no word."""
        uid, generation, _ = seen.basis
        return any(
            one.at <= seen.at
            and one.generation == generation
            and one.body is not None
            and one.body["metadata"].get("uid") == uid
            for one in self._seen.specs
        )

    def _receiver_was_warm(self, place: Place, segment: str, seen: FloorSeen, warmup_: float) -> bool:
        moves = [
            move
            for move in self._seen.moves
            if move.at <= seen.at
            and (move.workload, move.segment, move.source) == (place.workload, segment, place.cluster)
        ]
        if not moves:
            return False
        last = moves[-1]
        return self._seen.warm(Place(place.workload, last.to), seen.at, warmup_) >= last.to_floor

    def left_over(self) -> Iterator[str]:
        """What was not given back at the end."""
        seen = self._seen
        changed_by_people = {write.place for write in seen.writes if write.manager in self._people}
        for place, original in sorted(seen.originals.items()):
            now = int(seen.spec[place].value_at(seen.ended) or 0)
            if now != original and place not in changed_by_people:
                yield f"{_name(place)} ended at {now}, its original was {original}."
        for name in sorted(seen.open):
            yield f"The GalaAllocation {name} was still there at the end."


def _newer(basis: tuple[str, int, int], than: tuple[str, int, int]) -> bool:
    return basis[0] != than[0] or basis[1:] > than[1:]


def _name(place: Place) -> str:
    return f"{place.workload} in {place.cluster}"


def _time(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%H:%M:%S")
