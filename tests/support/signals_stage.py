"""One Prometheus on loopback, the signals that ask it, and what they make of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from ipaddress import ip_network
from typing import Any

from gala.api.cluster import GalaCluster
from gala.errors import Rejected
from gala.planning.facts import EventKey, Missing, Traffic
from gala.settings import Settings
from gala.signals.prometheus import PrometheusSignals
from gala.signals.query import Question
from signals_server import LyingPrometheus, asked

NIGHT = EventKey("shop", "night")
LOOPBACK = "127.0.0.0/8"
QUERY = 'sum(rate(http_requests_total{namespace="shop"}[60000ms]))'


class Vault:
    """Secrets by name."""

    def __init__(self, secrets: Mapping[str, bytes] | None = None) -> None:
        self.secrets = dict(secrets or {})

    async def read(self, name: str, key: str) -> bytes:
        if name not in self.secrets:
            raise Rejected(f"Secret {name} not found", status=404)
        return self.secrets[name]


class Stage:
    """One Prometheus and the signals that ask it."""

    def __init__(self, prometheus: LyingPrometheus, *, deadline: float, allowed: Sequence[str]) -> None:
        self.prometheus = prometheus
        self.now = 1_000.0
        self.vault = Vault()
        self.extra: dict[str, Any] = {}
        networks = tuple(ip_network(text) for text in allowed)
        settings = Settings(request_deadline=deadline, prometheus_addresses=networks)
        self.signals = PrometheusSignals(settings, lambda: self.now, self.vault)

    async def ask(
        self, query: str = QUERY, *, later: float = 0.0, url: str = "", interval: float = 15.0
    ) -> Traffic:
        """The traffic of one workload, some seconds later."""
        self.now += later
        clusters = [cluster("north", {"url": url or self.prometheus.url, **self.extra})]
        got = await self.signals.refresh(clusters, [Question(NIGHT, "web", "north", query, interval)])
        return got["north"][NIGHT, "web"]


def cluster(name: str, prometheus: dict[str, Any] | None) -> GalaCluster:
    spec = {} if prometheus is None else {"prometheus": prometheus}
    return GalaCluster.model_validate({"metadata": {"name": name, "namespace": "gala-system"}, "spec": spec})


@asynccontextmanager
async def stage(*, deadline: float = 5.0, allowed: Sequence[str] = (LOOPBACK,)) -> AsyncIterator[Stage]:
    async with asked() as prometheus:
        made = Stage(prometheus, deadline=deadline, allowed=allowed)
        try:
            yield made
        finally:
            await made.signals.close()


def reason(traffic: Traffic) -> str:
    assert isinstance(traffic.latest, Missing), traffic
    return traffic.latest.reason
