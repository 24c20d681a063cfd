"""One Prometheus, asked from a thread."""

from __future__ import annotations

import json
import math
import re
import tempfile
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeVar

import requests
import urllib3
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException
from urllib3.util.retry import Retry

from gala.api.scalars import MAX_QPS
from gala.planning.facts import Missing, Sample
from gala.signals.query import MARK, freshness, union
from gala.signals.reach import AddressRefused, Reach
from gala.signals.session import BoundedSession, Unusable

_OLDEST: Final = 300.0
"""Seconds: Prometheus itself gives a series up after five minutes."""

_AHEAD: Final = 60.0
"""Seconds that a sample may lie in our future before one of the clocks is not believed."""

_STATUS: Final = re.compile(r"HTTP Status Code (\d{3})")

_SAID: Final = re.compile(r'"error": ?"([^"]*)"')
"""What Prometheus' own error says, within the text that the client makes of it."""

_OBJECT: Final = re.compile(r"<[^>]*>: ?|HTTPS?Connection(Pool)?\([^)]*\): ?")

_LONGEST: Final = 120
"""Characters of somebody else's words in a sentence of ours."""

_DOWN: Final = frozenset({"Timeout", "Unreachable", "AddressRefused", "Unauthorized"})
"""Reasons that hold for every other question to the same server too."""


_TOGETHER: Final = 10
"""Figures in one request: their union stays under the 8 KB that proxies allow a request line."""

_T = TypeVar("_T")


class Secret(NamedTuple):
    """What a Prometheus wants to see, and what it is known by."""

    token: str = ""
    ca: bytes = b""
    """PEM; empty for the public authorities."""


class Source:
    """Use it from one thread at a time."""

    def __init__(self, url: str, secret: Secret, *, seconds: float, reach: Reach) -> None:
        """``seconds`` is the deadline of one request, ``reach`` where it may lead."""
        self._url = url.rstrip("/")
        self._secret = secret
        self._seconds = seconds
        self._reach = reach
        self._client: PrometheusConnect | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def ask(self, queries: Sequence[str], now: float) -> list[Sample | Missing]:
        """One figure for each query; once the server is seen to be down the rest is not asked.

        Rendered queries are asked together, for each request costs both sides more than the
        figure does; should a server refuse that, one by one.
        """
        rendered = [query for query in dict.fromkeys(queries) if freshness(query)]
        known: dict[str, Sample | Missing] = {}
        for first in range(0, len(rendered), _TOGETHER):
            known.update(self._together(rendered[first : first + _TOGETHER], now))
        down = next((figure for figure in map(_down, known.values()) if figure), None)
        for query in dict.fromkeys(queries):
            if query not in known:
                ask: Callable[[], Sample | Missing] = partial(self._alone, query, now)
                figure: Sample | Missing = self._guarded(ask) if down is None else down
                known[query] = figure
                down = _down(figure)
        return [known[query] for query in queries]

    def close(self) -> None:
        """Closes its connections."""
        if self._client is not None:
            self._client.close()
        if self._folder is not None:
            self._folder.cleanup()

    def _together(self, queries: Sequence[str], now: float) -> dict[str, Sample | Missing]:
        """The figures of several rendered queries; none where the server refuses to answer them at once."""
        asked: dict[str, str] = {}
        for number, query in enumerate(queries):
            asked[f"{number}v"] = query
            asked[f"{number}t"] = freshness(query) or query
        found: dict[str, Sample | Missing] = {}

        def ask() -> Missing | None:
            answers = _by_mark(self._answer(union(asked)))
            for number, query in enumerate(queries):
                found[query] = _joined(single(answers[f"{number}v"]), single(answers[f"{number}t"]), now)
            return None

        failed = self._guarded(ask)
        if failed is None:
            return found
        return {} if failed.reason == "QueryRefused" else dict.fromkeys(queries, failed)

    def _alone(self, query: str, now: float) -> Sample | Missing:
        value = single(self._answer(query))
        newest = freshness(query)
        if isinstance(value, Missing) or newest is None:
            return value if isinstance(value, Missing) else judge(value, now)
        return _joined(value, single(self._answer(newest)), now)

    def _guarded(self, ask: Callable[[], _T]) -> _T | Missing:
        try:
            return ask()
        except (requests.RequestException, PrometheusApiClientException, AddressRefused, OSError) as error:
            return _failed(error)
        except (ValueError, KeyError, TypeError, IndexError, RecursionError) as error:
            return _foreign("no JSON" if isinstance(error, json.JSONDecodeError) else "no figure in it")

    def _answer(self, query: str) -> Any:
        if self._client is None:
            self._client = self._connect()
        return self._client.custom_query(query)

    def _connect(self) -> PrometheusConnect:
        session = BoundedSession(seconds=self._seconds, reach=self._reach)
        if self._secret.ca:
            self._folder = tempfile.TemporaryDirectory()
            bundle = Path(self._folder.name) / "ca.pem"
            bundle.write_bytes(self._secret.ca)
            session.verify = str(bundle)
        headers = {"Authorization": f"Bearer {self._secret.token}"} if self._secret.token else None
        return PrometheusConnect(url=self._url, headers=headers, session=session, retry=Retry(0))


