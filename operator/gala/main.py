"""Where the process begins."""

from __future__ import annotations

import sys
from pathlib import PurePath

from gala.cli import root
from gala.cli.completion import PROGRAM, for_kubectl

PLUGIN = "kubectl-gala"
"""What kubectl looks for on the PATH when a person types ``kubectl gala``."""


def main() -> None:
    """Runs the command line that this process was started with, and exits with its status."""
    sys.exit(root.call(program=program(sys.argv[0])))


def program(executable: str) -> str:
    """What a person typed to start an executable, for usage texts."""
    return PLUGIN.replace("-", " ") if PurePath(executable).stem == PLUGIN else PROGRAM


def complete() -> None:
    """Answers kubectl what may come next after ``kubectl gala`` and these words."""
    sys.stdout.write("\n".join((*for_kubectl(root.root, sys.argv[1:]), "")))


if __name__ == "__main__":
    main()
