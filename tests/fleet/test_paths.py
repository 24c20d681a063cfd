"""Addresses in an API server's tree."""

from __future__ import annotations

import pytest

from fleet_builders import WEB, client
from fleet_server import serving
from gala.errors import Rejected
from gala.fleet.paths import Catalog, collection, single
from gala.planning.facts import TargetKey

GAME = TargetKey("games.example/v1", "Game", "shop", "chess")


@pytest.mark.parametrize(
    ("parts", "want"),
    [
        pytest.param(("v1", "pods", "shop"), "/api/v1/namespaces/shop/pods", id="the core group"),
        pytest.param(("v1", "nodes"), "/api/v1/nodes", id="without a namespace"),
        pytest.param(
            ("apps/v1", "deployments", "shop"),
            "/apis/apps/v1/namespaces/shop/deployments",
            id="a named group",
        ),
    ],
)
def test_where_a_kind_is(parts: tuple[str, ...], want: str) -> None:
    assert collection(*parts) == want


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("..", id="up"),
        pytest.param("a/b", id="down"),
        pytest.param("a%2Fb", id="down in disguise"),
        pytest.param("a?b=c", id="with a query"),
        pytest.param("a..b", id="with dots in a row"),
        pytest.param("", id="nowhere"),
    ],
)
def test_a_name_cannot_lead_to_another_object(name: str) -> None:
    with pytest.raises(Rejected):
        single("/apis/apps/v1/namespaces/shop/deployments", name)
    with pytest.raises(Rejected):
        collection("apps/v1", "deployments", name or "/")


async def test_the_plural_of_a_kind_is_asked_once() -> None:
    async with serving() as server:
        resources = [{"name": "chessgames", "kind": "Game"}, {"name": "chessgames/scale", "kind": "Scale"}]
        server.objects["discovery"]["/apis/games.example/v1"] = {"resources": resources}
        north = client(server)
        catalog = Catalog(north)
        assert catalog.path(GAME) is None

        await catalog.learn(GAME)
        await catalog.learn(GAME)
        await catalog.learn(WEB)

        assert catalog.path(GAME) == "/apis/games.example/v1/namespaces/shop/chessgames"
        assert len(server.requests) == 1
        await north.close()


@pytest.mark.parametrize(
    "resources",
    [
        pytest.param([{"name": "games", "kind": "Game"}], id="without a scale"),
        pytest.param(
            [
                {"name": "games", "kind": "Game", "namespaced": False},
                {"name": "games/scale", "kind": "Scale", "namespaced": False},
            ],
            id="of the whole cluster",
        ),
        pytest.param(None, id="of a group that is not served"),
    ],
)
async def test_a_kind_cannot_be_a_target(resources: list[dict[str, object]] | None) -> None:
    async with serving() as server:
        if resources is not None:
            server.objects["discovery"]["/apis/games.example/v1"] = {"resources": resources}
        north = client(server)
        with pytest.raises(Rejected, match=r"cannot be scaled.*write another target") as refusal:
            await Catalog(north).learn(GAME)
        assert refusal.value.status == 404
        await north.close()


async def test_a_refusal_to_tell_the_kinds_is_no_answer_about_them() -> None:
    async with serving() as server:
        server.forbidden = {"v1"}
        north = client(server)
        with pytest.raises(Rejected, match="403"):
            await Catalog(north).learn(GAME)
        await north.close()