def _down(figure: Sample | Missing) -> Missing | None:
    """The figure, if it says that the server answers nobody."""
    return figure if isinstance(figure, Missing) and figure.reason in _DOWN else None


def _joined(value: Sample | Missing, scraped: Sample | Missing, now: float) -> Sample | Missing:
    """The figure at the time of its newest scrape."""
    if isinstance(value, Missing):
        return value
    return scraped if isinstance(scraped, Missing) else judge(Sample(value.qps, scraped.qps), now)


def _by_mark(result: Any) -> Mapping[str, list[Any]]:
    """The answers to a union by their mark; one that is not there is empty.

    Raises:
        ValueError, TypeError, KeyError, IndexError: not what Prometheus answers.
    """
    if not isinstance(result, list):
        raise TypeError("no list")
    found: defaultdict[str, list[Any]] = defaultdict(list)
    for item in result:
        found[item["metric"][MARK]].append(item)
    return found


def single(result: Any) -> Sample | Missing:
    """The one value of an instant query's result, at the time of the question.

    Raises:
        ValueError, TypeError, KeyError, IndexError: not what Prometheus answers.
    """
    if not isinstance(result, list):
        raise TypeError("no list")
    if not result:
        return Missing("NoData", "Prometheus has no such series; check metric, matchLabels and namespace.")
    if isinstance(result[0], dict):
        if len(result) > 1:
            return Missing(
                "NotOneSample", f"The query yields {len(result)} samples; aggregate them into one."
            )
        result = result[0]["value"]
    at, value = (float(part) for part in result)
    if not math.isfinite(value):
        return Missing("NotANumber", f"Prometheus answered {value:g}; does the query divide by nothing?")
    if not math.isfinite(at):
        raise ValueError(f"no time: {at}")
    return Sample(value, at)


def judge(sample: Sample, now: float) -> Sample | Missing:
    """A sample that can be believed, or why not."""
    age = now - sample.at
    if sample.qps < 0:
        return Missing("Negative", f"The query yields {sample.qps:g}, and traffic is never negative.")
    if sample.qps > MAX_QPS:
        return Missing("TooLarge", f"The query yields {sample.qps:g}, which is no rate of queries; check it.")
    if age > _OLDEST:
        return Missing("Stale", f"The newest sample is {age:.0f} s old.")
    if age < -_AHEAD:
        return Missing("ClockSkew", f"The newest sample lies {-age:.0f} s in the future; compare the clocks.")
    return sample


def _failed(error: Exception) -> Missing:
    if isinstance(error, AddressRefused):
        return Missing("AddressRefused", str(error))
    if isinstance(error, Unusable):
        return Missing(error.reason, str(error))
    if isinstance(error, requests.Timeout) or _timed_out(error):
        return Missing("Timeout", "Prometheus did not answer in time; look at its load and its log.")
    if isinstance(error, (ValueError, requests.exceptions.InvalidJSONError)):
        return _foreign(str(error))
    status = _STATUS.search(str(error))
    if status is None:
        return Missing(
            "Unreachable",
            f"Prometheus cannot be reached ({_cause(error)}); is it up, and is its url right?",
        )
    return _refused(status[1], str(error))


def _refused(status: str, text: str) -> Missing:
    """What an HTTP status means for who set the signal up."""
    said = _SAID.search(text)
    why = f" ({said[1][:_LONGEST]})" if said else ""
    if status in {"401", "403"}:
        return Missing("Unauthorized", f"Prometheus answered {status}{why}; check its bearerTokenSecretRef.")
    if status in {"400", "422"}:
        return Missing("QueryRefused", f"Prometheus refuses the query{why}; try it in Prometheus' own page.")
    if status.startswith("3"):
        return Missing(
            "Redirected", f"Prometheus answered {status}; write the address that it redirects to as its url."
        )
    return Missing("Failed", f"Prometheus answered {status}{why}; look at its log.")


def _foreign(what: str) -> Missing:
    return Missing(
        "NotPrometheus",
        f"What answers is not Prometheus ({what[:_LONGEST]}); is its url right, and no login before it?",
    )


def _cause(error: Exception) -> str:
    """The innermost reason: clients wrap it several times over, addresses and objects included."""
    inner: object = error
    for _ in range(4):
        parts = (getattr(inner, "reason", None), *getattr(inner, "args", ()))
        deeper = next((part for part in parts if isinstance(part, Exception)), None)
        if deeper is None:
            break
        inner = deeper
    return _OBJECT.sub("", str(inner))[:_LONGEST] or type(inner).__name__


def _timed_out(error: Exception) -> bool:
    """A client without retries still wraps a time-out into the retries that it has run out of."""
    inner = error.args[0] if error.args else None
    return isinstance(getattr(inner, "reason", None), urllib3.exceptions.ReadTimeoutError)
