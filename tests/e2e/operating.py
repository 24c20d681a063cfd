"""The operator as a process of its own on real clusters: a hub, its members, and `gala run`.

    with operating(fleet, namespace) as stage:
        stage.admit()                                   every cluster becomes a member that admits `namespace`
        stage.operator()                                `gala run`; ended by its pid at the end of the block
        stage.apply(event("show", namespace, ...))      tests/e2e/events.py
        stage.until_phase("show", "Armed")              with the operator's log where it fails

The hub is the first cluster. The operator is a ServiceAccount in each of them (`ACCOUNT` in audit logs);
what it may do is what `gala.api.rbac` says, which chart/test_rights.py compares with what the chart grants.
"""

from __future__ import annotations

import itertools
import re
import sys
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from clusters.cluster import Cluster, Object
from clusters.processes import Guardian, Program, until
from events import API
from gala.api import rbac

FLEET = "gala-system"
NAME = "e2e-operator"
"""An account of its own: the chart's tests see what exactly `gala-operator` may do in the same clusters."""

LEASE = "gala-operator"
LEASES = (LEASE, "one", "other")
"""Of two who both lead each has a Lease of its own."""
ACCOUNT = f"system:serviceaccount:{FLEET}:{NAME}"

PATIENCE = 120.0
"""Seconds for a phase to come beyond the times that the event itself names."""

OF_OTHERS = (rbac.Scalable("stars", "stages.example.com"),)
"""The kinds beside Kubernetes' own that a test scales."""

CRDS = Path(__file__).parents[2] / "crds"

_ANSWERS = re.compile(r"answer on ([\d.]+:\d+)")
_numbers = itertools.count(1)


class Operator:
    """One process of `gala run`; several of them stand for the replicas of its Deployment."""

    def __init__(self, program: Program) -> None:
        self.program = program

    @property
    def said(self) -> str:
        """Its whole log."""
        return self.program.log.read_text(errors="replace")

    def address(self) -> str:
        """`host:port` of /metrics, /healthz and /readyz."""
        until(lambda: bool(_ANSWERS.search(self.said)), 60, lambda: f"it listens\n{self.program.tail()}")
        found = _ANSWERS.findall(self.said)
        return str(found[-1])


