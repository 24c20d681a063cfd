"""Simulated nodes: kwok says of a pod what a kubelet would, at the pace that its pool has.

The Stages are written for each pool, because a Stage sees the pod and not its node: they match the pods on
the pool's nodes by name.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

POOL = "gala.dev/pool"
"""The label that says which pool a node is in; real nodes of kind carry it too."""

DELAY = "e2e.gala.dev/start"
LATEST = "e2e.gala.dev/start-latest"
"""Annotations of a pod that say otherwise than its pool, as `30s`; it is Ready between the two."""

_FAKE = "kwok.x-k8s.io/node"


@dataclass(frozen=True, slots=True, kw_only=True)
class NodePool:
    """Nodes that are alike."""

    name: str
    nodes: int = 10
    cpu: str = "32"
    memory: str = "128Gi"
    pods: int = 500
    zone: str = "a"
    start_ms: int = 0
    """From being scheduled to Ready."""
    jitter_ms: int = 0
    """The most that is added to `start_ms`, evenly spread."""
    pull_failures: float = 0.0
    """The share of pods whose image cannot be pulled; they stay so until the pool is set to 0."""

    def node_names(self) -> list[str]:
        """All of them."""
        return [f"{self.name}-{number}" for number in range(self.nodes)]


def node_objects(pool: NodePool) -> list[dict[str, Any]]:
    """The Nodes to create; kwok makes them ready."""
    room = {"cpu": pool.cpu, "memory": pool.memory, "pods": str(pool.pods)}
    return [
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {
                "name": name,
                "annotations": {_FAKE: "fake"},
                "labels": {
                    POOL: pool.name,
                    "kubernetes.io/hostname": name,
                    "kubernetes.io/os": "linux",
                    "kubernetes.io/arch": "amd64",
                    "topology.kubernetes.io/zone": pool.zone,
                },
            },
            "status": {"capacity": room, "allocatable": room},
        }
        for name in pool.node_names()
    ]


def stages(pools: Sequence[NodePool]) -> list[dict[str, Any]]:
    """What kwok plays: nodes that become ready, and for each pool the life of its pods."""
    return [
        _NODE_READY,
        *(stage for pool in pools for stage in _pods(pool)),
        _POD_AGAIN,
        _POD_DONE,
        _POD_GONE,
    ]


def _pods(pool: NodePool) -> Iterator[dict[str, Any]]:
    failing = round(100 * pool.pull_failures)
    here = _has(".spec.nodeName", "In", *pool.node_names())
    pending = [_here_to_stay(), here, _has(".status.phase", "In", "Pending")]
    fresh = _has(".status.containerStatuses", "DoesNotExist")
    pace = {
        "durationMilliseconds": pool.start_ms,
        "durationFrom": {"expressionFrom": f'.metadata.annotations["{DELAY}"]'},
        "jitterDurationMilliseconds": pool.start_ms + pool.jitter_ms,
        "jitterDurationFrom": {"expressionFrom": f'.metadata.annotations["{LATEST}"]'},
    }
    if failing < 100:
        ready = pending if failing == 0 else [*pending, fresh]
        yield _stage(f"pod-ready-{pool.name}", "Pod", ready, _READY, weight=100 - failing, delay=pace)
    if failing:
        unpulled = [*pending, fresh]
        yield _stage(f"pod-unpulled-{pool.name}", "Pod", unpulled, _UNPULLED, weight=failing, delay=pace)


def _stage(name: str, kind: str, when: list[Any], status: str, **more: Any) -> dict[str, Any]:
    spec = {
        "resourceRef": {"apiGroup": "v1", "kind": kind},
        "selector": {"matchExpressions": when},
        "next": {"statusTemplate": status},
        **more,
    }
    return {"apiVersion": "kwok.x-k8s.io/v1alpha1", "kind": "Stage", "metadata": {"name": name}, "spec": spec}


def _has(key: str, operator: str, *values: str) -> dict[str, Any]:
    return {"key": key, "operator": operator, **({"values": list(values)} if values else {})}


def _here_to_stay() -> dict[str, Any]:
    return _has(".metadata.deletionTimestamp", "DoesNotExist")


_AGAIN = """
{{ $now := Now }}
conditions:
{{ range $type := list "Initialized" "Ready" "ContainersReady" }}
- lastTransitionTime: {{ $now | Quote }}
  status: "True"
  type: {{ $type }}
{{ end }}
"""

_READY = (
    _AGAIN
    + """containerStatuses:
{{ range .spec.containers }}
- image: {{ .image | Quote }}
  name: {{ .name | Quote }}
  ready: true
  restartCount: 0
  started: true
  state:
    running:
      startedAt: {{ $now | Quote }}
{{ end }}
{{ $addresses := PodIPsWith .spec.nodeName false .metadata.uid .metadata.name .metadata.namespace }}
podIP: {{ index $addresses 0 | Quote }}
phase: Running
startTime: {{ $now | Quote }}
"""
)

_UNPULLED = """
{{ $now := Now }}
conditions:
{{ range $type := list "Ready" "ContainersReady" }}
- lastTransitionTime: {{ $now | Quote }}
  message: containers with unready status
  reason: ContainersNotReady
  status: "False"
  type: {{ $type }}
{{ end }}
containerStatuses:
{{ range .spec.containers }}
- image: {{ .image | Quote }}
  name: {{ .name | Quote }}
  ready: false
  restartCount: 0
  started: false
  state:
    waiting:
      reason: ImagePullBackOff
      message: {{ printf "Back-off pulling image %s" .image | Quote }}
{{ end }}
phase: Pending
startTime: {{ $now | Quote }}
"""

_DONE = """
{{ $now := Now }}
containerStatuses:
{{ range .spec.containers }}
- image: {{ .image | Quote }}
  name: {{ .name | Quote }}
  ready: false
  restartCount: 0
  started: false
  state:
    terminated:
      exitCode: 0
      finishedAt: {{ $now | Quote }}
      reason: Completed
      startedAt: {{ $now | Quote }}
{{ end }}
phase: Succeeded
"""

_NODE = """
{{ $now := Now }}
conditions:
{{ range NodeConditions }}
- lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ $now | Quote }}
  message: {{ .message | Quote }}
  reason: {{ .reason | Quote }}
  status: {{ .status | Quote }}
  type: {{ .type | Quote }}
{{ end }}
addresses:
- address: 127.0.0.1
  type: InternalIP
