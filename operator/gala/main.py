"""Where the process begins.

Nothing of gala is imported before ``main`` runs: Ctrl-C in the tenths of a second that this takes
is an interruption like any other.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path, PurePath
from typing import Final

PLUGIN: Final = "kubectl-gala"
"""What kubectl looks for on the PATH when a person types ``kubectl gala``."""

INTERRUPTED: Final = 130


def main() -> None:
    """Runs the command line that this process was started with, and exits with its status."""
    _open_what_is_closed()
    try:
        status = importlib.import_module("gala.cli.root").call(program=program(sys.argv[0]))
    except KeyboardInterrupt:
        sys.stderr.write("\ngala: interrupted\n")
        status = INTERRUPTED
    sys.exit(status)


def _open_what_is_closed() -> None:
    """Nothing is read from, and nothing comes of what is written to, a stream that the caller closed.

    Libraries expect one, and a socket that got its number would end the process: libuv aborts.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 (to the end)


def program(executable: str) -> str:
    """What a person typed to start an executable, for usage texts."""
    return PLUGIN.replace("-", " ") if PurePath(executable).stem == PLUGIN else "gala"


def complete() -> None:
    """Answers kubectl what may come next after ``kubectl gala`` and these words."""
    root = importlib.import_module("gala.cli.root").root
    lines = importlib.import_module("gala.cli.completion").for_kubectl(root, sys.argv[1:])
    sys.stdout.write("\n".join((*lines, "")))


if __name__ == "__main__":
    main()
