"""QPS from each cluster's Prometheus, or from a central one.

What cannot be had is Missing with its reason: no data is never 0, and nothing is raised.
Prometheus is asked in threads (the client is synchronous), each cluster by one thread at
a time, at most every ``interval`` of the question for each figure, with a deadline for all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, Protocol

from gala.api.cluster import GalaCluster, Prometheus
from gala.errors import CredentialsRefused, GalaError
from gala.planning.facts import EventKey, Missing, Sample, Traffic
from gala.settings import Settings
from gala.signals.reach import Reach
from gala.signals.source import Secret, Source

_THREADS: Final = 8

_LITTLE_PATIENCE: Final = 0.25
"""Seconds of wall time that a pass waits for a Prometheus that was too slow last time."""

_SECRET_AGE: Final = 300.0
"""Seconds after which a token or CA is read again: tokens rotate."""


class Ask(Protocol):
    """One figure: of one workload of one event in one cluster."""

    @property
    def event(self) -> EventKey:
        """Whose workload."""
        ...

    @property
    def workload(self) -> str:
        """Its name in the event."""
        ...

    @property
    def cluster(self) -> str:
        """Name of the GalaCluster."""
        ...

    @property
    def query(self) -> str:
        """A complete PromQL expression that yields one sample."""
        ...

    @property
    def interval(self) -> float:
        """Seconds between two questions."""
        ...


class Secrets(Protocol):
    """Secrets of the fleet namespace."""

    async def read(self, name: str, key: str) -> bytes:
        """The decoded value; raises a GalaError."""
        ...


_Figure = tuple[EventKey, str]
_Answers = list[Sample | Missing]


@dataclass(frozen=True, slots=True)
class Known:
    """What one question has brought so far."""

    query: str
    asked_at: float
    latest: Sample | Missing
    good: tuple[Sample, ...] = ()
    """The two newest distinct samples, newest first."""

    def then(self, now: float, answer: Sample | Missing) -> Known:
        """After another answer; a sample that is not newer than the last replaces nothing but its value."""
        good = self.good
        if isinstance(answer, Sample):
            if not good or answer.at > good[0].at:
                good = (answer, *good[:1])
            elif answer.at == good[0].at:
                good = (answer, *good[1:])
            answer = good[0]
        return Known(self.query, now, answer, good)

    @property
    def traffic(self) -> Traffic:
        """For the plan; while the latest is Missing the last good sample stands as the previous one."""
        if isinstance(self.latest, Missing):
            return Traffic(self.latest, self.good[0] if self.good else None)
        return Traffic(self.latest, self.good[1] if len(self.good) > 1 else None)


class _Site:
    """One cluster's Prometheus, and the question that its thread is at."""

    def __init__(self, config: Prometheus, secret: Secret, source: Source, *, at: float) -> None:
        self.config = config
        self.secret = secret
        self.source = source
        self.secret_at = at
        self.slow = False
        self.known: dict[_Figure, Known] = {}
        self.busy: asyncio.Future[_Answers] | None = None
        self.asked: Sequence[Ask] = ()


