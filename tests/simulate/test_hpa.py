"""The HPA's formula against examples worked out by hand from Kubernetes' documentation and controller."""

from __future__ import annotations

import pytest

from gala.simulate.hpa import (
    DOWN,
    UP,
    Autoscaler,
    Behavior,
    Bounds,
    Kind,
    Pods,
    Policy,
    Rules,
    Select,
    wanted,
)

FREE = Bounds(1, 100_000)


@pytest.mark.parametrize(
    ("current", "pods", "usage", "target", "want"),
    [
        pytest.param(1, Pods(1, 0), 200, 100, 2, id="twice the target doubles the pods"),
        pytest.param(2, Pods(2, 0), 100, 100, 1, id="half the target halves them"),
        pytest.param(10, Pods(10, 0), 1100, 100, 10, id="a ratio of 1.1 is within the tolerance"),
        pytest.param(10, Pods(10, 0), 1101, 100, 12, id="a hair above 1.1 is not, and is rounded up"),
        pytest.param(10, Pods(10, 0), 900, 100, 10, id="a ratio of 0.9 is within the tolerance"),
        pytest.param(10, Pods(10, 0), 890, 100, 9, id="below 0.9 pods go"),
        pytest.param(3, Pods(3, 0), 1000, 100, 10, id="a third of a pod more is a whole one"),
        pytest.param(4, Pods(3, 1), 600, 100, 6, id="an unready pod counts with nothing on the way up"),
        pytest.param(6, Pods(3, 3), 600, 100, 6, id="unready pods that will do bring it to rest"),
        pytest.param(9, Pods(3, 6), 600, 100, 9, id="unready pods never turn a rise into a fall"),
        pytest.param(4, Pods(3, 1), 150, 100, 2, id="an unready pod does not count on the way down"),
        pytest.param(4, Pods(3, 0, 1), 150, 100, 3, id="a missing metric is the target on the way down"),
        pytest.param(4, Pods(3, 0, 1), 900, 100, 9, id="a missing metric is nothing on the way up"),
        pytest.param(4, Pods(2, 0, 2), 180, 100, 4, id="missing metrics within the tolerance change nothing"),
        pytest.param(5, Pods(0, 5), 0, 100, 5, id="without a Ready pod nothing is known"),
    ],
)  # fmt: skip
def test_what_the_metric_asks_for(current: int, pods: Pods, usage: float, target: float, want: int) -> None:
    assert wanted(current, pods, usage, target) == want


def follow(hpa: Autoscaler, load: list[float], *, start: int, target: float = 100.0) -> list[int]:
    """What is set after each sync of 15 s, if every pod is Ready at once."""
    current, seen = start, []
    for number, usage in enumerate(load):
        current = hpa.sync(15.0 * number, current, Pods(current, 0), usage, target)
        seen.append(current)
    return seen


def test_by_default_it_doubles_or_adds_four_each_sync() -> None:
    want = [5, 10, 20, 40, 80, 100]
    assert follow(Autoscaler(FREE), [10_000] * 6, start=1) == want


def test_from_ten_to_ten_thousand_takes_ten_syncs() -> None:
    found = follow(Autoscaler(FREE), [1_000_000] * 10, start=10)
    assert (found[8], found[9]) == (5120, 10_000)


def test_it_goes_down_when_five_minutes_have_asked_for_less() -> None:
    load = [1000.0] * 2 + [100.0] * 25
    found = follow(Autoscaler(FREE), load, start=10)
    assert found[:21] == [10] * 21, "the last 10 was asked for at 15 s, and holds until 315 s"
    assert found[21:] == [1] * 6


def test_one_peak_within_the_window_holds_the_rest() -> None:
    load = [1000.0, 100.0, 800.0] + [100.0] * 24
    found = follow(Autoscaler(FREE), load, start=10)
    want = [10] * 20 + [8, 8] + [1] * 5
    assert found == want


def test_a_window_upwards_waits_for_the_least_that_was_asked_for() -> None:
    slow = Behavior(up=UP._replace(window=60.0))
    found = follow(Autoscaler(FREE, slow), [100.0] + [400.0] * 6, start=1)
    assert found == [1, 1, 1, 1, 4, 4, 4]


def test_policies_count_what_was_added_in_their_period() -> None:
    four = Behavior(up=Rules(0.0, (Policy(Kind.PODS, 4, 60.0),)))
    assert follow(Autoscaler(FREE, four), [10_000] * 6, start=1) == [5, 5, 5, 5, 9, 9]


def test_the_least_of_several_policies_counts_where_it_is_to() -> None:
    least = Behavior(up=UP._replace(select=Select.MIN))
    assert follow(Autoscaler(FREE, least), [10_000] * 4, start=1) == [2, 4, 8, 12]


def test_a_fall_keeps_to_its_policies() -> None:
    ten = Behavior(down=Rules(0.0, (Policy(Kind.PERCENT, 10, 60.0),)))
    assert follow(Autoscaler(FREE, ten), [100.0] * 6, start=100) == [90, 90, 90, 90, 81, 81]


@pytest.mark.parametrize(
    ("select", "want"),
    [
        pytest.param(Select.MAX, 50, id="the larger fall"),
        pytest.param(Select.MIN, 95, id="the smaller fall"),
        pytest.param(Select.DISABLED, 100, id="no fall"),
    ],
)
def test_of_two_policies_downwards_the_selected_counts(select: Select, want: int) -> None:
    both = Rules(0.0, (Policy(Kind.PODS, 5, 60.0), Policy(Kind.PERCENT, 50, 60.0)), select)
    assert follow(Autoscaler(FREE, Behavior(down=both)), [100.0], start=100) == [want]


def test_a_disabled_rise_is_none() -> None:
    never = Behavior(up=UP._replace(select=Select.DISABLED))
    assert follow(Autoscaler(FREE, never), [1000.0], start=1) == [1]


@pytest.mark.parametrize(
    ("current", "want"),
    [
        pytest.param(0, 0, id="nothing runs, so the HPA is switched off"),
        pytest.param(2, 3, id="below the minimum it goes there at once"),
        pytest.param(20, 10, id="above the maximum it goes there at once"),
    ],
)
def test_bounds_come_before_the_metric(current: int, want: int) -> None:
    assert Autoscaler(Bounds(3, 10)).sync(0.0, current, Pods(current, 0), 500.0, 100.0) == want


def test_it_never_leaves_its_bounds_by_the_metric() -> None:
    hpa = Autoscaler(Bounds(3, 10), Behavior(down=DOWN._replace(window=0.0)))
    assert follow(hpa, [5000.0, 5000.0, 0.0], start=5) == [10, 10, 3]
