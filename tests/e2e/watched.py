"""What the API servers said of workloads, moment by moment: a watch of each cluster's, by kubectl."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import IO, NamedTuple

from clusters.cluster import Cluster

_COLUMNS = r'jsonpath={.metadata.name} {.spec.replicas} {.status.readyReplicas}{"\n"}'


class Seen(NamedTuple):
    """One workload as of one moment."""

    at: datetime
    replicas: int
    ready: int


class Watched:
    """The histories of one kind in one namespace of several clusters."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], list[Seen]] = {}

    def history(self, cluster: str, name: str) -> Sequence[Seen]:
        """All that was seen of a workload, oldest first."""
        return tuple(self._seen.get((cluster, name), ()))

    def ready(self, cluster: str, name: str, at: datetime) -> int:
        """How many were Ready at that moment."""
        known = [one.ready for one in self.history(cluster, name) if one.at <= at]
        return known[-1] if known else 0

    def least_ready(self, cluster: str, name: str, since: datetime, until: datetime) -> int:
        """The fewest that were Ready in [since, until)."""
        within = [one.ready for one in self.history(cluster, name) if since <= one.at < until]
        return min([self.ready(cluster, name, since), *within])

    def when_ready(self, cluster: str, name: str, count: int) -> datetime | None:
        """When so many were Ready for the first time."""
        return next((one.at for one in self.history(cluster, name) if one.ready >= count), None)

    def take(self, cluster: str, lines: IO[str]) -> None:
        """Reads what a watch prints, to its end."""
        for line in lines:
            name, replicas, *ready = line.split()
            at = datetime.now(UTC)  # noqa: TID251 (when it was seen is what this is about)
            seen = Seen(at, int(replicas), int(ready[0]) if ready else 0)
            self._seen.setdefault((cluster, name), []).append(seen)


@contextmanager
def watched(clusters: Sequence[Cluster], namespace: str, kind: str = "deployments") -> Iterator[Watched]:
    """Watches until the end of the block."""
    found = Watched()
    running = []
    try:
        for cluster in clusters:
            words = ("get", kind, "-n", namespace, "--watch", "-o", _COLUMNS)
            process = cluster.spawn(*words)
            assert process.stdout is not None
            reader = threading.Thread(target=found.take, args=(cluster.name, process.stdout), daemon=True)
            reader.start()
            running.append((process, reader))
        yield found
    finally:
        for process, reader in running:
            _end(process)
            reader.join(5)


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.wait(10)
    if process.stdout is not None:
        process.stdout.close()
