"""Real Prometheus servers that scrape traffic as domain.md's model has it (`gala.sandbox.traffic`).

The exporter has a page for each cluster with one counter, `http_requests_total`. A Prometheus scrapes one
page (one per cluster) or all of them, each with a label `cluster` (a central one).
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import yaml

from clusters.processes import Guardian, Program, free_port
from gala.sandbox.traffic import Traffic
from prometheus_process import Prometheus, pages, tool

METRIC = "http_requests_total"


class Exporter:
    """The pages; what they tell follows ``traffic``, which may be exchanged at any time."""

    def __init__(self, traffic: Traffic, namespace: str, app: str) -> None:
        self._traffic = traffic
        self._labels = f'namespace="{namespace}",app="{app}"'
        self._app = app
        self._counted: dict[str, tuple[float, float]] = {}

    def follow(self, traffic: Traffic) -> None:
        """From now on; counters go on from where they stand."""
        self._traffic = traffic

    def page(self, path: str) -> bytes | None:
        """`/east` is the page of that cluster; None for one that there is not."""
        cluster = path.strip("/")
        if cluster not in self._traffic.plan.shares:
            return None
        return f"# TYPE {METRIC} counter\n{METRIC}{{{self._labels}}} {self._count(cluster)}\n".encode()

    def _count(self, cluster: str) -> float:
        now = time.time()  # noqa: TID251 (requests are counted as time goes by)
        since, count = self._counted.get(cluster, (now, 0.0))
        count += (now - since) * self._traffic.qps(self._app, cluster, now)
        self._counted[cluster] = (now, count)
        return count


class Server:
    """One Prometheus; it can be stopped, and started again with nothing in it."""

    def __init__(
        self, folder: Path, guardian: Guardian, scrapes: Mapping[str, int], *, central: bool
    ) -> None:
        """``scrapes`` are the exporter's ports by cluster."""
        folder.mkdir(parents=True)
        self._data = folder / "data"
        self.port = free_port()
        (folder / "prometheus.yml").write_text(yaml.safe_dump(_config(scrapes, central=central)))
        command = (
            tool("prometheus"),
            f"--config.file={folder / 'prometheus.yml'}",
            f"--storage.tsdb.path={self._data}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--log.level=warn",
        )
        self._program = Program("prometheus", command, folder / "log", guardian, (self.port,))

    @property
    def url(self) -> str:
        """For `spec.prometheus.url`."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts it with an empty store."""
        shutil.rmtree(self._data, ignore_errors=True)
        self._program.start(Prometheus(self.port).ready)

    def stop(self) -> None:
        """Ends it; nobody answers at its port."""
        self._program.stop()


def _config(scrapes: Mapping[str, int], *, central: bool) -> object:
    jobs = [
        {
            "job_name": cluster,
            "metrics_path": f"/{cluster}",
            "static_configs": [
                {"targets": [f"127.0.0.1:{port}"], "labels": {"cluster": cluster} if central else {}}
            ],
        }
        for cluster, port in scrapes.items()
    ]
    return {"global": {"scrape_interval": "1s", "scrape_timeout": "1s"}, "scrape_configs": jobs}


@contextmanager
def serving(
    exporter: Exporter, names: list[str], folder: Path, *, central: bool
) -> Iterator[dict[str, Server]]:
    """The Prometheus of each cluster, which is one and the same where it is central; all run."""
    guardian = Guardian()
    started: list[Server] = []
    try:
        with pages(exporter.page) as port:
            groups = [names] if central else [[name] for name in names]
            found: dict[str, Server] = {}
            for group in groups:
                one = Server(folder / group[0], guardian, dict.fromkeys(group, port), central=central)
                started.append(one)
                one.start()
                found |= dict.fromkeys(group, one)
            try:
                yield found
            finally:
                for one in started:
                    one.stop()
    finally:
        guardian.close()
