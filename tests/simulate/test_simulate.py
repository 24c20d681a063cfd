"""What a simulated night promises: the same for a seed, and each way within its bounds."""

from __future__ import annotations

import json

import pytest

import plan_files as build
from gala.cli.plan_snapshot import snapshot_of
from gala.settings import Settings
from gala.simulate.document import document
from gala.simulate.run import NAMES, simulate
from gala.simulate.trace import Weather
from simulate_nights import outcomes, played

SEEDS = (1, 2, 3, 4)


def test_the_same_seed_gives_the_same_bytes_and_another_one_another_night() -> None:
    first, again, other = (
        json.dumps(document(simulate(snapshot_of(files), seed=seed, weather=Weather(), settings=Settings())))
        for files, seed in ((_files(), 5), (_files(), 5), (_files(), 6))
    )
    assert first == again
    assert first != other


def _files():  # type: ignore[no-untyped-def]
    return build.read([build.event()], build.fleet())


def test_a_large_fleet_is_played_side_by_side_to_the_same_bytes_each_time() -> None:
    one, other = (json.dumps(document(played(seed=seed, fine=0))) for seed in (7, 7))
    assert one == other
    assert [outcome.name for outcome in played(seed=7, fine=0).outcomes] == list(NAMES)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_oracle_is_never_short_where_there_is_room(seed: int) -> None:
    tier = outcomes(played(seed=seed, rounds=2))["oracle"].tiers["B"]
    assert (tier.served, tier.short_seconds) == (tier.offered, 0)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("cores", [40, 1000])
def test_the_peak_all_night_is_never_short_and_nobody_holds_more(seed: int, cores: int) -> None:
    found = outcomes(played(seed=seed, rounds=2, cores=cores))
    tier = found["static"].tiers["B"]
    assert (tier.served, tier.short_seconds) == (tier.offered, 0)
    assert all(other.replica_hours <= found["static"].replica_hours for other in found.values())


@pytest.mark.parametrize("seed", SEEDS)
def test_only_the_peak_all_night_buys_servers_and_the_pool_is_never_overdrawn(seed: int) -> None:
    found = outcomes(played(seed=seed, cores=40))
    assert {name: one.servers_added for name, one in found.items() if name != "static"} == dict.fromkeys(
        ("gala", "hpa", "cron", "oracle"), 0
    )
    assert found["static"].servers_added > 0
    assert all(max(one.ready) <= 80 for name, one in found.items() if name != "static")


@pytest.mark.parametrize("seed", SEEDS)
def test_where_there_is_room_every_round_is_ready_and_all_is_given_back(seed: int) -> None:
    gala = outcomes(played(seed=seed, rounds=2))["gala"]
    assert (gala.rounds_ready, gala.rounds, gala.handed_back) == (2, 2, True)
    assert gala.spec[0] == gala.spec[-1] == 30
    assert gala.most_waiting == 0


def test_traffic_that_is_forecast_is_served_by_gala_and_not_by_an_hpa() -> None:
    found = outcomes(played(weather=Weather(skew=0)))
    assert found["gala"].tiers["B"].short_seconds == 0
    assert found["hpa"].tiers["B"].short_seconds > 30
    assert found["hpa"].rounds_ready == 0


def test_a_slip_within_the_window_costs_gala_nothing_and_cron_the_round() -> None:
    files = build.read([build.event(rounds=[build.round_(duration="3m")])], build.fleet())
    weather = Weather(skew=0, slip=240.0)
    found = outcomes(simulate(snapshot_of(files), seed=1, weather=weather, settings=Settings()))
    assert found["gala"].tiers["B"].short_seconds == 0
    assert found["cron"].tiers["B"].short_seconds > 60, "its rule ends at the scheduled end"


def test_twice_the_forecast_is_short_for_all_but_those_who_know() -> None:
    found = outcomes(played(weather=Weather(percent=200)))
    short = {name: one.tiers["B"].short_seconds > 0 for name, one in found.items()}
    assert short == {"gala": True, "hpa": True, "cron": True, "static": False, "oracle": False}


