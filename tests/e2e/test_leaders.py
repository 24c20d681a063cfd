"""Two replicas of which one dies or is frozen in the middle of a step (T02), and two who both lead (T03).

The step is a decrease whose ledger was just stored: the leader is struck before it hears the answer, and
would write the decrease next. All nights run side by side, on hubs of their own.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime

import pytest

from clusters.cluster import Cluster
from crossing import Call
from figures import Figures
from operating import LEASES, Stage
from pairs import Replica, leadership, pair, stale, writer
from shows import AT_HOME, WAY, begin, end, falls, held, marks, show_stage, steps, ways

AFTERWARDS = 8.0
"""Seconds in which one who wakes up could still write what it had in mind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Night:
    """What came of one night."""

    early: Sequence[str]
    """Decreases before the round was over."""
    stale: Sequence[str]
    ways: Mapping[str, Sequence[int]]
    ledger: Sequence[object]
    replicas: Mapping[str, int]
    leaders: Sequence[str]
    """One after another."""
    takeover: float | None
    """Seconds from the fault until another held the Lease; None where nobody took over."""
    resumed: float | None
    """Seconds from the fault until another wrote to a target."""


class Trap:
    """Strikes once, when a write that matches was served and before its answer is heard."""

    def __init__(self, replica: Replica, matches: Callable[[Call], bool], strike: Callable[[], None]) -> None:
        self.sprung = threading.Event()
        self.at = datetime.max.replace(tzinfo=UTC)
        self._matches, self._strike = matches, strike
        replica.way.after = self._look

    def _look(self, call: Call) -> bool:
        if not self.sprung.is_set() and self._matches(call):
            self._strike()
            self.at = datetime.now(UTC)  # noqa: TID251 (beside the times of an audit log)
            self.sprung.set()
        return True


def _before_a_raise(call: Call) -> bool:
    return call.method == "POST" and call.resource == "galaallocations" and "cluster" in call.body["spec"]


def _before_a_decrease(call: Call) -> bool:
    return call.method == "PUT" and call.resource == "galaallocations" and call.states == {"Returning"}


def frozen(stage: Stage, seconds: float) -> Night:
    """The leader is stopped before a decrease, and goes on after so many seconds."""
    since = marks(stage)
    with pair(stage) as (leader, _):
        begin(stage)
        stage.until(lambda: held(stage), "all is held")
        early = falls(steps(stage, since))
        trap = Trap(leader, _before_a_decrease, leader.program.freeze)
        end(stage)
        stage.until(trap.sprung.is_set, "the leader was about to lower something")
        time.sleep(seconds)
        leader.program.thaw()
        stage.until(lambda: stage.ledger() == [], "all is given back")
        time.sleep(AFTERWARDS)
    return _told(stage, since, early, trap.at)


def killed(stage: Stage) -> Night:
    """The leader is frozen for 5 s before a raise, which costs it nothing, and killed before a decrease."""
    since = marks(stage)
    with pair(stage) as (leader, _):
        nap = Trap(leader, _before_a_raise, leader.program.freeze)
        begin(stage)
        stage.until(nap.sprung.is_set, "the leader was about to raise something")
        time.sleep(5)
        leader.program.thaw()
        stage.until(lambda: held(stage), "all is held")
        early = falls(steps(stage, since))
        trap = Trap(leader, _before_a_decrease, leader.program.kill)
        end(stage)
        stage.until(lambda: trap.sprung.is_set() and stage.ledger() == [], "all is given back")
    return _told(stage, since, early, trap.at)


def both(stage: Stage) -> Night:
    """Each of the two has a Lease of its own, so both lead from the beginning to the end."""
    since = marks(stage)
    with pair(stage, *([f"--lease-name={lease}"] for lease in LEASES[1:])) as replicas:
        begin(stage)
        stage.until(lambda: held(stage), "all is held")
        early = falls(steps(stage, since))
        end(stage)
        stage.until(lambda: stage.ledger() == [], "all is given back")
        time.sleep(AFTERWARDS)
        led = [one.name for one in replicas if "this process leads now" in one.operator.said]
    told = _told(stage, since, early, None)
    return Night(
        early=told.early,
        stale=(),
        ways=told.ways,
        ledger=told.ledger,
        replicas=told.replicas,
        leaders=led,
        takeover=None,
        resumed=None,
    )


def _told(stage: Stage, since: Mapping[str, int], early: Sequence[str], fault: datetime | None) -> Night:
    reigns = leadership(stage.hub, since[stage.hub.name])
    found = steps(stage, since)
    others = [one.at for way in found.values() for one in way if writer(one.user) != reigns[0][1]]
    return Night(
        early=early,
        stale=stale(stage, since),
        ways=ways(found),
        ledger=stage.ledger(),
        replicas=stage.replicas("web"),
        leaders=[name for _, name in reigns],
        takeover=_after(fault, [at for at, name in reigns if name != reigns[0][1]]),
        resumed=_after(fault, others),
    )


def _after(fault: datetime | None, times: Sequence[datetime]) -> float | None:
    later = [(at - fault).total_seconds() for at in times if fault is not None and at > fault]
    return min(later, default=None)


Play = Callable[[Stage], Night]

NIGHTS: Sequence[Mapping[str, Play]] = (
    {"frozen for 60 s": lambda stage: frozen(stage, 60)},
    {"frozen for 5 s, later killed": killed, "both forced to lead": both},
    {"frozen for 20 s": lambda stage: frozen(stage, 20)},
)
"""By hub: what is played there, one after another."""


@pytest.fixture(scope="module")
def nights(fleet: Sequence[Cluster]) -> Mapping[str, Night]:
    """What came of each of `NIGHTS`."""
    setting_up = threading.Lock()

    def one_by_one(hub: int) -> dict[str, Night]:
        found = {}
        for number, (name, play) in enumerate(NIGHTS[hub].items()):
            with ExitStack() as stages:
                with setting_up:
                    stage = stages.enter_context(show_stage(fleet, hub, f"lead-{hub}-{number}"))
                found[name] = play(stage)
        return found

    with ThreadPoolExecutor(len(NIGHTS)) as side_by_side:
        return {
            name: night
            for found in side_by_side.map(one_by_one, range(len(NIGHTS)))
            for name, night in found.items()
        }


@pytest.mark.parametrize("name", ["frozen for 20 s", "frozen for 60 s", "frozen for 5 s, later killed"])
def test_a_standby_takes_over_and_the_old_leader_writes_nothing_any_more(
    name: str, nights: Mapping[str, Night], figures: Figures
) -> None:
    night = nights[name]
    figures.add(f"leader {name}", "until another leads", f"{night.takeover:.1f} s")
    figures.add(f"leader {name}", "until another writes", f"{night.resumed:.1f} s")
    figures.add(f"leader {name}", "stale writes", len(night.stale))

    assert night.leaders[:2] == ["replica-a", "replica-b"]
    assert night.stale == []
    assert night.early == [], "something was lowered before the round was over"
    assert night.ways == {name: list(WAY) for name in night.replicas}
    assert set(night.replicas.values()) == {AT_HOME}


def test_two_who_both_lead_lower_nothing_that_is_held_and_give_back_exactly(
    nights: Mapping[str, Night], figures: Figures
) -> None:
    night = nights["both forced to lead"]
    figures.add("both forced to lead", "wrong decreases", len(night.early))

    assert night.leaders == ["replica-a", "replica-b"]
    assert night.early == [], "something was lowered before the round was over"
    assert all(min(way) == way[-1] == AT_HOME for way in night.ways.values())
    assert (night.ledger, set(night.replicas.values())) == ([], {AT_HOME})
