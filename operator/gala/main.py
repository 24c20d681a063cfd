"""Where the process begins."""

from __future__ import annotations

import sys

from gala.cli import root


def main() -> None:
    """Runs the command line that this process was started with, and exits with its status."""
    sys.exit(root.call())


if __name__ == "__main__":
    main()