class Stage:
    """A hub, its members and their operators, for one test and its namespace."""

    def __init__(self, fleet: Sequence[Cluster], namespace: str, guardian: Guardian) -> None:
        self.fleet = fleet
        self.hub = fleet[0]
        self.namespace = namespace
        self.operators: list[Operator] = []
        self._guardian = guardian
        self._accounts: dict[str, Path] = {}

    def account(self, cluster: Cluster) -> Path:
        """A kubeconfig with a token of the operator's ServiceAccount there, which is made where missing."""
        if cluster.name not in self._accounts:
            cluster.namespace(FLEET)
            cluster.apply(*_account())
            self._accounts[cluster.name] = cluster.service_account(FLEET, NAME)
        return self._accounts[cluster.name]

    def install(self) -> None:
        """The kinds and the operator's namespace, in the hub."""
        self.hub.namespace(FLEET)
        self.hub.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(CRDS))
        self.hub.kubectl("wait", "--for=condition=Established", "--timeout=60s", "-f", str(CRDS))

    def admit(self, *clusters: Cluster, **spec: Any) -> None:
        """Makes them members, all if none is named, whose GalaCluster has this ``spec`` besides.

        Pods start as fast here as kwok plays them, so that a lead is half a minute.
        """
        for cluster in clusters or self.fleet:
            kubeconfig = b64encode(self.account(cluster).read_bytes()).decode()
            admits = [
                {"eventNamespace": self.namespace, "targetNamespaces": [self.namespace], "maxTier": "S"}
            ]
            member = {"admits": admits, "podStart": {"perSecond": 1000, "p95": "1s"}, **spec}
            self.hub.apply(
                {
                    "apiVersion": "v1",
                    "kind": "Secret",
                    "metadata": {"name": f"{cluster.name}-kubeconfig", "namespace": FLEET},
                    "data": {"value": kubeconfig},
                },
                {
                    "apiVersion": API,
                    "kind": "GalaCluster",
                    "metadata": {"name": cluster.name, "namespace": FLEET},
                    "spec": member,
                },
            )

    def operator(
        self,
        *options: str,
        kubeconfig: Path | None = None,
        command: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> Operator:
        """Starts `gala run` with these options besides; it is up once it answers over HTTP.

        Args:
            options: Of `gala run`.
            kubeconfig: The hub as it sees it; its ServiceAccount's if absent.
            command: What to run instead of this version's `gala`.
            environment: Variables besides.
        """
        number = next(_numbers)
        log = self.hub.folder / f"operator-{number}.log"
        words = [
            *(command or (str(Path(sys.executable).parent / "gala"),)),
            *("run", f"--kubeconfig={kubeconfig or self.account(self.hub)}", f"--fleet-namespace={FLEET}"),
            *("--listen=127.0.0.1:0", f"--identity=operator-{number}", *options),
        ]
        program = Program(
            f"operator-{number}", words, log, self._guardian, environment=dict(environment or {})
        )
        started = Operator(program)
        self.operators.append(started)
        program.start(lambda: bool(_ANSWERS.search(started.said)))
        return started

    def apply(self, *objects: Object) -> None:
        """Applies them in the hub, as a user would."""
        self.hub.apply(*objects)

    def status(self, name: str) -> Object:
        """The status of a GalaEvent of this namespace; empty before there is one."""
        found: Object = self.hub.get("galaevent", name, "-n", self.namespace).get("status", {})
        return found

    def condition(self, name: str, kind: str) -> Object:
        """One condition of a GalaEvent; empty before there is one."""
        found = self.status(name).get("conditions", ())
        return next((dict(one) for one in found if one["type"] == kind), {})

    def ledger(self) -> list[Object]:
        """What stands in the GalaAllocations."""
        return [one["spec"] for one in self.hub.get("galaallocations", "-n", FLEET)["items"]]

    def until(self, true: Callable[[], bool], what: str, seconds: float = PATIENCE) -> None:
        """Waits until it is true; where it does not come, the operators' last words are told."""
        until(true, seconds, lambda: f"{what}\n{self.tell()}", look=0.5)

    def until_phase(self, name: str, *phases: str, seconds: float = PATIENCE) -> None:
        """Waits until a GalaEvent is in one of these phases."""
        what = f"{name} is {' or '.join(phases)}"
        self.until(lambda: self.status(name).get("phase") in phases, what, seconds)

    def replicas(self, name: str, kind: str = "deployment") -> dict[str, int]:
        """`spec.replicas` of a target in each cluster, as its API server says."""
        return {one.name: self.replicas_in(one, name, kind) for one in self.fleet}

    def replicas_in(self, cluster: Cluster, name: str, kind: str = "deployment") -> int:
        """`spec.replicas` of a target in one cluster, as its API server says."""
        return int(cluster.get(kind, name, "-n", self.namespace)["spec"]["replicas"])

    def tell(self) -> str:
        """For a failure's message: the events as they stand, and the ends of the operators' logs."""
        events = self.hub.run("get", "galaevents", "-n", self.namespace, "-o", "yaml").out
        return "\n".join([events, *(one.program.tail() for one in self.operators)])

    def close(self) -> None:
        """Ends the operators and takes away what is theirs in the hub; what they scaled stays."""
        for one in self.operators:
            one.program.stop()
        kinds = "galaevents,galacues,galaclusters,galaallocations"
        self.hub.run("delete", kinds, "--all", "--all-namespaces", "--wait=false")
        self.hub.run("delete", "lease", LEASE, "-n", FLEET, "--ignore-not-found")


@contextmanager
def operating(fleet: Sequence[Cluster], namespace: str) -> Iterator[Stage]:
    """A stage on these clusters, with the kinds installed; its operators end with the block."""
    guardian = Guardian()
    stage = Stage(fleet, namespace, guardian)
    try:
        stage.install()
        yield stage
    finally:
        stage.close()
        guardian.close()


def _account() -> list[Object]:
    """May do what the operator asks of its users, in every namespace, and nothing else."""
    in_fleet = [rule for lease in LEASES for rule in rbac.in_fleet_namespace(lease)]
    rules = (
        *rbac.HUB_EVERYWHERE,
        *dict.fromkeys(in_fleet),
        *rbac.MEMBER_EVERYWHERE,
        *rbac.in_target_namespaces(OF_OTHERS),
    )
    return [
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": NAME, "namespace": FLEET}},
        rbac.role(NAME, rules),
        rbac.binding(NAME, {"name": NAME, "namespace": FLEET}),
    ]
