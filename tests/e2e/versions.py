"""Other versions of the operator, to run beside this one: an earlier one where git knows it, and a later one.

There is no release yet. The earlier version is the code of the twentieth last commit that changed it. A clone
without history has none, and then it is a copy of this code: that still proves the hand-over, and nothing
about differences in code; the table of figures says which of them it was. The later version is a copy of this
code that writes ledgers of the next schema.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BACK = 20
"""Commits."""

_SCHEMA = re.compile(r"^SCHEMA_VERSION = (\d+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Version:
    """Code that `Stage.operator` can run."""

    told: str
    """What it is, for people."""
    folder: Path
    """What is put on the path of Python."""

    @property
    def options(self) -> dict[str, Sequence[str] | Mapping[str, str]]:
        """For `Stage.operator`."""
        return {
            "command": (sys.executable, "-m", "gala.main"),
            "environment": {"PYTHONPATH": str(self.folder)},
        }


def this() -> Version:
    """The code of this tree."""
    return Version("this version", ROOT / "operator")


def earlier(folder: Path) -> Version:
    """The code as it was `BACK` commits ago, or a copy of this one."""
    commits = _git("rev-list", "--first-parent", f"--max-count={BACK + 1}", "HEAD", "--", "operator").split()
    if len(commits) < 2:  # a clone without history, or no clone
        shutil.copytree(ROOT / "operator" / "gala", folder / "gala")
        return Version("a copy of this version", folder)
    archive = folder / "earlier.tar"
    _git("archive", f"--output={archive}", commits[-1], "operator")
    shutil.unpack_archive(archive, folder)
    return Version(f"commit {commits[-1][:7]}", folder / "operator")


def later(folder: Path) -> Version:
    """This code, but its ledgers are of the next schema."""
    shutil.copytree(ROOT / "operator" / "gala", folder / "gala")
    module = folder / "gala" / "api" / "allocation.py"
    text, count = _SCHEMA.subn(lambda found: f"SCHEMA_VERSION = {int(found[1]) + 1}", module.read_text())
    assert count == 1, "the schema's version is written otherwise now; tell this file how"
    module.write_text(text)
    return Version("a later version", folder)


def _git(*words: str) -> str:
    done = subprocess.run(["git", "-C", str(ROOT), *words], capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else ""
