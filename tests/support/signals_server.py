"""A Prometheus on loopback that answers what a test tells it to."""

from __future__ import annotations

import json
import re
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

_PART = re.compile(r'label_replace\((.*?),"gala","([^"]*)","",""\)')
"""One part of a union: the expression and its mark."""

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class LyingPrometheus:
    """Answers a rate and the time of its newest scrape, or whatever ``instead`` says."""

    def __init__(self) -> None:
        self.url = ""
        self.rate: Any = "120.5"
        self.scraped: Any = 990.0
        self.instead: Answer | None = None
        self.queries: list[str] = []
        self.tokens: list[str] = []
        self.hosts: list[str] = []

    async def handle(self, request: web.Request) -> web.StreamResponse:
        query = request.query["query"]
        self.queries.append(query)
        self.tokens.append(request.headers.get("Authorization", ""))
        self.hosts.append(request.host)
        if self.instead is not None:
            return await self.instead(request)
        parts = _PART.findall(query) or [(query, "")]
        answers = [(mark, self.scraped if "timestamp(" in part else self.rate) for part, mark in parts]
        return marked([(mark, [5_000.0, str(value)]) for mark, value in answers if value is not None])


def marked(values: list[tuple[str, list[Any]]]) -> web.Response:
    """The answer to a union, each sample with its mark, or to a query that has none."""
    result = [{"metric": {"gala": mark} if mark else {}, "value": value} for mark, value in values]
    return web.json_response({"status": "success", "data": {"resultType": "vector", "result": result}})


def vector(values: list[list[Any]], **more: Any) -> web.Response:
    """An instant query's answer."""
    result = [{"metric": {}, "value": value} for value in values]
    data = {"resultType": "vector", "result": result}
    return web.json_response({"status": "success", "data": data, **more})


def fault(**answer: Any) -> Answer:
    """Always the same answer."""

    async def instead(request: web.Request) -> web.StreamResponse:
        return web.Response(**answer)

    return instead


def document(value: object) -> Answer:
    """Always the same JSON."""
    return fault(text=json.dumps(value), content_type="application/json")


@asynccontextmanager
async def asked(tls: ssl.SSLContext | None = None) -> AsyncIterator[LyingPrometheus]:
    """A server that listens on a free port of loopback."""
    prometheus = LyingPrometheus()
    app = web.Application()
    app.router.add_get("/api/v1/query", prometheus.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    prometheus.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield prometheus
    finally:
        await runner.cleanup()
