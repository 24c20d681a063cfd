"""What stands between one operator and all its API servers, and sees each request.

    with crossing(stage) as way:                        kubeconfigs and Secrets lead through here
        way.before = lambda call: ...                   called before a request is passed on; False drops it
        way.after = lambda call: ...                    called when it was served; False drops the answer
        stage.operator(kubeconfig=way.kubeconfig)

Only the operator goes this way, in its own name: tokens are passed on as they came, so audit logs tell the
truth. The way is HTTP on loopback, so that nothing has to be decrypted.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import yaml
from aiohttp import web
from yarl import URL

from clusters.processes import free_port
from operating import Stage

_LARGEST = 64 << 20
_WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
_LEFT_OUT = frozenset({"host", "content-length", "transfer-encoding", "connection", "accept-encoding"})
_PLAIN = {"Accept-Encoding": "identity"}
_ONCE = {"handler_cancellation": True}
"""Who has left is not served to the end: a watch would else stay open for minutes."""
_GOODBYE = 0.5
_UPSTREAM = aiohttp.ClientTimeout(total=None, sock_connect=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request of the operator."""

    cluster: str
    method: str
    resource: str
    """Plural, with its subresource: `deployments/scale`."""
    name: str
    body: Any
    """What is sent, parsed; None where nothing is."""

    @property
    def writes(self) -> bool:
        """Whether it means to change something."""
        return self.method in _WRITES

    @property
    def replicas(self) -> int | None:
        """The number that a write of `/scale` sends; None for anything else."""
        if not self.resource.endswith("/scale") or not self.writes:
            return None
        if isinstance(self.body, list):
            return next((int(step["value"]) for step in self.body if step["op"] == "replace"), None)
        return int((self.body or {}).get("spec", {}).get("replicas", 0))

    @property
    def states(self) -> frozenset[str]:
        """Of the entries in a ledger that is written."""
        spec = self.body.get("spec", {}) if isinstance(self.body, Mapping) else {}
        return frozenset(entry.get("state", "") for entry in spec.get("entries", ()))


Look = Callable[[Call], bool]
"""Looks at a call; False cuts the line instead of going on."""


class Crossing:
    """One operator's way to each of its API servers."""

    def __init__(self, upstream: Mapping[str, Path], hub: str, folder: Path) -> None:
        """``upstream`` is a kubeconfig with a token for each cluster, by its name."""
        self.before: Look = lambda _: True
        self.after: Look = lambda _: True
        self.kubeconfig = folder / f"crossing-{id(self)}.yaml"
        self._ports = {name: free_port() for name in upstream}
        self._configs = {name: yaml.safe_load(path.read_text()) for name, path in upstream.items()}
        self._hub = hub
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._open = threading.Event()
        self._thread = threading.Thread(target=self._run, name="crossing", daemon=True)

    def start(self) -> None:
        """Listens, and writes the kubeconfig that leads here."""
        self.kubeconfig.write_text(self._leading_here(self._hub))
        self.kubeconfig.chmod(0o600)
        self._thread.start()
        assert self._open.wait(20), "the crossing does not listen"

    def stop(self) -> None:
        """Cuts every line."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join(20)

    def _leading_here(self, name: str) -> str:
        config = json.loads(json.dumps(self._configs[name]))
        config["clusters"][0]["cluster"] = {"server": f"http://127.0.0.1:{self._ports[name]}"}
        return json.dumps(config)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        # TLS lines say goodbye after their session is closed.
        self._loop.run_until_complete(asyncio.sleep(_GOODBYE))
        self._loop.close()

    async def _serve(self) -> None:
        runners = []
        async with aiohttp.ClientSession(timeout=_UPSTREAM) as session:
            for name, port in self._ports.items():
                server = web.Application(client_max_size=_LARGEST)
                server.router.add_route("*", "/{path:.*}", self._handler(name, session))
                runner = web.AppRunner(server, access_log=None, shutdown_timeout=0.1, **_ONCE)
                await runner.setup()
                await web.TCPSite(runner, "127.0.0.1", port).start()
                runners.append(runner)
            self._open.set()
            await self._over.wait()
            await asyncio.gather(*(runner.cleanup() for runner in runners))

    def _handler(self, name: str, session: aiohttp.ClientSession) -> Callable[[web.Request], Any]:
        cluster = self._configs[name]["clusters"][0]["cluster"]
        context = ssl.create_default_context(cadata=b64decode(cluster["certificate-authority-data"]).decode())

        async def handle(request: web.Request) -> web.StreamResponse:
            sent = await request.read()
            call = _call(name, request, sent)
            if not self.before(call):
                return _cut(request)
            url = URL(cluster["server"] + request.raw_path, encoded=True)
            headers = {**_passed_on(request.headers), **_PLAIN}
            try:
                async with session.request(
                    request.method,
                    url,
                    headers=headers,
                    data=sent or None,
                    ssl=context,
                    allow_redirects=False,
                ) as answer:
                    if request.query.get("watch") == "true":
                        return await _stream(request, answer)
                    got = self._seen(call, await answer.read())
            except aiohttp.ClientError:
                return _cut(request)
            if not self.after(call):
                return _cut(request)
            return web.Response(status=answer.status, headers=_passed_on(answer.headers), body=got)

        return handle

    def _seen(self, call: Call, got: bytes) -> bytes:
        """The answer, but for the members' kubeconfigs, which lead through here as well."""
        member = call.name.removesuffix("-kubeconfig")
        if call.resource != "secrets" or member not in self._configs:
            return got
        secret = json.loads(got)
        secret["data"] = {"value": b64encode(self._leading_here(member).encode()).decode()}
        return json.dumps(secret).encode()


@contextmanager
def crossing(stage: Stage) -> Iterator[Crossing]:
    """A way to the stage's clusters for one operator, with the tokens of its account."""
    upstream = {cluster.name: stage.account(cluster) for cluster in stage.fleet}
    way = Crossing(upstream, stage.hub.name, stage.hub.folder)
    way.start()
    try:
        yield way
    finally:
        way.stop()


def _call(cluster: str, request: web.Request, sent: bytes) -> Call:
    steps = request.path.strip("/").split("/")
    rest = steps[2:] if steps[0] == "api" else steps[3:]
    if rest[:1] == ["namespaces"] and len(rest) > 2:
        rest = rest[2:]
    resource, name, *below = [*rest, "", ""][: max(2, len(rest))]
    return Call(
        cluster=cluster,
        method=request.method,
        resource="/".join([resource, *below]),
        name=name,
        body=json.loads(sent) if sent else None,
    )


def _passed_on(headers: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in headers.items() if key.lower() not in _LEFT_OUT}


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response(status=503)


async def _stream(request: web.Request, answer: aiohttp.ClientResponse) -> web.StreamResponse:
    stream = web.StreamResponse(status=answer.status, headers=_passed_on(answer.headers))
    await stream.prepare(request)
    with suppress(ConnectionError):
        async for chunk in answer.content.iter_any():
            await stream.write(chunk)
    return stream
