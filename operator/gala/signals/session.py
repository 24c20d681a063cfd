"""The HTTP session under the Prometheus client: bounded in time, size and reach.

``requests`` bounds the wait for each piece of an answer, not for the whole; follows
redirects; and believes the environment about proxies and logins. A GalaCluster's address
must not lead to the cloud's metadata service, and one slow server must not hold a thread.
"""

from __future__ import annotations

import io
import json
import socket
import time
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any, Final
from urllib.parse import urlsplit

import requests
import urllib3

_LARGEST: Final = 4 << 20
"""Bytes of an answer; one figure takes a few hundred."""

_CHUNK: Final = 1 << 16


class AddressRefused(requests.RequestException):
    """The address is this machine or its link."""


class PartialAnswer(requests.RequestException):
    """Prometheus (or Thanos) says that data is missing from its answer."""


class BoundedSession(requests.Session):
    """One question at a time; every answer is read within ``seconds``."""

    def __init__(self, *, seconds: float, allow_local: bool) -> None:
        super().__init__()
        self.trust_env = False
        self._seconds = seconds
        self._allow_local = allow_local

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """The whole answer; redirects are answers as any other.

        Raises:
            requests.RequestException: refused, reset, too slow, too large or partial.
        """
        until = time.monotonic() + self._seconds
        if not self._allow_local:
            refuse_local(str(url))
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


def refuse_local(url: str) -> None:
    """Resolves the host and looks where it leads.

    Raises:
        AddressRefused: to loopback, link-local, multicast or nowhere.
        requests.ConnectionError: the name has no address.
    """
    parts = urlsplit(url)
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or 80, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise requests.ConnectionError(f"{parts.hostname} has no address: {error}") from error
    for *_, address in found:
        if is_local(str(address[0])):
            raise AddressRefused(f"{parts.hostname} is {address[0]}, which a Prometheus cannot be.")


def is_local(text: str) -> bool:
    """Whether an address is this machine, its link, or none at all."""
    address: IPv4Address | IPv6Address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.is_loopback or address.is_link_local or address.is_multicast or address.is_unspecified


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
    """The client drops ``warnings``, which is where a partial answer says that it is one."""
    answer = json.loads(body)
    if not isinstance(answer, dict) or answer.get("status") != "success":
        raise requests.exceptions.InvalidJSONError("The answer is not Prometheus' own.")
    if answer.get("warnings"):
        raise PartialAnswer(f"Prometheus says that data is missing: {str(answer['warnings'][0])[:120]}")
