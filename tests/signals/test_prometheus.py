"""Asking a Prometheus: how often, with which secrets, and what is kept of its answers."""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from gala.planning.facts import Sample, Traffic
from gala.signals.prometheus import Known
from gala.signals.query import Question
from signals_server import document, vector
from signals_stage import NIGHT, QUERY, cluster, reason, stage


async def test_a_sample_carries_the_time_of_its_newest_scrape_and_not_of_the_question() -> None:
    async with stage() as it:
        assert await it.ask() == Traffic(Sample(120.5, 990.0))


async def test_the_last_two_distinct_samples_are_kept() -> None:
    async with stage() as it:
        await it.ask()
        assert await it.ask(later=15) == Traffic(Sample(120.5, 990.0))

        it.prometheus.rate, it.prometheus.scraped = "150", 1_020.0
        assert await it.ask(later=15) == Traffic(Sample(150.0, 1_020.0), Sample(120.5, 990.0))


async def test_prometheus_is_asked_at_most_once_in_an_interval() -> None:
    async with stage() as it:
        await it.ask()
        for _ in range(7):
            await it.ask(later=2)
        assert len(it.prometheus.queries) == 1

        await it.ask(later=1)
        assert len(it.prometheus.queries) == 2


async def test_an_event_says_how_often_its_figures_are_asked_for() -> None:
    async with stage() as it:
        await it.ask(interval=30)
        await it.ask(interval=30, later=29)
        assert len(it.prometheus.queries) == 1

        await it.ask(interval=30, later=1)
        assert len(it.prometheus.queries) == 2


async def test_another_query_is_asked_at_once() -> None:
    async with stage() as it:
        await it.ask()
        await it.ask(QUERY.replace("shop", "blue"))

        assert len(it.prometheus.queries) == 2


async def test_a_query_of_ones_own_counts_as_taken_when_it_was_asked() -> None:
    async with stage() as it:
        it.now = 5_001.0

        assert await it.ask("my_qps") == Traffic(Sample(120.5, 5_000.0))


async def test_zero_is_a_figure() -> None:
    async with stage() as it:
        it.prometheus.rate = "0"

        assert await it.ask() == Traffic(Sample(0.0, 990.0))


async def test_a_scalar_is_a_figure_too() -> None:
    async with stage() as it:
        it.now = 5_000.0
        it.prometheus.instead = document(
            {"status": "success", "data": {"resultType": "scalar", "result": [5_000, "7"]}}
        )

        assert await it.ask("scalar(x)") == Traffic(Sample(7.0, 5_000.0))


async def test_after_an_outage_the_last_good_sample_is_the_previous_one() -> None:
    async with stage() as it:
        await it.ask()
        it.prometheus.rate = None
        blind = await it.ask(later=15)
        assert (reason(blind), blind.previous) == ("NoData", Sample(120.5, 990.0))

        it.prometheus.rate, it.prometheus.scraped = "130", 1_025.0
        assert await it.ask(later=15) == Traffic(Sample(130.0, 1_025.0), Sample(120.5, 990.0))


async def test_a_refused_connection_is_missing() -> None:
    async with stage() as it:
        assert reason(await it.ask(url="http://127.0.0.1:1")) == "Unreachable"


async def test_a_prometheus_that_hangs_is_waited_for_once_and_answers_a_pass_later() -> None:
    release = asyncio.Event()

    async def hang(request: web.Request) -> web.StreamResponse:
        await release.wait()
        return vector([[1_000.0, "7"]])

    async with stage(deadline=0.5) as it:
        it.prometheus.instead = hang
        assert reason(await it.ask()) == "Timeout"
        assert reason(await it.ask(later=15)) == "Timeout"

        release.set()
        it.prometheus.instead = None
        for _ in range(20):
            traffic = await it.ask(later=15)
            it.prometheus.scraped = it.now
            if isinstance(traffic.latest, Sample):
                break
        assert isinstance(traffic.latest, Sample)


async def test_the_bearer_token_comes_from_its_secret() -> None:
    async with stage() as it:
        it.vault.secrets["prom"] = b"t0k3n\n"
        it.extra = {"bearerTokenSecretRef": {"name": "prom", "key": "token"}}
        await it.ask()
        assert set(it.prometheus.tokens) == {"Bearer t0k3n"}

        it.vault.secrets["prom"] = b"rotated"
        it.prometheus.scraped = 1_300.0
        assert await it.ask(later=300) == Traffic(Sample(120.5, 1_300.0), Sample(120.5, 990.0))
        assert it.prometheus.tokens[-1] == "Bearer rotated"


async def test_a_missing_secret_is_missing_traffic() -> None:
    async with stage() as it:
        it.extra = {"caSecretRef": {"name": "ca", "key": "ca.crt"}}

        assert reason(await it.ask()) == "SecretUnreadable"
        assert it.prometheus.queries == []


async def test_an_authority_that_is_none_is_missing_traffic() -> None:
    async with stage() as it:
        it.vault.secrets["ca"] = b"no certificate"
        it.extra = {"caSecretRef": {"name": "ca", "key": "ca.crt"}}

        assert reason(await it.ask(url="https://127.0.0.1:1")) == "Unreachable"


async def test_what_may_not_be_asked_is_missing_and_not_asked() -> None:
    async with stage() as it:
        assert reason(await it.ask("")) == "QueryNotAllowed"
        assert it.prometheus.queries == []


async def test_one_prometheus_that_is_down_leaves_the_others_alone() -> None:
    async with stage() as it:
        clusters = [
            cluster("north", {"url": it.prometheus.url}),
            cluster("south", {"url": "http://127.0.0.1:1"}),
            cluster("west", None),
        ]
        asks = [
            Question(NIGHT, name, where.metadata.name, QUERY) for where in clusters for name in ("web", "api")
        ]
        got = await it.signals.refresh(clusters, asks)

        assert {traffic.latest for traffic in got["north"].values()} == {Sample(120.5, 990.0)}
        assert {reason(traffic) for traffic in got["south"].values()} == {"Unreachable"}
        assert {reason(traffic) for traffic in got["west"].values()} == {"NotConfigured"}


async def test_the_environments_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    async with stage() as it:
        assert isinstance((await it.ask()).latest, Sample)


def test_a_replica_that_lags_does_not_bring_an_older_sample_back() -> None:
    known = Known("q", 0.0, Sample(5.0, 100.0)).then(0.0, Sample(5.0, 100.0)).then(1.0, Sample(4.0, 90.0))

    assert known.traffic == Traffic(Sample(5.0, 100.0))
