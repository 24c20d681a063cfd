"""One Prometheus, asked from a thread."""

from __future__ import annotations

import math
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import requests
import urllib3
from prometheus_api_client import PrometheusConnect
from prometheus_api_client.exceptions import PrometheusApiClientException
from urllib3.util.retry import Retry

from gala.planning.facts import Missing, Sample
from gala.signals.query import freshness
from gala.signals.session import AddressRefused, BoundedSession, PartialAnswer

_OLDEST: Final = 300.0
"""Seconds: Prometheus itself gives a series up after five minutes."""

_AHEAD: Final = 60.0
"""Seconds that a sample may lie in our future before one of the clocks is not believed."""

_NOT_ALLOWED: Final = (
    "Nothing may be asked: either a query of one's own where the cluster has no allowCustomQueries, "
    "or a signal with a label that PromQL has no name for."
)

_STATUS: Final = re.compile(r"HTTP Status Code (\d{3})")

_DOWN: Final = frozenset({"Timeout", "Unreachable", "AddressRefused", "Unauthorized"})
"""Reasons that hold for every other question to the same server too."""


class Secret(NamedTuple):
    """What a Prometheus wants to see, and what it is known by."""

    token: str = ""
    ca: bytes = b""
    """PEM; empty for the public authorities."""


class Source:
    """Use it from one thread at a time."""

    def __init__(self, url: str, secret: Secret, *, seconds: float, allow_local: bool) -> None:
        """``seconds`` is the deadline of one request."""
        self._url = url.rstrip("/")
        self._secret = secret
        self._seconds = seconds
        self._allow_local = allow_local
        self._client: PrometheusConnect | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def ask(self, queries: Sequence[str], now: float) -> list[Sample | Missing]:
        """One figure for each query; once the server is seen to be down the rest is not asked."""
        figures: list[Sample | Missing] = []
        down: Missing | None = None
        for query in queries:
            figure = down or self._figure(query, now)
            if isinstance(figure, Missing) and figure.reason in _DOWN:
                down = figure
            figures.append(figure)
        return figures

    def close(self) -> None:
        """Closes its connections."""
        if self._client is not None:
            self._client.close()
        if self._folder is not None:
            self._folder.cleanup()

    def _figure(self, query: str, now: float) -> Sample | Missing:
        if not query:
            return Missing("QueryNotAllowed", _NOT_ALLOWED)
        try:
            value = self._value(query)
            newest = freshness(query)
            if isinstance(value, Missing) or newest is None:
                return value if isinstance(value, Missing) else judge(value, now)
            scraped = self._value(newest)
        except (requests.RequestException, PrometheusApiClientException, OSError) as error:
            return _failed(error)
        except (ValueError, KeyError, TypeError, IndexError) as error:
            return Missing("NotPrometheus", f"The answer is not Prometheus' own: {error!r}")
        return scraped if isinstance(scraped, Missing) else judge(Sample(value.qps, scraped.qps), now)

    def _value(self, query: str) -> Sample | Missing:
        if self._client is None:
            self._client = self._connect()
        return single(self._client.custom_query(query))

    def _connect(self) -> PrometheusConnect:
        session = BoundedSession(seconds=self._seconds, allow_local=self._allow_local)
        if self._secret.ca:
            self._folder = tempfile.TemporaryDirectory()
            bundle = Path(self._folder.name) / "ca.pem"
            bundle.write_bytes(self._secret.ca)
            session.verify = str(bundle)
        headers = {"Authorization": f"Bearer {self._secret.token}"} if self._secret.token else None
        return PrometheusConnect(url=self._url, headers=headers, session=session, retry=Retry(0))


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
    at, text = result
    value = float(text)
    if not math.isfinite(value):
        return Missing("NotANumber", f"Prometheus answered {text}.")
    return Sample(value, float(at))


def judge(sample: Sample, now: float) -> Sample | Missing:
    """A sample that can be believed, or why not."""
    age = now - sample.at
    if sample.qps < 0:
        return Missing("Negative", f"The query yields {sample.qps:g}, and traffic is never negative.")
    if age > _OLDEST:
        return Missing("Stale", f"The newest sample is {age:.0f} s old.")
    if age < -_AHEAD:
        return Missing("ClockSkew", f"The newest sample lies {-age:.0f} s in the future; compare the clocks.")
    return sample


def _failed(error: Exception) -> Missing:
    if isinstance(error, AddressRefused):
        return Missing("AddressRefused", str(error))
    if isinstance(error, PartialAnswer):
        return Missing("PartialData", str(error))
    if isinstance(error, requests.Timeout) or _timed_out(error):
        return Missing("Timeout", f"Prometheus did not answer in time: {error}")
    if isinstance(error, (ValueError, requests.exceptions.InvalidJSONError)):
        return Missing("NotPrometheus", f"The answer is not Prometheus' own: {error}")
    status = _STATUS.search(str(error))
    if status is None:
        return Missing("Unreachable", f"Prometheus cannot be reached: {error}")
    if status[1] in {"401", "403"}:
        return Missing("Unauthorized", f"Prometheus answered {status[1]}; check its bearerTokenSecretRef.")
    reason = "QueryRefused" if status[1] in {"400", "422"} else "Failed"
    return Missing(reason, f"Prometheus answered {status[1]}: {str(error)[:300]}")


def _timed_out(error: Exception) -> bool:
    """A client without retries still wraps a time-out into the retries that it has run out of."""
    inner = error.args[0] if error.args else None
    return isinstance(getattr(inner, "reason", None), urllib3.exceptions.ReadTimeoutError)
