"""Builds the programs of a control plane, once, into the user's cache.

No kube-apiserver is published as a package, but every program is a Go module. One binary holds them all
and looks at the name it is called under. The cache folder is named after what goes into the binary, so
that a change builds anew and an unchanged clone builds nothing. Run as a script, it builds where needed
and prints the folder.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

MODULE = Path(__file__).parent

PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok", "kubectl", "helm")

GO = (1, 26)
"""The least version that the module asks for."""

NO_GO = (
    "The local control planes are built with Go 1.26 or newer, and {found}; "
    "install it from https://go.dev/dl, or take clusters that exist: make e2e ARGS='--clusters=kubeconfig'"
)

_VERSION = "k8s.io/component-base/version"
_STAMPS = {
    f"{_VERSION}.gitVersion": "v1.36.3",
    f"{_VERSION}.gitMajor": "1",
    f"{_VERSION}.gitMinor": "36",
    "helm.sh/helm/v4/internal/version.version": "v4.3.1",
}
_LDFLAGS = " ".join(["-s", "-w", *(f"-X {name}={value}" for name, value in _STAMPS.items())])


class NotBuilt(Exception):
    """The programs cannot be had; says in one sentence why and what to do."""


def folder(module: Path = MODULE) -> Path:
    """Where the programs of a module are, or will be once they are built."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")  # noqa: TID251
    digest = hashlib.sha256(_LDFLAGS.encode())
    for file in sorted(module.iterdir()):
        if file.suffix in {".go", ".mod", ".sum"}:
            digest.update(f"\n{file.name}\n".encode() + file.read_bytes())
    return cache / "gala-operator" / "controlplane" / digest.hexdigest()[:16]


def built(tell: bool = False) -> Path:
    """The folder with a link for each of `PROGRAMS`; builds them first where they are missing.

    Args:
        tell: Say on stderr what is being done, because a first build takes minutes.

    Raises:
        NotBuilt: Go is missing or too old, or the build failed.
    """
    place = folder()
    place.mkdir(parents=True, exist_ok=True)
    with (place / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not all((place / name).exists() for name in PROGRAMS):
            _build(place, tell)
    return place


def _build(place: Path, tell: bool) -> None:
    go = _go()
    binary = place / "controlplane"
    begin = time.monotonic()
    if tell:
        print(f"Building the control plane into {place}; the first time about 8 minutes.", file=sys.stderr)
    command = [go, "build", "-trimpath", "-buildvcs=false", "-ldflags", _LDFLAGS, "-o", str(binary), "."]
    done = subprocess.run(command, cwd=MODULE, stderr=subprocess.PIPE, text=True, check=False)
    if done.returncode != 0:
        raise NotBuilt(f"The control plane could not be built: {done.stderr[-2000:].strip()}")
    for name in PROGRAMS:
        link = place / name
        link.unlink(missing_ok=True)
        link.symlink_to(binary.name)
    if tell:
        print(f"Built in {time.monotonic() - begin:.0f} s.", file=sys.stderr)


def _go() -> str:
    go = shutil.which("go")
    if go is None:
        raise NotBuilt(NO_GO.format(found="there is no `go` on the PATH"))
    told = subprocess.run([go, "env", "GOVERSION"], cwd=MODULE, capture_output=True, text=True, check=False)
    version = re.match(r"go(\d+)\.(\d+)", told.stdout)
    if version is None or (int(version[1]), int(version[2])) < GO:
        raise NotBuilt(NO_GO.format(found=f"`go` here is {told.stdout.strip() or told.stderr.strip()}"))
    return go


if __name__ == "__main__":
    try:
        print(built(tell=True))
    except NotBuilt as reason:
        sys.exit(str(reason))
