"""QPS from a Prometheus that lies in every way we know: never a zero, never an exception."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web

from gala.api.cluster import GalaCluster
from gala.errors import Rejected
from gala.planning.facts import EventKey, Missing, Sample, Traffic
from gala.settings import Settings
from gala.signals.prometheus import Known, PrometheusSignals
from gala.signals.query import Question
from gala.signals.session import is_local
from signals_server import LyingPrometheus, asked, marked, vector

NIGHT = EventKey("shop", "night")
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

    def __init__(self, prometheus: LyingPrometheus, *, deadline: float, allow_local: bool) -> None:
        self.prometheus = prometheus
        self.now = 1_000.0
        self.vault = Vault()
        self.extra: dict[str, Any] = {}
        settings = Settings(request_deadline=deadline)
        self.signals = PrometheusSignals(settings, lambda: self.now, self.vault, allow_local=allow_local)

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
async def stage(*, deadline: float = 5.0, allow_local: bool = True) -> AsyncIterator[Stage]:
    async with asked() as prometheus:
        made = Stage(prometheus, deadline=deadline, allow_local=allow_local)
        try:
            yield made
        finally:
            await made.signals.close()


def reason(traffic: Traffic) -> str:
    assert isinstance(traffic.latest, Missing), traffic
    return traffic.latest.reason


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


def fault(**answer: Any) -> Any:
    async def instead(request: web.Request) -> web.StreamResponse:
        return web.Response(**answer)

    return instead


def body(value: object) -> Any:
    return fault(text=json.dumps(value), content_type="application/json")


async def two_samples(request: web.Request) -> web.StreamResponse:
    return marked([("0v", [5_000.0, "1"]), ("0v", [5_000.0, "2"])])


async def partial(request: web.Request) -> web.StreamResponse:
    return vector([[5_000.0, "1"]], warnings=["store gateway 3 did not answer"])


async def endless(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    while True:
        await response.write(b" " * (1 << 20))


@pytest.mark.parametrize(
    ("instead", "want"),
    [
        pytest.param(two_samples, "NotOneSample", id="two samples are not added up in silence"),
        pytest.param(partial, "PartialData", id="a partial answer is no answer"),
        pytest.param(fault(text="<html>log in</html>"), "NotPrometheus", id="a login page is no answer"),
        pytest.param(body({"status": "success"}), "NotPrometheus", id="an answer without data is no answer"),
        pytest.param(
            body({"status": "error", "data": {}}), "NotPrometheus", id="an error with status 200 is none"
        ),
        pytest.param(body([1]), "NotPrometheus", id="a list is no answer"),
        pytest.param(
            body({"status": "success", "data": {"result": [{"value": [1, "many"]}]}}),
            "NotPrometheus",
            id="a value that is no number is no answer",
        ),
        pytest.param(fault(status=400, text="{}"), "QueryRefused", id="a query that is refused"),
        pytest.param(fault(status=401), "Unauthorized", id="a login that is refused"),
        pytest.param(fault(status=500), "Failed", id="an internal error"),
        pytest.param(
            fault(status=302, headers={"Location": "/"}), "Redirected", id="a redirect is not followed"
        ),
        pytest.param(endless, "Unreachable", id="an answer without end is cut"),
    ],
)
async def test_an_answer_that_is_none_is_missing_with_its_reason(instead: Any, want: str) -> None:
    async with stage() as it:
        it.prometheus.instead = instead

        assert reason(await it.ask()) == want


@pytest.mark.parametrize(
    ("rate", "scraped", "want"),
    [
        pytest.param(None, 990.0, "NoData", id="an empty result is no data and never 0"),
        pytest.param("NaN", 990.0, "NotANumber", id="NaN is no figure"),
        pytest.param("+Inf", 990.0, "NotANumber", id="infinity is no figure"),
        pytest.param("-1", 990.0, "Negative", id="traffic is never negative"),
        pytest.param("120", None, "NoData", id="a rate without any fresh series is no data"),
        pytest.param("120", 600.0, "Stale", id="a sample of long ago is stale"),
        pytest.param("120", 1_100.0, "ClockSkew", id="a sample of the future is not believed"),
    ],
)
async def test_a_figure_that_cannot_be_believed_is_missing(
    rate: str | None, scraped: float | None, want: str
) -> None:
    async with stage() as it:
        it.prometheus.rate, it.prometheus.scraped = rate, scraped

        assert reason(await it.ask()) == want


async def test_zero_is_a_figure() -> None:
    async with stage() as it:
        it.prometheus.rate = "0"

        assert await it.ask() == Traffic(Sample(0.0, 990.0))


async def test_a_scalar_is_a_figure_too() -> None:
    async with stage() as it:
        it.now = 5_000.0
        it.prometheus.instead = body(
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


async def test_an_answer_that_drips_is_given_up() -> None:
    async def drip(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        while True:
            await response.write(b" ")
            await asyncio.sleep(0.05)

    async with stage(deadline=0.3) as it:
        it.prometheus.instead = drip

        assert reason(await it.ask()) == "Timeout"


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("http://169.254.169.254/latest", id="the cloud's metadata service"),
        pytest.param("http://127.0.0.1:9090", id="this machine"),
        pytest.param("http://localhost:9090", id="this machine by name"),
        pytest.param("http://[::ffff:127.0.0.1]:9090", id="this machine in IPv6 clothing"),
        pytest.param("http://0.0.0.0:9090", id="no address at all"),
    ],
)
async def test_an_address_of_this_machine_or_its_link_is_refused(url: str) -> None:
    async with stage(allow_local=False) as it:
        assert reason(await it.ask(url=url)) == "AddressRefused"
        assert it.prometheus.queries == []


@pytest.mark.parametrize(
    ("address", "want"),
    [
        pytest.param("10.0.0.7", False, id="a private network is where a Prometheus is"),
        pytest.param("fe80::1%eth0", True, id="a link with its zone"),
        pytest.param("::1", True, id="loopback"),
        pytest.param("2001:db8::1", False, id="any other"),
    ],
)
def test_which_addresses_are_local(address: str, want: bool) -> None:
    assert is_local(address) is want


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