class PrometheusSignals:
    """The real signals behind the engine's port."""

    def __init__(self, settings: Settings, now: Callable[[], float], secrets: Secrets) -> None:
        self._settings = settings
        self._now = now
        self._secrets = secrets
        self._reach = Reach(settings.prometheus_addresses)
        self._sites: dict[str, _Site] = {}
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="prometheus")

    async def refresh(
        self, clusters: Sequence[GalaCluster], asks: Sequence[Ask]
    ) -> Mapping[str, Mapping[_Figure, Traffic]]:
        """By cluster: the two latest samples of every ask; what failed is Missing with its reason."""
        now = self._now()
        configs = {cluster.metadata.name: cluster.spec.prometheus for cluster in clusters}
        by_cluster: dict[str, list[Ask]] = {}
        for ask in asks:
            by_cluster.setdefault(ask.cluster, []).append(ask)
        for name in [name for name in self._sites if configs.get(name) is None]:
            self._sites.pop(name).source.close()
        answers = await asyncio.gather(
            *(self._cluster(name, configs.get(name), group, now) for name, group in by_cluster.items())
        )
        return dict(zip(by_cluster, answers, strict=True))

    async def close(self) -> None:
        """Lets go of every connection; does not wait for a thread that hangs."""
        for site in self._sites.values():
            site.source.close()
        self._sites.clear()
        self._threads.shutdown(wait=False, cancel_futures=True)

    async def _cluster(
        self, name: str, config: Prometheus | None, asks: Sequence[Ask], now: float
    ) -> dict[_Figure, Traffic]:
        if config is None:
            return _all_missing(asks, Missing("NotConfigured", f"{name} has no spec.prometheus."))
        refused = _all_missing([ask for ask in asks if not ask.query], _not_allowed(name))
        asks = [ask for ask in asks if ask.query]
        return refused | (await self._asked(name, config, asks, now) if asks else {})

    async def _asked(
        self, name: str, config: Prometheus, asks: Sequence[Ask], now: float
    ) -> dict[_Figure, Traffic]:
        try:
            site = await self._site(name, config, now)
        except GalaError as error:
            reason = "CredentialsRefused" if isinstance(error, CredentialsRefused) else "SecretUnreadable"
            return _all_missing(asks, Missing(reason, str(error)))
        await self._ask(site, asks, now)
        site.known = {_figure(ask): site.known[_figure(ask)] for ask in asks}
        return {figure: known.traffic for figure, known in site.known.items()}

    async def _ask(self, site: _Site, asks: Sequence[Ask], now: float) -> None:
        """Asks what is due; who was slow last time gets little patience, and answers a pass later."""
        due = [ask for ask in asks if self._due(site.known.get(_figure(ask)), ask, now)]
        if site.busy is None:
            if not due:
                return
            site.asked = due
            queries = [ask.query for ask in due]
            loop = asyncio.get_running_loop()
            site.busy = loop.run_in_executor(self._threads, site.source.ask, queries, now)
        patience = _LITTLE_PATIENCE if site.slow else self._settings.request_deadline
        await asyncio.wait({site.busy}, timeout=patience)
        if not site.busy.done():
            site.slow = True
            late = Missing("Timeout", f"Prometheus did not answer within {patience:g} s.")
            self._store(site, due, [late] * len(due), now)
            return
        busy, asked, site.busy = site.busy, site.asked, None
        answers = _outcome(busy, len(asked))
        site.slow = any(isinstance(item, Missing) and item.reason == "Timeout" for item in answers)
        self._store(site, asked, answers, now)
        missed = Missing("Timeout", "Prometheus was still busy with the question before.")
        self._store(site, [ask for ask in due if _figure(ask) not in site.known], [missed] * len(due), now)

    def _due(self, known: Known | None, ask: Ask, now: float) -> bool:
        return known is None or known.query != ask.query or now - known.asked_at >= ask.interval

    def _store(self, site: _Site, asks: Sequence[Ask], answers: _Answers, now: float) -> None:
        for ask, answer in zip(asks, answers, strict=False):
            known = site.known.get(_figure(ask))
            if known is None or known.query != ask.query:
                known = Known(ask.query, now, answer)
            site.known[_figure(ask)] = known.then(now, answer)

    async def _site(self, name: str, config: Prometheus, now: float) -> _Site:
        """The cluster's Prometheus; its Secrets are read again now and then, for tokens rotate."""
        site = self._sites.get(name)
        if site is not None and site.config == config and now - site.secret_at < _SECRET_AGE:
            return site
        secret = await self._secret(config)
        if site is not None and (site.config, site.secret) == (config, secret):
            site.secret_at = now
            return site
        source = Source(config.url, secret, seconds=self._settings.request_deadline, reach=self._reach)
        fresh = _Site(config, secret, source, at=now)
        if site is not None:
            fresh.known = site.known
            site.source.close()
        self._sites[name] = fresh
        return fresh

    async def _secret(self, config: Prometheus) -> Secret:
        token, ca = config.bearer_token_secret_ref, config.ca_secret_ref
        return Secret(
            token=(await self._secrets.read(token.name, token.key)).decode("latin-1").strip()
            if token
            else "",
            ca=await self._secrets.read(ca.name, ca.key) if ca else b"",
        )


def _figure(ask: Ask) -> _Figure:
    return ask.event, ask.workload


def _outcome(done: asyncio.Future[_Answers], count: int) -> _Answers:
    error = done.exception()
    if error is None:
        return done.result()
    return [Missing("Failed", f"Prometheus could not be asked: {error!r}")] * count


def _not_allowed(cluster: str) -> Missing:
    return Missing(
        "QueryNotAllowed",
        "a query of one's own sees every namespace's series, so it is not asked; write signal instead, "
        f"or have the platform team set spec.prometheus.allowCustomQueries in GalaCluster {cluster}.",
    )


def _all_missing(asks: Sequence[Ask], missing: Missing) -> dict[_Figure, Traffic]:
    return {_figure(ask): Traffic(missing) for ask in asks}
