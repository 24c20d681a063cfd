"""``/metrics``, ``/healthz`` and ``/readyz``: what others may ask of the operator over HTTP.

Nothing can be changed here, and nothing secret is told; whoever may reach the port may read.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from aiohttp import web

from gala.engine.health import Check, live, ready
from gala.errors import InvalidInput
from gala.report.vitals import Vitals

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""Prometheus' text format."""

SHUTDOWN: Final = 0.2
"""Wall seconds that an answer in progress has when the operator ends."""

_OK: Final = 200
_UNAVAILABLE: Final = 503

Text = Callable[[Vitals], bytes]


class Address(NamedTuple):
    """Where to listen; an empty host is every address, port 0 a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


def bind(address: Address) -> socket.socket:
    """A listening socket.

    Raises:
        InvalidInput: Somebody else listens there, or nobody may.
    """
    try:
        if not address.host and socket.has_dualstack_ipv6():
            return socket.create_server(("", address.port), family=socket.AF_INET6, dualstack_ipv6=True)
        family = socket.AF_INET6 if ":" in address.host else socket.AF_INET
        return socket.create_server(address, family=family)
    except OSError as failed:
        why = str(failed.strerror or failed).partition(" (while")[0]
        raise InvalidInput(
            f"cannot listen on {address} ({why}); write another address with --listen ADDRESS:PORT, "
            "or --listen '' for none."
        ) from failed


@asynccontextmanager
async def serving(listener: socket.socket, vitals: Callable[[], Vitals], text: Text) -> AsyncIterator[None]:
    """Answers in the running loop for as long as it lasts."""
    runner = web.AppRunner(_application(vitals, text), access_log=None, shutdown_timeout=SHUTDOWN)
    await runner.setup()
    await web.SockSite(runner, listener).start()
    try:
        yield
    finally:
        await runner.cleanup()


def _application(vitals: Callable[[], Vitals], text: Text) -> web.Application:
    one_at_a_time = asyncio.Lock()

    async def metrics(_: web.Request) -> web.Response:
        async with one_at_a_time:
            body = await asyncio.to_thread(text, vitals())
        return web.Response(body=body, headers={"Content-Type": CONTENT_TYPE})

    async def healthz(request: web.Request) -> web.Response:
        return _answer(request, live(vitals()))

    async def readyz(request: web.Request) -> web.Response:
        return _answer(request, ready(vitals()))

    application = web.Application()
    application.router.add_get("/metrics", metrics)
    application.router.add_get("/healthz", healthz)
    application.router.add_get("/readyz", readyz)
    return application


def _answer(request: web.Request, checks: Sequence[Check]) -> web.Response:
    """``ok``, or what is wrong; with ``?verbose`` every check as JSON."""
    wrong = [check for check in checks if not check.ok]
    status = _UNAVAILABLE if wrong else _OK
    if "verbose" in request.query:
        lines = [
            {"name": c.name, "ok": c.ok, "ageSeconds": _rounded(c.age), "message": c.message} for c in checks
        ]
        return web.json_response({"ok": not wrong, "checks": lines}, status=status)
    return web.Response(text="\n".join(check.message for check in wrong) or "ok", status=status)


def _rounded(age: float | None) -> float | None:
    return None if age is None else round(age, 1)
