"""How much a node autoscaler can still add."""

from __future__ import annotations

import pytest

from fleet_builders import NODES, member, node
from fleet_stage import stage
from gala.api.cluster import Elastic as Spec
from gala.fleet.amounts import Amount
from gala.fleet.elastic import elastic_room
from gala.planning.facts import Elastic

GI = 1 << 30
THERE = Amount(cpu=16_000, memory=64 * GI, pods=220)


@pytest.mark.parametrize(
    ("spec", "there", "want"),
    [
        pytest.param(None, THERE, None, id="without an autoscaler nothing"),
        pytest.param(Spec(max_cores=16), THERE, None, id="nothing, where the bound is reached"),
        pytest.param(Spec(max_cores=8), THERE, None, id="nothing, where the bound was lowered since"),
        pytest.param(
            Spec(max_cores=24, node_start=90.0),
            THERE,
            Elastic(8_000, 32 * GI, 110, 90.0),
            id="what is missing to the bound, shaped as what is there",
        ),
        pytest.param(
            Spec(max_cores=24),
            Amount(),
            Elastic(24_000, 1 << 60, 1 << 60, 180.0),
            id="where there is no node CPU alone bounds it",
        ),
    ],
)
def test_elastic_room(spec: Spec | None, there: Amount, want: Elastic | None) -> None:
    assert elastic_room(spec, there) == want


async def test_what_was_added_counts_as_what_is_there() -> None:
    async with stage() as it:
        it.clusters = [member(elastic={"maxCores": 24, "nodeStart": "2m"})]
        assert (await it.look()).elastic == Elastic(16_000, 64 * GI, 220, 120.0)

        it.north.put(NODES, node("n2"))
        it.fleet.refresh_room(["north"])
        assert (await it.later(30)).elastic == Elastic(8_000, 32 * GI, 110, 120.0)
