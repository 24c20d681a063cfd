"""The chart as Helm installs it, and the operator as that release would run it."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chart_files import CHART
from clusters.cluster import Cluster
from clusters.processes import until

NAME = "gala-operator"
FLEET = "gala-system"
KINDS = ("galaallocations", "galaclusters", "galacues", "galaevents")
DEFINITIONS = tuple(f"{kind}.gala.dev" for kind in KINDS)

_ANSWERS = re.compile(r"answer on ([\d.]+:\d+)")


@dataclass(frozen=True)
class Helm:
    """The real `helm`, on one cluster."""

    program: Path
    cluster: Cluster

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Runs it, and tells how it ended."""
        home = self.cluster.folder / "helm"
        environment = {
            "PATH": os.environ["PATH"],  # noqa: TID251 (a program of the machine)
            "HOME": str(home),
            "KUBECONFIG": str(self.cluster.admin),
        }
        return subprocess.run(
            [self.program, *words], capture_output=True, text=True, timeout=120, env=environment, check=False
        )

    def __call__(self, *words: str) -> str:
        """Runs it, and it must end well; gives what it printed."""
        ran = self.run(*words)
        assert ran.returncode == 0, f"helm {' '.join(words)}\n{ran.stdout}{ran.stderr}"
        return ran.stdout

    def install(self, *options: str, chart: Path = CHART) -> str:
        """The release; kinds that somebody else left in this cluster become its own."""
        return self(
            "install", NAME, str(chart), "-n", FLEET, "--create-namespace", "--take-ownership", *options
        )

    def upgrade(self, *options: str, chart: Path = CHART) -> str:
        """The release with another chart or other values."""
        return self("upgrade", NAME, str(chart), "-n", FLEET, *options)

    def remove(self) -> None:
        """Takes everything away, the kinds and all their objects too."""
        self.run("uninstall", NAME, "-n", FLEET)
        self.cluster.kubectl("delete", "crd", *DEFINITIONS, "--ignore-not-found")
        # On a busy machine the pods of two replicas take their time.
        self.cluster.kubectl("delete", "namespace", FLEET, "--ignore-not-found", seconds=180)


def program(programs_folder: Path, clusters: str) -> Path:
    """`helm` of the machine for clusters of others, else the one that was built with the servers."""
    found = None if clusters == "local" else shutil.which("helm")
    return Path(found) if found else programs_folder / "helm"


class Operator:
    """`gala run` as a process of this machine: pods of simulated nodes run nothing."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self._log = log

    @property
    def said(self) -> str:
        """Its log."""
        return self._log.read_text(encoding="utf-8")

    def address(self) -> str:
        """Where it answers over HTTP."""
        until(lambda: bool(_ANSWERS.search(self.said)), 30, lambda: f"it listens\n{self.said}")
        found = _ANSWERS.search(self.said)
        assert found
        return found[1]


@contextmanager
def operator(cluster: Cluster, kubeconfig: Path, arguments: Sequence[str]) -> Iterator[Operator]:
    """Runs until the end of the block, with the arguments of a Deployment; it must have lived until then."""
    log = cluster.folder / f"operator-{kubeconfig.stem}.log"
    command = [str(Path(sys.executable).parent / "gala"), *arguments]
    here = [word for word in command if not word.startswith("--listen")]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*here, "--listen=127.0.0.1:0", f"--kubeconfig={kubeconfig}"], stdout=out, stderr=out
        )
    running = Operator(process, log)
    try:
        yield running
        assert process.poll() is None, running.said
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def arguments(cluster: Cluster) -> list[str]:
    """Of the operator's container, as the release has it."""
    deployment = cluster.get("deployment", NAME, "-n", FLEET)
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return list(container["args"])


Right = tuple[str, str, str, str]
"""Namespace (`*` for all), API group, resource, verb."""


def granted(cluster: Cluster, account: str, namespace: str) -> set[Right]:
    """What RBAC gives to a ServiceAccount by name, roles of all namespaces included."""
    found = set[Right]()
    for kind in ("clusterrolebindings", "rolebindings"):
        for binding in cluster.get(kind, "-A")["items"]:
            subjects = [(one["name"], one.get("namespace")) for one in binding.get("subjects", ())]
            if (account, namespace) in subjects:
                found |= _rights(cluster, binding)
    return found


def _rights(cluster: Cluster, binding: dict[str, Any]) -> set[Right]:
    where = binding["metadata"].get("namespace")
    kind, name = binding["roleRef"]["kind"].lower(), binding["roleRef"]["name"]
    role = cluster.get(kind, name, *(("-n", where) if kind == "role" else ()))
    return {
        (where or "*", group, resource, verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def asked(cluster: Cluster, account: str, namespace: str, since: int) -> set[tuple[Right, int]]:
    """What a ServiceAccount asked of the API server, with the answers' status; discovery left out."""
    user = f"system:serviceaccount:{namespace}:{account}"
    return {
        (
            (one.namespace, one.group, "/".join(filter(None, (one.resource, one.subresource))), one.verb),
            one.code,
        )
        for one in cluster.audit(since)
        if one.user == user and one.resource
    }


def unused(given: set[Right], used: set[tuple[Right, int]]) -> set[Right]:
    """Rights that no request needed."""
    exact = {right for right, _ in used}
    anywhere = {("*", *right[1:]) for right in exact}
    return given - exact - anywhere


def can_i(cluster: Cluster, user: Path, verb: str, resource: str, namespace: str) -> bool:
    """What the API server says to `kubectl auth can-i`."""
    kind, _, subresource = resource.partition("/")
    part = [f"--subresource={subresource}"] if subresource else []
    return cluster.run("auth", "can-i", verb, kind, "-n", namespace, *part, kubeconfig=user).code == 0
