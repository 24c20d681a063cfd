"""Two clusters that several tenants share, and what their servers saw of one who wants more than his part.

The operator is the real one: it reads, plans, stores, writes and reports over HTTP. What people
apply reaches it straight from the hub's store. The hub checks no schema: what the CRD should
refuse comes in as through an old one, so the operator has to hold on its own.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiohttp import web

from gala.api.crd import KINDS, render
from gala.engine.desired import KINDS as WATCHED
from gala.engine.desired import Desired
from gala.engine.passes import Done
from gala.engine.wiring import wire
from gala.fleet.client import ApiServer
from gala.fleet.kubeconfig import Credentials
from gala.sandbox.apiserver.faults import Call
from gala.sandbox.apiserver.kinds import CRD, Kind, find_builtin
from gala.sandbox.apiserver.resources import Options
from gala.sandbox.apiserver.server import EmbeddedServer
from gala.sandbox.clock import LocalClock, SimTime
from gala.sandbox.demo import SETTINGS
from gala.sandbox.fleet import kubeconfig
from gala.sandbox.nodes import NodeGroup
from gala.sandbox.prometheus import parse_all
from gala.sandbox.world import ClusterWorld, WorldParams
from gala.settings import Settings
from signals_server import Answer, LyingPrometheus, asked, marked
from tenancy_objects import APPS, BANK, FLEET, ORIGINAL, SHOWS, START, SYSTEM, Json

_KUBECTL = Options(manager="kubectl")
_NAMESPACED = re.compile(r"/apis?/.*?namespaces/(?P<space>[^/]+)/(?P<rest>.+)")
_OF_ALL = re.compile(
    r"/version|/apis/gala.dev/v1alpha1/galacues|/api/v1/(nodes|pods)|/apis/apiextensions.k8s.io/.*|/apis?(/[a-z0-9.-]+){1,2}"
)
"""Read of a whole cluster: its version, its kinds, how much room its nodes have."""

SERIES = ({"namespace": SHOWS, "app": "front"}, {"namespace": BANK, "app": "vault"})
"""Labels of the series of ``hits``."""

_FLEETS: Json = {
    "metadata": {"name": "fleets.example.com"},
    "spec": {
        "group": "example.com",
        "scope": "Cluster",
        "names": {"plural": "fleets", "kind": "Fleet"},
        "versions": [{"name": "v1", "storage": True, "subresources": {"scale": {}}}],
    },
}
"""A kind of the whole cluster that has a scale."""

Act = Callable[["Town"], None]


class Heard(NamedTuple):
    """One request as a server got it."""

    cluster: str
    method: str
    path: str


@dataclass
class Town:
    """What there is, and what its servers were asked."""

    hub: EmbeddedServer
    north: EmbeddedServer
    clock: LocalClock
    prometheus: LyingPrometheus
    heard: list[Heard] = field(default_factory=list)
    measured: list[Json] = field(default_factory=list)
    """Labels of each series that Prometheus gave a figure of."""
    passes: list[Done] = field(default_factory=list)

    def apply(self, obj: Json) -> None:
        """Creates an object, or replaces its spec and labels; ``PORT`` in it is Prometheus' port."""
        kind, meta = self._kind(obj), obj["metadata"]
        spec = _with_port(obj["spec"], self.prometheus.url.rpartition(":")[2])
        key = (meta["namespace"], meta["name"])
        old = self.hub.store.get(kind, *key)
        if old is None:
            self.hub.resources.create(kind, key[0], {**obj, "spec": spec}, _KUBECTL)
            return
        labels = {"labels": meta.get("labels", {})}
        changed = {**old, "spec": spec, "metadata": {**old["metadata"], **labels}}
        self.hub.resources.update(kind, key, changed, "", _KUBECTL)

    def delete(self, obj: Json) -> None:
        """Somebody deletes it."""
        meta = obj["metadata"]
        self.hub.resources.delete(self._kind(obj), (meta["namespace"], meta["name"]), {})

    def condition(self, obj: Json, kind: str) -> Json:
        """One condition of an event or a cluster, as the hub has it; empty if it was never told."""
        meta = obj["metadata"]
        found = self.hub.resources.get(self._kind(obj), meta["namespace"], meta["name"])
        conditions = found.get("status", {}).get("conditions", ())
        return next((one for one in conditions if one["type"] == kind), {})

    def grown(self) -> dict[str, int]:
        """What does not run its original, as ``north shows/front``."""
        kind = find_builtin("deployments")
        found = {}
        for name, server in (("north", self.north), ("home", self.hub)):
            for body in server.store.all(kind):
                meta, count = body["metadata"], int(body["spec"]["replicas"])
                if count != ORIGINAL:
                    found[f"{name} {meta['namespace']}/{meta['name']}"] = count
        return found

    def escapes(self, granted: Mapping[str, Iterable[str]], *, secrets: Iterable[str] = ()) -> list[Heard]:
        """Requests outside of what was granted: by cluster, namespaces in which targets may be touched."""
        readable = {"north-kubeconfig", *secrets}
        return [
            one for one in self.heard if not _is_allowed(one, set(granted.get(one.cluster, ())), readable)
        ]

    async def play(
        self,
        *,
        seconds: float = 12.0,
        later: Mapping[float, Act] | None = None,
        settings: Settings = SETTINGS,
    ) -> None:
        """Lets the operator work for so long; ``later`` is by seconds after the start."""
        self.clock.end = START + seconds
        for after, act in (later or {}).items():
            self.clock.at(START + after, self._doing(act))
        api = ApiServer("hub", Credentials(server=self.hub.url), settings)
        wired = wire(api, self.clock, settings, identity="town", observer=self.passes.append)
        self._feed(wired.desired)
        running = asyncio.create_task(wired.operator.run())
        finished = asyncio.create_task(self.clock.finished.wait())
        try:
            await asyncio.wait({running, finished}, return_when=asyncio.FIRST_COMPLETED)
            assert not running.done()
            assert wired.operator.faults == 0
        finally:
            for task in (running, finished):
                task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
            await wired.close()
            await api.close()

    def _doing(self, act: Act) -> Callable[[], Awaitable[None]]:
        async def happen() -> None:
            act(self)

        return happen

    def _feed(self, desired: Desired) -> None:
        """What a watch without a network would tell."""

        def hear(kind: Kind, before: Json | None, after: Json | None) -> None:
            if kind.plural not in WATCHED:
                return
            if after is not None:
                desired.put(kind.plural, after)
            elif before is not None:
                key = (before["metadata"]["namespace"], before["metadata"]["name"])
                desired.remove(kind.plural, key, str(self.hub.store.revision))

        self.hub.store.listeners.append(hear)
        for plural in WATCHED:
            objects = list(self.hub.store.all(self.hub.resources.find(plural)))
            desired.replace(plural, objects, str(self.hub.store.revision))

    def _kind(self, obj: Json) -> Kind:
        return next(kind for kind in self.hub.resources.kinds.values() if kind.kind == obj["kind"])


