"""What a pod takes out of the quotas of its namespace, and what a plan makes of them."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gala.planning.plan import plan
from gala.planning.quotas import Draw, Purse, Quota, Scope, draws
from gala.planning.shortfall import Short
from gala.planning.templates import PLAIN, Template
from planning_values import (
    NOW,
    SETTINGS,
    SHOW,
    a_cluster,
    a_round,
    a_snapshot,
    a_spec,
    a_workload,
    an_event,
    running,
    target,
)

LIMITED = Template(limits_cpu=2000, limits_memory=4096, priority_class="gold")


def drawn(*quotas: Quota, cpu: int = 1000, memory: int = 2048, template: Template = LIMITED) -> Any:
    """Amounts by resource."""
    found = draws("gala", quotas, cpu=cpu, memory=memory, template=template)
    return {purse.resource: amount for purse, amount in found}


def test_a_pod_draws_once_for_each_name_of_a_resource() -> None:
    names = (
        "count/pods",
        "cpu",
        "limits.cpu",
        "limits.memory",
        "memory",
        "pods",
        "requests.cpu",
        "requests.memory",
    )
    want = dict(zip(names, (1, 1000, 2000, 4096, 2048, 1, 1000, 2048), strict=True))
    assert drawn(Quota("all", tuple((name, 5) for name in names))) == want


def test_what_a_pod_does_not_use_is_not_drawn() -> None:
    quota = Quota("other", (("count/secrets", 1), ("limits.cpu", 1), ("services", 0)))
    assert draws("gala", [quota], cpu=1, memory=1, template=PLAIN) == ()


def test_a_draw_names_its_namespace_and_its_quota() -> None:
    quota = Quota("few", (("pods", 5),))
    want = (Draw(Purse("gala", "few", "pods"), 1),)
    assert draws("gala", [quota], cpu=0, memory=0, template=PLAIN) == want


@pytest.mark.parametrize(
    ("scope", "want"),
    [
        pytest.param(Scope("NotBestEffort"), True, id="a pod with requests is not best effort"),
        pytest.param(Scope("BestEffort"), False, id="and so no best effort pod"),
        pytest.param(Scope("NotTerminating"), True, id="a target's pods do not end by themselves"),
        pytest.param(Scope("Terminating"), False, id="and so are none that do"),
        pytest.param(Scope("PriorityClass", "In", ("gold",)), True, id="its priority class is listed"),
        pytest.param(Scope("PriorityClass", "NotIn", ("gold",)), False, id="its class is excluded"),
        pytest.param(Scope("PriorityClass"), True, id="it has a priority class"),
        pytest.param(Scope("PriorityClass", "DoesNotExist"), False, id="it has to have none"),
        pytest.param(Scope("PriorityClass", "Almost"), False, id="an operator of the future"),
        pytest.param(Scope("CrossNamespacePodAffinity"), False, id="a scope that no plan can judge"),
    ],
)
def test_a_quota_counts_the_pods_that_its_scopes_take(scope: Scope, want: bool) -> None:
    assert bool(drawn(Quota("few", (("pods", 5),), (scope,)))) is want


def test_all_scopes_have_to_take_a_pod() -> None:
    scopes = (Scope("NotTerminating"), Scope("BestEffort"))
    assert drawn(Quota("few", (("pods", 5),), scopes)) == {}
    assert drawn(Quota("few", (("pods", 5),), scopes), cpu=0, memory=0) == {"pods": 1}


def few(pods: int) -> dict[str, tuple[Quota, ...]]:
    return {"gala": (Quota("few", (("pods", pods),)),)}


@pytest.mark.parametrize(
    ("quotas", "want", "short"),
    [
        pytest.param(few(30), {"east": 15, "west": 15}, "", id="a quota that is not met changes nothing"),
        pytest.param(few(10), {"east": 10, "west": 20}, "", id="what it cuts off goes to the next cluster"),
        pytest.param({"elsewhere": few(1)["gala"]}, {"east": 15, "west": 15}, "", id="another namespace's"),
        pytest.param(few(-3), {"east": 0, "west": 30}, "", id="one that is overdrawn allows no more"),
    ],
)
def test_a_quota_caps_a_cluster(quotas: Any, want: dict[str, int], short: str) -> None:
    clusters = [a_cluster("east", quotas=quotas), a_cluster("west")]
    made = plan(a_snapshot(an_event(), clusters=clusters), NOW, SETTINGS)
    segment = made.events[SHOW].segments[0]
    assert {p.cluster: p.division for p in segment.placements} == want
    assert segment.needs[0].short_reason == short


def test_a_shortfall_names_the_quota() -> None:
    one = a_cluster(quotas=few(10))
    made = plan(a_snapshot(an_event(), clusters=[one]), NOW, SETTINGS).events[SHOW]
    need = made.segments[0].needs[0]
    want = Short(20, "QuotaExceeded", "quota few allows no more pods in east")
    assert (need.short, need.short_reason, need.why) == want
    messages = {f.reason: f.message for f in made.findings}
    assert messages["QuotaExceeded"] == f"r: 20 replicas of web do not fit: {want.why}"


def test_where_the_nodes_are_the_bound_no_quota_is_named() -> None:
    one = a_cluster(nodes=1, quotas=few(20))
    made = plan(a_snapshot(an_event(), clusters=[one]), NOW, SETTINGS).events[SHOW]
    assert made.segments[0].needs[0].short_reason == "InsufficientCPU"


ROWS = st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=3, max_size=3)


@given(ROWS, st.integers(-2, 20), st.integers(0, 9000))
def test_what_is_placed_never_exceeds_a_quota(rows: list[tuple[int, int]], pods: int, cpu: int) -> None:
    names = ("cart", "shop", "web")
    clusters = [
        a_cluster(
            quotas={"gala": (Quota("few", (("limits.cpu", cpu), ("pods", pods))),)},
            targets={
                target(name): running(original, template=Template(limits_cpu=700))
                for name, (original, _) in zip(names, rows, strict=True)
            },
        )
    ]
    demand = [{"workload": n, "replicas": max(1, want)} for n, (_, want) in zip(names, rows, strict=True)]
    spec = a_spec(a_round(demand=demand), workloads=[a_workload(name) for name in names])
    made = plan(a_snapshot(an_event(spec), clusters=clusters), NOW, SETTINGS)
    segment = made.events[SHOW].segments[0]
    originals = sum(original for original, _ in rows)
    held = sum(max(p.division, p.original) for p in segment.placements)
    assert held <= max(pods, originals)
    assert 700 * held <= max(cpu, 700 * originals)
    for need in segment.needs:
        assert (need.short_reason == "QuotaExceeded") == bool(need.short)
