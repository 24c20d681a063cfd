"""Pods of a virtual cluster: how fast they start, who is stopped first, and what holds room."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gala.planning.facts import ClusterFacts, Missing, NodeRoom, PodStart, TargetFacts, TargetKey
from gala.simulate.cluster import GRACE, LAST_OF_P95, VirtualCluster

GIB = 1 << 30
WEB = TargetKey("apps/v1", "Deployment", "gala", "web")
CART = TargetKey("apps/v1", "Deployment", "gala", "cart")


def running(replicas: int, *, cpu: int = 1000) -> TargetFacts:
    return TargetFacts(
        uid="u", resource_version="", replicas=replicas, pods=replicas, ready=replicas, warm=replicas,
        manager="", cpu=cpu, memory=GIB,
    )  # fmt: skip


def facts(cores: int = 100, *, web: int = 2, cart: int = 0) -> ClusterFacts:
    return ClusterFacts(
        name="east",
        targets={WEB: running(web), CART: running(cart)},
        nodes=(NodeRoom(count=cores // 10, cpu=10_000, memory=1000 * GIB, pods=100),),
        pod_start=PodStart(per_second=5, p95=60.0),
    )


def cluster(cores: int = 100, *, grows: bool = False, web: int = 2, cart: int = 0) -> VirtualCluster:
    return VirtualCluster(facts(cores, web=web, cart=cart), seed=1, now=0.0, grows=grows)


def test_what_runs_before_the_night_is_ready_and_warm() -> None:
    web = cluster().targets[WEB]
    assert (web.spec, web.ready(0.0), web.warm(0.0, 300.0)) == (2, 2, 2)


def test_pods_start_at_the_rate_of_their_cluster_and_none_is_later_than_planned() -> None:
    made = cluster()
    made.scale(WEB, 52, 10.0)
    web = made.targets[WEB]
    last = 10.0 + 50 / 5 + LAST_OF_P95 * 60.0
    assert web.ready(10.0) == 2
    assert web.ready(last) == 52
    assert web.ready(20.0) < 52
    assert all(before <= after for before, after in pairwise(web.times))


def test_two_targets_share_one_rate() -> None:
    alone, beside = cluster(), cluster()
    for made in (alone, beside):
        made.scale(WEB, 42, 0.0)
    alone.scale(CART, 10, 0.0)
    beside.step(3600.0)
    beside.scale(CART, 10, 3600.0)
    assert alone.targets[CART].times[0] >= 40 / 5
    assert alone.targets[CART].times == [
        pytest.approx(t - 3600.0 + 40 / 5) for t in beside.targets[CART].times
    ]


def test_the_same_seed_starts_the_same_pods_and_another_one_others() -> None:
    found = []
    for seed in (1, 1, 2):
        made = VirtualCluster(facts(), seed=seed, now=0.0)
        made.scale(WEB, 30, 0.0)
        found.append(made.targets[WEB].times)
    assert found[0] == found[1] != found[2]


def test_a_pod_is_warm_its_warm_up_after_it_is_ready() -> None:
    made = cluster()
    made.scale(WEB, 3, 0.0)
    ready = made.targets[WEB].times[-1]
    assert made.targets[WEB].warm(ready + 29.0, 30.0) == 2
    assert made.targets[WEB].warm(ready + 30.0, 30.0) == 3


def test_pods_that_are_not_ready_are_stopped_before_those_that_are() -> None:
    made = cluster()
    made.scale(WEB, 12, 0.0)
    made.scale(WEB, 2, 1.0)
    assert made.targets[WEB].ready(1.0) == 2
    assert made.targets[WEB].stopping == 10


def test_a_pod_without_a_node_is_stopped_first_and_at_once() -> None:
    made = cluster(10, web=2)
    made.scale(WEB, 15, 0.0)
    made.scale(WEB, 10, 0.0)
    web = made.targets[WEB]
    assert (web.waiting, web.stopping, len(web.times)) == (0, 0, 10)


def test_a_stopped_pod_keeps_its_room_for_its_grace() -> None:
    made = cluster(10, web=8)
    made.scale(CART, 4, 0.0)
    assert made.targets[CART].waiting == 2
    made.scale(WEB, 2, 5.0)
    made.step(5.0 + GRACE - 1)
    assert made.targets[CART].waiting == 2
    made.step(5.0 + GRACE)
    assert made.targets[CART].waiting == 0
    assert made.targets[CART].times[-1] > 5.0 + GRACE


def test_room_is_given_out_in_the_order_in_which_it_was_asked_for() -> None:
    made = cluster(10, web=10)
    made.scale(CART, 3, 0.0)
    made.scale(WEB, 12, 1.0)
    made.scale(WEB, 8, 2.0)
    made.step(60.0)
    assert made.targets[CART].waiting == 1
    assert (made.waiting, made.most_waiting) == (1, 5)


def test_who_buys_servers_never_waits() -> None:
    made = cluster(10, grows=True)
    made.scale(WEB, 35, 0.0)
    assert (made.targets[WEB].waiting, made.added) == (0, 3)


def test_nobody_buys_servers_on_which_nothing_fits() -> None:
    small = replace(facts(), targets={WEB: running(1, cpu=20_000)})
    made = VirtualCluster(small, seed=1, now=0.0, grows=True)
    made.scale(WEB, 2, 0.0)
    assert (made.targets[WEB].waiting, made.added) == (1, 0)


def test_where_nodes_are_not_known_what_runs_goes_on_and_nothing_is_added() -> None:
    blind = replace(facts(), nodes=Missing("NoNodes", "nobody knows"))
    made = VirtualCluster(blind, seed=1, now=0.0, grows=True)
    made.scale(WEB, 4, 0.0)
    made.scale(WEB, 1, 10.0)
    web = made.targets[WEB]
    assert (web.ready(0.0), web.waiting, web.spec, made.added) == (1, 0, 1, 0)
    made.step(10.0 + GRACE)
    assert web.stopping == 0


def test_replica_seconds_are_those_of_pods_with_a_node() -> None:
    made = cluster(10, web=8)
    made.scale(WEB, 12, 100.0)
    made.step(200.0)
    assert made.replica_seconds == 8 * 100 + 10 * 100


def test_every_pod_that_ever_ran_has_its_life() -> None:
    made = cluster()
    made.scale(WEB, 5, 0.0)
    made.scale(WEB, 1, 100.0)
    lives = sorted(made.targets[WEB].lives(), key=lambda life: life[1])
    assert [gone for _, gone in lives] == [100.0] * 4 + [float("inf")]


def test_the_same_value_again_is_no_change() -> None:
    made = cluster()
    made.scale(WEB, 2, 5.0)
    assert made.targets[WEB].specs == [(0.0, 2)]


STEPS = st.lists(
    st.tuples(st.floats(0, 60), st.sampled_from([WEB, CART]), st.integers(0, 60)), min_size=1, max_size=30
)


@given(STEPS)
def test_pods_never_take_more_room_than_there_is_and_none_is_lost(steps: list[tuple[float, TargetKey, int]]):
    made, now = cluster(20, web=5, cart=5), 0.0
    for wait, key, to in steps:
        now += wait
        made.scale(key, to, now)
        targets = made.targets.values()
        assert sum(len(target.times) + target.stopping for target in targets) <= 20
        assert all(len(target.times) + target.waiting == target.spec for target in targets)
        assert all(sum(pods for _, pods in target.stack) == len(target.times) for target in targets)
    made.step(now + 2 * GRACE)
    left = 20 - sum(len(target.times) for target in made.targets.values())
    assert made.waiting == 0 or left == 0, "who waits is let in as soon as there is room"
    assert all(target.stopping == 0 for target in made.targets.values())
