"""The HTTP session under the Prometheus client: bounded in time, size and reach.

``requests`` bounds the wait for each piece of an answer, not for the whole; follows
redirects; and believes the environment about proxies and logins. A GalaCluster's address
must not lead to the cloud's metadata service, and one slow server must not hold a thread.
"""

from __future__ import annotations

import io
import json
import time
from typing import Any, Final

import requests
import urllib3
from requests.adapters import BaseAdapter

from gala.signals.reach import CheckedAdapter, Reach, check_url

_LARGEST: Final = 4 << 20
"""Bytes of an answer; one figure takes a few hundred."""

_CHUNK: Final = 1 << 16

_LONGEST: Final = 120
"""Characters of somebody else's words in a sentence of ours."""


class Unusable(requests.RequestException):
    """An answer of Prometheus' own that is no figure; ``reason`` says why, in PascalCase."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


class BoundedSession(requests.Session):
    """One question at a time; every answer is read within ``seconds``."""

    def __init__(self, *, seconds: float, reach: Reach) -> None:
        super().__init__()
        self.trust_env = False
        self._seconds = seconds
        self._adapter = CheckedAdapter(reach)

    def get_adapter(self, url: str | bytes) -> BaseAdapter:
        """The one that checks, whatever the Prometheus client mounts."""
        return self._adapter

    def close(self) -> None:
        """Closes every connection."""
        super().close()
        self._adapter.close()

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """The whole answer; redirects are answers as any other.

        Raises:
            AddressRefused: nobody may be asked there.
            requests.RequestException: refused, reset, too slow, too large or partial.
        """
        until = time.monotonic() + self._seconds
        check_url(str(url))
        kwargs |= {"stream": True, "allow_redirects": False, "timeout": self._seconds}
        with super().request(method, url, *args, **kwargs) as streamed:
            try:
                body = _body(streamed, until)
            except urllib3.exceptions.TimeoutError as error:
                raise requests.Timeout(str(error)) from error
            except urllib3.exceptions.HTTPError as error:
                raise requests.ConnectionError(str(error)) from error
        if streamed.status_code == 200:
            _check(body)
        whole = requests.Response()
        whole.status_code, whole.headers, whole.url = streamed.status_code, streamed.headers, streamed.url
        whole.raw = io.BytesIO(body)
        return whole


def _body(response: requests.Response, until: float) -> bytes:
    """Whatever came, piece by piece: a larger read would wait past the deadline for its last byte."""
    body = bytearray()
    while chunk := response.raw.read1(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > _LARGEST:
            raise requests.ConnectionError("The answer is larger than 4 MiB.")
        if time.monotonic() > until:
            raise requests.Timeout("The answer takes too long.")
    return bytes(body)


def _check(body: bytes) -> None:
    """What the client drops: ``warnings``, where a partial answer says that it is one, and the type."""
    answer = json.loads(body)
    if not isinstance(answer, dict) or answer.get("status") not in {"success", "error"}:
        raise requests.exceptions.InvalidJSONError("no answer of its API")
    if answer["status"] == "error":
        raise Unusable(
            "Failed", f"Prometheus answered an error ({_said(answer.get('error'))}); look at its log."
        )
    if answer.get("warnings"):
        raise Unusable("PartialData", f"Prometheus says that data is missing: {_said(answer['warnings'])}")
    data = answer.get("data")
    kind = data.get("resultType", "vector") if isinstance(data, dict) else "vector"
    if kind not in {"vector", "scalar"}:
        raise Unusable(
            "NotOneSample",
            f"The query yields a {_said(kind)}; write one that yields one number, as sum(rate(hits[1m])).",
        )


def _said(value: object) -> str:
    """Somebody else's words, as many as belong into a sentence."""
    first = value[0] if isinstance(value, list) and value else value
    return "".join(char if char.isprintable() else " " for char in str(first)[:_LONGEST])
