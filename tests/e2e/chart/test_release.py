"""The chart with the real Helm: checked, installed, upgraded, uninstalled."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from chart_files import CHART, ROOT
from chart_release import FLEET, NAME, Helm, arguments, can_i, operator
from clusters.cluster import PATIENCE, Cluster

FULL: dict[str, Any] = {
    "image": {"repository": "registry.example.com/gala-operator", "digest": f"sha256:{'0' * 64}"},
    "imagePullSecrets": [{"name": "registry"}],
    "localCluster": {
        "targetNamespaces": ["default"],
        "resources": [{"plural": "rollouts", "group": "argoproj.io"}],
    },
    "operator": {
        "verbose": True,
        "allowPrometheusAddresses": ["10.0.0.0/8"],
        "extraArgs": ["--log-format=text"],
    },
    "priorityClassName": "system-cluster-critical",
    "nodeSelector": {"kubernetes.io/os": "linux"},
    "tolerations": [{"key": "infra", "operator": "Exists"}],
    "podLabels": {"team": "platform"},
    "podAnnotations": {"example.com/owner": "platform"},
    "serviceAccount": {"annotations": {"example.com/owner": "platform"}},
    "networkPolicy": {
        "metricsFrom": [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}]
    },
    "metrics": {
        "serviceMonitor": {"enabled": True},
        "prometheusRule": {"enabled": True},
        "dashboard": {"enabled": True},
    },
}
BARE: dict[str, Any] = {
    "crds": {"install": False},
    "localCluster": {"enabled": False},
    "rbac": {"aggregate": False},
    "replicas": 1,
    "podDisruptionBudget": {"enabled": False},
    "networkPolicy": {"enabled": False},
}
SETS = [
    pytest.param({}, id="the defaults"),
    pytest.param(FULL, id="everything switched on"),
    pytest.param(BARE, id="everything switched off"),
]
OF_OTHERS = {"ServiceMonitor", "PrometheusRule"}
"""Kinds of the Prometheus Operator, which no cluster of the tests has."""


def rendered(helm: Helm, values: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    (folder / "values.yaml").write_text(yaml.safe_dump(values))
    text = helm("template", NAME, str(CHART), "-n", FLEET, "-f", str(folder / "values.yaml"))
    return [document for document in yaml.safe_load_all(text) if document]


@pytest.mark.parametrize("values", SETS)
def test_helm_finds_nothing_to_mend(values: dict[str, Any], helm: Helm, tmp_path: Path) -> None:
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(values))
    helm("lint", "--strict", str(CHART), "-f", str(tmp_path / "values.yaml"))


@pytest.mark.parametrize("values", SETS)
def test_what_is_rendered_is_taken_by_the_api_server(
    values: dict[str, Any], helm: Helm, tmp_path: Path
) -> None:
    helm.cluster.namespace(FLEET)
    documents = [one for one in rendered(helm, values, tmp_path) if one["kind"] not in OF_OTHERS]
    text = yaml.safe_dump_all(documents)
    helm.cluster.kubectl("apply", "--server-side", "--dry-run=server", "-f", "-", stdin=text)


@pytest.mark.parametrize(
    ("values", "want"),
    [
        pytest.param({}, set(), id="the defaults need nothing of others"),
        pytest.param(FULL, OF_OTHERS, id="what is switched on is there"),
    ],
)
def test_kinds_of_others_are_rendered_on_demand_only(
    values: dict[str, Any], want: set[str], helm: Helm, tmp_path: Path
) -> None:
    documents = rendered(helm, values, tmp_path)
    assert {one["kind"] for one in documents} & OF_OTHERS == want
    rules = [one["spec"] for one in documents if one["kind"] == "PrometheusRule"]
    alerts = yaml.safe_load((ROOT / "monitoring" / "alerts.yaml").read_text())
    assert rules == [alerts] * len(rules)


def test_a_value_that_is_misspelt_is_refused_by_its_name(helm: Helm) -> None:
    ran = helm.run("template", NAME, str(CHART), "--set", "localCluster.enable=true")
    assert ran.returncode != 0
    assert "'enable' not allowed" in ran.stderr


def test_kubectl_can_apply_what_is_rendered_again_and_again(fleet: Sequence[Cluster], helm: Helm) -> None:
    other = fleet[1]
    other.namespace(FLEET)
    text = helm("template", NAME, str(CHART), "-n", FLEET, "--skip-tests")
    apply = ("apply", "--server-side", "-f", "-")
    try:
        other.kubectl(*apply, stdin=text)
        kinds = (
            "crd,clusterrole,deployment,role,service",
            "-n",
            FLEET,
            "-l",
            f"app.kubernetes.io/name={NAME}",
        )
        first = {one["metadata"]["uid"]: one["metadata"]["generation"] for one in _generations(other, *kinds)}
        other.kubectl(*apply, stdin=text)
        assert {
            one["metadata"]["uid"]: one["metadata"]["generation"] for one in _generations(other, *kinds)
        } == first
    finally:
        other.kubectl("delete", "-f", "-", "--ignore-not-found", stdin=text, seconds=3 * PATIENCE)
        other.kubectl("delete", "namespace", FLEET)


def _generations(cluster: Cluster, *words: str) -> list[dict[str, Any]]:
    found = [one for one in cluster.get(*words)["items"] if "generation" in one["metadata"]]
    assert found
    return found


def older(folder: Path) -> Path:
    """The chart as of a version whose GalaEvent did not know `spec.paused`."""
    chart = folder / "older"
    shutil.copytree(CHART, chart)
    path = chart / "files" / "crds" / "galaevents.yaml"
    definition = yaml.safe_load(path.read_text())
    del _spec_of(definition)["paused"]
    path.write_text(yaml.safe_dump(definition, sort_keys=False))
    (chart / "Chart.yaml").write_text((CHART / "Chart.yaml").read_text().replace("0.1.0", "0.0.9"))
    return chart


def _spec_of(definition: dict[str, Any]) -> dict[str, Any]:
    (version,) = definition["spec"]["versions"]
    found: dict[str, Any] = version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]
    return found


def test_a_life_of_a_release(helm: Helm, tmp_path: Path) -> None:
    cluster = helm.cluster
    cluster.namespace(FLEET)
    restricted = "pod-security.kubernetes.io/enforce=restricted"
    cluster.kubectl("label", "namespace", FLEET, restricted, "--overwrite")

    helm.install(chart=older(tmp_path))
    assert "paused" not in _spec_of(cluster.get("crd", "galaevents.gala.dev"))
    cluster.kubectl("rollout", "status", f"deployment/{NAME}", "-n", FLEET, "--timeout=60s")

    told = helm.upgrade()
    assert "paused" in _spec_of(cluster.get("crd", "galaevents.gala.dev"))
    assert "kubectl apply -f - <<EOF" in told

    local = {
        "apiVersion": "gala.dev/v1alpha1",
        "kind": "GalaCluster",
        "metadata": {"name": "local", "namespace": FLEET},
        "spec": {"inCluster": True},
    }
    cluster.apply(local)
    uid = cluster.get("galacluster", "local", "-n", FLEET)["metadata"]["uid"]
    assert "galaevents.gala.dev" in helm("uninstall", NAME, "-n", FLEET)
    assert cluster.get("galacluster", "local", "-n", FLEET)["metadata"]["uid"] == uid
    assert cluster.get("deployment", "-n", FLEET)["items"] == []

    helm("install", NAME, str(CHART), "-n", FLEET)
    assert cluster.get("galacluster", "local", "-n", FLEET)["metadata"]["uid"] == uid
    helm("uninstall", NAME, "-n", FLEET)


def probed(cluster: Cluster, address: str) -> set[str]:
    """The probes of the operator's container that get an answer from it, in time."""
    (container,) = cluster.get("deployment", NAME, "-n", FLEET)["spec"]["template"]["spec"]["containers"]
    probes = {name: probe["httpGet"]["path"] for name, probe in container.items() if name.endswith("Probe")}

    def good(path: str) -> bool:
        try:
            with urllib.request.urlopen(f"http://{address}{path}", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    for name, path in probes.items():
        cluster.until(lambda where=path: good(where), f"{name} gets an answer from {path}", 30)
    return set(probes)


def test_the_pod_of_helm_test_sees_whether_the_operator_is_ready(helm: Helm, tmp_path: Path) -> None:
    cluster = helm.cluster
    helm.install()
    try:
        (pod,) = [one for one in rendered(helm, {}, tmp_path) if one["kind"] == "Pod"]
        (container,) = pod["spec"]["containers"]
        code, url = container["args"]
        service, port = url.removeprefix("http://").partition("/")[0].split(":")
        assert [one["port"] for one in cluster.get("service", service, "-n", FLEET)["spec"]["ports"]] == [
            int(port)
        ]
        with operator(cluster, cluster.service_account(FLEET, NAME), arguments(cluster)) as running:
            there = url.replace(f"{service}:{port}", running.address())
            assert probed(cluster, running.address()) == {"startupProbe", "livenessProbe", "readinessProbe"}
            asked = subprocess.run(
                [sys.executable, "-c", code, there], capture_output=True, text=True, timeout=90, check=False
            )
        assert asked.returncode == 0, asked.stderr
        assert json.loads(asked.stdout)["ok"]
    finally:
        helm("uninstall", NAME, "-n", FLEET)


@pytest.mark.parametrize(
    ("role", "may", "may_not"),
    [
        pytest.param(
            "view",
            {("get", "galaevents"), ("list", "galaallocations"), ("watch", "galacues")},
            {("create", "galaevents"), ("create", "galacues"), ("update", "galaclusters")},
            id="whoever may view",
        ),
        pytest.param(
            "edit",
            {
                ("create", "galaevents"),
                ("patch", "galaevents"),
                ("create", "galacues"),
                ("get", "galaclusters"),
            },
            {("create", "galaclusters"), ("delete", "galaallocations"), ("patch", "galaevents/status")},
            id="whoever may edit",
        ),
        pytest.param(
            f"{NAME}-give-cues",
            {("create", "galacues"), ("get", "galaevents")},
            {("patch", "galaevents"), ("patch", "galacues"), ("get", "galaallocations")},
            id="a show-caller",
        ),
    ],
)
def test_people_may_do_what_their_role_says(
    role: str, may: set[tuple[str, str]], may_not: set[tuple[str, str]], helm: Helm, namespace: str
) -> None:
    cluster = helm.cluster
    helm.install()
    try:
        user = f"{role}er"
        kubeconfig = cluster.kubeconfig(user)
        cluster.kubectl(
            "create", "rolebinding", "them", "-n", namespace, f"--clusterrole={role}", f"--user={user}"
        )
        rights = may | may_not

        def found() -> set[tuple[str, str]]:
            return {
                (verb, kind) for verb, kind in rights if can_i(cluster, kubeconfig, verb, kind, namespace)
            }

        # Kubernetes adds roles to its own within seconds.
        cluster.until(lambda: found() == may, lambda: f"{found()} became {may}", 20)
    finally:
        helm("uninstall", NAME, "-n", FLEET)
