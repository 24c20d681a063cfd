"""Clusters of this machine's own: the real servers as processes, kwok for the nodes, and faults."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from socket import create_connection

import yaml

from clusters.audit import Asked, records
from clusters.cluster import PATIENCE, Cluster
from clusters.command_lines import ControlPlane
from clusters.pools import POOL, NodePool, node_objects, stages
from clusters.processes import Guardian, Program

SHOW = NodePool(name="show", nodes=10)
"""What every local cluster begins with."""

ORDER = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")
"""In which they start; they stop the other way round."""


class LocalCluster(Cluster):
    """Five programs; each can be stopped, started again with its data, frozen and thawed by its name."""

    provider = "local"
    bulk = 300

    def __init__(self, name: str, folder: Path, programs: Path, guardian: Guardian) -> None:
        """``programs`` is the folder that `programs.built` gave; nothing runs yet."""
        folder.mkdir(parents=True)
        self.plane = ControlPlane.new(folder, programs)
        super().__init__(name, self.plane.kubeconfig("admin", "system:masters"), str(programs / "kubectl"))
        self._pools: dict[str, NodePool] = {}
        self._stages = folder / "stages.yaml"
        ports = self.plane.ports
        commands = {
            "etcd": (self.plane.etcd(), (ports.etcd, ports.etcd_peer)),
            "kube-apiserver": (self.plane.apiserver(), (ports.apiserver,)),
            "kube-controller-manager": (self.plane.controller_manager(), ()),
            "kube-scheduler": (self.plane.scheduler(), ()),
            "kwok": (self.plane.kwok(self._stages), ()),
        }
        self._programs = {
            key: Program(key, command, folder / f"{key}.log", guardian, listens)
            for key, (command, listens) in commands.items()
        }

    def up(self) -> None:
        """Starts all of it, with the pool `SHOW`."""
        self._write_stages()
        for program in ORDER:
            self.start(program)
        self.add_pool(SHOW)
        self.until(lambda: self.run("get", "serviceaccount", "default").code == 0, "the default account")

    def down(self) -> None:
        """Ends all of it; its folder stays for whoever reads the logs."""
        for program in reversed(ORDER):
            self._programs[program].stop(signal.SIGKILL if program == "etcd" else signal.SIGTERM)

    def start(self, program: str) -> None:
        """Starts a program of `ORDER`, with the data that it had, and waits until it answers."""
        answers = {"etcd": self._etcd_listens, "kube-apiserver": self._ready}
        self._programs[program].start(answers.get(program, lambda: True))

    def stop(self, program: str, how: signal.Signals = signal.SIGTERM) -> None:
        """Ends a program of `ORDER` and waits until it is gone; its data and its ports stay its own."""
        self._programs[program].stop(how)

    @contextmanager
    def stopped(self, program: str, how: signal.Signals = signal.SIGKILL) -> Iterator[None]:
        """Without this program until the end of the block; afterwards it answers again."""
        self.stop(program, how)
        try:
            yield
        finally:
            self.start(program)

    def freeze(self, program: str) -> None:
        """SIGSTOP: its connections stay open and nothing answers."""
        self._programs[program].freeze()

    def thaw(self, program: str) -> None:
        """SIGCONT."""
        self._programs[program].thaw()

    @contextmanager
    def frozen(self, program: str) -> Iterator[None]:
        """Frozen until the end of the block; afterwards the API server answers again."""
        self.freeze(program)
        try:
            yield
        finally:
            self.thaw(program)
            self.until(self._ready, f"{self.name} answers again")

    def kubeconfig(self, user: str, groups: Sequence[str] = ()) -> Path:
        """A kubeconfig with a new client certificate of this user, who may do nothing yet."""
        return self.plane.kubeconfig(user, *groups)

    def audit_mark(self) -> int:
        """Where the audit log ends now, for `audit(since=...)`."""
        return self.plane.audit_log.stat().st_size

    def audit(self, since: int = 0) -> Sequence[Asked]:
        """The requests answered after that mark, oldest first."""
        return list(records(self.plane.audit_log, since))

    def add_pool(self, pool: NodePool) -> None:
        """Adds simulated nodes, or changes how those of this name behave, and waits until they are Ready.

        kwok starts anew for it: pods that were about to be ready begin their delay again.
        """
        known = self._pools.get(pool.name)
        assert known is None or known.nodes == pool.nodes, "a pool keeps its number of nodes"
        self._pools[pool.name] = pool
        self._play_anew()
        self.apply(*node_objects(pool))
        wait = f"--timeout={PATIENCE:.0f}s"
        self.kubectl("wait", "node", "-l", f"{POOL}={pool.name}", "--for=condition=Ready", wait)

    def remove_pool(self, name: str) -> None:
        """Takes the nodes away, and their pods with them."""
        del self._pools[name]
        self.kubectl("delete", "node", "-l", f"{POOL}={name}")
        self._play_anew()

    @contextmanager
    def pool(self, pool: NodePool) -> Iterator[None]:
        """With these nodes too, until the end of the block."""
        self.add_pool(pool)
        try:
            yield
        finally:
            self.remove_pool(pool.name)

    def _play_anew(self) -> None:
        """A kwok that starts would wait until the leases of the one before run out: 40 s."""
        self._write_stages()
        self.stop("kwok")
        self.kubectl("delete", "leases", "--all", "-n", "kube-node-lease")
        self.start("kwok")

    def _write_stages(self) -> None:
        self._stages.write_text(yaml.safe_dump_all(stages(list(self._pools.values()))))

    def _etcd_listens(self) -> bool:
        try:
            create_connection(("127.0.0.1", self.plane.ports.etcd), 1).close()
        except OSError:
            return False
        return True

    def _ready(self) -> bool:
        return self.run("get", "--raw", "/readyz", "--request-timeout=2s").out == "ok"


class LocalProvider:
    """Starts clusters side by side in a folder that pytest keeps for a while."""

    def __init__(self, folder: Path, programs: Path, names: Sequence[str]) -> None:
        """``programs`` is the folder that `programs.built` gave."""
        self._guardian = Guardian()
        self._clusters = [LocalCluster(name, folder / name, programs, self._guardian) for name in names]

    def start(self) -> Sequence[LocalCluster]:
        """See `port.Provider`."""
        with ThreadPoolExecutor(len(self._clusters)) as side_by_side:
            list(side_by_side.map(LocalCluster.up, self._clusters))
        return self._clusters

    def stop(self) -> None:
        """See `port.Provider`."""
        with ThreadPoolExecutor(len(self._clusters)) as side_by_side:
            list(side_by_side.map(LocalCluster.down, self._clusters))
        self._guardian.close()
