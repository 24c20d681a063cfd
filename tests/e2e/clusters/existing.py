"""Clusters that exist: three contexts of a kubeconfig, of which the tests may use everything."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

from clusters.cluster import Cluster


class ExistingProvider:
    """Takes contexts as they are and leaves the clusters up."""

    def __init__(self, folder: Path, kubectl: str, contexts: Sequence[str], kubeconfig: str | None) -> None:
        """``kubeconfig`` is a file; None is whatever kubectl reads by itself."""
        self._folder = folder
        self._kubectl = kubectl
        self._contexts = contexts
        self._source = () if kubeconfig is None else (f"--kubeconfig={kubeconfig}",)

    def start(self) -> Sequence[Cluster]:
        """See `port.Provider`; each context's credentials are copied into a file of their own."""
        return [self._take(context) for context in self._contexts]

    def stop(self) -> None:
        """See `port.Provider`; the clusters are not ours."""

    def _take(self, context: str) -> Cluster:
        view = (self._kubectl, *self._source, "config", "view", "--raw", "--minify", "--flatten")
        done = subprocess.run([*view, f"--context={context}"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"there is no context {context!r}: {done.stderr.strip()}"
        admin = self._folder / context.replace("/", "-") / "kubeconfig"
        admin.parent.mkdir(parents=True)
        admin.write_text(done.stdout)
        admin.chmod(0o600)
        return Cluster(context, admin, self._kubectl)
