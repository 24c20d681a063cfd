"""``gala run`` as a process of its own: from its start until it knows all clusters, then at rest.

The hub, the member clusters and the stand-in for Prometheus are one other process, so on two cores the
wall time of a cold start is theirs as much as ours; CPU and memory are the operator's alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness import servers
from measure import Figure, cpu_of, memory
from night import FLEET_NAMESPACE, NAMESPACE, Size

from gala.sandbox.fleet import kubeconfig

AHEAD = 19 * 86_400.0
PATIENCE = 150.0
SETTLING, REST = 20.0, 60.0
"""Seconds of wall time after the cold start, and for how long rest is looked at: it has every interval in it
but the watches' own renewal and the reading of nodes and pods, which come each 10 and 3 minutes."""

RSS = 300.0


def start_and_rest(size: Size, *, rest: bool = True) -> list[Figure]:
    """Cold start, then the CPU of a minute at rest, for an hour; and the most memory of both."""
    start = time.time() + AHEAD  # noqa: TID251 (the operator reads the wall clock too)
    with servers(size, start) as ports, _operator(ports["hub"]) as pid:
        began = time.perf_counter()
        while not _settled(ports["hub"], size):
            if time.perf_counter() - began > PATIENCE:
                raise SystemExit(f"The operator did not know all clusters within {PATIENCE:g} s.")
            time.sleep(0.25)
        wall, cpu = time.perf_counter() - began, cpu_of(pid)
        found = [
            Figure(
                name=f"cold start {size} until every cluster is known",
                measured=cpu,
                unit="s CPU",
                note=f"{wall:.1f} s of wall time beside its servers on the same cores",
            ),
            Figure(name="peak RSS after the cold start", measured=memory(pid), unit="MB", target=RSS),
        ]
        if rest:
            time.sleep(SETTLING)
            before = cpu_of(pid)
            time.sleep(REST)
            used = cpu_of(pid) - before
            found += [
                Figure(
                    name=f"CPU per hour at rest, {size} nineteen days ahead, all traffic measured",
                    measured=used * 3600.0 / REST,
                    unit="s CPU",
                    note=f"{used:.2f} s in {REST:g} s: passes, watches, probes, relists and Prometheus",
                ),
                Figure(name="peak RSS after a minute at rest", measured=memory(pid), unit="MB", target=RSS),
            ]
        return found


@contextmanager
def _operator(hub: str) -> Iterator[int]:
    """The process id of an operator that runs against a hub."""
    with tempfile.TemporaryDirectory() as folder:
        path, log = Path(folder) / "kubeconfig", Path(folder) / "log"
        path.write_text(kubeconfig({"hub": hub}, "hub"))
        command = [sys.executable, "-m", "gala.main", "run", "--kubeconfig", str(path)]
        command += ["-n", FLEET_NAMESPACE, "--allow-prometheus-address", "127.0.0.0/8"]
        command += ["--listen", "127.0.0.1:0"]
        with log.open("w") as sink:
            process = subprocess.Popen(command, stdout=sink, stderr=sink)
        try:
            yield process.pid
        finally:
            ended = process.poll()
            process.terminate()
            process.wait()
        if ended is not None:
            raise SystemExit(f"The operator ended by itself ({ended}):\n{log.read_text()[-2000:]}")


def _settled(hub: str, size: Size) -> bool:
    url = f"{hub}/apis/gala.dev/v1alpha1/namespaces/{NAMESPACE}/galaevents"
    with urllib.request.urlopen(url) as answer:
        items = json.load(answer)["items"]
    want = f"{size.clusters}/{size.clusters}"
    return all((item.get("status") or {}).get("clustersReachable") == want for item in items)
