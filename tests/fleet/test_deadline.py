"""The deadline of a request is what it says, to the second: five seconds are never six.

The client would round longer deadlines up to a whole second of its loop, so the loop's time,
which passes here without any waiting, begins between two seconds.
"""

from __future__ import annotations

import asyncio

import pytest
from aiohttp import web

from fleet_builders import DEPLOYMENTS, client, deployment
from fleet_server import serving
from gala.errors import Unreachable
from gala.fleet.client import ApiServer
from gala.settings import Settings


async def never(request: web.Request) -> web.StreamResponse:
    await asyncio.Event().wait()
    return web.Response()


async def ready(north: ApiServer) -> None:
    """Its certificates are read, which happens in a thread: time must not pass for that one."""
    await north._ready()


@pytest.mark.looptime(start=1000.4)
@pytest.mark.parametrize(
    ("stated", "want"),
    [
        pytest.param(None, 5.0, id="that of every request"),
        pytest.param(6.5, 6.5, id="a longer one"),
        pytest.param(0.2, 0.2, id="a short one"),
    ],
)
async def test_a_write_that_hangs_ends_at_its_deadline(stated: float | None, want: float) -> None:
    async with serving() as server:
        server.put(DEPLOYMENTS, deployment())
        server.faults["PATCH", "scale"] = never
        north = client(server, Settings())
        await ready(north)
        began = asyncio.get_running_loop().time()
        with pytest.raises(Unreachable, match=rf"within {want:g} s"):
            await north.request("PATCH", f"{DEPLOYMENTS}/web/scale", body=[], timeout=stated)
        took = asyncio.get_running_loop().time() - began
        await north.close()
        assert took == pytest.approx(want, abs=0.01)
        assert server.count("PATCH", "scale") == 1
