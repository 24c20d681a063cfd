"""What is kept of objects, and what pods ask for."""

from __future__ import annotations

from typing import Any

import pytest

from fleet_builders import deployment
from fleet_server import managed
from gala.fleet.objects import foreign, keda, native, replicas_manager, stateful
from gala.fleet.pods import Requests, is_ready, millicores, requests_of, whole


def asks(cpu: str, memory: str = "0", **more: Any) -> dict[str, Any]:
    return {"resources": {"requests": {"cpu": cpu, "memory": memory}}, **more}


@pytest.mark.parametrize(
    ("text", "want"),
    [
        pytest.param("2", 2000, id="cores become millicores"),
        pytest.param("250m", 250, id="millicores stay"),
        pytest.param("0.0001", 1, id="a fraction of a millicore is rounded up"),
        pytest.param("plenty", 0, id="what is no quantity is nothing"),
    ],
)
def test_cpu_is_read_in_millicores(text: str, want: int) -> None:
    assert millicores(text) == want


@pytest.mark.parametrize(
    ("text", "want"),
    [
        pytest.param("1Gi", 1 << 30, id="binary suffixes are powers of 1024"),
        pytest.param("1G", 10**9, id="decimal suffixes are powers of 1000"),
        pytest.param("1500m", 2, id="a fraction of a byte is rounded up"),
    ],
)
def test_memory_is_read_in_bytes(text: str, want: int) -> None:
    assert whole(text) == want


@pytest.mark.parametrize(
    ("spec", "want"),
    [
        pytest.param(
            {"containers": [asks("1", "1Ki"), asks("500m", "1Ki")]}, (1500, 2048), id="containers add up"
        ),
        pytest.param(
            {"containers": [asks("1")], "initContainers": [asks("3"), asks("2")]},
            (3000, 0),
            id="the largest init container counts if it is more",
        ),
        pytest.param(
            {"containers": [asks("1")], "initContainers": [asks("1", restartPolicy="Always"), asks("1500m")]},
            (2500, 0),
            id="a sidecar counts beside the init containers after it",
        ),
        pytest.param(
            {"containers": [asks("1")], "initContainers": [asks("1", restartPolicy="Always")]},
            (2000, 0),
            id="a sidecar counts beside the containers",
        ),
        pytest.param(
            {"containers": [asks("1")], "overhead": {"cpu": "100m"}}, (1100, 0), id="overhead comes on top"
        ),
        pytest.param(
            {"containers": [{"resources": {"limits": {"cpu": "2", "memory": "1Ki"}}}]},
            (2000, 1024),
            id="a limit without a request is a request",
        ),
        pytest.param({"containers": [{}]}, (0, 0), id="a container may ask for nothing"),
    ],
)
def test_a_pod_asks_for_what_the_scheduler_reckons(spec: dict[str, Any], want: tuple[int, int]) -> None:
    assert requests_of(spec) == Requests(*want)


def test_a_pod_that_is_being_deleted_is_not_ready() -> None:
    ready = {"status": {"conditions": [{"type": "Ready", "status": "True"}]}}

    assert is_ready(ready)
    assert not is_ready({**ready, "metadata": {"deletionTimestamp": "2026-02-16T12:00:00Z"}})


@pytest.mark.parametrize(
    ("managers", "want"),
    [
        pytest.param([], "", id="nobody is named"),
        pytest.param([("kubectl", "1")], "kubectl", id="a sole manager is named"),
        pytest.param([("kubectl", "1"), ("flux", "2")], "flux", id="of two the later is named"),
        pytest.param(
            [("gala-operator", "1"), ("flux", "2")], "gala-operator", id="we are named if we are among them"
        ),
        pytest.param([("gala-operator-home", "1"), ("flux", "2")], "flux", id="home is nobody of ours"),
        pytest.param(
            [("gala-operator", "1"), ("gala-operator-home", "2")],
            "gala-operator-home",
            id="what we share with home is not ours any more",
        ),
    ],
)
def test_the_manager_of_the_replicas_comes_from_managed_fields(
    managers: list[tuple[str, str]], want: str
) -> None:
    entries = [{**managed(name), "time": f"2026-02-16T12:00:0{second}Z"} for name, second in managers]
    entries.append({"manager": "status-writer", "time": "2027", "fieldsV1": {"f:status": {"f:replicas": {}}}})

    assert replicas_manager(entries) == want


def test_a_deployment_says_how_many_pods_are_ready_and_absent_means_none() -> None:
    assert native(deployment(replicas=4, ready=2)).ready == 2
    assert native(deployment(replicas=4, ready=0)).ready == 0
    assert native(deployment()).requests == Requests(500, 256 << 20)


def test_a_stateful_set_is_ordered_unless_it_says_parallel() -> None:
    assert stateful(deployment()).ordered
    assert not stateful(deployment(podManagementPolicy="Parallel")).ordered
    assert not native(deployment()).ordered


def test_volumes_that_go_when_scaled_down_are_seen() -> None:
    kept = stateful(deployment(persistentVolumeClaimRetentionPolicy={"whenScaled": "Retain"}))
    lost = stateful(deployment(persistentVolumeClaimRetentionPolicy={"whenScaled": "Delete"}))

    assert (kept.deletes_volumes, lost.deletes_volumes) == (False, True)


def test_other_kinds_do_not_say_how_many_pods_are_ready() -> None:
    assert foreign({"spec": {"replicas": 2}, "status": {"readyReplicas": 2}}).ready is None
    assert foreign({"spec": {}}).replicas is None


def test_a_scaled_object_without_a_kind_means_a_deployment() -> None:
    found = keda({"metadata": {"name": "web"}, "spec": {"scaleTargetRef": {"name": "web"}}})

    assert (found.kind, found.target, found.name) == ("Deployment", "web", "ScaledObject/web")
