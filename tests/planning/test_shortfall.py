"""Why replicas found no room, in one constant and in words."""

from __future__ import annotations

import pytest

from gala.planning.shortfall import BOUND, Cause, Lack, Short, short_of

FULL = Lack("InsufficientRoom", "there is no room")
QUOTA = Lack("QuotaExceeded", "quota few allows no more pods")


@pytest.mark.parametrize(
    ("causes", "reason", "why"),
    [
        pytest.param([], "InsufficientRoom", "no cluster takes more of it", id="there is no cluster"),
        pytest.param(
            [Cause("west", FULL), Cause("east", FULL)],
            "InsufficientRoom",
            "there is no room in east and west",
            id="all lack the same",
        ),
        pytest.param(
            [Cause("a", QUOTA), Cause("b", BOUND), Cause("c", BOUND)],
            "PerClusterMax",
            "perCluster.max allows no more in b and c; quota few allows no more pods in a",
            id="what most of them lack is the reason and comes first",
        ),
        pytest.param(
            [Cause("b", BOUND), Cause("a", QUOTA)],
            "QuotaExceeded",
            "quota few allows no more pods in a; perCluster.max allows no more in b",
            id="of as many the first by name decides",
        ),
        pytest.param(
            [Cause(name, FULL) for name in "edcba"],
            "InsufficientRoom",
            "there is no room in a, b, c and 2 more",
            id="of many clusters some are named",
        ),
        pytest.param(
            [Cause(name, FULL) for name in "abc"],
            "InsufficientRoom",
            "there is no room in a, b and c",
            id="three are named",
        ),
        pytest.param(
            [
                Cause("a", QUOTA),
                Cause("b", Lack("QuotaExceeded", "quota many allows no more pods")),
                Cause("c", BOUND),
            ],
            "QuotaExceeded",
            "quota few allows no more pods in a; quota many allows no more pods in b; "
            "perCluster.max allows no more in c",
            id="the same reason in other words counts twice",
        ),
    ],
)
def test_short_of(causes: list[Cause], reason: str, why: str) -> None:
    assert short_of(7, causes) == Short(7, reason, why)
