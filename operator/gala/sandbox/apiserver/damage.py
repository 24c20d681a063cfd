"""Answers that are none: cut off, cut short, somebody else's, or never sent."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from aiohttp import web

from gala.sandbox.apiserver.faults import Damage, Spoil

_LOOK_SECONDS = 0.02
"""Wall seconds between two looks whether the client of a request that hangs has left."""

_PAGE = "<html><head><title>502</title></head><body>Bad gateway, please try again later.</body></html>"

_EVENT = (
    '{{"type":"ERROR","object":{{"kind":"Status","apiVersion":"v1","status":"Failure",'
    '"message":"{message}","reason":"{reason}","code":{code}}}}}\n'
)


def cut(request: web.BaseRequest) -> web.Response:
    """Ends the connection without an answer."""
    with suppress(AttributeError):
        if request.transport is not None:
            request.transport.abort()
    return web.Response(status=503)


async def instead(request: web.BaseRequest, spoil: Spoil) -> web.StreamResponse | None:
    """The answer to a request that is not carried out; None for the damages that come after it was."""
    match spoil.damage:
        case Damage.HANG:
            while request.transport is not None and not request.transport.is_closing():  # noqa: ASYNC110
                await asyncio.sleep(_LOOK_SECONDS)
            return cut(request)
        case Damage.RESET:
            return cut(request)
        case Damage.HTML:
            return web.Response(text=_PAGE, content_type="text/html")
        case Damage.REDIRECT:
            return web.Response(status=302, headers={"Location": spoil.location})
        case _:
            return None


def spoiled(request: web.BaseRequest, spoil: Spoil, answer: web.Response) -> web.Response:
    """What comes of the answer to a request that was carried out."""
    if spoil.damage is Damage.LOST:
        return cut(request)
    body = answer.body if isinstance(answer.body, bytes) else b""
    return web.Response(body=body[: len(body) // 2], status=answer.status, content_type="application/json")


async def spoiled_watch(request: web.BaseRequest, spoil: Spoil) -> web.StreamResponse:
    """A watch that says one thing and ends."""
    lines = {
        Damage.EXPIRED: _EVENT.format(message="too old resource version", reason="Expired", code=410),
        Damage.ERROR: _EVENT.format(message="etcd is not there", reason="InternalError", code=500),
        Damage.TRUNCATED: '{"type":"MODIFIED","object":{"kind":"Depl',
    }
    return web.Response(text=lines.get(spoil.damage, ""), content_type="application/json")
