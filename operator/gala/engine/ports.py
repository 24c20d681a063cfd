"""What the engine needs of the rooms around it, in ports of one to three methods.

The wall clock, the real fleet and Prometheus stand behind them, and so do the sandbox's
stepped clock and the fakes of the tests.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from gala.api.cluster import GalaCluster
from gala.fleet.writes import WriteResult
from gala.planning.facts import ClusterFacts, EventKey, TargetKey, Traffic
from gala.planning.outcome import Write

Barrier = Mapping[tuple[str, str], int]
"""By (cluster name, or ``hub``; resource plural): the resourceVersion that caches must have reached."""


class Clock(Protocol):
    """Time for everything that is planned; request deadlines stay on the wall clock."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    async def until(self, deadline: float) -> Barrier:
        """Returns at ``deadline`` or sooner; the barrier says what must have been seen by then."""
        ...

    def wake(self) -> None:
        """Ends a running ``until`` early, because somebody wants something else."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A target whose facts a plan needs, in one cluster."""

    target: TargetKey
    warmup: float
    """Seconds after which a Ready pod counts as warm."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """One QPS figure: of one workload of one event in one cluster.

    ``query`` is a complete PromQL expression that yields one sample.
    """

    event: EventKey
    workload: str
    cluster: str
    query: str
    interval: float
    """Seconds between two questions."""


class Listening(Protocol):
    """How well intake is told what people want; ages are wall seconds, None for never."""

    @property
    def listed_ago(self) -> float | None:
        """Since both kinds were listed."""
        ...

    @property
    def watched_ago(self) -> float | None:
        """Since the older watch was opened."""
        ...

    @property
    def restarts(self) -> int:
        """Of the watch since the start."""
        ...

    @property
    def problem(self) -> str:
        """What is wrong; empty when all is well."""
        ...


class Fleet(Protocol):
    """All member clusters."""

    async def sync(self, clusters: Sequence[GalaCluster], wanted: Mapping[str, Sequence[Wanted]]) -> None:
        """Starts, changes or stops the work for each cluster; returns without waiting for any of them."""
        ...

    async def observe(self, barrier: Barrier) -> Mapping[str, ClusterFacts]:
        """Facts from the caches, without ``traffic``; a cluster that fails is a value, never an exception."""
        ...

    async def apply(self, writes: Sequence[Write]) -> Sequence[WriteResult]:
        """Carries writes out, in order within a cluster and side by side between clusters."""
        ...


class Signals(Protocol):
    """Where the traffic is known from."""

    async def refresh(
        self, clusters: Sequence[GalaCluster], asks: Sequence[Ask]
    ) -> Mapping[str, Mapping[tuple[EventKey, str], Traffic]]:
        """By cluster: the two latest samples of every ask; what failed is ``Missing`` with its reason."""
        ...

    async def close(self) -> None:
        """Lets go of every connection."""
        ...
