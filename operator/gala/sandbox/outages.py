"""How a Prometheus can fail or lie, and what its answers look like then."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, Final

from aiohttp import web

_LOOK_SECONDS: Final = 0.02
"""Wall seconds between two looks whether a client that is kept waiting has left."""


class Outage(StrEnum):
    """What a Prometheus does instead of telling the truth."""

    DOWN = "Down"
    """Connections are cut."""
    HANG = "Hang"
    """Requests are taken and never answered."""
    ERROR = "Error"
    """HTTP 503."""
    UNAUTHORIZED = "Unauthorized"
    """HTTP 401."""
    UNPROCESSABLE = "Unprocessable"
    """HTTP 422, as for a query that takes too long."""
    HTML = "Html"
    """A login page with status 200."""
    TRUNCATED = "Truncated"
    """Half of the answer."""
    MATRIX = "Matrix"
    """A range vector, which nobody asked for."""
    PARTIAL = "Partial"
    """Success with a warning that data is missing."""
    TWICE = "Twice"
    """Every figure two times, as of two replicas that nobody deduplicates."""
    EMPTY = "Empty"
    """Success without a result."""
    NAN = "NaN"
    INFINITE = "Infinite"
    NEGATIVE = "Negative"
    ZERO = "Zero"
    """Every value is 0, with fresh timestamps."""
    HUNDREDFOLD = "Hundredfold"
    """Every value is a hundred times too large, with fresh timestamps."""
    FROZEN = "Frozen"
    """The samples of the moment when it began, with their old timestamps."""
    FUTURE = "Future"
    """Timestamps ten minutes ahead."""


LIES: Final[Mapping[Outage, Callable[[float], float]]] = {
    Outage.NAN: lambda _: float("nan"),
    Outage.INFINITE: lambda _: float("inf"),
    Outage.NEGATIVE: lambda value: -value - 1.0,
    Outage.ZERO: lambda _: 0.0,
    Outage.HUNDREDFOLD: lambda value: 100.0 * value,
}
"""What becomes of a true figure."""

AHEAD: Final = 600.0
"""Seconds by which ``FUTURE`` is ahead."""

_REFUSALS: Final = {
    Outage.ERROR: (503, "unavailable"),
    Outage.UNAUTHORIZED: (401, "unauthorized"),
    Outage.UNPROCESSABLE: (422, "execution"),
}


async def instead(request: web.Request, outage: Outage | None) -> web.Response | None:
    """The answer to a question that is not looked at; None where it is."""
    if outage is Outage.HANG:
        while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110
            await asyncio.sleep(_LOOK_SECONDS)
    if outage in {Outage.DOWN, Outage.HANG}:
        if request.transport is not None:
            request.transport.abort()
        return web.Response(status=503)
    if outage is Outage.HTML:
        return web.Response(text="<html><body>Please log in.</body></html>", content_type="text/html")
    if outage in _REFUSALS:
        status, kind = _REFUSALS[outage]
        return web.json_response({"status": "error", "errorType": kind, "error": "out"}, status=status)
    return None


def answered(result: list[dict[str, Any]], outage: Outage | None) -> web.Response:
    """The answer to a question that was looked at."""
    document: dict[str, Any] = {"status": "success", "data": {"resultType": "vector", "result": result}}
    if outage is Outage.EMPTY:
        document["data"]["result"] = []
    elif outage is Outage.TWICE:
        document["data"]["result"] = [*result, *result]
    elif outage is Outage.PARTIAL:
        document["warnings"] = ["a store did not answer"]
    elif outage is Outage.MATRIX:
        series = [{"metric": item["metric"], "values": [item["value"]]} for item in result]
        document["data"] = {"resultType": "matrix", "result": series}
    text = json.dumps(document)
    return web.Response(
        text=text[: len(text) // 2] if outage is Outage.TRUNCATED else text, content_type="application/json"
    )


def shown(value: float) -> str:
    """A figure as Prometheus writes it."""
    if value != value:  # noqa: PLR0124 (NaN)
        return "NaN"
    return "+Inf" if value == float("inf") else repr(round(value, 6))
