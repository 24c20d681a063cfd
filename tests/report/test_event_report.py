"""The figures of the event report, by the definitions that its readers are given."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from gala.report import measures
from gala.report.event_report import EventReport, build
from gala.report.nightlog import FloorLog, MoveLog, NightLog, Place, Take, WorkloadLog, WriteLog
from report_night import EVENT, T0, night, segment, seven_rounds, steps

WEB, WEST, SHOP = Place("web", "east"), Place("web", "west"), Place("shop", "east")


def two_workloads(**changes: Any) -> NightLog:
    """``web`` and ``shop`` in one cluster."""
    names = ("web", "shop")
    values: dict[str, Any] = {
        "workloads": tuple(WorkloadLog(name=name, tier="S", qps_per_replica=100) for name in names),
        "segments": (segment(required={"web": 10, "shop": 5}),),
        "ready": {WEB: steps((0, 12)), SHOP: steps((0, 5))},
    }
    return night(**(values | changes))


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        pytest.param({}, (0, False), id="nothing is missing when all were Ready in time"),
        pytest.param(
            {"ready": {WEB: steps((0, 2), (110, 10))}},
            (80, False),
            id="8 missing for the first 10 s of the round",
        ),
        pytest.param(
            {"ready": {WEB: steps((0, 10), (155, 0))}},
            (50, False),
            id="what falls before the actual end counts",
        ),
        pytest.param(
            {"ready": {WEB: steps((0, 10), (160, 0))}}, (0, False), id="what falls at the actual end does not"
        ),
        pytest.param(
            {"ready": {WEB: steps((0, 9), (105, None), (120, 10))}},
            (20, True),
            id="while Ready is unknown the last known counts and is marked",
        ),
        pytest.param(
            {"ready": {WEB: steps((0, 9), (100.5, 10))}},
            (1, False),
            id="half a replica-second is rounded up, never hidden",
        ),
        pytest.param(
            {
                "ready": {WEB: steps((0, 10), (120, 6))},
                "floors": (
                    FloorLog(segment="round-1", place=WEB, at_ready_by=10, takes=(Take(T0 + 120, 4),)),
                ),
            },
            (0, False),
            id="what the take of a move took is not missing",
        ),
        pytest.param(
            {
                "ready": {WEB: steps((0, 20)), WEST: steps((0, 4))},
                "floors": (
                    FloorLog(segment="round-1", place=WEB, at_ready_by=5),
                    FloorLog(segment="round-1", place=WEST, at_ready_by=5),
                ),
            },
            (60, False),
            id="a surplus in one cluster never makes up for another",
        ),
    ],
)
def test_short_replica_seconds(changes: dict[str, Any], want: tuple[int, bool]) -> None:
    log = night(**changes)
    assert measures.short_replica_seconds(log, log.segments[0]) == want


def test_a_round_that_still_runs_is_counted_up_to_now() -> None:
    log = night(ready={WEB: steps((0, 8))})
    assert measures.short_replica_seconds(log, log.segments[0], until=T0 + 105).replica_seconds == 10


@pytest.mark.parametrize(
    ("ready", "want"),
    [
        pytest.param({WEB: steps((0, 12)), SHOP: steps((0, 5))}, 17, id="a surplus shows when nobody lacks"),
        pytest.param(
            {WEB: steps((0, 12)), SHOP: steps((0, 4))}, 14, id="a surplus never hides another's lack"
        ),
        pytest.param(
            {WEB: steps((0, 9), (100.1, 10)), SHOP: steps((0, 5))},
            14,
            id="what comes after the start is late",
        ),
    ],
)
def test_ready_at_start(ready: dict[Place, Any], want: int) -> None:
    log = two_workloads(ready=ready)
    assert measures.ready_at_start(log, log.segments[0]) == want


@pytest.mark.parametrize(
    ("ready", "want"),
    [
        pytest.param(steps((0, 2), (60, 6), (70, 10)), 70, id="since the last pod came"),
        pytest.param(steps((0, 12)), 20, id="not before the preparation began"),
        pytest.param(
            steps((0, 2), (50, 10), (60, 9), (80, 10)),
            80,
            id="an earlier stretch that was lost does not count",
        ),
        pytest.param(steps((0, 2), (120, 10), (130, 9)), 120, id="late, when it came after the start"),
        pytest.param(
            steps((0, 2), (50, 10), (101, 9)), 50, id="what is lost in the round leaves the time as it was"
        ),
        pytest.param(steps((0, 2)), None, id="never"),
    ],
)
def test_ready_at(ready: Any, want: float | None) -> None:
    log = night(ready={WEB: ready})
    found = measures.ready_at(log, log.segments[0])
    assert found == (None if want is None else T0 + want)


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        pytest.param({}, (54_000, 54_000), id="all of it where warm capacity is enough"),
        pytest.param(
            {"warm": {WEB: steps((0, 5), (110, 10))}},
            (54_000, 50_000),
            id="400 QPS are lost for 10 s while it warms up",
        ),
        pytest.param(
            {
                "offered": {WEB: steps((100, 900)), WEST: steps((100, 100))},
                "warm": {WEB: steps((0, 5)), WEST: steps((0, 50))},
            },
            (60_000, 36_000),
            id="traffic stays in the cluster that it came to",
        ),
        pytest.param(
            {"warm": {WEB: steps((0, 9), (120, None))}},
            (54_000, 54_000),
            id="while warm is unknown the last known serves",
        ),
        pytest.param({"warm": {}}, (54_000, 0), id="what was never known to be warm serves nothing"),
        pytest.param(
            {"workloads": (WorkloadLog(name="web", tier="S"),)},
            (0, 0),
            id="without a capacity nobody can tell",
        ),
    ],
)
def test_offered_and_served(changes: dict[str, Any], want: tuple[int, int]) -> None:
    log = night(**changes)
    assert measures.traffic(log, T0 + 100, T0 + 160) == want


def test_a_lost_request_is_never_rounded_away() -> None:
    log = night(offered={WEB: steps((100, 1000.001))}, warm={WEB: steps((0, 10))})
    assert measures.traffic(log, T0 + 100, T0 + 160) == (60_000, 59_999)


def test_the_served_ratio_of_a_tier_is_rounded_down() -> None:
    log = night(offered={WEB: steps((0, 1000.0001))}, warm={WEB: steps((0, 10))}, ended_at=T0 + 10_000)
    assert build(log).tiers["S"].served_ratio == 0.999999


def test_peak_qps_is_the_highest_sum_over_clusters_at_one_time() -> None:
    offered = {WEB: steps((100, 900), (120, 100)), WEST: steps((100, 200), (130, 850))}
    log = night(offered=offered)
    assert measures.peak_qps(log, log.segments[0]) == 1100


def scene(spec_web: Any, spec_shop: Any, cluster: str = "east") -> NightLog:
    """A round that asks for web, and from 100 s on its scene that asks for shop, prepared from 60 s on."""
    after = segment(
        "round-1/after",
        is_round=False,
        prepare_at=T0 + 60,
        ready_by=T0 + 100,
        latest_end=T0 + 300,
        required={"shop": 5},
    )
    first = segment(prepare_at=T0 + 10, ready_by=T0 + 40, latest_end=T0 + 120)
    return two_workloads(
        segments=(first, after),
        clusters=("east", "west"),
        spec={WEB: spec_web, Place("shop", cluster): spec_shop},
    )


@pytest.mark.parametrize(
    ("log", "want"),
    [
        pytest.param(
            scene(steps((0, 2), (10, 10), (120, 2)), steps((0, 1), (60, 5))),
            1,
            id="one rises before its scene, the other falls when its round ends",
        ),
        pytest.param(
            scene(steps((0, 2), (10, 10), (120, 6), (150, 2)), steps((0, 1), (60, 3), (70, 5))),
            1,
            id="however many writes it takes, it is one move",
        ),
        pytest.param(
            scene(steps((0, 2), (10, 10), (120, 2)), steps((0, 5))), 0, id="nobody takes what is given back"
        ),
        pytest.param(scene(steps((0, 10)), steps((0, 1), (60, 5))), 0, id="nobody gives what is taken"),
        pytest.param(
            scene(steps((0, 2), (10, 10), (120, 2)), steps((0, 1), (60, 5)), cluster="west"),
            0,
            id="capacity does not pass between clusters",
        ),
    ],
)
def test_scene_moves(log: NightLog, want: int) -> None:
    assert measures.scene_moves(log) == want


@pytest.mark.parametrize(
    ("values", "want"),
    [
        pytest.param([], 0.0, id="of nothing it is zero"),
        pytest.param([3.0], 3.0, id="of one value it is that"),
        pytest.param(
            [float(n) for n in range(1, 101)], 99.0, id="of a hundred values it is the ninety-ninth"
        ),
    ],
)
def test_the_99th_percentile(values: list[float], want: float) -> None:
    assert measures.quantile(values, 0.99) == want


def test_the_document_has_the_names_that_its_readers_rely_on() -> None:
    document = json.loads(build(night()).to_json())
    assert list(document) == [
        "event", "mode", "startedAt", "endedAt", "rounds", "tiers", "sceneMoves", "rebalanceMoves", "writes",
        "serversAdded", "loans", "wrongDecreases", "contested", "handedBack", "decisions",
    ]  # fmt: skip
    assert document["rounds"] == [
        {
            "name": "round-1",
            "scheduledStart": "2027-02-05T12:01:40Z",
            "actualStart": "2027-02-05T12:01:40Z",
            "readyBy": "2027-02-05T12:01:30Z",
            "readyAt": "2027-02-05T12:01:10Z",
            "required": 10,
            "readyAtStart": 10,
            "shortReplicaSeconds": 0,
            "estimated": False,
            "peakQps": 900,
            "offered": 54000,
            "served": 54000,
        }
    ]
    assert document["tiers"] == {"S": {"servedRatio": 1.0}}
    assert document["writes"] == {"total": 2, "failed": 0, "p99Seconds": 0.03}
    assert document["loans"] == {"opened": 0, "outstanding": 0}
    assert document["decisions"][0] == {
        "at": "2027-02-05T12:00:20Z", "cluster": "east", "workload": "web", "from": 2, "to": 10,
        "reason": "HoldBegins", "rule": "ratchet",
    }  # fmt: skip


def test_the_document_can_be_read_back() -> None:
    report = build(night())
    assert EventReport.model_validate_json(report.to_json()) == report


def test_wall_clock_figures_leave_the_decisions_byte_equal() -> None:
    slow = tuple(one._replace(seconds=9.9) for one in night().writes)
    one, other = (json.loads(build(log).to_json()) for log in (night(), night(writes=slow)))
    assert json.dumps(one["decisions"]) == json.dumps(other["decisions"])
    assert one["writes"] != other["writes"]


@pytest.mark.parametrize(
    ("changes", "want"),
    [
        pytest.param({}, "every round was Ready, everything was given back", id="a clean night"),
        pytest.param(
            {"ready": {WEB: steps((0, 9))}}, "not Ready throughout: round-1", id="a round that was short"
        ),
        pytest.param(
            {"writes": (WriteLog(T0, WEB, 2, 10, "Unreachable", 5.0),)},
            "1 writes failed",
            id="a write that failed",
        ),
        pytest.param(
            {"wrong_decreases": 2}, "capacity was lowered under a floor 2 times", id="a wrong decrease"
        ),
        pytest.param({"handed_back": False}, "not everything was given back", id="capacity that was kept"),
        pytest.param({"loans_outstanding": 1}, "1 loans are open", id="a loan that did not end"),
        pytest.param({"segments": ()}, "no round was played", id="a night without a round"),
    ],
)
def test_the_verdict_names_the_worst_fault(changes: dict[str, Any], want: str) -> None:
    report = build(night(**changes))
    assert report.verdict == want
    assert report.passed == (not changes)


def test_rebalancing_moves_are_counted_once_each() -> None:
    moves = (
        MoveLog(T0 + 110, "web", "round-1", "east", "west", 2),
        MoveLog(T0 + 130, "web", "round-1", "east", "west", 1),
    )
    assert build(night(moves=moves)).rebalance_moves == 2


def test_tiers_stand_in_the_order_of_their_rank() -> None:
    names = ("C", "A", "S", "B")
    log = night(workloads=tuple(WorkloadLog(name=tier, tier=tier, qps_per_replica=1) for tier in names))
    assert list(build(log).tiers) == ["S", "A", "B", "C"]


def test_a_night_of_seven_rounds_and_their_scenes() -> None:
    log = seven_rounds()
    report = build(log)
    assert report.passed
    assert [one.name for one in report.rounds] == [f"round-{index}" for index in range(1, 8)]
    assert report.scene_moves == 7
    late = replace(log, ready={place: steps((0, 1)) for place in log.ready})
    assert build(late).verdict == "not Ready throughout: round-1, round-2, round-3 …"


def test_the_event_is_named_with_its_namespace() -> None:
    assert build(night()).event == str(EVENT) == "show/gala"
