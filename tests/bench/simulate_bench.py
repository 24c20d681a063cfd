"""Whole nights by arithmetic: the command on the example, and a large fleet on two cores."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from measure import Figure
from night import Size
from snapshots import NOW, SETTINGS, snapshot

from gala.simulate.run import simulate
from gala.simulate.trace import Weather

_EXAMPLES = Path(__file__).parents[2] / "examples"
_COMMAND = (
    str(Path(sys.executable).with_name("gala")),
    "simulate",
    "-f",
    str(_EXAMPLES / "spring-festival-gala.yaml"),
    "--clusters",
    str(_EXAMPLES / "clusters.yaml"),
)


def nights(size: Size) -> list[Figure]:
    """Wall time of both, for that is what a person waits."""
    began = time.monotonic()
    subprocess.run(_COMMAND, check=True, capture_output=True)
    small = time.monotonic() - began
    known = snapshot(size, NOW - 86_400.0)
    began = time.monotonic()
    simulate(known, seed=1, weather=Weather(), settings=SETTINGS)
    return [
        Figure(name="gala simulate, the example's night", measured=small, unit="s", target=5.0),
        Figure(
            name=f"a night simulated on {size}", measured=time.monotonic() - began, unit="s", target=120.0
        ),
    ]
