"""The one way to talk to an API server, the hub's or a member's.

``kubernetes.aio`` brings configuration, authentication, TLS and the session; requests go
through that session with raw JSON, which is more than twice as fast as its typed calls and
does not fail on fields that its models do not expect. What it leaves open is closed here: a
deadline on every request, no redirects, no proxies from the environment, no retries behind
our back, and every status judged.
"""

from __future__ import annotations

import asyncio
import json
import math
import ssl
import tempfile
import time
from bisect import bisect_left
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

import aiohttp
from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.client.rest import RESTClientObject

from gala.errors import Conflict, Rejected, RequestFailed, Throttled, Unreachable
from gala.fleet.answers import Bounded, Lines, body_of, object_of, reason_in, retry_after
from gala.fleet.kubeconfig import Credentials
from gala.fleet.unanswered import cause
from gala.settings import Settings

_FOREVER: Final = 10.0**9
"""Seconds; the client takes a missing time-out as five minutes in all, which would cut busy watches."""

_AT_ONCE: Final = 0.001
"""Seconds; to the client 0 is no deadline at all."""

_TOKEN_AGE: Final = 60.0
"""Seconds after which the pod's own token is read again, as client-go does."""

_REDIRECTS: Final = frozenset({301, 302, 303, 307, 308})
_CONFLICTS: Final = frozenset({409, 422})

LATENCY_BOUNDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)
"""Upper bounds in seconds, as Prometheus' histograms have them; a request is given up after five."""


class Asked(NamedTuple):
    """What one API server was asked so far, watches apart, as a value."""

    failures: int
    seconds: float
    """Of all requests together."""
    counts: tuple[int, ...]
    """Requests by latency: one for each of ``LATENCY_BOUNDS``, then those that took longer."""


@dataclass(slots=True)
class Counters:
    """What one API server was asked since the process started."""

    requests: int = 0
    failures: int = 0
    contacts: int = 0
    """Answers and watch chunks that came; who compares two readings knows whether there was contact."""
    seconds: float = 0.0
    latencies: list[int] = field(default_factory=lambda: [0] * (len(LATENCY_BOUNDS) + 1))

    def took(self, seconds: float) -> None:
        """A request came to its end, whatever that was."""
        self.seconds += seconds
        self.latencies[bisect_left(LATENCY_BOUNDS, seconds)] += 1

    def asked(self) -> Asked:
        """As of now; may be called from any thread."""
        return Asked(self.failures, self.seconds, tuple(self.latencies))


