"""Whole nights of the real operator in the sandbox, scraped and judged by the alert rules."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Sequence
from pathlib import Path

import pytest

import monitoring_files as files
from gala.sandbox.night import Night, build_night
from gala.sandbox.outages import Outage
from gala.sandbox.script import Incident
from prometheus_process import tool
from scenes import ROUND_AT, WEB_NORTH, night, person
from scraped_night import INTERVAL, as_test, scraped

pytestmark = pytest.mark.monitoring

EVERYTHING_AT_ONCE = (
    person(ROUND_AT + 20, WEB_NORTH, 1),
    Incident(
        after=ROUND_AT - 200, what="MetricsOutage", seconds=300, cluster="north", mode=Outage.EMPTY.value
    ),
    Incident(after=ROUND_AT + 30, what="ClusterUnreachable", seconds=120, cluster="east"),
)


@pytest.mark.parametrize(
    ("what", "incidents", "want"),
    [
        pytest.param(night(), (), set(), id="a small night sets off nothing"),
        pytest.param(
            build_night(seed=2022, rounds=1, clusters=3, scale=0.2), (), set(), id="nor does the demo's"
        ),
        pytest.param(
            night(),
            EVERYTHING_AT_ONCE,
            {"GalaContested", "GalaSignalsStale", "GalaClusterUnreachable", "GalaClusterLostInShow"},
            id="a person, a Prometheus and a cluster that fail are each told of",
        ),
    ],
)
async def test_what_fires_in_a_night(
    what: Night, incidents: Sequence[Incident], want: set[str], tmp_path: Path
) -> None:
    scrapes = await scraped(what, *incidents)
    end = f"{max(scrapes) * INTERVAL:g}s"
    check = {"expr": 'count_over_time(ALERTS{alertstate="firing"}[1d])', "eval_time": end, "exp_samples": []}
    (tmp_path / "night.yaml").write_text(
        as_test(scrapes, files.RULES, start=what.start, checks=[check]), encoding="utf-8"
    )
    status, said = judged(tmp_path / "night.yaml")
    assert set(re.findall(r'alertname="(\w+)"', said)) == want, said
    assert status == bool(want), said


def judged(test: Path) -> tuple[int, str]:
    """What promtool says of a night; 0 where nothing fired."""
    command = [tool("promtool"), "test", "rules", str(test)]
    tried = subprocess.run(command, capture_output=True, text=True, check=False)
    return tried.returncode, tried.stdout + tried.stderr
