"""A cluster's own traffic."""

from __future__ import annotations

import pytest

from gala.planning.facts import Missing, Sample, Traffic
from gala.planning.need import own_need
from planning_values import NOW, traffic


@pytest.mark.parametrize(
    ("seen", "want"),
    [
        pytest.param(traffic(500, 450), 50, id="two samples over the floor raise to the latest"),
        pytest.param(traffic(500, 400), None, id="one sample over the floor is no need yet"),
        pytest.param(traffic(400, 500), None, id="a need that is over raises nothing"),
        pytest.param(traffic(500), None, id="a first sample alone raises nothing"),
        pytest.param(traffic(500, 450, age=61), None, id="a stale sample raises nothing"),
        pytest.param(
            Traffic(Sample(500, NOW), Sample(500, NOW - 61)),
            None,
            id="two samples far apart are not in a row",
        ),
        pytest.param(
            Traffic(Missing("NoData", "x"), Sample(500, NOW)),
            None,
            id="a missing latest sample raises nothing",
        ),
        pytest.param(None, None, id="what was never measured raises nothing"),
    ],
)
def test_own_need(seen: Traffic | None, want: int | None) -> None:
    assert own_need(seen, per_replica=10, floor=40, now=NOW, stale_after=60) == want
