"""Why replicas found no room, in one constant and in words."""

from __future__ import annotations

import pytest

from gala.planning.shortfall import (
    BOUND,
    CPU,
    FRAGMENTED,
    MEMORY,
    PODS,
    Amount,
    Cause,
    Lack,
    Short,
    lacking,
    short_of,
)

FULL = Lack("InsufficientRoom", "there is no room")
QUOTA = Lack("QuotaExceeded", "quota few allows no more pods")


@pytest.mark.parametrize(
    ("causes", "reason", "why"),
    [
        pytest.param([], "InsufficientRoom", "no cluster takes more of it", id="there is no cluster"),
        pytest.param(
            [Cause("east", FULL), Cause("west", FULL)],
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
            [Cause("a", QUOTA), Cause("b", BOUND)],
            "QuotaExceeded",
            "quota few allows no more pods in a; perCluster.max allows no more in b",
            id="of as many the first decides",
        ),
        pytest.param(
            [Cause(name, FULL) for name in "abcde"],
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


@pytest.mark.parametrize(
    ("amounts", "want"),
    [
        pytest.param([Amount(CPU, 3999, 1000), Amount(MEMORY, 0, 1)], "InsufficientCPU", id="too little CPU"),
        pytest.param(
            [Amount(CPU, 4000, 1000), Amount(MEMORY, 3, 1)], "InsufficientMemory", id="too little memory"
        ),
        pytest.param([Amount(CPU, 0, 0), Amount(PODS, 3, 1)], "InsufficientPods", id="too few pod slots"),
        pytest.param([Amount("nvidia.com/gpu", 7, 2)], "InsufficientResource", id="too few devices"),
        pytest.param([Amount(CPU, 4000, 1000), Amount(PODS, 4, 1)], "Fragmented", id="enough of everything"),
    ],
)
def test_what_four_pods_lack(amounts: list[Amount], want: str) -> None:
    assert lacking(amounts, 4).reason == want


def test_a_device_is_named() -> None:
    assert lacking([Amount("nvidia.com/gpu", 7, 2)], 4).words == "not enough nvidia.com/gpu is free"
    assert lacking([], 4) == FRAGMENTED
