"""One API server on one loopback port."""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import yaml
from aiohttp import web

from gala.sandbox.apiserver import beyond, damage, discovery, protobuf, reads
from gala.sandbox.apiserver.errors import ApiError, Json, bad_request
from gala.sandbox.apiserver.faults import Call, Faults
from gala.sandbox.apiserver.kinds import Kind
from gala.sandbox.apiserver.resources import APPLY, Options, Resources
from gala.sandbox.apiserver.selectors import both, parse_fields
from gala.sandbox.apiserver.store import HISTORY, Store, encode
from gala.sandbox.apiserver.watches import Scope, stream

_REVIEWS = "selfsubjectaccessreviews"
_WRITES = frozenset({"PUT", "PATCH"})
_REFUSALS = 10_000
"""Refused writes that are remembered: a server may run for days."""


class Target(NamedTuple):
    """What a path addresses."""

    kind: Kind
    namespace: str
    name: str
    sub: str


class Refused(NamedTuple):
    """A write to a ``/scale`` that was not carried out."""

    at: float
    path: str
    status: int


class EmbeddedServer:
    """Start it, talk HTTP to ``url``, stop it; ``store`` and ``resources`` are the way in from inside."""

    def __init__(self, name: str, now: Callable[[], float], *, history: int = HISTORY) -> None:
        self.name = name
        self.now = now
        self.store = Store(history=history)
        self.resources = Resources(self.store, now, name=name)
        self.faults = Faults()
        self.requests = 0
        """Requests begun since the start, watches included."""
        self.refused_scales: deque[Refused] = deque(maxlen=_REFUSALS)
        """Writes to a ``/scale`` that were answered with an error."""
        self._busy = 0
        self._idle = asyncio.Event()
        self._idle.set()
        self._runner: web.ServerRunner | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    async def start(self, port: int = 0) -> None:
        """Listens on 127.0.0.1; port 0 takes a free one."""
        self._runner = web.ServerRunner(web.Server(self._serve), handle_signals=False, shutdown_timeout=0.5)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", port)
        await site.start()
        self._port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Ends the watches and closes the port."""
        for _, watcher in self.store.watchers():
            watcher.close()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def cut(self) -> None:
        """Makes the server unreachable and ends every open watch."""
        self.faults.unreachable = True
        for _, watcher in self.store.watchers():
            watcher.close()

    def heal(self) -> None:
        """Makes the server reachable again."""
        self.faults.unreachable = False

    async def settle(self) -> None:
        """Returns when no request (other than a watch) is in flight and every watch is written."""
        while self._busy:
            await self._idle.wait()
        await self.store.flush()

    async def _serve(self, request: web.BaseRequest) -> web.StreamResponse:
        self.requests += 1
        if self.faults.unreachable:
            return damage.cut(request)
        watch = request.query.get("watch") in {"1", "true", "True"}
        if not watch:
            self._busy += 1
            self._idle.clear()
        try:
            response = await self._answer(request, watch=watch)
        except ApiError as error:
            response = _reply(error.body, status=error.code)
        finally:
            if not watch:
                self._busy -= 1
                if not self._busy:
                    self._idle.set()
        if request.method in _WRITES and request.path.endswith("/scale") and response.status >= 400:
            self.refused_scales.append(Refused(self.now(), request.path, response.status))
        return response

    async def _answer(self, request: web.BaseRequest, *, watch: bool) -> web.StreamResponse:
        if self.faults.delay is not None:
            await asyncio.sleep(self.faults.delay())
        beyond.refuse_pages(request.headers)
        target = self._parse(request.path)
        call = Call(request.method, request.path, _resource(target), watch)
        if refusal := self.faults.refusal(call):
            headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after is not None else {}
            error = ApiError(refusal.status, "InternalError", "refused on request")
            return _reply(error.body, status=refusal.status, headers=headers)
        spoil = self.faults.spoil(call)
        if spoil is not None and (answer := await damage.instead(request, spoil)) is not None:
            return answer
        if self.faults.before is not None:
            await self.faults.before(call)
        if watch and target is not None:
            if spoil is not None:
                return await damage.spoiled_watch(request, spoil)
            return await self._watch(request, target)
        carried = await self._carried(request, target, call)
        return carried if spoil is None else damage.spoiled(request, spoil, carried)

    async def _carried(self, request: web.BaseRequest, target: Target | None, call: Call) -> web.Response:
        if target is None:
            return await self._general(request)
        body = await request.read()
        try:
            return self._carry_out(request, target, body)
        finally:
            # A refusal is an answer too, so this point is reached after it as well.
            if self.faults.after is not None:
                await self.faults.after(call)

    async def _general(self, request: web.BaseRequest) -> web.Response:
        path = request.path.rstrip("/")
        if path in {"/livez", "/readyz", "/healthz"}:
            return web.Response(text="ok")
        if path.endswith(_REVIEWS) and request.method == "POST":
            # Whatever is asked may be done; kubectl asks in protobuf.
            review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview"}
            return _reply({**review, "status": {"allowed": True}}, status=201)
        document = discovery.answer(path, self.resources.kinds.values())
        if document is None:
            raise beyond.unknown(path)
        return _reply(document)

    def _parse(self, path: str) -> Target | None:
        parts = path.strip("/").split("/")
        if parts[0] == "api" and len(parts) > 2:
            group, version, rest = "", parts[1], parts[2:]
        elif parts[0] == "apis" and len(parts) > 3:
            group, version, rest = parts[1], parts[2], parts[3:]
        else:
            return None
        namespace = ""
        if rest[0] == "namespaces" and len(rest) > 2 and rest[2] not in {"status", "finalize"}:
            namespace, rest = rest[1], rest[2:]
        kind = self.resources.kinds.get((group, version, rest[0]))
        if kind is None:
            return None
        name, sub = [*rest, "", ""][1:3]
        if sub and sub not in kind.subresources:
            return None
        return Target(kind, namespace, name, sub)

    async def _watch(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        query = request.query
        match = reads.selected(query)
        if target.name:
            match = both(match, parse_fields(f"metadata.name={target.name}"))
        scope = Scope(target.namespace, match, self.now, self.faults.delay)
        return await stream(request, self.store, target.kind, scope)

    def _carry_out(self, request: web.BaseRequest, target: Target, body: bytes) -> web.Response:
        query = request.query
        kind, namespace, name, sub = target
        key = (namespace, name)
        method = request.method
        if method == "GET":
            return self._read(request, target)
        options = Options(
            manager=query.get("fieldManager")
            or request.headers.get("User-Agent", "unknown").partition("/")[0],
            dry_run=query.get("dryRun") == "All",
            field_validation=query.get("fieldValidation", "Warn"),
            force=query.get("force") == "true",
        )
        content = request.headers.get("Content-Type", "").partition(";")[0]
        given = _decode(body, content)
        if method == "DELETE" and not name:
            return self._delete_all(query, target)
        if method == "DELETE":
            return _reply(_deleted(self.resources.delete(kind, key, given or {}, dry_run=options.dry_run)))
        if method == "POST" and not name:
            return _reply(self.resources.create(kind, namespace, given, options), status=201, options=options)
        if method == "PUT" and name:
            return _reply(self.resources.update(kind, key, given, sub, options), options=options)
        if method == "PATCH" and name:
            patched = self.resources.patch(kind, key, given, (content, sub), options)
            return _reply(patched, options=options)
        raise ApiError(
            405, "MethodNotAllowed", "the server does not allow this method on the requested resource"
        )

    def _read(self, request: web.BaseRequest, target: Target) -> web.Response:
        kind, namespace, name, sub = target
        asked = reads.Asked(request.query, request.headers.get("Accept", ""), self.now())
        if not name:
            shown = self.store
            if kind.plural in self.faults.empty_lists:
                shown = Store(revision=self.store.revision)
            return _reply(reads.many(shown, kind, namespace, asked))
        return _reply(reads.one(kind, self.resources.get(kind, namespace, name), sub, asked))

    def _delete_all(self, query: Mapping[str, str], target: Target) -> web.Response:
        match = reads.selected(query)
        for body in list(self.store.all(target.kind, target.namespace)):
            if match is None or match(body):
                meta = body["metadata"]
                self.resources.delete(target.kind, (meta.get("namespace", ""), meta["name"]), {})
        return _reply({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"})


def _resource(target: Target | None) -> str:
    if target is None:
        return ""
    return f"{target.kind.plural}/{target.sub}" if target.sub else target.kind.plural


def _decode(body: bytes, content: str) -> Any:
    if not body:
        return None
    if content == protobuf.CONTENT:
        return protobuf.decode(body)
    try:
        if content in {APPLY, "application/yaml"}:
            return yaml.safe_load(body)
        return json.loads(body)
    except (ValueError, yaml.YAMLError) as error:
        raise bad_request(f"the body cannot be read: {error}") from error


def _deleted(body: Json) -> Json:
    meta = body["metadata"]
    return {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Success",
        "details": {"name": meta["name"], "kind": body["kind"], "uid": meta["uid"]},
    }


def _reply(
    body: Json, *, status: int = 200, options: Options | None = None, headers: Mapping[str, str] | None = None
) -> web.Response:
    response = web.Response(
        body=encode(body), status=status, content_type="application/json", headers=headers
    )
    for warning in options.warnings if options else ():
        text = warning.replace('"', '\\"')
        response.headers.add("Warning", f'299 - "{text}"')
    return response
