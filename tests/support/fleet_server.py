"""A small API server on loopback with the faults that a fleet has to live with.

It speaks real HTTP and keeps objects by collection. It is no stand-in for Kubernetes:
it knows just enough of lists, watches, ``/scale`` and Secrets for the tests of the fleet.
"""

from __future__ import annotations

import asyncio
import base64
import copy
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

Fault = Callable[[web.Request], Awaitable[web.StreamResponse]]
Object = dict[str, Any]

SCALED = {"deployments": "Deployment", "statefulsets": "StatefulSet", "rollouts": "Rollout"}


class FleetServer:
    """Objects by collection path and name; every change gets the next resourceVersion."""

    def __init__(self) -> None:
        self.version = 100
        self.url = ""
        self.objects: dict[str, dict[str, Object]] = defaultdict(dict)
        self.unserved: set[str] = {"scaledobjects"}
        self.forbidden: set[str] = set()
        self.faults: dict[tuple[str, str], Fault] = {}
        """By method and the last part of the path: answers instead of the server."""
        self.down = False
        self.token = ""
        self.requests: list[tuple[str, str, str]] = []
        """Method, path and query of each."""
        self.patches: list[tuple[str, Any]] = []
        """Content type and body."""
        self.watches: set[asyncio.Queue[Object | None]] = set()
        self._watched: dict[asyncio.Queue[Object | None], str] = {}
        self.expired_before = 0

    def count(self, method: str, ending: str) -> int:
        """How many requests there were to paths with this ending."""
        return sum(1 for verb, path, _ in self.requests if verb == method and path.endswith(ending))

    def put(self, collection: str, obj: Object) -> Object:
        """Adds or replaces an object and tells who watches."""
        self.version += 1
        name = obj["metadata"]["name"]
        new = name not in self.objects[collection]
        obj["metadata"]["resourceVersion"] = str(self.version)
        obj["metadata"].setdefault("uid", f"uid-{name}")
        self.objects[collection][name] = obj
        self.tell(collection, {"type": "ADDED" if new else "MODIFIED", "object": copy.deepcopy(obj)})
        return obj

    def change(self, collection: str, name: str, **parts: Mapping[str, Any]) -> None:
        """Merges fields into ``spec`` or ``status``."""
        obj = copy.deepcopy(self.objects[collection][name])
        for part, fields in parts.items():
            obj.setdefault(part, {}).update(fields)
        self.put(collection, obj)

    def remove(self, collection: str, name: str) -> None:
        """Deletes an object and tells who watches."""
        self.version += 1
        obj = self.objects[collection].pop(name)
        obj["metadata"]["resourceVersion"] = str(self.version)
        self.tell(collection, {"type": "DELETED", "object": obj})

    def bookmark(self) -> None:
        """Tells every watch how far the server is."""
        for collection in set(self._watched.values()):
            self.tell(
                collection,
                {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": str(self.version)}}},
            )

    def tell(self, collection: str, event: Object) -> None:
        """Sends a watch event as it is."""
        for queue, watched in self._watched.items():
            if watched == collection:
                queue.put_nowait(event)

    def cut(self) -> None:
        """Ends every watch, as a server that is restarted does."""
        for queue in self._watched:
            queue.put_nowait(None)

    def watching(self, collection: str) -> int:
        """How many watches there are of a collection."""
        return sum(1 for watched in self._watched.values() if watched == collection)

    async def handle(self, request: web.Request) -> web.StreamResponse:
        self.requests.append((request.method, request.path, request.query_string))
        if self.down:
            request.transport.abort()  # type: ignore[union-attr]
            return web.Response()
        if fault := self.faults.get((request.method, request.path.rpartition("/")[2])):
            return await fault(request)
        if self.token and request.headers.get("Authorization") != f"Bearer {self.token}":
            return status(401, "Unauthorized")
        if request.path == "/version":
            return web.json_response({"gitVersion": "v1.34.0"})
        return await self._resource(request)

    async def _resource(self, request: web.Request) -> web.StreamResponse:
        collection, name, sub = split(request.path)
        plural = collection.rpartition("/")[2]
        if plural in self.unserved:
            return status(404, "the server could not find the requested resource")
        if plural in self.forbidden:
            return status(403, f"{plural} is forbidden")
        if not name:
            if request.path in self.objects.get("discovery", {}):
                return web.json_response(self.objects["discovery"][request.path])
            return await self._collection(request, collection)
        obj = self.objects[collection].get(name)
        if obj is None:
            return status(404, f"{plural} {name!r} not found")
        if sub == "scale":
            return await self._scale(request, collection, obj)
        return web.json_response(obj)

    async def _collection(self, request: web.Request, collection: str) -> web.StreamResponse:
        if request.query.get("watch"):
            return await self._watch(request, collection)
        items = self._everything(collection)
        selector = request.query.get("labelSelector")
        if selector:
            key, _, value = selector.partition("=")
            items = [item for item in items if item["metadata"].get("labels", {}).get(key) == value]
        limit, start = int(request.query.get("limit", "500")), int(request.query.get("continue", "0"))
        metadata = {"resourceVersion": str(self.version)}
        if start + limit < len(items):
            metadata["continue"] = str(start + limit)
        return web.json_response({"items": items[start : start + limit], "metadata": metadata})

    def _everything(self, collection: str) -> list[Object]:
        if collection == "/api/v1/pods":
            return [
                o for path, found in self.objects.items() if path.endswith("/pods") for o in found.values()
            ]
        return list(self.objects[collection].values())

    async def _watch(self, request: web.Request, collection: str) -> web.StreamResponse:
        since = int(request.query["resourceVersion"])
        if since < self.expired_before:
            return status(410, "too old resource version")
        response = web.StreamResponse()
        queue: asyncio.Queue[Object | None] = asyncio.Queue()
        for obj in self._everything(collection):
            if int(obj["metadata"]["resourceVersion"]) > since:
                queue.put_nowait({"type": "MODIFIED", "object": obj})
        self._watched[queue] = collection
        try:
            await response.prepare(request)
            while (event := await queue.get()) is not None:
                text = event["raw"] if "raw" in event else json.dumps(event) + "\n"
                await response.write(text.encode())
        finally:
            del self._watched[queue]
        return response

    async def _scale(self, request: web.Request, collection: str, obj: Object) -> web.StreamResponse:
        if request.method == "GET":
            return web.json_response(scale_of(obj))
        body, content_type = json.loads(await request.text()), request.content_type
        self.patches.append((content_type, body))
        if content_type == "application/merge-patch+json":
            if body["metadata"]["resourceVersion"] != obj["metadata"]["resourceVersion"]:
                return status(409, "the object has been modified")
            replicas = body["spec"]["replicas"]
        else:
            uid, value, change = body
            if uid["value"] != obj["metadata"]["uid"] or value["value"] != obj["spec"].get("replicas"):
                return status(422, "testing value failed")
            replicas = change["value"]
        changed = copy.deepcopy(obj)
        changed["spec"]["replicas"] = replicas
        changed["metadata"]["managedFields"] = [managed(request.query["fieldManager"])]
        return web.json_response(scale_of(self.put(collection, changed)))


def split(path: str) -> tuple[str, str, str]:
    """Collection, name and subresource of a path; the name is empty for a collection."""
    parts = path.split("/")
    base = 3 if parts[1] == "api" else 4
    if len(parts) > base and parts[base] == "namespaces" and len(parts) > base + 2:
        base += 2
    end = base + 1
    name = parts[end] if len(parts) > end else ""
    return "/".join(parts[:end]), name, parts[end + 1] if len(parts) > end + 1 else ""


def status(code: int, message: str, **headers: str) -> web.Response:
    """A ``Status`` as API servers answer it."""
    body = {"kind": "Status", "code": code, "message": message}
    return web.json_response(body, status=code, headers=headers)


def scale_of(obj: Object) -> Object:
    """The object's ``/scale``; replicas of 0 are not on the wire."""
    replicas = obj["spec"].get("replicas", 0)
    labels = obj["spec"].get("selector", {}).get("matchLabels", {})
    return {
        "kind": "Scale",
        "metadata": {key: obj["metadata"][key] for key in ("name", "uid", "resourceVersion")},
        "spec": {"replicas": replicas} if replicas else {},
        "status": {"selector": ",".join(f"{key}={value}" for key, value in labels.items())},
    }


def managed(manager: str) -> Object:
    """An entry of managedFields that owns the replicas."""
    return {
        "manager": manager,
        "operation": "Update",
        "subresource": "scale",
        "time": "2026-02-16T12:00:00Z",
        "fieldsV1": {"f:spec": {"f:replicas": {}}},
    }


def kubeconfig(url: str, **user: str) -> str:
    """A kubeconfig as a Secret carries it, base64."""
    document = {
        "current-context": "main",
        "contexts": [{"name": "main", "context": {"cluster": "c", "user": "u"}}],
        "clusters": [{"name": "c", "cluster": {"server": url}}],
        "users": [{"name": "u", "user": user}],
    }
    return base64.b64encode(json.dumps(document).encode()).decode()


@asynccontextmanager
async def serving(server: FleetServer | None = None) -> AsyncIterator[FleetServer]:
    """A server that listens on a free port of loopback."""
    server = server or FleetServer()
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        server.cut()
        await runner.cleanup()