def _with_port(value: Any, port: str) -> Any:
    if isinstance(value, dict):
        return {key: _with_port(item, port) for key, item in value.items()}
    if isinstance(value, list):
        return [_with_port(item, port) for item in value]
    return value.replace("PORT", port) if isinstance(value, str) else value


def _is_allowed(heard: Heard, spaces: set[str], secrets: set[str]) -> bool:
    if heard.method == "GET" and _OF_ALL.fullmatch(heard.path):
        return True
    found = _NAMESPACED.fullmatch(heard.path)
    if found is None:
        return heard[:2] == ("home", "GET") and heard.path in {f"/api/v1/namespaces/{name}" for name in APPS}
    space, rest = found["space"], found["rest"].split("/")
    if rest[0] == "secrets":
        return (heard.cluster, heard.method, space) == ("home", "GET", FLEET) and rest[1] in secrets
    if heard.cluster == "home" and _is_the_operators_own(heard.method, space, rest):
        return True
    return space in spaces and (heard.method == "GET" or (heard.method == "PATCH" and rest[-1] == "scale"))


def _is_the_operators_own(method: str, space: str, rest: list[str]) -> bool:
    """Its ledger, its Lease, its ConfigMaps, and what it tells people."""
    if rest[0] in {"galaevents", "galaclusters"}:
        return method == "GET" or (method == "PATCH" and rest[-1] == "status")
    if rest[0] == "events":
        return method in {"POST", "PATCH"}
    return space == FLEET and rest[0] in {"galaallocations", "leases", "configmaps"}


