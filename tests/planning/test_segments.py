"""The night as a list of segments."""

from __future__ import annotations

from typing import Any

import pytest

from gala.planning.segments import covers, is_round_name, segments
from planning_values import NOW, a_round, a_spec

SCENES = [
    {"name": "buy", "demand": [{"workload": "web", "replicas": 9}]},
    {"name": "red", "demand": [{"workload": "web", "replicas": 5}]},
]


def edges(*rounds: dict[str, Any]) -> dict[str, tuple[float, float, float]]:
    """readyBy, earliest and latest end of each segment, in seconds after NOW, in order."""
    found = segments(a_spec(*rounds, scenes=SCENES))
    return {s.name: (s.ready_by - NOW, s.earliest_end - NOW, s.latest_end - NOW) for s in found}


@pytest.mark.parametrize(
    ("rounds", "want"),
    [
        pytest.param(
            [a_round(early="30s", late="60s")],
            {"r": (970, 1070, 1160)},
            id="a round is ready at its earliest start and lasts until its latest end",
        ),
        pytest.param(
            [a_round(early="30s", late="60s", afterScene="buy", afterDuration="200s")],
            {"r": (970, 1070, 1160), "r/after": (1070, 1360, 1360)},
            id="the scene after a round is ready at its earliest end and runs from its latest",
        ),
        pytest.param(
            [a_round(afterScene="buy")],
            {"r": (1000, 1100, 1100), "r/after": (1100, 1700, 1700)},
            id="the scene after a round lasts ten minutes by default",
        ),
        pytest.param(
            [a_round(afterScene="buy"), a_round("s", 1200, early="20s")],
            {"r": (1000, 1100, 1100), "r/after": (1100, 1180, 1180), "s": (1180, 1280, 1300)},
            id="the scene after a round ends where the next round has to be ready",
        ),
        pytest.param(
            [a_round(afterScene="buy"), a_round("s", 1050)],
            {"r": (1000, 1100, 1100), "s": (1050, 1150, 1150)},
            id="the scene after a round that overlaps the next one has no time at all",
        ),
        pytest.param(
            [a_round("b"), a_round("a")],
            {"a": (1000, 1100, 1100), "b": (1000, 1100, 1100)},
            id="segments at the same time are in the order of their names",
        ),
    ],
)
def test_edges(rounds: list[dict[str, Any]], want: dict[str, tuple[float, float, float]]) -> None:
    got = edges(*rounds)
    assert list(got.items()) == list(want.items())


@pytest.mark.parametrize(
    ("part", "want"),
    [
        pytest.param({"scene": "red"}, [("web", 5)], id="a round has the demand of its scene"),
        pytest.param(
            {"scene": "red", "demand": [{"workload": "web", "replicas": 7}]},
            [("web", 7)],
            id="a round's own demand overrides its scene's",
        ),
        pytest.param(
            {"scene": "red", "demand": [{"workload": "app", "replicas": 7}]},
            [("app", 7), ("web", 5)],
            id="a round's own demand adds to its scene's",
        ),
    ],
)
def test_demand(part: dict[str, Any], want: list[tuple[str, int]]) -> None:
    found = segments(a_spec(a_round(**part), scenes=SCENES))
    assert [(d.workload, d.replicas) for d in found[0].demand] == want


@pytest.mark.parametrize(
    ("now", "want"),
    [
        pytest.param(9, False, id="before its begin a window does not cover"),
        pytest.param(10, True, id="at its begin a window covers"),
        pytest.param(20, False, id="at its end a window does not cover"),
    ],
)
def test_windows_are_half_open(now: float, want: bool) -> None:
    assert covers(10, 20, now) is want


@pytest.mark.parametrize(
    ("name", "want"),
    [
        pytest.param("r1", True, id="a plain name is a round's"),
        pytest.param("r1/after", False, id="a name with the suffix is a scene's"),
    ],
)
def test_names(name: str, want: bool) -> None:
    assert is_round_name(name) is want
