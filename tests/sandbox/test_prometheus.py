"""The embedded Prometheus answers what the operator asks, and fails in every way that is known."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
import pytest

from gala.api.application import Signal
from gala.errors import InvalidInput
from gala.sandbox.clock import SimTime
from gala.sandbox.outages import Outage
from gala.sandbox.prometheus import EmbeddedPrometheus, Question, Series, parse
from gala.sandbox.traffic import Load, Traffic, TrafficPlan
from gala.signals.query import freshness, rate

START = 1_800_000_000.0
SIGNAL = Signal(metric="http_requests_total", match_labels={"app": "api"}, window=30.0)


@asynccontextmanager
async def prometheus() -> AsyncIterator[tuple[EmbeddedPrometheus, SimTime]]:
    plan = TrafficPlan(
        start=START,
        end=START + 3600,
        loads={"api": Load(1000.0)},
        shares={"north": 0.7, "east": 0.3},
        noise=0.0,
    )
    time = SimTime(START + 607)
    series = (Series("api", "http_requests_total", {"app": "api", "namespace": "shop"}),)
    server = EmbeddedPrometheus(Traffic(plan, seed=1), series, ("north", "east"), time.now)
    await server.start()
    try:
        yield server, time
    finally:
        await server.stop()


async def ask(url: str, query: str, *, post: bool = False) -> list[dict[str, Any]]:
    async with aiohttp.ClientSession() as session:
        call = session.post if post else session.get
        given = {"data": {"query": query}} if post else {"params": {"query": query}}
        async with call(f"{url}/api/v1/query", **given) as response:
            assert response.status == 200
            body = await response.json()
            assert body["status"] == "success"
            return body["data"]["result"]


@pytest.mark.parametrize("post", [pytest.param(False, id="by GET"), pytest.param(True, id="by POST")])
async def test_a_rendered_rate_is_the_clusters_traffic(post: bool):
    query = rate(SIGNAL, {"namespace": "shop"})
    async with prometheus() as (server, _):
        (sample,) = await ask(server.url("north"), query, post=post)
    assert (sample["value"][0], float(sample["value"][1])) == (START + 607, pytest.approx(700))


async def test_freshness_is_the_time_of_the_last_scrape():
    query = freshness(rate(SIGNAL, {"namespace": "shop"}))
    async with prometheus() as (server, _):
        (sample,) = await ask(server.url("north"), str(query))
    assert float(sample["value"][1]) == START + 600


async def test_a_central_one_selects_by_the_cluster_label_and_sums_without_it():
    async with prometheus() as (server, _):
        base = server.url("")
        (one,) = await ask(base, rate(SIGNAL, {"namespace": "shop", "cluster": "east"}))
        (both,) = await ask(base, rate(SIGNAL, {"namespace": "shop"}))
    assert (float(one["value"][1]), float(both["value"][1])) == (pytest.approx(300), pytest.approx(1000))


@pytest.mark.parametrize(
    "forced",
    [
        pytest.param({"namespace": "other"}, id="another namespace"),
        pytest.param(
            {"namespace": "shop", "app": 'api",app=~".*'}, id="a label that tries to end its matcher"
        ),
    ],
)
async def test_what_is_not_there_is_an_empty_result(forced: dict[str, str]):
    async with prometheus() as (server, _):
        assert await ask(server.url("north"), rate(SIGNAL, forced)) == []


@pytest.mark.parametrize(
    ("how", "want"),
    [
        pytest.param(Outage.ZERO, ["0.0"], id="zero"),
        pytest.param(Outage.NAN, ["NaN"], id="not a number"),
        pytest.param(Outage.EMPTY, [], id="an empty result"),
    ],
)
async def test_an_outage_that_answers(how: Outage, want: list[str]):
    async with prometheus() as (server, _):
        server.break_(how, cluster="north")
        query = rate(SIGNAL, {"namespace": "shop"})
        result = await ask(server.url("north"), query)
        assert [sample["value"][1] for sample in result] == want
        assert len(await ask(server.url("east"), query)) == 1, "the other cluster is well"
        server.break_(None, cluster="north")
        assert len(await ask(server.url("north"), query)) == 1


async def test_frozen_samples_keep_their_old_time():
    async with prometheus() as (server, time):
        server.break_(Outage.FROZEN)
        time.value += 300
        query = freshness(rate(SIGNAL, {"namespace": "shop"}))
        (sample,) = await ask(server.url("north"), str(query))
    assert float(sample["value"][1]) == START + 600


async def test_one_that_is_down_cuts_the_connection():
    async with prometheus() as (server, _):
        server.break_(Outage.DOWN)
        with pytest.raises(aiohttp.ClientError):
            await ask(server.url("north"), rate(SIGNAL, {}))


def test_a_query_is_parsed_and_not_compared():
    want = Question("m", (("a", "=", 'x"y'), ("b", "=~", "c.*")), 90.0)
    assert parse(' sum( rate(m{a="x\\"y", b=~"c.*"}[1m30s]) )') == want


async def test_several_questions_are_answered_at_once_and_told_apart():
    query = rate(SIGNAL, {"namespace": "shop"})
    parts = {"qps or so": query, "at": freshness(query)}
    batch = " or ".join(f'label_replace({part}, "is", "{name}", "", "")' for name, part in parts.items())
    async with prometheus() as (server, _):
        samples = await ask(server.url("north"), batch)
    want = {"qps or so": pytest.approx(700), "at": START + 600}
    assert {sample["metric"]["is"]: float(sample["value"][1]) for sample in samples} == want


@pytest.mark.parametrize("query", ["up", "sum(rate(m{a=}[1m]))", "sum(rate(m[x]))"])
def test_other_queries_are_refused(query: str):
    with pytest.raises(InvalidInput):
        parse(query)
