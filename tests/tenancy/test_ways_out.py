"""Nobody gets out of his namespace, and whoever tries is told who may grant it."""

from __future__ import annotations

import pytest
from aiohttp import web

from doc_pages import rows_of
from tenancy_all import GROUPS, tried
from tenancy_objects import SHOWS, measured, measuring
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


async def test_a_redirect_of_a_prometheus_leads_nowhere() -> None:
    asked: list[str] = []

    async def away(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return web.Response(status=302, headers={"Location": "/latest/meta-data/iam"})

    async with a_town() as town:
        town.prometheus.instead = away
        town.apply(measuring())
        town.apply(show := measured(signal={"metric": "hits"}))

        await town.play()

        assert set(asked) == {"/api/v1/query"}
        told = town.condition(show, "SignalsFresh")
        assert (told["status"], told["reason"]) == ("False", "Redirected")


def test_the_page_security_has_every_group_with_the_number_of_ways_that_are_tried() -> None:
    rows = [cells for cells in rows_of("security.md") if cells[0] in tried()]
    assert {cells[0]: int(cells[1]) for cells in rows} == tried()
    assert sum(tried().values()) >= 45
