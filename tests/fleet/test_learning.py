"""How long pods take, as the passes see it."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from fleet_builders import WEB
from gala.fleet.learning import StartLearner
from gala.planning.facts import Missing, PodStart, TargetFacts

STATED = PodStart(per_second=10, p95=60.0)


class Look(NamedTuple):
    """What one pass sees."""

    at: float
    replicas: int
    ready: int
    uid: str = "u"


def facts(look: Look) -> TargetFacts:
    return TargetFacts(
        uid=look.uid,
        resource_version="1",
        replicas=look.replicas,
        pods=look.replicas,
        ready=look.ready,
        warm=0,
        manager="",
    )


def learned(*looks: Look) -> PodStart:
    learner = StartLearner()
    for look in looks:
        learner.note(look.at, WEB, facts(look))
    return learner.estimate(looks[-1].at, STATED)


@pytest.mark.parametrize(
    ("looks", "want"),
    [
        pytest.param([Look(0, 5, 5), Look(10, 5, 5)], (60, None), id="nothing started, nothing learned"),
        pytest.param(
            [Look(0, 5, 5), Look(10, 9, 5), Look(30, 9, 9)], (60, 20), id="faster never shortens p95"
        ),
        pytest.param([Look(0, 0, 0), Look(10, 4, 0), Look(110, 4, 4)], (100, 100), id="slower lengthens p95"),
        pytest.param(
            [Look(0, 0, 0), Look(10, 100, 0), Look(40, 100, 98), Look(110, 100, 100)],
            (60, 100),
            id="few slow pods lengthen the slowest only",
        ),
        pytest.param(
            [Look(0, 0, 0), Look(10, 4, 0), Look(90, 4, 0)], (80, 80), id="waiting pods count with their age"
        ),
        pytest.param(
            [Look(0, 0, 0), Look(10, 4, 0), Look(9_000, 4, 0)],
            (180, 180),
            id="pods that never start move it by no more than the factor",
        ),
        pytest.param(
            [Look(0, 0, 0), Look(10, 2, 0), Look(50, 4, 2), Look(80, 4, 4)],
            (60, 40),
            id="pods become Ready in the order in which they were asked for",
        ),
        pytest.param(
            [Look(0, 0, 0), Look(10, 4, 0), Look(20, 1, 0), Look(30, 1, 1), Look(500, 1, 1)],
            (60, 20),
            id="pods that are not wanted any more are not waited for",
        ),
        pytest.param(
            [Look(0, 5, 5), Look(50, 5, 2), Look(200, 5, 5)], (60, None), id="a restart of pods is no start"
        ),
        pytest.param(
            [Look(0, 0, 0), Look(10, 4, 0), Look(20, 4, 0, "v"), Look(200, 4, 4, "v")],
            (60, None),
            id="another object of the name begins anew",
        ),
        pytest.param(
            [Look(0, 0, 0), Look(10, 4, 0), Look(110, 4, 4), Look(86_600, 4, 4)],
            (60, None),
            id="after a day it is forgotten",
        ),
    ],
)
def test_starts_are_learned(looks: list[Look], want: tuple[float, float | None]) -> None:
    got = learned(*looks)

    assert (got.p95, got.slowest, got.per_second) == (*want, 10)


def test_a_thousand_pods_are_remembered_and_the_oldest_go_first() -> None:
    looks = [
        Look(0, 0, 0),
        Look(10, 600, 0),
        Look(130, 600, 600),
        Look(200, 1_700, 600),
        Look(230, 1_700, 1_700),
    ]

    assert learned(*looks).slowest == 30


def test_what_happened_without_contact_is_not_learned() -> None:
    learner = StartLearner()
    learner.note(0, WEB, facts(Look(0, 0, 0)))
    learner.note(10, WEB, facts(Look(10, 4, 0)))
    learner.forget_waiting()
    learner.note(500, WEB, facts(Look(500, 4, 4)))

    assert learner.estimate(500, STATED) == STATED


def test_pods_that_cannot_be_counted_teach_nothing() -> None:
    learner = StartLearner()
    unknown = TargetFacts(
        uid="u",
        resource_version="1",
        replicas=4,
        pods=4,
        ready=Missing("PodsUnknown", ""),
        warm=Missing("PodsUnknown", ""),
        manager="",
    )
    learner.note(0, WEB, unknown)

    assert learner.estimate(100, STATED) == STATED


def test_pods_of_a_target_that_nobody_wants_any_more_are_not_waited_for() -> None:
    learner = StartLearner()
    learner.note(0, WEB, facts(Look(0, 0, 0)))
    learner.note(10, WEB, facts(Look(10, 4, 0)))
    learner.keep(set())

    assert learner.estimate(500, STATED) == STATED
