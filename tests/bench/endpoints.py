"""Endpoints that take every patch of a ``/scale``, and do nothing else: ``python endpoints.py COUNT``.

One line of JSON lists their addresses; they end when their input is closed.
"""

from __future__ import annotations

import asyncio
import json
import sys

from aiohttp import web

from gala.cli import loop

_ANSWER = json.dumps(
    {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {"name": "app", "namespace": "show", "uid": "uid", "resourceVersion": "8"},
        "spec": {"replicas": 9},
        "status": {"replicas": 3, "selector": "app=app"},
    }
).encode()


async def answer(request: web.BaseRequest) -> web.Response:
    """Reads the patch and acknowledges it."""
    await request.read()
    return web.Response(body=_ANSWER, content_type="application/json")


async def main(count: int) -> None:
    """Serves until the input is closed."""
    urls = []
    for _ in range(count):
        runner = web.ServerRunner(web.Server(answer))
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        urls.append(f"http://127.0.0.1:{runner.addresses[0][1]}")
    print(json.dumps(urls), flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    loop.run(main(int(sys.argv[1])))
