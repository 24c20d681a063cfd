"""Helm on the last of the clusters, for the tests of the chart."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from chart_release import DEFINITIONS, Helm, program
from clusters.cluster import Cluster


@pytest.fixture(scope="module")
def helm(fleet: Sequence[Cluster], programs_folder: Path, request: pytest.FixtureRequest) -> Iterator[Helm]:
    """On the last cluster, where our kinds are then not there; it takes away all that a test leaves."""
    found = Helm(program(programs_folder, request.config.getoption("--clusters")), fleet[-1])
    found.cluster.kubectl("delete", "crd", *DEFINITIONS, "--ignore-not-found")
    yield found
    found.remove()
