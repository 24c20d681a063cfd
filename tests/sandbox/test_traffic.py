"""Traffic has the shape of a round, keeps its shares, and is the same for the same seed."""

from __future__ import annotations

from itertools import pairwise

import pytest

from gala.api.validation import check_event, parse_event, unsupported
from gala.sandbox.night import build_night
from gala.sandbox.traffic import Load, Skew, Surge, Traffic, TrafficPlan, Wave, hot

SHARES = {"north": 0.5, "east": 0.3, "cloud": 0.2}


def plan(*, noise: float = 0.0, skews: tuple[Skew, ...] = ()) -> TrafficPlan:
    load = Load(100.0, (Surge(300.0, 2000.0),), (Wave(700.0, 300.0),))
    return TrafficPlan(start=0.0, end=2000.0, loads={"api": load}, shares=SHARES, skews=skews, noise=noise)


def total(traffic: Traffic, time: float) -> float:
    return sum(traffic.qps("api", cluster, time) for cluster in SHARES)


@pytest.mark.parametrize(
    ("time", "want"),
    [
        pytest.param(100, 100, id="base before everything"),
        pytest.param(299, 134.7, id="the public warms up before the cue"),
        pytest.param(308, 100 + 2000 * 0.632, id="two thirds after one time constant"),
        pytest.param(400, 2100, id="the hold is base and amplitude"),
        pytest.param(495, 100 + 2000 / 2.71828, id="the decay after the hold"),
        pytest.param(601, 100, id="cut after five minutes"),
        pytest.param(730, 400, id="the wave has come up"),
        pytest.param(970, 250, id="the wave is half as high four minutes later"),
    ],
)
def test_the_shape_of_a_night(time: float, want: float):
    assert total(Traffic(plan(), seed=1), time) == pytest.approx(want, rel=0.005)


def test_a_rise_is_much_faster_than_a_pod():
    traffic = Traffic(plan(), seed=1)
    assert total(traffic, 320) > 0.95 * total(traffic, 400)


def test_a_hot_region_leaves_the_whole_what_it_was():
    skew = Skew(300.0, 600.0, hot(SHARES, "north", 1.3))
    traffic = Traffic(plan(skews=(skew,)), seed=1)
    calm = Traffic(plan(), seed=1)
    assert traffic.qps("api", "north", 400) == pytest.approx(1.3 * calm.qps("api", "north", 400))
    assert traffic.qps("api", "east", 400) < calm.qps("api", "east", 400)
    assert total(traffic, 400) == pytest.approx(total(calm, 400))
    assert traffic.qps("api", "north", 700) == calm.qps("api", "north", 700)


def test_noise_is_five_percent_and_lasts_for_seconds():
    traffic = Traffic(plan(noise=0.05), seed=1)
    series = [value / 50.0 - 1.0 for value in traffic.series("api", "north")[:180]]
    series += [
        value / 50.0 - 1.0
        for seed in range(2, 30)
        for value in Traffic(plan(noise=0.05), seed=seed).series("api", "north")[:180]
    ]
    spread = (sum(value**2 for value in series) / len(series)) ** 0.5
    together = sum(a * b for a, b in pairwise(series)) / len(series) / spread**2
    assert spread == pytest.approx(0.05, rel=0.15)
    assert together == pytest.approx(0.9, abs=0.05)


def test_the_same_seed_gives_the_same_traffic():
    one, two, other = (Traffic(plan(noise=0.05), seed=seed) for seed in (1, 1, 2))
    assert one.series("api", "east") == two.series("api", "east")
    assert one.series("api", "east") != other.series("api", "east")


def test_a_mean_is_the_sum_over_its_seconds():
    traffic = Traffic(plan(noise=0.05), seed=1)
    want = sum(traffic.series("api", "north")[400:460]) / 60
    assert traffic.mean("api", "north", 400, 460) == pytest.approx(want)


@pytest.mark.parametrize(
    ("rounds", "clusters", "scale"),
    [
        pytest.param(7, 3, 1.0, id="the whole night"),
        pytest.param(1, 3, 0.1, id="one round"),
        pytest.param(1, 1, 0.05, id="one round on one cluster"),
    ],
)
def test_a_night_is_a_valid_event(rounds: int, clusters: int, scale: float):
    night = build_night(seed=5, rounds=rounds, clusters=clusters, scale=scale)
    event = parse_event(night.event)
    assert (check_event(event), unsupported(event)) == ((), ())
    assert (len(event.spec.rounds), len(night.clusters)) == (rounds, clusters)
    assert sum(cluster.share for cluster in night.clusters) == pytest.approx(1.0)


def test_coarser_steps_have_the_same_shape():
    fine, coarse = Traffic(plan(), seed=1), Traffic(plan(), seed=1, step=5)
    series = coarse.series("api", "north")
    assert len(series) == 400
    assert list(series) == list(fine.series("api", "north"))[::5]
    assert coarse.mean("api", "north", 330.0, 400.0) == pytest.approx(1050.0)
    assert coarse.counter("api", "north", 100.0) == fine.counter("api", "north", 100.0)


def test_places_that_share_noise_do_not_move_together():
    traffic = Traffic(plan(noise=0.05), seed=1, step=5, voices=2)
    first, other = (
        [value / SHARES[name] for value in traffic.series("api", name)] for name in ("north", "east")
    )
    assert first != other
    calm = first[:40]
    assert max(calm) < 130
    assert min(calm) > 75


def test_what_was_forgotten_is_computed_anew_to_the_same_values():
    traffic = Traffic(plan(noise=0.05), seed=1, voices=2)
    before = list(traffic.series("api", "north")), traffic.mean("api", "north", 0.0, 100.0)
    traffic.forget()
    assert (list(traffic.series("api", "north")), traffic.mean("api", "north", 0.0, 100.0)) == before
