"""Which line of GalaFacts tells of which target, where workloads of several events have one name."""

from __future__ import annotations

from typing import Any

import pytest

import plan_files as build
from gala.api.scalars import parse_instant
from gala.cli.plan_snapshot import snapshot_of
from gala.planning.facts import Missing, NodeRoom, TargetFacts, TargetKey
from gala.planning.plan import plan
from gala.settings import Settings

GALA = TargetKey("apps/v1", "Deployment", "gala", "web")
SHOP = TargetKey("apps/v1", "Deployment", "shop", "web")
OLD = TargetKey("apps/v1", "Deployment", "gala", "web-old")


def of(namespace: str = "gala", name: str = "show", target: str = "web", workload: str = "web") -> Any:
    """An event with one workload."""
    found = build.event(
        name,
        workloads=[{"name": workload, "target": {"name": target}, "capacity": {"qpsPerReplica": 100}}],
        rounds=[build.round_(demand=[{"workload": workload, "replicas": 50}])],
    )
    found["metadata"]["namespace"] = namespace
    return found


def known(events: list[Any], *lines: Any) -> Any:
    """What is known of cluster east."""
    told = build.facts(east={"nodes": build.nodes(100), "targets": list(lines)})
    return snapshot_of(build.read(events, [build.cluster("east"), told])).clusters["east"]


@pytest.mark.parametrize(
    ("events", "lines", "want"),
    [
        pytest.param(
            [of(), of("shop")],
            [build.running(20, namespace="gala"), build.running(7, namespace="shop")],
            {GALA: 20, SHOP: 7},
            id="two namespaces have a workload of one name, and each has its line",
        ),
        pytest.param(
            [of(), of("shop")],
            [build.running(20), build.running(7, namespace="shop")],
            {GALA: 20, SHOP: 7},
            id="the line that says more goes before the one that says less",
        ),
        pytest.param(
            [of(), of(name="other", target="web-old")],
            [build.running(20, target="web"), build.running(3, target="web-old")],
            {GALA: 20, OLD: 3},
            id="two targets of one namespace are told apart by their names",
        ),
        pytest.param(
            [of(), of("shop")],
            [build.running(20)],
            {GALA: None, SHOP: None},
            id="one line for two is neither",
        ),
        pytest.param(
            [of(), of("shop")],
            [build.running(20, namespace="gala")],
            {GALA: 20, SHOP: None},
            id="a line of another namespace is not taken",
        ),
        pytest.param(
            [of(), of(name="other")], [build.running(20)], {GALA: 20}, id="two events share one target"
        ),
        pytest.param(
            [of(), of(name="other", workload="front")],
            [build.running(20)],
            {GALA: 20},
            id="two workloads of different names share one target, and one line tells of it",
        ),
    ],
)
def test_what_runs(events: list[Any], lines: list[Any], want: dict[TargetKey, int | None]) -> None:
    found = known(events, *lines).targets
    assert {k: t.replicas if isinstance(t, TargetFacts) else None for k, t in found.items()} == want


def test_who_has_one_line_for_two_targets_is_told_what_to_add() -> None:
    found = known([of(), of("shop")], build.running(20)).targets[SHOP]
    assert isinstance(found, Missing)
    assert found.message.endswith("add a line for each, this one with namespace: shop and target: web")


@pytest.mark.parametrize(
    ("lines", "want"),
    [
        pytest.param(
            [build.running(20)], 80_000, id="a line that fits two targets takes its room as it runs"
        ),
        pytest.param(
            [build.running(20, namespace="gala"), build.running(7, namespace="shop")],
            100_000,
            id="lines that tell of planned targets take none beside the plan",
        ),
        pytest.param(
            [build.running(20, namespace="gala"), build.running(7, namespace="bank")],
            93_000,
            id="a line of a namespace that nobody plans in keeps its room",
        ),
    ],
)
def test_free_room_in_millicores(lines: list[Any], want: int) -> None:
    (room,) = known([of(), of("shop")], *lines).nodes
    assert isinstance(room, NodeRoom)
    assert room.cpu == want


POOL, TAINT = {"pool": "show"}, [{"key": "pool", "value": "show"}]


def planned_on(nodes: list[Any], *lines: Any, **facts: Any) -> tuple[int, str, str]:
    """What is short of the 50 replicas that one event asks for in cluster east, and why."""
    told = build.facts(east={"nodes": nodes, "targets": list(lines), **facts})
    files = build.read([of()], [build.cluster("east"), told])
    made = plan(snapshot_of(files), parse_instant(build.START) - 3600, Settings())
    (event,) = made.events.values()
    need = event.segments[0].needs[0]
    return need.short, need.short_reason, need.why


@pytest.mark.parametrize(
    ("nodes", "line", "facts", "want"),
    [
        pytest.param({}, {}, {}, (0, "", ""), id="plain nodes take all"),
        pytest.param(
            {},
            {"nodeSelector": POOL},
            {},
            (50, "NodeSelector", "no node takes such a pod by its labels and taints in east"),
            id="a label that no node has",
        ),
        pytest.param({"labels": POOL}, {"nodeSelector": POOL}, {}, (0, "", ""), id="a label that they have"),
        pytest.param(
            {"taints": TAINT},
            {},
            {},
            (50, "NodeSelector", "no node takes such a pod by its labels and taints in east"),
            id="a taint",
        ),
        pytest.param(
            {"taints": TAINT},
            {"tolerations": [{"key": "pool", "operator": "Exists"}]},
            {},
            (0, "", ""),
            id="a taint that is tolerated",
        ),
        pytest.param(
            {},
            {},
            {"quotas": [{"namespace": "gala", "name": "few", "pods": 45, "cpu": "100"}]},
            (5, "QuotaExceeded", "quota few allows no more pods in east"),
            id="a quota of pods",
        ),
        pytest.param(
            {},
            {},
            {"quotas": [{"namespace": "gala", "name": "few", "memory": "30Gi"}]},
            (20, "QuotaExceeded", "quota few allows no more requests.memory in east"),
            id="a quota of memory",
        ),
    ],
)
def test_what_files_say_of_nodes_and_quotas_is_planned_with(
    nodes: Any, line: Any, facts: Any, want: tuple[int, str, str]
) -> None:
    assert planned_on([build.nodes(100)[0] | nodes], build.running(0) | line, **facts) == want


def test_a_target_that_nobody_plans_takes_its_room_on_the_nodes_that_take_it() -> None:
    nodes = [build.nodes(40)[0], build.nodes(40)[0] | {"labels": POOL, "taints": TAINT}]
    other = build.running(15, "batch") | {
        "nodeSelector": POOL,
        "tolerations": [{"operator": "Exists"}],
    }
    assert planned_on(nodes, build.running(20), other)[:2] == (10, "InsufficientCPU")
