"""Events that people edit while they are live: nothing is lowered that the edit does not say."""

from __future__ import annotations

from typing import Any

import pytest

from gala.api.event import Tier
from measures import Measure
from scenes import (
    AFTER_SCENE,
    COOLDOWN,
    DURATION,
    HOLD_END,
    LATE,
    ROUND_AT,
    ROUND_END,
    SHOP,
    WEB,
    WEB_EAST,
    WEB_NORTH,
    edit,
    event,
    night,
    play,
    show_round,
    workload,
)

pytestmark = pytest.mark.faults

LIVE = ROUND_AT + 40.0

ROUND = show_round()
HIGHER = show_round(web={"replicas": 60})
LOWER = show_round(web={"replicas": 30})

RAISING: dict[str, dict[str, Any]] = {
    "more demand": {"rounds": [HIGHER]},
    "more headroom": {"workloads": [workload(capacity={"qpsPerReplica": 1000, "headroomPercent": 50})]},
    "slower pods than thought": {"workloads": [workload(capacity={"qpsPerReplica": 700, "warmup": "30s"})]},
    "a minimum in each cluster": {"workloads": [workload(perCluster={"min": 25})]},
    "a second round that overlaps": {"rounds": [ROUND, show_round("round-2", at=ROUND_AT + 60.0)]},
    "a second round in an hour": {"rounds": [ROUND, show_round("round-2", at=ROUND_AT + 3600.0)]},
    "a longer round": {"rounds": [show_round(duration="170s")]},
    "a longer window": {"rounds": [show_round(window={"early": "10s", "late": "80s"})]},
    "a longer cooldown": {"handback": {"cooldown": "100s"}},
    "a scene after it": {
        "workloads": [workload(WEB), workload(SHOP)],
        "scenes": event()["spec"]["scenes"],
        "rounds": [show_round(**AFTER_SCENE)],
    },
}
"""What asks for more, or for the same for longer."""

EQUAL: dict[str, dict[str, Any]] = {
    "another time zone": {"timeZone": "Asia/Shanghai"},
    "another tier": {"workloads": [workload(tier=Tier.B.value)]},
    "another workload": {"workloads": [workload(WEB), workload(SHOP)]},
    "no signal any more": {"workloads": [workload(signal=None)]},
    "another metric, which nobody has": {"workloads": [workload(signal={"metric": "nothing_total"})]},
    "no rebalancing any more": {"rebalance": {"enabled": False}},
    "smaller steps home": {"handback": {"cooldown": f"{int(COOLDOWN)}s", "maxStepPercent": 10}},
    "stated shares that turn everything round": {
        "division": {"shares": [{"cluster": "north", "weight": 1}, {"cluster": "east", "weight": 9}]}
    },
    "an invalid edit: a round without demand": {"rounds": [{**ROUND, "demand": []}]},
    "an invalid edit: a demand of a workload that is not there": {
        "rounds": [show_round(demand=[{"workload": "nobody", "replicas": 3}])]
    },
    "an invalid edit: two workloads on one target": {
        "workloads": [workload(), {**workload(), "name": "again"}]
    },
    "an invalid edit: a time zone that is nowhere": {"timeZone": "Atlantis/Capital"},
}
"""What asks for no less of any cluster that has a floor."""

