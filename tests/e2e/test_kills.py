"""kill -9 before and after each kind of write: the show ends as if nothing had happened (T01).

Three nights run side by side, each with a hub of its own: one undisturbed, one in which the operator dies
right before its first write of each kind, and one in which it dies right after it, before it hears the
answer. Every kill is followed by a start under the same name, as a kubelet does it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from clusters.cluster import Cluster
from crossing import Call, Crossing, crossing
from figures import Figures
from kept import Kept
from operating import Stage
from shows import AT_HOME, HELD, WAY, begin, end, falls, held, marks, show_stage, steps, ways

Look = Callable[[Call], bool]


def _ledger(method: str, *, whole: bool) -> Look:
    """A write of the event record (``whole``) or of the ledger of one cluster."""

    def matches(call: Call) -> bool:
        if call.method != method or call.resource != "galaallocations":
            return False
        of_cluster = call.name.count(".") == 2 if method == "DELETE" else "cluster" in call.body["spec"]
        return of_cluster is not whole

    return matches


def _posts(resource: str) -> Look:
    return lambda call: (call.method, call.resource) == ("POST", resource)


def _patches(resource: str) -> Look:
    return lambda call: (call.method, call.resource) == ("PATCH", resource)


def _states(state: str) -> Look:
    return lambda call: call.method == "PUT" and call.resource == "galaallocations" and call.states == {state}


def _scales(to: int) -> Look:
    return lambda call: call.replicas == to


RISING: Mapping[str, Look] = {
    "taking the Lease": lambda call: call.writes and call.resource == "leases",
    "the first event record": _ledger("POST", whole=True),
    "the first ledger of a cluster": _ledger("POST", whole=False),
    "/scale up": _scales(HELD),
    "the ledger once a raise is acknowledged": _states("Written"),
    "the status of the event": _patches("galaevents/status"),
    "the status of a cluster": _patches("galaclusters/status"),
    "the status of a ledger": _patches("galaallocations/status"),
    "a Kubernetes Event": _posts("events"),
}
"""Kinds of write that come before the round is over."""

FALLING: Mapping[str, Look] = {
    "the ledger before the first step back": _states("Returning"),
    "/scale down, a step": _scales(WAY[1]),
    "/scale down, to the original": _scales(AT_HOME),
    "closing the ledger of a cluster": _ledger("DELETE", whole=False),
    "closing the event record": _ledger("DELETE", whole=True),
}
"""Those that come after it."""

KINDS = {**RISING, **FALLING}


@dataclass(frozen=True, slots=True)
class Night:
    """One night as the API servers tell it."""

    calls: frozenset[str]
    """Kinds of write that came."""
    struck: tuple[str, ...]
    lives: int
    recoveries: tuple[float, ...]
    """Seconds from each start to the next write, the Lease apart."""
    writes: Mapping[str, Sequence[int]]
    """By cluster: the numbers written to the target, each once however often it was sent in a row."""
    early: Sequence[str]
    """Decreases before the round was over."""
    replicas: Mapping[str, int]


class Sweep:
    """Kills the operator at the first write of each kind, on one side of it; one kill for each life."""

    def __init__(self, way: Crossing, kept: Kept, side: str) -> None:
        """``side`` is `before`, `after`, or empty: then nobody is killed."""
        self.left = dict(KINDS) if side else {}
        self.struck: list[str] = []
        self.calls: set[str] = set()
        self.recoveries: list[float] = []
        self._kept = kept
        self._dead = self._acted = 0
        """The last life that was ended, and the last that was seen to write."""
        self._unheard = side == "after"
        self._under_way: set[str] = set()
        """Kinds that were passed on in this life and whose answer has not come."""
        way.before = self._before if side == "before" else self._look
        way.after = self._strike if side == "after" else way.after

    def rising(self) -> bool:
        """Whether kinds that come before the end of the round are left."""
        return any(kind in self.left for kind in RISING)

    def _before(self, call: Call) -> bool:
        return self._look(call) and self._strike(call)

    def _look(self, call: Call) -> bool:
        kinds = {kind for kind, matches in KINDS.items() if matches(call)}
        life = self._kept.lives
        if life == self._dead:
            return False
        self.calls |= kinds
        if self._unheard:
            self._under_way |= kinds
        if call.writes and call.resource != "leases" and self._acted < life > 1:
            self._acted = life
            self.recoveries.append(self._kept.age())
        return True

    def _strike(self, call: Call) -> bool:
        """Kills; what is served beside the write that matches dies unheard too, and may never come again."""
        if self._kept.lives == self._dead:
            return False
        kinds = [kind for kind, matches in self.left.items() if matches(call)]
        if not kinds:
            self._under_way -= {kind for kind, matches in KINDS.items() if matches(call)}
            return True
        self._dead = self._kept.lives
        self._kept.kill()
        for kind in {*kinds, *self._under_way} & self.left.keys():
            del self.left[kind]
            self.struck.append(kind)
        self._under_way.clear()
        return False


def play(stage: Stage, side: str) -> Night:
    """One round, prepared at once, ended by an edit, and handed back."""
    since = marks(stage)
    with crossing(stage) as way:
        kept = Kept(stage, way.kubeconfig)
        sweep = Sweep(way, kept, side)
        begin(stage)
        kept.until(
            lambda: not sweep.rising() and held(stage),
            lambda: f"all is held; still to come: {[*sweep.left]}",
        )
        early = falls(steps(stage, since))
        end(stage)
        kept.until(
            lambda: not sweep.left and stage.ledger() == [],
            lambda: f"all is given back; to come: {[*sweep.left]}; left: {stage.ledger()}",
        )
    return Night(
        calls=frozenset(sweep.calls),
        struck=tuple(sweep.struck),
        lives=kept.lives,
        recoveries=tuple(sweep.recoveries),
        writes=ways(steps(stage, since)),
        early=early,
        replicas=stage.replicas("web"),
    )


@pytest.fixture(scope="module")
def nights(fleet: Sequence[Cluster]) -> Iterator[Mapping[str, Night]]:
    """The undisturbed night under an empty name, and one for each side of the writes."""
    sides = ("", "before", "after")
    with ExitStack() as stages:
        made = [
            stages.enter_context(show_stage(fleet, number, f"kills-{side or 'none'}"))
            for number, side in enumerate(sides)
        ]
        with ThreadPoolExecutor(len(sides)) as side_by_side:
            yield dict(zip(sides, side_by_side.map(play, made, sides), strict=True))


def test_an_undisturbed_night_has_every_kind_of_write_and_goes_up_once_and_down_in_steps(
    nights: Mapping[str, Night],
) -> None:
    night = nights[""]

    assert night.calls == KINDS.keys()
    assert (night.lives, night.early) == (1, [])
    assert night.writes == {name: list(WAY) for name in night.replicas}
    assert set(night.replicas.values()) == {AT_HOME}


@pytest.mark.parametrize("side", ["before", "after"])
def test_kills_at_each_kind_of_write_leave_no_trace(
    side: str, nights: Mapping[str, Night], figures: Figures
) -> None:
    night, undisturbed = nights[side], nights[""]
    figures.add(f"kill {side} a write", "points passed", f"{len(night.struck)} of {len(KINDS)}")
    figures.seconds(f"kill {side} a write", "from its start to its next write", night.recoveries)

    assert sorted(night.struck) == sorted(KINDS), "the operator never came to some of the points"
    assert len(KINDS) / 2 < night.lives <= len(KINDS) + 1
    assert night.early == [], "something was lowered before the round was over"
    assert night.writes == undisturbed.writes
    assert night.replicas == undisturbed.replicas
