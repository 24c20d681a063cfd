"""Clusters of kind, through pytest-kind: real nodes in containers, for whoever has Docker."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml
from pytest_kind import KindCluster

from clusters.cluster import Cluster

CONFIG = Path(__file__).parents[3] / "kind-config.yaml"
"""One document for each cluster; kind itself reads one at a time."""

_CREATE = 600.0


class OnKind(Cluster):
    """A cluster of kind; its nodes are real, so it runs fewer pods."""

    provider = "kind"


def missing() -> str | None:
    """Why there can be no cluster of kind here; None where there can."""
    for program in ("docker", "kind", "kubectl"):
        if shutil.which(program) is None:
            return f"clusters of kind need `{program}` on the PATH"
    asked = subprocess.run(["docker", "info"], capture_output=True, text=True, timeout=60, check=False)
    if asked.returncode != 0:
        return f"clusters of kind need Docker, and it says: {asked.stderr.strip()}"
    return None


def documents(config: Path = CONFIG) -> list[dict[str, Any]]:
    """The configuration of each cluster."""
    return list(yaml.safe_load_all(config.read_text()))


class KindProvider:
    """Creates what is not there yet, and deletes it unless it is kept."""

    def __init__(self, folder: Path, *, keep: bool) -> None:
        """``keep`` leaves the clusters up, for the next run and for whoever wants to look."""
        self._folder = folder
        self._keep = keep
        self._kinds: list[KindCluster] = []

    def start(self) -> Sequence[OnKind]:
        """See `port.Provider`; one after the other, because kind's images are the bottleneck."""
        return [self._create(document) for document in documents()]

    def stop(self) -> None:
        """See `port.Provider`."""
        for kind in [] if self._keep else self._kinds:
            kind.delete()

    def _create(self, document: dict[str, Any]) -> OnKind:
        name = document["name"]
        kubectl = Path(str(shutil.which("kubectl")))
        kind = KindCluster(name, kind_path=Path(str(shutil.which("kind"))), kubectl_path=kubectl)
        self._kinds.append(kind)
        config = self._folder / f"{name}.yaml"
        config.write_text(yaml.safe_dump(document))
        kind.create(config)
        admin = self._folder / name / "kubeconfig"
        admin.parent.mkdir()
        admin.write_bytes(kind.kubeconfig_path.read_bytes())
        admin.chmod(0o600)
        cluster = OnKind(name.removeprefix("gala-"), admin, str(kubectl))
        cluster.kubectl(
            "wait", "node", "--all", "--for=condition=Ready", f"--timeout={_CREATE:.0f}s", seconds=_CREATE
        )
        return cluster
