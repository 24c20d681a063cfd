"""What getting-started.md, operations.md, security.md and argocd.md have a reader do on real clusters."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from chart_files import ROOT
from chart_release import FLEET, NAME, Helm
from clusters.cluster import PATIENCE, Cluster
from doc_commands import Elsewhere, steps

BY = "tests/e2e/chart/test_pages.py"
NOT_HERE = ("docker ", "helm test ")
"""There is no Docker, and simulated pods run nothing; test_release.py runs what `helm test` would."""


def scripts(page: str) -> list[str]:
    """Those that this file runs, without what cannot be run here."""
    texts = [one.line for one in steps(ROOT / "docs" / page) if isinstance(one, Elsewhere) and one.by == BY]
    return ["\n".join(line for line in text.splitlines() if not line.startswith(NOT_HERE)) for text in texts]


def run(script: str, cluster: Cluster, kubeconfig: Path, helm: Helm) -> str:
    """As a reader would, in the folder of the repository."""
    path = [str(Path(sys.executable).parent), str(helm.program.parent), os.environ["PATH"]]  # noqa: TID251
    home = cluster.folder / "helm"
    environment = {"PATH": ":".join(path), "KUBECONFIG": str(kubeconfig), "HOME": str(home)}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180, check=False,
    )  # fmt: skip
    assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_it_is_installed_upgraded_and_uninstalled_as_the_pages_say(helm: Helm) -> None:
    cluster = helm.cluster
    install, _ = scripts("getting-started.md")
    upgrade, uninstall = scripts("operations.md")
    run(install, cluster, cluster.admin, helm)
    run(upgrade, cluster, cluster.admin, helm)
    (container,) = cluster.get("deployment", NAME, "-n", FLEET)["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "registry.example.com/gala-operator:0.1.0"
    run(uninstall, cluster, cluster.admin, helm)
    assert cluster.get("deployment", "-n", FLEET)["items"] == []


def test_a_further_cluster_gets_its_account_as_the_pages_say(fleet: Sequence[Cluster], helm: Helm) -> None:
    cluster = fleet[1]
    config = yaml.safe_load(cluster.admin.read_text())
    (context,) = (one for one in config["contexts"] if one["name"] == config["current-context"])
    config["contexts"].append({"name": "east", "context": context["context"]})
    east = cluster.folder / "with-east.yaml"
    east.write_text(yaml.safe_dump(config))
    cluster.kubectl("delete", "namespace", FLEET, "--ignore-not-found", seconds=3 * PATIENCE)
    cluster.namespace("gala")
    try:
        _, account = scripts("getting-started.md")
        token = run(account, cluster, east, helm).split()[-1]
        assert token.count(".") == 2
        (again,) = scripts("security.md")
        assert "unchanged" in run(again, cluster, east, helm)
    finally:
        cluster.kubectl("delete", "namespace", FLEET, "gala")
        cluster.kubectl("delete", "clusterrole,clusterrolebinding", NAME)


def test_argo_cd_is_told_with_the_command_of_its_page(cluster: Cluster, helm: Helm) -> None:
    metadata = {"name": "argocd-cm", "namespace": "argocd"}
    config = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    cluster.namespace("argocd")
    try:
        cluster.apply({**config, "data": {"url": "https://argocd.example.com"}})
        (script,) = scripts("argocd.md")
        run(script, cluster, cluster.admin, helm)
        data = cluster.get("configmap", "argocd-cm", "-n", "argocd")["data"]
    finally:
        cluster.kubectl("delete", "namespace", "argocd", "--wait=false")
    kinds = ("GalaEvent", "GalaCluster", "GalaCue")
    assert data.keys() == {"url"} | {f"resource.customizations.health.gala.dev_{kind}" for kind in kinds}
