"""One watch: history, then changes as they come, then bookmarks."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import NamedTuple

from aiohttp import web

from gala.sandbox.apiserver import tables
from gala.sandbox.apiserver.errors import ApiError, Json
from gala.sandbox.apiserver.kinds import Kind
from gala.sandbox.apiserver.selectors import Matcher
from gala.sandbox.apiserver.store import Event, Store, Watcher, encode

_BOOKMARK_SECONDS = 60.0
_LONGEST = 3_600.0


class Scope(NamedTuple):
    """What a watch shows; ``delay`` gives wall seconds to wait before each batch, for tests of order."""

    namespace: str
    match: Matcher | None
    now: Callable[[], float]
    """For ages in Tables."""
    delay: Callable[[], float] | None = None


async def stream(request: web.BaseRequest, store: Store, kind: Kind, scope: Scope) -> web.StreamResponse:
    """Answers a watch until the client leaves, its time-out is over or the server ends it."""
    query = request.query
    watcher = Watcher(
        scope.namespace, scope.match, bookmarks=query.get("allowWatchBookmarks") in {"1", "true", "True"}
    )
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.enable_chunked_encoding()
    since = query.get("resourceVersion", "")
    first = b""
    try:
        if since in {"", "0"} or query.get("sendInitialEvents") == "true":
            first = _initial(store, kind, watcher, initial=query.get("sendInitialEvents") == "true")
            store.subscribe(kind, watcher, store.revision)
        else:
            store.subscribe(kind, watcher, int(since))
    except ApiError as error:
        # A real server answers 200 and puts the 410 into the stream; clients have to read it there.
        first = b'{"type":"ERROR","object":%b}\n' % encode(error.body)
        watcher.closed = True
    try:
        await response.prepare(request)
        if first:
            await response.write(first)
        table = tables.wants_table(request.headers.get("Accept", ""))
        limit = float(query.get("timeoutSeconds") or _LONGEST)
        pump = _Pump(response, watcher, kind, scope, table=table)
        await pump.run(limit)
        await response.write_eof()
    except ConnectionResetError:
        return response
    finally:
        store.unsubscribe(kind, watcher)
        watcher.pending.clear()
        watcher.idle.set()
    return response


def _initial(store: Store, kind: Kind, watcher: Watcher, *, initial: bool) -> bytes:
    match = watcher.match
    lines = [
        Event(store.revision, "ADDED", before=None, after=body).line()
        for body in store.all(kind, watcher.namespace)
        if match is None or match(body)
    ]
    if initial:
        notes = {"k8s.io/initial-events-end": "true"}
        lines.append(_bookmark(kind, store.revision, annotations=notes))
    return b"".join(lines)


def _bookmark(kind: Kind, revision: int, *, annotations: Json | None = None) -> bytes:
    meta: Json = {"resourceVersion": str(revision), "creationTimestamp": None}
    if annotations:
        meta["annotations"] = annotations
    body = {"kind": kind.kind, "apiVersion": kind.api_version, "metadata": meta}
    return b'{"type":"BOOKMARK","object":%b}\n' % encode(body)


class _Pump:
    """Moves what is pending to the wire."""

    def __init__(
        self,
        response: web.StreamResponse,
        watcher: Watcher,
        kind: Kind,
        scope: Scope,
        *,
        table: bool,
    ) -> None:
        self._response = response
        self._watcher = watcher
        self._kind = kind
        self._table = table
        self._delay = scope.delay
        self._now = scope.now

    async def run(self, limit: float) -> None:
        """Until the watch is closed or ``limit`` wall seconds are over."""
        watcher = self._watcher
        loop = asyncio.get_running_loop()
        end = loop.time() + limit
        while not watcher.closed:
            if watcher.pending:
                await self._write()
                continue
            watcher.idle.set()
            watcher.wake.clear()
            try:
                async with asyncio.timeout(min(_BOOKMARK_SECONDS, end - loop.time())):
                    await watcher.wake.wait()
            except TimeoutError:
                if loop.time() >= end:
                    return
                if watcher.bookmarks and watcher.seen:
                    await self._response.write(_bookmark(self._kind, watcher.seen))

    async def _write(self) -> None:
        if self._delay is not None:
            await asyncio.sleep(self._delay())
        pending = self._watcher.pending
        lines = []
        while pending:
            lines.append(self._line(pending.popleft()))
        await self._response.write(b"".join(lines))

    def _line(self, item: Event | int) -> bytes:
        if isinstance(item, int):
            return _bookmark(self._kind, item)
        what = self._watcher.type_of(item) or item.type
        if not self._table:
            return item.line(what)
        rendered = tables.render(self._kind, [item.after], metadata={}, now=self._now(), include="Metadata")
        return b'{"type":"%b","object":%b}\n' % (what.encode(), encode(rendered))
