"""A Prometheus that fails or lies in every way we know: Missing with its reason, never 0 or an exception."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import pytest
from aiohttp import web

from gala.planning.facts import Sample
from gala.signals.query import Question
from signals_server import document, fault, marked, vector
from signals_stage import NIGHT, QUERY, cluster, reason, stage

ONE = {"metric": {"gala": "0v"}, "value": [5_000, "7"]}


async def two_samples(request: web.Request) -> web.StreamResponse:
    return marked([("0v", [5_000.0, "1"]), ("0v", [5_000.0, "2"])])


async def partial(request: web.Request) -> web.StreamResponse:
    return vector([[5_000.0, "1"]], warnings=["store gateway 3 did not answer"])


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" " * (1 << 20))


async def drip(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" ")
        await asyncio.sleep(0.05)


async def cut(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Length": "9000"})
    await response.prepare(request)
    await response.write(b'{"status": "success"')
    assert request.transport is not None
    request.transport.abort()
    return response


def success(**data: Any) -> Any:
    return document({"status": "success", "data": data})


def bomb(size: int) -> Any:
    """Few bytes on the wire that grow to ``size``."""
    return fault(body=gzip.compress(b" " * size), headers={"Content-Encoding": "gzip"})


LOGIN_PAGE = fault(text="<html>log in</html>", content_type="text/html")
MATRIX = {"resultType": "matrix", "result": [{"metric": {}, "values": [[5_000, "1"]]}]}
DEEP = fault(text="[" * 100_000, content_type="application/json")


@pytest.mark.parametrize(
    ("instead", "want"),
    [
        pytest.param(two_samples, "NotOneSample", id="two samples are not added up in silence"),
        pytest.param(success(**MATRIX), "NotOneSample", id="a matrix is not one figure"),
        pytest.param(
            success(resultType="string", result=[5_000, "7"]), "NotOneSample", id="a text is no figure"
        ),
        pytest.param(partial, "PartialData", id="a partial answer is no answer"),
        pytest.param(LOGIN_PAGE, "NotPrometheus", id="a login page is no answer"),
        pytest.param(fault(text=""), "NotPrometheus", id="nothing at all is no answer"),
        pytest.param(
            fault(text='{"status": "success", "da'), "NotPrometheus", id="half an answer is no answer"
        ),
        pytest.param(fault(body=b"\xff\xfe\x00"), "NotPrometheus", id="bytes that are no text are no answer"),
        pytest.param(DEEP, "NotPrometheus", id="brackets without end are no answer"),
        pytest.param(document({"status": "success"}), "NotPrometheus", id="an answer without data is none"),
        pytest.param(document({"data": ONE}), "NotPrometheus", id="an answer without status is none"),
        pytest.param(document([1]), "NotPrometheus", id="a list is no answer"),
        pytest.param(document(None), "NotPrometheus", id="null is no answer"),
        pytest.param(success(result=7), "NotPrometheus", id="a result that is no list is none"),
        pytest.param(success(result=[ONE["value"]]), "NotPrometheus", id="a sample without labels is none"),
        pytest.param(
            success(result=[{**ONE, "value": [1, "many"]}]),
            "NotPrometheus",
            id="a value that is no number is no answer",
        ),
        pytest.param(
            success(result=[{**ONE, "value": [float("nan"), "7"]}]),
            "NotPrometheus",
            id="a time that is no number is no answer",
        ),
        pytest.param(
            document({"status": "error", "errorType": "execution", "error": "out of memory"}),
            "Failed",
            id="an error with status 200 is an error",
        ),
        pytest.param(fault(status=400, text="{}"), "QueryRefused", id="a query that is refused"),
        pytest.param(fault(status=422, text="{}"), "QueryRefused", id="a query that cannot be carried out"),
        pytest.param(fault(status=401), "Unauthorized", id="a login that is refused"),
        pytest.param(fault(status=403), "Unauthorized", id="a right that is missing"),
        pytest.param(fault(status=404), "Failed", id="a path that is not there"),
        pytest.param(fault(status=429), "Failed", id="too many questions"),
        pytest.param(fault(status=500), "Failed", id="an internal error"),
        pytest.param(fault(status=503), "Failed", id="a server that is not ready"),
        pytest.param(
            fault(status=302, headers={"Location": "/"}), "Redirected", id="a redirect is not followed"
        ),
        pytest.param(
            fault(status=307, headers={"Location": "http://169.254.169.254/"}),
            "Redirected",
            id="nor one to a metadata service",
        ),
        pytest.param(cut, "Unreachable", id="an answer that is cut off"),
        pytest.param(endless, "Unreachable", id="an answer without end is cut"),
        pytest.param(bomb(64 << 20), "Unreachable", id="nor does a packed one fill the memory"),
    ],
)
async def test_an_answer_that_is_none_is_missing_with_its_reason(instead: Any, want: str) -> None:
    async with stage() as it:
        it.prometheus.instead = instead

        traffic = await it.ask()

        assert reason(traffic) == want
        assert len(it.prometheus.queries) <= 3


@pytest.mark.parametrize(
    ("rate", "scraped", "want"),
    [
        pytest.param(None, 990.0, "NoData", id="an empty result is no data and never 0"),
        pytest.param("NaN", 990.0, "NotANumber", id="NaN is no figure"),
        pytest.param("+Inf", 990.0, "NotANumber", id="infinity is no figure"),
        pytest.param("-Inf", 990.0, "NotANumber", id="nor is its opposite"),
        pytest.param("1e400", 990.0, "NotANumber", id="a number beyond all numbers is no figure"),
        pytest.param("1e300", 990.0, "TooLarge", id="more queries than there can be are no figure"),
        pytest.param("-1", 990.0, "Negative", id="traffic is never negative"),
        pytest.param("120", None, "NoData", id="a rate without any fresh series is no data"),
        pytest.param("120", 600.0, "Stale", id="a sample of long ago is stale"),
        pytest.param("120", 0.0, "Stale", id="a sample of 1970 is stale"),
        pytest.param("120", -1e12, "Stale", id="a sample from before all time is stale"),
        pytest.param("120", 1_100.0, "ClockSkew", id="a sample of the future is not believed"),
        pytest.param("120", 1e15, "ClockSkew", id="nor one of the far future"),
        pytest.param("120", "NaN", "NotANumber", id="a scrape at no time is no scrape"),
        pytest.param("120", "+Inf", "NotANumber", id="a scrape at the end of time is no scrape"),
    ],
)
async def test_a_figure_that_cannot_be_believed_is_missing(rate: str | None, scraped: Any, want: str) -> None:
    async with stage() as it:
        it.prometheus.rate, it.prometheus.scraped = rate, scraped

        assert reason(await it.ask()) == want


async def test_a_frozen_sample_keeps_the_time_at_which_it_was_scraped() -> None:
    """Whoever reads it sees that it grows old; ``staleAfter`` is the plan's to judge."""
    async with stage() as it:
        for _ in range(4):
            assert (await it.ask(later=15)).latest == Sample(120.5, 990.0)


