"""The clusters themselves: what every other end-to-end test stands on."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from clusters.cluster import Cluster
from clusters.local import LocalCluster
from clusters.pools import DELAY, LATEST, NodePool
from workloads import deployment

TO_FIVE = '[{"op": "replace", "path": "/spec/replicas", "value": 5}]'


def test_three_clusters_are_up_side_by_side_and_are_not_one(fleet: Sequence[Cluster]) -> None:
    identities = {one.get("namespace", "kube-system")["metadata"]["uid"] for one in fleet}
    nodes = [one.get("nodes", "-l", "gala.dev/pool=show")["items"] for one in fleet]

    assert len(identities) == 3
    assert all(len(found) >= 2 for found in nodes)
    assert all("cpu" in node["status"]["allocatable"] for found in nodes for node in found)


def test_many_replicas_get_ready_and_go_again(cluster: Cluster, namespace: str) -> None:
    cluster.apply(deployment("web", namespace, 0))

    cluster.kubectl("scale", "deployment", "web", "-n", namespace, f"--replicas={cluster.bulk}")
    cluster.until(lambda: cluster.ready("deployment", "web", namespace) == cluster.bulk, "all are Ready")
    cluster.kubectl("scale", "deployment", "web", "-n", namespace, "--replicas=2")

    cluster.until(lambda: len(cluster.get("pods", "-n", namespace)["items"]) == 2, "two are left")


@pytest.mark.parametrize(
    ("words", "want"),
    [
        pytest.param(("scale", "deployment", "web", "--replicas=3"), 3, id="kubectl scale"),
        pytest.param(("scale", "deployment", "web", "--replicas=0"), 0, id="a scale to nothing"),
        pytest.param(
            ("patch", "deployment", "web", "--subresource=scale", "--type=json", f"--patch={TO_FIVE}"),
            5,
            id="a JSON patch",
        ),
    ],
)
def test_the_audit_log_tells_who_wrote_how_many_replicas(
    cluster: Cluster, namespace: str, words: Sequence[str], want: int
) -> None:
    cluster.apply(deployment("web", namespace, 1))
    edit = ("create", "rolebinding", "anna", "-n", namespace, "--clusterrole=edit", "--user=anna")
    cluster.kubectl(*edit)
    mark = cluster.audit_mark()

    cluster.kubectl(*words, "-n", namespace, kubeconfig=cluster.kubeconfig("anna"))

    (write,) = [one for one in cluster.audit(mark) if one.replicas is not None and one.namespace == namespace]
    assert (write.user, write.resource, write.name, write.replicas, write.accepted) == (
        "anna",
        "deployments",
        "web",
        want,
        True,
    )


def test_a_user_may_do_nothing_until_a_role_says_so(cluster: Cluster, namespace: str) -> None:
    nobody = cluster.run("get", "pods", "-n", namespace, kubeconfig=cluster.kubeconfig("berta"))

    assert nobody.code == 1
    assert 'User "berta" cannot list resource "pods"' in nobody.err


def test_a_service_account_is_who_its_token_says(cluster: Cluster, namespace: str) -> None:
    told = cluster.kubectl("auth", "whoami", kubeconfig=cluster.service_account(namespace, "default"))

    assert f"system:serviceaccount:{namespace}:default" in told


def test_a_stopped_api_server_comes_back_with_everything_in_it(
    local_fleet: Sequence[LocalCluster], namespace: str
) -> None:
    broken, whole = local_fleet[:2]
    broken.apply(deployment("web", namespace, 3))
    uid = broken.get("deployment", "web", "-n", namespace)["metadata"]["uid"]

    with broken.stopped("kube-apiserver"):
        refused = broken.run("get", "pods")
        others = whole.run("get", "pods")

    assert (refused.code, others.code) == (1, 0)
    assert "refused" in refused.err
    assert broken.get("deployment", "web", "-n", namespace)["metadata"]["uid"] == uid
    broken.until(lambda: broken.ready("deployment", "web", namespace) == 3, "its controllers work on")


def test_a_frozen_etcd_holds_writes_up_and_loses_none(local_cluster: LocalCluster, namespace: str) -> None:
    local_cluster.apply(deployment("web", namespace, 1))
    scale = ("scale", "deployment", "web", "-n", namespace, "--replicas=4", "--request-timeout=2s")

    with local_cluster.frozen("etcd"):
        held_up = local_cluster.run(*scale)

    assert held_up.code == 1
    local_cluster.kubectl(*scale)
    local_cluster.until(lambda: local_cluster.ready("deployment", "web", namespace) == 4, "four are Ready")


def test_a_stopped_controller_manager_makes_no_pods_until_it_is_back(
    local_cluster: LocalCluster, namespace: str
) -> None:
    with local_cluster.stopped("kube-controller-manager"):
        local_cluster.apply(deployment("web", namespace, 3))
        made = local_cluster.get("pods", "-n", namespace)["items"]

    assert made == []
    local_cluster.until(lambda: local_cluster.ready("deployment", "web", namespace) == 3, "three are Ready")


def test_pods_of_a_pool_whose_image_cannot_be_pulled_stay_unready_until_it_can(
    local_cluster: LocalCluster, namespace: str
) -> None:
    def waiting() -> list[str]:
        path = "jsonpath={.items[*].status.containerStatuses[0].state.waiting.reason}"
        return local_cluster.kubectl("get", "pods", "-n", namespace, "-o", path).split()

    with local_cluster.pool(NodePool(name="broken", nodes=2, pull_failures=1.0)):
        local_cluster.apply(deployment("web", namespace, 4, pool="broken"))
        local_cluster.until(lambda: waiting() == ["ImagePullBackOff"] * 4, lambda: f"all wait: {waiting()}")
        assert local_cluster.ready("deployment", "web", namespace) == 0

        local_cluster.add_pool(NodePool(name="broken", nodes=2))
        local_cluster.until(
            lambda: local_cluster.ready("deployment", "web", namespace) == 4, "four are Ready"
        )


def test_of_a_pool_that_pulls_half_of_its_images_some_pods_get_ready(
    local_cluster: LocalCluster, namespace: str
) -> None:
    def ready() -> int:
        return local_cluster.ready("deployment", "web", namespace)

    def played() -> int:
        path = "jsonpath={.items[*].status.startTime}"
        return len(local_cluster.kubectl("get", "pods", "-n", namespace, "-o", path).split())

    with local_cluster.pool(NodePool(name="flaky", nodes=2, pull_failures=0.5)):
        local_cluster.apply(deployment("web", namespace, 60, pool="flaky"))
        local_cluster.until(lambda: played() == 60, lambda: f"each is played: {played()}")
        local_cluster.until(lambda: ready() >= 10, lambda: f"some are Ready: {ready()}")

        assert ready() <= 50


def test_a_slow_pool_is_slow_and_a_pod_may_say_otherwise(local_cluster: LocalCluster, namespace: str) -> None:
    hasty = deployment("hasty", namespace, 1, pool="slow")
    hasty["spec"]["template"]["metadata"]["annotations"] = {DELAY: "10ms", LATEST: "20ms"}
    with local_cluster.pool(NodePool(name="slow", nodes=1, zone="b", start_ms=600_000)):
        local_cluster.apply(deployment("web", namespace, 1, pool="slow"), hasty)
        local_cluster.until(
            lambda: local_cluster.ready("deployment", "hasty", namespace) == 1, "one is Ready"
        )
        (pod,) = local_cluster.get("pods", "-n", namespace, "-l", "app=web")["items"]
        node = local_cluster.get("node", pod["spec"]["nodeName"])

        assert local_cluster.ready("deployment", "web", namespace) == 0
        assert node["metadata"]["labels"]["topology.kubernetes.io/zone"] == "b"

    assert local_cluster.get("nodes", "-l", "gala.dev/pool=slow")["items"] == []


def test_pods_that_find_no_room_stay_pending_with_the_reason(
    local_cluster: LocalCluster, namespace: str
) -> None:
    with local_cluster.pool(NodePool(name="small", nodes=1, cpu="1", memory="1Gi")):
        local_cluster.apply(deployment("web", namespace, 3, pool="small", cpu="400m"))
        local_cluster.until(lambda: local_cluster.ready("deployment", "web", namespace) == 2, "two fit")

        pending = ("get", "pods", "-n", namespace, "--field-selector=status.phase=Pending", "-o")
        told = local_cluster.kubectl(*pending, "jsonpath={.items[*].status.conditions[*].message}")
        assert "Insufficient cpu" in told
