"""kopf's HTTP session: our credentials, and a look at which watches the API server has opened.

kopf waits in silence, and for ever, for a discovery that never lists our kinds; only the
requests that it makes tell whether it has come to watch anything.
"""

from __future__ import annotations

import asyncio
import ssl
import tempfile
import time
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Final

import aiohttp

from gala.fleet.kubeconfig import Credentials

TOKEN_AGE: Final = 60.0
"""Seconds after which the pod's own token is read again, as client-go does."""


class Watches:
    """Which kinds are watched; to be used in kopf's loop, ``latest`` may be read from any thread."""

    def __init__(self, kinds: Collection[str], steady: Callable[[], float] = time.monotonic) -> None:
        self.all_open = asyncio.Event()
        self._steady = steady
        self._opened: dict[str, float] = {}
        self._kinds = frozenset(kinds)

    def saw(self, request: aiohttp.ClientRequest, status: int) -> None:
        """Notes one answer of the API server."""
        kind = request.url.path.rsplit("/", 1)[-1]
        if status == 200 and kind in self._kinds and request.url.query.get("watch") == "true":
            self._opened[kind] = self._steady()
            if self._opened.keys() == self._kinds:
                self.all_open.set()

    def never_opened(self) -> tuple[str, ...]:
        """Kinds that no watch was opened for since kopf started."""
        return tuple(sorted(self._kinds - self._opened.keys()))

    def oldest(self) -> float | None:
        """When, by the steady clock, the kind was watched whose watch is the oldest; None before all are."""
        opened = dict(self._opened)
        return min(opened.values()) if opened.keys() == self._kinds else None


def open_session(credentials: Credentials, watches: Watches) -> aiohttp.ClientSession:
    """A session that kopf may close; it follows no environment proxies and trusts only the given CA."""
    token, read_at = credentials.token, float("-inf")

    async def authorise(
        request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType
    ) -> aiohttp.ClientResponse:
        nonlocal token, read_at
        path = credentials.token_path
        if path is not None and time.monotonic() - read_at > TOKEN_AGE:
            token, read_at = (await asyncio.to_thread(path.read_text, "ascii")).strip(), time.monotonic()
        if token is not None:
            request.headers["Authorization"] = f"Bearer {token}"
        if credentials.tls_server_name is not None:
            request.server_hostname = credentials.tls_server_name
        response = await handler(request)
        watches.saw(request, response.status)
        return response

    connector = aiohttp.TCPConnector(limit=0, ssl=_context(credentials))
    return aiohttp.ClientSession(
        connector=connector,
        headers={"User-Agent": "gala-operator-intake"},
        middlewares=(authorise,),
        trust_env=False,
    )


def _context(credentials: Credentials) -> ssl.SSLContext | bool:
    if credentials.server.startswith("http://"):
        return True
    data = credentials.ca_data.decode("ascii") if credentials.ca_data else None
    context = ssl.create_default_context(cadata=data)
    # Python 3.13 asks for more than RFC 5280 lets a CA leave out, and many clusters' own CAs do.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if credentials.client_cert_data is not None and credentials.client_key_data is not None:
        with tempfile.TemporaryDirectory() as folder:
            pair = Path(folder) / "pair.pem"
            pair.touch(mode=0o600)
            pair.write_bytes(credentials.client_cert_data + b"\n" + credentials.client_key_data)
            context.load_cert_chain(pair)
    return context