nodeInfo:
  architecture: amd64
  bootID: ""
  containerRuntimeVersion: kwok
  kernelVersion: ""
  kubeProxyVersion: ""
  kubeletVersion: kwok
  machineID: ""
  operatingSystem: linux
  osImage: ""
  systemUUID: ""
phase: Running
"""

_NOT_READY = _has('.status.conditions.[] | select( .type == "Ready" ) | .status', "NotIn", "True")
_NODE_READY = _stage("node-ready", "Node", [_NOT_READY], _NODE)
_RUNS_ONCE = [
    _here_to_stay(),
    _has(".spec.restartPolicy", "In", "Never", "OnFailure"),
    _has(".status.phase", "In", "Running"),
]
_IS_UNREADY = _has('.status.conditions.[] | select( .type == "Ready" ) | .status', "In", "False")
_RUNS_UNREADY = [_here_to_stay(), _has(".status.phase", "In", "Running"), _IS_UNREADY]
_POD_AGAIN = _stage("pod-again", "Pod", _RUNS_UNREADY, _AGAIN, delay={"durationMilliseconds": 2000})
"""Who lost sight of a node calls its pods unready, and a kubelet that is back says otherwise."""
_POD_DONE = _stage("pod-done", "Pod", _RUNS_ONCE, _DONE)
_POD_GONE = {
    **_stage("pod-gone", "Pod", [], ""),
    "spec": {
        "resourceRef": {"apiGroup": "v1", "kind": "Pod"},
        "selector": {"matchExpressions": [_has(".metadata.deletionTimestamp", "Exists")]},
        "next": {"delete": True},
    },
}