def test_an_hpa_comes_to_what_the_traffic_asks_for() -> None:
    simulated = played(weather=Weather(skew=0))
    peak = max(value for _, value in simulated.demand)
    hpa = outcomes(simulated)["hpa"]
    assert peak * 1.2 * 0.9 <= max(hpa.spec) <= peak * 1.2 * 1.2, "its headroom is 20 %, its tolerance 10 %"
    assert hpa.spec[-1] == 30


def test_cron_asks_for_the_forecast_five_minutes_before_until_the_end_of_the_round() -> None:
    simulated = played()
    spec = outcomes(simulated)["cron"].spec
    start = simulated.night.snapshot.events[0].spec.rounds[0].start
    at = {
        minute: spec[int((start + 60 * minute - simulated.night.start) // 15)] for minute in (-6, -5, 9, 10)
    }
    assert at == {-6: 30, -5: 120, 9: 120, 10: 30}


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"mode": "Observe"}, id="an event that is only observed"),
        pytest.param({"paused": True}, id="an event that is paused"),
    ],
)
def test_every_event_is_carried_out_because_nothing_is_real(change: dict[str, object]) -> None:
    files = build.read([build.event(**change)], build.fleet())
    simulated = simulate(snapshot_of(files), seed=1, weather=Weather(), settings=Settings())
    assert outcomes(simulated)["gala"].rounds_ready == 1


def test_traffic_of_a_demand_in_replicas_is_what_they_are_meant_to_carry() -> None:
    rounds = [build.round_(demand=[{"workload": "web", "replicas": 120}])]
    files = build.read([build.event(rounds=rounds)], build.fleet())
    simulated = simulate(snapshot_of(files), seed=1, weather=Weather(skew=0), settings=Settings())
    assert max(value for _, value in simulated.demand) == pytest.approx(100, rel=0.01)


def test_a_workload_without_capacity_has_no_traffic_that_is_known() -> None:
    web = {"name": "web", "target": {"name": "web"}}
    rounds = [build.round_(demand=[{"workload": "web", "replicas": 120}])]
    files = build.read([build.event(workloads=[web], rounds=rounds)], build.fleet())
    simulated = simulate(snapshot_of(files), seed=1, weather=Weather(), settings=Settings())
    tier = outcomes(simulated)["gala"].tiers["B"]
    assert (tier.offered, tier.ratio, tier.steered_ratio) == (0, None, None)
    assert outcomes(simulated)["gala"].rounds_ready == 1


def test_where_a_stated_share_is_capped_the_rest_would_be_served_if_it_were_steered() -> None:
    shares = {"shares": [{"cluster": "east", "weight": 1}]}
    files = build.read([build.event(division=shares)], build.fleet(east=60, north=1000))
    simulated = simulate(snapshot_of(files), seed=1, weather=Weather(skew=0), settings=Settings())
    tier = outcomes(simulated)["gala"].tiers["B"]
    assert tier.ratio is not None
    assert tier.steered_ratio is not None
    assert tier.ratio < 0.9 < 0.999 < tier.steered_ratio


@pytest.mark.parametrize("seed", SEEDS)
def test_where_traffic_is_measured_less_of_a_hot_cluster_is_lost(seed: int) -> None:
    lost = []
    for measured in ({}, {"prometheus": {"url": "https://prometheus.example.com"}}):
        east, north, facts = build.fleet()
        members = [{**one, "spec": {**one["spec"], **measured}} for one in (east, north)]
        signal = {"metric": "http_requests_total"}
        web = {"name": "web", "target": {"name": "web"}, "signal": signal}
        web["capacity"] = {"qpsPerReplica": 100, "headroomPercent": 5}
        files = build.read([build.event(workloads=[web])], [*members, facts])
        simulated = simulate(snapshot_of(files), seed=seed, weather=Weather(), settings=Settings())
        tier = outcomes(simulated)["gala"].tiers["B"]
        lost.append(tier.offered - tier.served)
    blind, seeing = lost
    assert seeing < blind


def test_two_events_on_one_target_serve_one_traffic() -> None:
    files = build.read([build.event(), build.event("late")], build.fleet())
    simulated = simulate(snapshot_of(files), seed=1, weather=Weather(), settings=Settings())
    assert len(simulated.night.places) == 2
