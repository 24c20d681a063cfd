"""Targets that are no plain Deployment everywhere."""

from __future__ import annotations

from gala.sandbox.apiserver.kinds import find_builtin
from gala.sandbox.apiserver.resources import Options
from gala.sandbox.fleet import FleetParams, SandboxFleet
from gala.sandbox.readiness import Readiness
from scenes import (
    NAMESPACE,
    ROUND_AT,
    SHOP,
    WEB,
    WEB_EAST,
    WEB_NORTH,
    at,
    event,
    night,
    play,
    show_round,
    workload,
)


async def test_a_target_with_an_autoscaler_is_named_and_not_written() -> None:
    def add(fleet: SandboxFleet) -> None:
        resources = fleet.worlds["north"].server.resources
        body = {
            "metadata": {"name": "web-hpa"},
            "spec": {
                "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
                "minReplicas": 2,
                "maxReplicas": 20,
            },
        }
        kind = resources.find("horizontalpodautoscalers")
        resources.create(kind, NAMESPACE, body, Options(manager="kubectl"))

    scene = await play(prepare=add)

    told = [f for f in scene.findings() if f.reason == "NotYetSupported"]
    assert [(f.cluster, f.workload) for f in told] == [("north", "web")]
    assert "HorizontalPodAutoscaler/web-hpa" in told[0].message
    assert [write for write in scene.writes() if write.place == WEB_NORTH] == []
    assert scene.value(WEB_EAST, ROUND_AT) >= 48
    assert scene.at_end() == scene.originals()


async def test_a_stateful_set_is_scaled_and_handed_back_like_a_deployment() -> None:
    stateful = WEB._replace(kind="StatefulSet")
    rounds = [show_round(web={"replicas": 12})]  # its pods start one after another
    uncounted = {name: value for name, value in workload(stateful).items() if name != "capacity"}
    body = event(workloads=[uncounted], scenes=[], rounds=rounds)
    scene = await play(night(body, workloads=[stateful, SHOP]))

    assert scene.closes() == dict.fromkeys((WEB_NORTH, WEB_EAST), "HandedBack")
    assert scene.at_end() == scene.originals()
    assert scene.verdict.breaches == ()


async def test_a_cluster_without_the_target_is_named_and_the_others_carry_its_part() -> None:
    only = WEB._replace(only=("north",))
    body = event(workloads=[workload(only)], scenes=[], rounds=[show_round()])
    scene = await play(night(body, workloads=[only, SHOP]))

    told = [f for f in scene.findings() if f.reason == "NotFound"]
    assert [(f.cluster, f.workload) for f in told] == [("east", "web")]
    assert scene.value(WEB_NORTH, ROUND_AT) >= 48
    assert scene.closes() == {WEB_NORTH: "HandedBack"}
    assert scene.at_end() == scene.originals()
    assert scene.verdict.breaches == ()


async def test_pods_that_are_late_are_made_up_for_in_time() -> None:
    tail = FleetParams(readiness=Readiness(longest=None))
    web = {"replicas": 150}
    body = event(workloads=[workload()], scenes=[], rounds=[show_round(web=web)])
    scene = await play(night(body), params=tail)

    late = scene.decisions("Stragglers")
    assert late
    assert all(ROUND_AT - 10 - 90 <= d.at - scene.fleet.night.start < ROUND_AT for d in late)
    assert scene.verdict.rounds[0].ready_at_start >= 150
    assert scene.at_end() == scene.originals()
    assert scene.verdict.breaches == ()


async def test_a_target_that_is_made_anew_in_the_hold_has_another_original_and_the_same_floor() -> None:
    def make_anew(fleet: SandboxFleet) -> None:
        resources, kind = fleet.worlds["north"].server.resources, find_builtin("deployments")

        def happen() -> None:
            old = resources.get(kind, NAMESPACE, "web")
            resources.delete(kind, (NAMESPACE, "web"), {})
            body = {"metadata": {"name": "web"}, "spec": {**old["spec"], "replicas": 6}}
            resources.create(kind, NAMESPACE, body, Options(manager="helm"))

        at(fleet, ROUND_AT + 20, happen)

    body = event(workloads=[workload()], scenes=[], rounds=[show_round()])
    scene = await play(night(body), prepare=make_anew)

    raised = [write for write in scene.writes(first=ROUND_AT + 20) if write.to > write.was]
    assert [(write.place, write.was) for write in raised] == [(WEB_NORTH, 6)]
    assert raised[0].to >= scene.floor(WEB_NORTH)
    assert scene.closes() == dict.fromkeys((WEB_NORTH, WEB_EAST), "HandedBack")
    assert scene.at_end() == scene.originals(web_north=6)