ENDING: dict[str, dict[str, Any]] = {
    "less demand": {"rounds": [LOWER]},
    "a shorter round": {"rounds": [show_round(duration="50s")]},
    "no round any more": {"rounds": [show_round("round-2", at=ROUND_AT + 3600.0)]},
    "another name for the round": {"rounds": [show_round("renamed")]},
    "another workload instead": {
        "workloads": [workload(SHOP)],
        "rounds": [show_round(demand=[{"workload": "shop", "replicas": 9}])],
    },
    "another name for the workload": {
        "workloads": [{**workload(), "name": "front"}],
        "rounds": [show_round(demand=[{"workload": "front", "qps": WEB.peak}])],
    },
    "another target": {
        "workloads": [
            {**workload(), "target": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop"}}
        ]
    },
    "a target that is not there": {
        "workloads": [{**workload(), "target": {**workload()["target"], "name": "nobody"}}],
    },
    "a selector that no cluster has": {"clusterSelector": {"matchLabels": {"nowhere": "true"}}},
    "a maximum under the floor": {"workloads": [workload(perCluster={"max": 8})]},
}
"""What asks for less, or for something else."""


async def edited(spec: dict[str, Any], *, until: float = HOLD_END + 240.0) -> Any:
    body = event(workloads=[workload()], scenes=[], rounds=[ROUND])
    return await play(night(body, end=until), edit(LIVE, spec))


@pytest.mark.parametrize("spec", [pytest.param(spec, id=name) for name, spec in {**RAISING, **EQUAL}.items()])
async def test_an_edit_that_asks_for_no_less_lowers_nothing_before_the_round_is_over(
    spec: dict[str, Any], measured: Measure
) -> None:
    scene = await edited(spec)
    measured("edit", "wrong decreases after an edit of a live event", scene.verdict.wrong_decreases)

    assert scene.decreases(LIVE, ROUND_AT + DURATION + LATE) == []
    assert scene.verdict.wrong_decreases == 0
    if "round-2" not in str(spec):
        assert scene.at_end() == scene.originals()
        assert scene.verdict.handed_back


@pytest.mark.parametrize("spec", [pytest.param(spec, id=name) for name, spec in ENDING.items()])
async def test_an_edit_that_asks_for_less_lowers_by_no_more_than_it_says_and_all_goes_home(
    spec: dict[str, Any], measured: Measure
) -> None:
    scene = await edited(spec)
    measured("edit", "wrong decreases after an edit of a live event", scene.verdict.wrong_decreases)

    assert scene.verdict.wrong_decreases == 0
    assert scene.verdict.unledgered == 0
    assert scene.at_end() == scene.originals()
    assert set(scene.closes().values()) <= {"HandedBack", "HandedOver"}


async def test_less_demand_lowers_all_clusters_together_by_what_the_edit_took_away() -> None:
    scene = await edited({"rounds": [LOWER]})

    before = scene.value(WEB_NORTH, LIVE - 1) + scene.value(WEB_EAST, LIVE - 1)
    after = scene.value(WEB_NORTH, ROUND_END - 2) + scene.value(WEB_EAST, ROUND_END - 2)
    assert 30 <= after < before
    assert before - after <= 48 - 30


async def test_a_pause_in_a_round_freezes_it_and_its_end_is_handed_back_afterwards() -> None:
    body = event(workloads=[workload()], scenes=[], rounds=[ROUND])
    scene = await play(
        night(body, end=HOLD_END + 300.0),
        edit(LIVE, {"paused": True}),
        edit(HOLD_END + 60.0, {"paused": False}),
    )

    assert scene.writes(first=LIVE + 1, last=HOLD_END + 60.0) == []
    assert scene.verdict.wrong_decreases == 0
    assert scene.at_end() == scene.originals()


@pytest.mark.parametrize(
    "spec",
    [
        pytest.param({"mode": "Observe"}, id="Observe"),
        pytest.param({"mode": "Rehearsal", "rehearsal": {"scalePercent": 10}}, id="what is not built yet"),
    ],
)
async def test_a_mode_that_only_looks_writes_nothing_and_enforce_gives_back_what_was_taken(
    spec: dict[str, Any],
) -> None:
    body = event(workloads=[workload()], scenes=[], rounds=[ROUND])
    scene = await play(
        night(body, end=HOLD_END + 300.0),
        edit(LIVE, spec),
        edit(HOLD_END + 60.0, {"mode": "Enforce"}),
    )

    assert scene.writes(first=LIVE + 1, last=HOLD_END + 60.0) == []
    assert scene.verdict.wrong_decreases == 0
    assert scene.at_end() == scene.originals()
