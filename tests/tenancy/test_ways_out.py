"""Nobody gets out of his namespace, and whoever tries is told who may grant it."""

from __future__ import annotations

import pytest

from tenancy_all import GROUPS
from tenancy_objects import SHOWS
from tenancy_town import a_town
from tenancy_ways import Way

WAYS = {says: way for group in GROUPS.values() for says, way in group.items()}


@pytest.mark.parametrize("way", [pytest.param(way, id=says) for says, way in WAYS.items()])
async def test_a_way_out_is_refused_with_a_condition_that_says_who_may_grant_it(way: Way) -> None:
    async with a_town() as town:
        for obj in way.objects:
            town.apply(obj)

        await town.play(settings=way.settings)

        told = town.condition(way.told.obj, way.told.condition)
        assert (told["status"], told["reason"]) == ("False", way.told.reason)
        assert way.told.grants in told["message"]
        assert town.escapes(way.touched, secrets=way.secrets) == []
        assert {series["namespace"] for series in town.measured} <= {SHOWS}
        assert set(town.grown()) <= {f"{cluster} shows/front" for cluster in way.touched}