class ApiServer:
    """One API server; build it anywhere, use it in one event loop."""

    def __init__(self, name: str, credentials: Credentials, settings: Settings) -> None:
        """``name`` is for messages: the GalaCluster's, or ``hub``."""
        self.name = name
        self.credentials = credentials
        self.counters = Counters()
        self._settings = settings
        self._rest: _Rest | None = None
        self._building = asyncio.Lock()
        self._token = credentials.token
        self._token_read = float("-inf")

    async def request(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        content_type: str = "application/json",
        params: Mapping[str, str] | None = None,
        timeout: float | None = None,  # noqa: ASYNC109 (one deadline per call, whoever calls)
    ) -> dict[str, Any]:
        """The JSON object that the server answers.

        Raises:
            Unreachable: no answer within ``timeout`` (default ``request_deadline``), a 5xx, no JSON object.
            Throttled: 429.
            Conflict: 409 or 422.
            Rejected: any other status, redirects included.
        """
        seconds = self._settings.request_deadline if timeout is None else timeout
        began = time.monotonic()
        self.counters.requests += 1
        try:
            response = await self._send(method, path, body, content_type, params, seconds=seconds)
            try:
                raw = await body_of(response)
            finally:
                response.release()
            answer = self._judge(method, path, response, raw)
        except RequestFailed:
            self.counters.failures += 1
            raise
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            self.counters.failures += 1
            raise self._unreachable(method, path, error, seconds) from error
        finally:
            self.counters.took(time.monotonic() - began)
        return answer

    async def stream(
        self, path: str, params: Mapping[str, str] | None = None
    ) -> AsyncGenerator[dict[str, Any], None]:
        """The events of a watch until the server ends it; silence longer than ``watch_idle`` is a failure.

        Chunks are split into lines here, because the client's own line reader stops at 4 MiB.

        Raises:
            Unreachable: reset, silent, or cut in the middle of a line; others as ``request``.
        """
        self.counters.requests += 1
        response: aiohttp.ClientResponse | None = None
        try:
            async with asyncio.timeout(self._settings.request_deadline):
                response = await self._send("GET", path, None, "application/json", params)
                if response.status != 200:
                    self._judge("GET", path, response, await body_of(response))
            async with aclosing(self._events(response, path)) as events:
                async for event in events:
                    yield event
        except RequestFailed:
            self.counters.failures += 1
            raise
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            self.counters.failures += 1
            raise self._unreachable("GET", path, error, self._settings.watch_idle) from error
        finally:
            if response is not None:
                response.close()

    async def use(self, credentials: Credentials) -> bool:
        """Goes on with other credentials; False where they are the same."""
        if credentials == self.credentials:
            return False
        self.credentials, self._token = credentials, credentials.token
        await self.close()
        return True

    async def close(self) -> None:
        """Closes every connection; watches end as if the server had gone."""
        if self._rest is not None:
            rest, self._rest = self._rest, None
            await rest.close()

    async def _events(
        self, response: aiohttp.ClientResponse, path: str
    ) -> AsyncGenerator[dict[str, Any], None]:
        lines = Lines()
        while True:
            async with asyncio.timeout(self._settings.watch_idle):
                chunk = await response.content.readany()
            if not chunk:
                break
            self.counters.contacts += 1
            for line in lines.feed(chunk):
                yield object_of(line)
        if lines.unfinished:
            raise Unreachable(f"{self.name} cut a watch of {path} in the middle of an event.")

    async def _send(
        self,
        method: str,
        path: str,
        body: object,
        content_type: str,
        params: Mapping[str, str] | None,
        *,
        seconds: float = _FOREVER,
    ) -> aiohttp.ClientResponse:
        """The answer's head; ``seconds`` is for all of it, its body included."""
        rest, token = self._rest, self._token
        if rest is None or self.credentials.token_path is not None:
            rest, token, seconds = await self._prepared(seconds)
        headers = {"Accept": "application/json", "Accept-Encoding": "gzip", "Content-Type": content_type}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        url = f"{self.credentials.server}{path}"
        if params:
            url = f"{url}?{_query(tuple(params.items()))}"
        # Without the threshold the client rounds five seconds and more up to a whole one of its loop.
        within = aiohttp.ClientTimeout(total=max(seconds, _AT_ONCE), ceil_threshold=math.inf)
        return await rest.session.request(
            method,
            url,
            headers=headers,
            data=None if body is None else json.dumps(body).encode(),
            timeout=within,
            allow_redirects=False,  # it would ask servers that nobody named
            server_hostname=self.credentials.tls_server_name,
        )

    def _judge(self, method: str, path: str, response: aiohttp.ClientResponse, raw: bytes) -> dict[str, Any]:
        status = response.status
        if status < 500 and status != 401:
            self.counters.contacts += 1
        if status < 300:
            return object_of(raw)
        if status in _REDIRECTS:
            text = f"{self.name} answered {method} {path} with a redirect; redirects are refused."
            raise Rejected(text, status=status)
        text = f"{self.name} answered {method} {path} with {status}: {reason_in(raw)}"
        if status == 429:
            raise Throttled(text, retry_after=retry_after(response.headers.get("Retry-After")))
        if status in _CONFLICTS:
            raise Conflict(text, status=status)
        if status == 401:
            self._token_read = float("-inf")
        if status >= 500:
            raise Unreachable(text, status=status, reason="ServerError")
        raise Rejected(text, status=status)

    def _unreachable(self, method: str, path: str, error: Exception, seconds: float) -> Unreachable:
        if isinstance(error, TimeoutError):
            text = f"{self.name} did not answer {method} {path} within {seconds:g} s."
            return Unreachable(text, reason="TimedOut")
        if isinstance(error, json.JSONDecodeError):
            text = f"{self.name} answered {method} {path} with something that is no JSON object."
            return Unreachable(text, reason="NotAnApiServer")
        if isinstance(error, Bounded):
            return Unreachable(f"{self.name} sent {error} to {method} {path}.", reason="AnswerTooLarge")
        text = f"{self.name} cannot be reached: {cause(error)}."
        if isinstance(error, (aiohttp.ClientSSLError, ssl.SSLError)):
            return Unreachable(text, reason="CertificateRefused")
        return Unreachable(text)

    async def _prepared(self, seconds: float) -> tuple[_Rest, str | None, float]:
        """The client, the token, and what is left of ``seconds``: reading files may hang, too."""
        began = time.monotonic()
        async with asyncio.timeout(seconds):
            rest, token = await self._ready(), await self._bearer()
        return rest, token, seconds - (time.monotonic() - began)

    async def _ready(self) -> _Rest:
        if self._rest is None:
            async with self._building:
                if self._rest is None:
                    self._rest = await asyncio.to_thread(_build, self.credentials)
        return self._rest

    async def _bearer(self) -> str | None:
        path = self.credentials.token_path
        if path is not None and time.monotonic() - self._token_read > _TOKEN_AGE:
            self._token = (await asyncio.to_thread(path.read_text, "ascii")).strip()
            self._token_read = time.monotonic()
        return self._token


@lru_cache(maxsize=64)
def _query(params: tuple[tuple[str, str], ...]) -> str:
    """Of thousands of writes in a row, all with the same parameters."""
    return urlencode(params)


class _Rest(RESTClientObject):
    """The library's client, of which its session is used."""

    @property
    def session(self) -> aiohttp.ClientSession:
        """Made on the loop that first asks for it."""
        if self.pool_manager is None:
            self.pool_manager = self._create_pool_manager()
        return self.pool_manager


def _build(credentials: Credentials) -> _Rest:
    """Off the loop: reading certificates takes milliseconds, the system's whole set tens of them."""
    configuration = Configuration(
        host=credentials.server,
        connection_pool_maxsize=0,
        client_session_kwargs={
            "trust_env": False,
            "auto_decompress": False,
        },
        ca_cert_data=credentials.ca_data.decode("ascii") if credentials.ca_data else None,
        tls_server_name=credentials.tls_server_name,
    )
    if credentials.client_cert_data is None or credentials.client_key_data is None:
        return _Rest(configuration)
    with tempfile.TemporaryDirectory() as folder:
        configuration.cert_file = str(_private(Path(folder) / "cert.pem", credentials.client_cert_data))
        configuration.key_file = str(_private(Path(folder) / "key.pem", credentials.client_key_data))
        return _Rest(configuration)


def _private(path: Path, data: bytes) -> Path:
    path.touch(mode=0o600)
    path.write_bytes(data)
    return path
