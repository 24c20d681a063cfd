"""The whole sandbox, wired and filled: a hub, its members, traffic, Prometheus, clock and recorder."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from gala.api.crd import KINDS, render
from gala.sandbox.apiserver.errors import Json
from gala.sandbox.apiserver.kinds import CRD, Kind, find_builtin
from gala.sandbox.apiserver.resources import Options
from gala.sandbox.apiserver.server import EmbeddedServer
from gala.sandbox.apiserver.store import HISTORY
from gala.sandbox.clock import HUB, LocalClock, SimTime
from gala.sandbox.night import METRIC, ClusterDesign, Night, WorkloadDesign
from gala.sandbox.prometheus import EmbeddedPrometheus, Series
from gala.sandbox.readiness import Readiness
from gala.sandbox.recording import Recorder
from gala.sandbox.traffic import Traffic
from gala.sandbox.world import ClusterWorld, WorldParams

_INSTALLER = Options(manager="gala-sandbox")


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetParams:
    """What may differ from one sandbox to the next, beside the night."""

    fleet_namespace: str = "gala-system"
    readiness: Readiness = field(default_factory=Readiness)
    starts_per_second: int = 30
    create_event: bool = True
    """Whether the GalaEvent is there from the start; else somebody applies it."""
    with_prometheus: bool = True
    history: int = HISTORY
    """Changes of one kind that a server remembers for its watches."""


class EmbeddedFleet:
    """Servers with everything on them, in whatever time ``now`` tells; nothing moves by itself."""

    def __init__(self, night: Night, now: Callable[[], float], params: FleetParams | None = None) -> None:
        self.night = night
        self.params = params or FleetParams()
        self.now = now
        self.hub = EmbeddedServer(HUB, now, history=self.params.history)
        self.traffic = Traffic(night.traffic, seed=night.seed)
        self.worlds = {design.name: self._world(design) for design in night.clusters}
        series = tuple(
            Series(w.name, METRIC, {"namespace": night.namespace, "app": w.name}) for w in night.workloads
        )
        self.prometheus = EmbeddedPrometheus(self.traffic, series, tuple(self.worlds), now)

    def _world(self, design: ClusterDesign) -> ClusterWorld:
        server = EmbeddedServer(design.name, self.now, history=self.params.history)
        params = WorldParams(
            nodes=(self.night.nodes(design),),
            seed=self.night.seed,
            readiness=self.params.readiness,
            starts_per_second=self.params.starts_per_second,
        )
        return ClusterWorld(server, params, now=self.night.start)

    @property
    def hub_url(self) -> str:
        """The API server that the operator is pointed at."""
        return self.hub.url

    async def start(self, port: int = 0) -> None:
        """Opens every port and fills the servers; all originals are Ready then.

        ``port`` is the hub's, the members have those after it; 0 takes free ones.
        """
        await self.prometheus.start()
        for number, server in enumerate(self.servers()):
            await server.start(port + number if port else 0)
        self._install_hub()
        for design in self.night.clusters:
            self._install_member(design)

    def servers(self) -> tuple[EmbeddedServer, ...]:
        """The hub first, then the members in the order of the night."""
        return (self.hub, *(world.server for world in self.worlds.values()))

    async def stop(self) -> None:
        """Ends every watch and closes every port."""
        await self.prometheus.stop()
        for server in reversed(self.servers()):
            await server.stop()

    def _install_hub(self) -> None:
        for space in (self.params.fleet_namespace, self.night.namespace):
            self._create(self.hub, "namespaces", {"metadata": {"name": space}})
        for kind in KINDS:
            self.hub.resources.create(CRD, "", render(kind), _INSTALLER)
        for design in self.night.clusters:
            self._create(self.hub, "secrets", self._secret(design))
            self._create(self.hub, "galaclusters", self._cluster(design))
        if self.params.create_event:
            self.apply_event()

    def apply_event(self, body: Json | None = None) -> Json:
        """Creates the night's GalaEvent (or another one)."""
        return self._create(self.hub, "galaevents", body or self.night.event, manager="kubectl")

    def _install_member(self, design: ClusterDesign) -> None:
        world = self.worlds[design.name]
        self._create(world.server, "namespaces", {"metadata": {"name": self.night.namespace}})
        for workload in self.night.workloads:
            if not workload.only or design.name in workload.only:
                target = self._target(workload, design)
                self._create(world.server, workload.plural, target, manager="helm")
        world.prime()

    def _create(self, server: EmbeddedServer, plural: str, body: Json, manager: str = "gala-sandbox") -> Json:
        kind: Kind = server.resources.find(plural)
        namespace = body["metadata"].get("namespace", "")
        return server.resources.create(kind, namespace, body, Options(manager=manager))

    def _secret(self, design: ClusterDesign) -> Json:
        text = kubeconfig({design.name: self.worlds[design.name].server.url}, design.name)
        return {
            "metadata": {"name": f"{design.name}-kubeconfig", "namespace": self.params.fleet_namespace},
            "data": {"value": base64.b64encode(text.encode()).decode()},
        }

    def _cluster(self, design: ClusterDesign) -> Json:
        spec: Json = {
            "class": "Private" if design.private else "Public",
            "fillOrder": design.fill_order,
            "podStart": {"perSecond": self.params.starts_per_second, "p95": "60s"},
            "writeLimit": {"qps": 500, "burst": 1000},
            "admits": [
                {
                    "eventNamespace": self.night.namespace,
                    "targetNamespaces": [self.night.namespace],
                    "may": ["Grow"],
                    "maxTier": "S",
                }
            ],
        }
        if self.params.with_prometheus:
            spec["prometheus"] = {"url": self.prometheus.url(design.name)}
        return {
            "metadata": {"name": design.name, "namespace": self.params.fleet_namespace},
            "spec": spec,
        }

    def _target(self, workload: WorkloadDesign, design: ClusterDesign) -> Json:
        labels = {"app": workload.name}
        resources = {"requests": {"cpu": workload.cpu, "memory": workload.memory}}
        container = {"name": "main", "image": f"example.invalid/{workload.name}:1", "resources": resources}
        return {
            "metadata": {"name": workload.name, "namespace": self.night.namespace, "labels": labels},
            "spec": {
                "replicas": self.night.original(workload, design),
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
            },
        }

    def urls(self) -> dict[str, str]:
        """Where each server listens, by name; the hub first."""
        return {server.name: server.url for server in self.servers()}

    def write_kubeconfigs(self, folder: Path) -> dict[str, Path]:
        """One file per server, for people with kubectl; by cluster name, and ``hub``."""
        folder.mkdir(parents=True, exist_ok=True)
        urls = self.urls()
        written = {}
        for name in urls:
            written[name] = folder / f"{name}.kubeconfig"
            written[name].write_text(kubeconfig(urls, name))
        return written

    def deployment(self, cluster: str, name: str) -> Json:
        """A target as the server has it."""
        server = self.worlds[cluster].server
        return server.resources.get(find_builtin("deployments"), self.night.namespace, name)


class SandboxFleet(EmbeddedFleet):
    """In stepped time, with a recorder: ``start`` it, run an operator against ``hub_url``, ``stop`` it."""

    def __init__(self, night: Night, params: FleetParams | None = None) -> None:
        self.time = SimTime(night.start)
        super().__init__(night, self.time.now, params)
        self.clock = LocalClock(self.time, self.hub, list(self.worlds.values()), end=night.end)
        self.recorder = Recorder(night, self.hub, self.worlds)
        self.clock.observers.append(self.recorder.observe)

    async def start(self, port: int = 0) -> None:
        """As every fleet; from then on all is recorded."""
        await super().start(port)
        self.recorder.begin()


def kubeconfig(urls: Mapping[str, str], current: str, *, namespace: str = "") -> str:
    """A kubeconfig with one context for each server; the sandbox authenticates nobody."""
    there = {"namespace": namespace} if namespace else {}
    body: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": name, "cluster": {"server": url}} for name, url in urls.items()],
        "users": [{"name": "sandbox", "user": {}}],
        "contexts": [
            {"name": name, "context": {"cluster": name, "user": "sandbox", **there}} for name in urls
        ],
        "current-context": current,
    }
    return yaml.safe_dump(body, sort_keys=False)