async def test_an_answer_that_drips_is_given_up() -> None:
    async with stage(deadline=0.3) as it:
        it.prometheus.instead = drip

        assert reason(await it.ask()) == "Timeout"


async def test_a_partial_scrape_hides_only_what_is_missing() -> None:
    """Of two workloads one has series; the other's is no data, not 0."""

    async def first_only(request: web.Request) -> web.StreamResponse:
        return marked([("0v", [5_000.0, "7"]), ("0t", [5_000.0, "990"])])

    async with stage() as it:
        it.prometheus.instead = first_only
        place = [cluster("north", {"url": it.prometheus.url})]
        both = [
            Question(NIGHT, "web", "north", QUERY),
            Question(NIGHT, "api", "north", QUERY.replace("http", "api")),
        ]
        got = (await it.signals.refresh(place, both))["north"]

    assert got[NIGHT, "web"].latest == Sample(7.0, 990.0)
    assert reason(got[NIGHT, "api"]) == "NoData"


@pytest.mark.parametrize(
    "instead",
    [
        pytest.param(
            fault(status=500, text="\x1b[31m<class 'x'> object at 0x7f"), id="an error with rubbish"
        ),
        pytest.param(fault(status=422, text=json.dumps({"error": "a" * 5_000})), id="a long error"),
        pytest.param(document({"status": "error", "error": ["x"] * 1_000}), id="an error that is a list"),
        pytest.param(partial, id="a warning"),
    ],
)
async def test_what_a_server_says_fits_into_one_sentence(instead: Any) -> None:
    async with stage() as it:
        it.prometheus.instead = instead
        missing = (await it.ask()).latest

    assert not isinstance(missing, Sample)
    assert len(missing.message) < 250
    assert "\x1b" not in missing.message