@asynccontextmanager
async def a_town() -> AsyncIterator[Town]:
    """Both clusters with every application at its original, and no event or cluster that anybody wrote."""
    time = SimTime(START)
    hub, north = EmbeddedServer("hub", time.now), EmbeddedServer("north", time.now)
    params = WorldParams(nodes=(NodeGroup(count=4),))
    async with asked() as prometheus:
        worlds = [ClusterWorld(server, params, now=START) for server in (hub, north)]
        town = Town(hub, north, LocalClock(time, hub, worlds), prometheus)
        prometheus.instead = _honest(town)
        await hub.start()
        await north.start()
        try:
            _install(town)
            for world in worlds:
                world.prime()
            yield town
        finally:
            await north.stop()
            await hub.stop()


def _install(town: Town) -> None:
    for server, name in ((town.hub, "home"), (town.north, "north")):
        for space, apps in APPS.items():
            if space != SYSTEM:
                _create(server, "namespaces", "", {"metadata": {"name": space}})
            for app in apps:
                _create(server, "deployments", space, _deployment(app, space))
        server.faults.before = _ear(town, name)
    for kind in KINDS:
        town.hub.resources.create(CRD, "", _without_schema(render(kind)), _KUBECTL)
    town.north.resources.create(CRD, "", _FLEETS, _KUBECTL)
    text = kubeconfig({"north": town.north.url}, "north")
    for space in (FLEET, SHOWS, BANK):
        _secret(town.hub, space, "north-kubeconfig", value=text)
    _secret(town.hub, BANK, "token", value="the bank's")


def _honest(town: Town) -> Answer:
    """A Prometheus that has two series and reads matchers as one does."""

    async def answer(request: web.Request) -> web.StreamResponse:
        found: list[tuple[str, list[Any]]] = []
        for question in parse_all(request.query["query"]):
            series = [s for s in SERIES if {**s, **{k: v for k, _, v in question.matchers}} == s]
            town.measured += series
            value = START if question.window is None else 120.5
            mark = question.label[1] if question.label else ""
            found += [(mark, [START, str(value)])] if series else []
        return marked(found)

    return answer


def _secret(server: EmbeddedServer, space: str, name: str, **data: str) -> None:
    packed = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
    _create(server, "secrets", space, {"metadata": {"name": name}, "data": packed})


def _create(server: EmbeddedServer, plural: str, namespace: str, body: Json) -> None:
    server.resources.create(find_builtin(plural), namespace, body, Options(manager="helm"))


def _deployment(name: str, namespace: str) -> Json:
    labels = {"app": name}
    container = {"name": "main", "image": "example.invalid/app:1", "resources": {"requests": {"cpu": "1"}}}
    return {
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "replicas": ORIGINAL,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def _without_schema(definition: Json) -> Json:
    spec = definition["spec"]
    versions = [{key: value for key, value in v.items() if key != "schema"} for v in spec["versions"]]
    return {**definition, "spec": {**spec, "versions": versions}}


def _ear(town: Town, name: str) -> Callable[[Call], Awaitable[None]]:
    async def hear(call: Call) -> None:
        town.heard.append(Heard(name, call.method, call.path))

    return hear
