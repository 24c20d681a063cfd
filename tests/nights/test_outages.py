"""Clusters that fall silent and Prometheuses that lie: nothing is lowered on doubt."""

from __future__ import annotations

import pytest

from gala.sandbox.apiserver.faults import Refuse
from gala.sandbox.apiserver.resources import Options
from gala.sandbox.fleet import SandboxFleet
from gala.sandbox.script import Incident
from gala.sandbox.traffic import Skew, hot
from scenes import (
    COOLDOWN,
    EAST,
    LATE,
    NORTH,
    ROUND_AT,
    ROUND_END,
    START,
    WEB_EAST,
    WEB_NORTH,
    at,
    event,
    night,
    play,
    show_round,
    workload,
)

LONG = 800.0
SILENT = 600.0


@pytest.mark.parametrize(
    ("cut_at", "covered"),
    [
        pytest.param(100.0, True, id="before its pods were asked for"),
        pytest.param(ROUND_AT + 20, False, id="when its pods were there already"),
    ],
)
async def test_a_cluster_silent_for_ten_minutes_is_covered_for_what_it_lacks_and_lowers_nothing(
    cut_at: float, covered: bool
) -> None:
    rounds = [show_round(web={"replicas": 48}, duration=f"{int(LONG)}s")]
    body = event(workloads=[workload()], scenes=[], rounds=rounds)
    end = ROUND_AT + LONG + LATE
    silent = Incident(after=cut_at, what="ClusterUnreachable", cluster="east", seconds=SILENT)
    scene = await play(night(body, end=end + COOLDOWN + 120.0), silent)

    back = cut_at + SILENT
    assert scene.decreases(0, end) == []
    assert scene.writes(first=cut_at, last=back) == [
        write for write in scene.writes(first=cut_at, last=back) if write.place == WEB_NORTH
    ]
    north, east = scene.value(WEB_NORTH, back - 1), scene.value(WEB_EAST, back - 1)
    assert (north + east >= 48, north >= 40) == (True, covered)
    assert scene.value(WEB_NORTH, back + 60) == north
    assert scene.at_end() == scene.originals()
    assert scene.closes() == dict.fromkeys((WEB_NORTH, WEB_EAST), "HandedBack")
    assert scene.verdict.breaches == ()


@pytest.mark.parametrize("mode", ["Down", "NaN", "Zero", "Frozen"])
async def test_a_prometheus_that_fails_or_lies_in_a_round_lowers_nothing(mode: str) -> None:
    blind = [
        Incident(after=ROUND_AT + 20, what="MetricsOutage", cluster=name, mode=mode, seconds=100.0)
        for name in ("north", "east")
    ]
    shares = {cluster.name: cluster.share for cluster in (NORTH, EAST)}
    uneven = night(skews=[Skew(START + ROUND_AT, START + ROUND_END, hot(shares, "north", 1.3))])
    scene = await play(uneven, *blind)

    assert scene.decreases(ROUND_AT + 20, ROUND_END) == []
    assert scene.at_end() == scene.originals()
    assert scene.verdict.wrong_decreases == 0
    assert scene.verdict.breaches == ()


async def test_a_hub_that_fails_for_minutes_holds_everything_and_is_caught_up_with() -> None:
    failing = Refuse(status=503)
    first, last = ROUND_AT + 20, ROUND_END + 20

    def break_hub(fleet: SandboxFleet) -> None:
        at(fleet, first, lambda: fleet.hub.faults.refusals.append(failing))
        at(fleet, last, lambda: fleet.hub.faults.refusals.remove(failing))

    scene = await play(prepare=break_hub)

    assert scene.writes(first=first, last=last) == []
    assert scene.at_end() == scene.originals()
    assert scene.verdict.breaches == ()


async def test_a_cluster_that_is_withdrawn_in_a_round_is_handed_back_when_it_is_there_again() -> None:
    first, last = ROUND_AT + 20, ROUND_END + COOLDOWN + 50

    def withdraw(fleet: SandboxFleet) -> None:
        resources, kind = fleet.hub.resources, fleet.hub.resources.find("galaclusters")
        space = fleet.params.fleet_namespace
        spec = resources.get(kind, space, "east")["spec"]
        again = {"metadata": {"name": "east", "namespace": space}, "spec": spec}
        at(fleet, first, lambda: resources.delete(kind, (space, "east"), {}))
        at(fleet, last, lambda: resources.create(kind, space, again, Options(manager="kubectl")))

    body = event(workloads=[workload()], scenes=[], rounds=[show_round()])
    scene = await play(night(body, end=last + 100), prepare=withdraw)

    assert [write for write in scene.writes(first=first, last=last) if write.place == WEB_EAST] == []
    assert scene.closes() == dict.fromkeys((WEB_NORTH, WEB_EAST), "HandedBack")
    assert scene.at_end() == scene.originals()
    assert scene.verdict.breaches == ()


async def test_what_a_cluster_without_nodes_cannot_carry_is_covered_within_seconds() -> None:
    # Room is read twice a minute at most, and was read at the round's start.
    lost_at = ROUND_AT + 40
    lost = Incident(after=lost_at, what="LoseNodes", cluster="north", count=NORTH.nodes)
    body = event(workloads=[workload()], scenes=[], rounds=[show_round()])
    scene = await play(night(body), lost)

    covered = [write for write in scene.writes(first=lost_at, last=lost_at + 10) if write.to > write.was]
    assert [write.place for write in covered] == [WEB_EAST]
    assert covered[0].to >= 48
    assert scene.decreases(0, ROUND_END) == []
    assert scene.at_end() == scene.originals()
