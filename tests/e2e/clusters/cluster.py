"""One cluster as a test holds it: kubectl, credentials, nodes. Only a kubeconfig is needed for all of it."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml

from clusters.audit import Asked
from clusters.processes import until

PATIENCE = 60.0
"""Seconds for one command, and for what has to happen sooner or later."""

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str


class Cluster:
    """A cluster that a test may fill as it likes, in namespaces of its own.

    What only a `local` cluster can tell, its audit log, skips the test elsewhere, with the reason.
    """

    provider = "kubeconfig"
    bulk = 60
    """How many pods a test that wants many may start here."""

    def __init__(self, name: str, admin: Path, kubectl: str) -> None:
        """``admin`` is a kubeconfig whose current context may do everything; ``kubectl`` the program."""
        self.name = name
        self.admin = admin
        self.folder = admin.parent
        self._kubectl = kubectl
        self._issued = 0

    def run(
        self,
        *words: str,
        stdin: str = "",
        kubeconfig: Path | None = None,
        seconds: float = PATIENCE,
        env: Mapping[str, str] | None = None,
    ) -> Ran:
        """`kubectl <words>`, as the administrator or with another kubeconfig; tells how it ended."""
        done = subprocess.run(
            [self._kubectl, *words],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=seconds,
            env={**self._environment(kubeconfig), **(env or {})},
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def spawn(self, *words: str) -> subprocess.Popen[str]:
        """Starts `kubectl <words>` as the administrator, its output in a pipe; whoever starts it ends it."""
        return subprocess.Popen(
            [self._kubectl, *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env=self._environment(None),
        )

    def _environment(self, kubeconfig: Path | None) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],  # noqa: TID251
            "HOME": str(self.folder),
            "KUBECONFIG": str(kubeconfig or self.admin),
        }

    def kubectl(self, *words: str, **more: Any) -> str:
        """Like `run`, and the command must end well; gives what it printed."""
        ran = self.run(*words, **more)
        assert ran.code == 0, f"{self.name}: kubectl {' '.join(words)}\n{ran.out}{ran.err}"
        return ran.out

    def get(self, *words: str, **more: Any) -> Object:
        """`kubectl get <words> -o json`."""
        found: Object = json.loads(self.kubectl("get", *words, "-o", "json", **more))
        return found

    def apply(self, *objects: Object, **more: Any) -> None:
        """Server-side apply of all of them in one command."""
        text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        self.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", stdin=text, **more)

    def namespace(self, name: str) -> str:
        """A namespace in which pods may be made, because its ServiceAccount is there."""
        self.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        self.until(lambda: self.run("get", "serviceaccount", "default", "-n", name).code == 0, "its account")
        return name

    def until(
        self, true: Callable[[], bool], what: str | Callable[[], str], seconds: float = PATIENCE
    ) -> None:
        """Waits until it is true; fails after ``seconds`` and says ``what`` was waited for."""
        until(true, seconds, what)

    def ready(self, kind: str, name: str, namespace: str) -> int:
        """The workload's own `readyReplicas`."""
        found = self.kubectl("get", kind, name, "-n", namespace, "-o", "jsonpath={.status.readyReplicas}")
        return int(found or 0)

    def kubeconfig(self, user: str, groups: Sequence[str] = ()) -> Path:
        """A kubeconfig of this user, who may do nothing yet; here by impersonation."""
        config = self._config()
        (entry,) = config["users"]
        entry["user"] = {**entry["user"], "as": user, "as-groups": [*groups, "system:authenticated"]}
        return self._issue(config)

    def service_account(self, namespace: str, name: str, duration: str = "2h") -> Path:
        """A kubeconfig with a token of this ServiceAccount, which must be there, and nothing more."""
        token = self.kubectl("create", "token", name, "-n", namespace, "--duration", duration).strip()
        return self._issue(self._with_user({"token": token}))

    @contextmanager
    def proxied(self) -> Iterator[str]:
        """An address that needs no credentials, by `kubectl proxy`, until the end of the block."""
        command = [self._kubectl, "proxy", "--port=0", f"--kubeconfig={self.admin}"]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                yield f"http://{process.stdout.readline().rsplit(' ', 1)[-1].strip()}"
            finally:
                process.terminate()

    def audit_mark(self) -> int:
        """Where the audit log ends now, for `audit(since=...)`."""
        self._no_audit_log()

    def audit(self, since: int = 0) -> Sequence[Asked]:
        """The requests answered after that mark, oldest first."""
        self._no_audit_log()

    def _no_audit_log(self) -> NoReturn:
        pytest.skip(f"only a local cluster shows its audit log, and {self.name} is of {self.provider}")

    def _config(self) -> Object:
        raw = self.kubectl("config", "view", "--raw", "--minify", "--flatten")
        config: Object = yaml.safe_load(raw)
        return config

    def _with_user(self, user: Object) -> Object:
        config = self._config()
        (entry,) = config["users"]
        entry["user"] = user
        return config

    def _issue(self, config: Object) -> Path:
        self._issued += 1
        path = self.folder / f"issued-{self._issued}.yaml"
        path.write_text(yaml.safe_dump(config))
        path.chmod(0o600)
        return path
