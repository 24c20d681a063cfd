"""How each program of a control plane is called: on loopback, RBAC on, with authorities of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from clusters.audit import POLICY
from clusters.authority import Authority, Certificate, signing_key
from clusters.processes import free_port

_CONTROLLERS = (
    "clusterrole-aggregation-controller",
    "deployment-controller",
    "disruption-controller",
    "garbage-collector-controller",
    "horizontal-pod-autoscaler-controller",
    "namespace-controller",
    "node-lifecycle-controller",
    "persistentvolume-binder-controller",
    "persistentvolume-protection-controller",
    "persistentvolumeclaim-protection-controller",
    "pod-garbage-collector-controller",
    "replicaset-controller",
    "resourcequota-controller",
    "serviceaccount-controller",
    "serviceaccount-token-controller",
    "statefulset-controller",
)
"""Those that a workload meets; without node-lifecycle a new node would keep its not-ready taint for ever."""

_HPA_LOOKS = "--horizontal-pod-autoscaler-sync-period=2s"
_QPS, _BURST = 500, 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """One for each server."""

    etcd: int
    etcd_peer: int
    apiserver: int

    @classmethod
    def free(cls) -> Ports:
        """Three that nobody holds."""
        return cls(etcd=free_port(), etcd_peer=free_port(), apiserver=free_port())


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """The files of one cluster and the command lines made from them."""

    folder: Path
    programs: Path
    """The folder of the programs."""
    ports: Ports
    users: Authority
    front: Authority
    """Signs for the aggregator, when it speaks to an extension API server in a user's name."""
    tokens: Certificate

    @classmethod
    def new(cls, folder: Path, programs: Path) -> ControlPlane:
        """Its authorities are made anew."""
        secrets = folder / "pki"
        users, front = Authority(secrets / "users", "users"), Authority(secrets / "front", "front-proxy")
        return cls(folder, programs, Ports.free(), users, front, signing_key(secrets))

    @property
    def url(self) -> str:
        """Of the API server."""
        return f"https://127.0.0.1:{self.ports.apiserver}"

    def etcd(self) -> list[str]:
        """Nothing is synced to disk: what a killed machine would lose, no test asks for."""
        client = f"http://127.0.0.1:{self.ports.etcd}"
        peer = f"http://127.0.0.1:{self.ports.etcd_peer}"
        return [
            str(self.programs / "etcd"),
            *("--name=e2e", f"--data-dir={self.folder / 'etcd'}", "--unsafe-no-fsync", "--log-level=warn"),
            *(f"--listen-client-urls={client}", f"--advertise-client-urls={client}"),
            *(f"--listen-peer-urls={peer}", f"--initial-advertise-peer-urls={peer}"),
            f"--initial-cluster=e2e={peer}",
        ]

    def apiserver(self) -> list[str]:
        """With the audit log, and what an APIService needs."""
        serving = self.users.server("kube-apiserver", ("IP:127.0.0.1", "DNS:localhost"))
        front = self.front.client("front-proxy-client")
        return [
            str(self.programs / "kube-apiserver"),
            *("--bind-address=127.0.0.1", f"--secure-port={self.ports.apiserver}"),
            f"--etcd-servers=http://127.0.0.1:{self.ports.etcd}",
            *(f"--tls-cert-file={serving.cert}", f"--tls-private-key-file={serving.key}"),
            *(f"--client-ca-file={self.users.own.cert}", "--authorization-mode=RBAC"),
            f"--service-account-key-file={self.tokens.cert}",
            f"--service-account-signing-key-file={self.tokens.key}",
            *("--service-account-issuer=https://kubernetes.default.svc", "--api-audiences=api"),
            *("--service-cluster-ip-range=10.0.0.0/16", "--endpoint-reconciler-type=none"),
            f"--requestheader-client-ca-file={self.front.own.cert}",
            *(
                "--requestheader-allowed-names=front-proxy-client",
                "--requestheader-username-headers=X-Remote-User",
            ),
            "--requestheader-group-headers=X-Remote-Group",
            "--requestheader-extra-headers-prefix=X-Remote-Extra-",
            *(f"--proxy-client-cert-file={front.cert}", f"--proxy-client-key-file={front.key}"),
            *(f"--audit-policy-file={self._written('audit-policy.json', POLICY)}", "--audit-log-maxsize=0"),
            f"--audit-log-path={self.audit_log}",
        ]

    @property
    def audit_log(self) -> Path:
        """Written before a request is answered."""
        return self.folder / "audit.log"

    def controller_manager(self) -> list[str]:
        """Each controller under its own ServiceAccount, so that the audit log tells them apart."""
        return [
            str(self.programs / "kube-controller-manager"),
            f"--kubeconfig={self.kubeconfig('system:kube-controller-manager')}",
            *("--leader-elect=false", "--secure-port=0", "--use-service-account-credentials=true"),
            f"--controllers={','.join(_CONTROLLERS)}",
            f"--service-account-private-key-file={self.tokens.key}",
            f"--root-ca-file={self.users.own.cert}",
            *(f"--kube-api-qps={_QPS}", f"--kube-api-burst={_BURST}", _HPA_LOOKS),
        ]

    def scheduler(self) -> list[str]:
        """Alone, so that no election delays the first pod."""
        config = {
            "apiVersion": "kubescheduler.config.k8s.io/v1",
            "kind": "KubeSchedulerConfiguration",
            "clientConnection": {
                "kubeconfig": str(self.kubeconfig("system:kube-scheduler")),
                "qps": _QPS,
                "burst": _BURST,
            },
            "leaderElection": {"leaderElect": False},
        }
        path = self._written("scheduler.json", config)
        return [str(self.programs / "kube-scheduler"), f"--config={path}", "--secure-port=0"]

    def kwok(self, stages: Path) -> list[str]:
        """Plays the nodes that are annotated for it; their leases stay on, or no pod is played."""
        return [
            str(self.programs / "kwok"),
            f"--kubeconfig={self.kubeconfig('kwok', 'system:masters')}",
            *(f"--config={stages}", "--manage-all-nodes=false", "--node-port=0"),
            "--manage-nodes-with-annotation-selector=kwok.x-k8s.io/node=fake",
            *("--node-lease-duration-seconds=40", "--node-ip=127.0.0.1", "--cidr=10.128.0.0/9"),
        ]

    def kubeconfig(self, user: str, *groups: str) -> Path:
        """For a user with a certificate of this cluster's authority; the file holds all of it."""
        signed = self.users.client(user, groups)
        name = f"{signed.cert.stem}-{user.replace(':', '-')}.kubeconfig"
        return self._written(name, self._config(user, signed))

    def _config(self, user: str, signed: Certificate) -> Mapping[str, object]:
        """Named after this cluster, so that the files of several can be merged."""
        here, me = self.folder.name, f"{user}@{self.folder.name}"
        own = {"server": self.url, "certificate-authority-data": self.users.own.cert_data}
        known = {"client-certificate-data": signed.cert_data, "client-key-data": signed.key_data}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": here, "cluster": own}],
            "users": [{"name": me, "user": known}],
            "contexts": [{"name": here, "context": {"cluster": here, "user": me}}],
            "current-context": here,
        }

    def _written(self, name: str, value: object) -> Path:
        """JSON, which every reader of YAML takes."""
        path = self.folder / name
        path.write_text(json.dumps(value))
        path.chmod(0o600)
        return path
