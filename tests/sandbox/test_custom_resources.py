"""Custom resources are pruned, defaulted and checked by the schema of their definition."""

from __future__ import annotations

from typing import Any

import pytest

from gala.sandbox.apiserver.schema import Check
from gala.sandbox.apiserver.server import EmbeddedServer
from sandbox_builders import MERGE, START, serving
from sandbox_definition import SHOW_SPEC as SPEC
from sandbox_definition import definition

CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
SHOWS = "/apis/gala.test/v1/namespaces/shop/shows"


def show(**spec: Any) -> dict[str, Any]:
    return {"metadata": {"name": "a"}, "spec": {"count": 1, **spec}}


def server() -> EmbeddedServer:
    return EmbeddedServer("hub", lambda: START)


@pytest.mark.parametrize(
    ("given", "want"),
    [
        pytest.param({"count": 0}, "spec.count", id="a number below its minimum"),
        pytest.param({"count": "3"}, "spec.count", id="text where a number belongs"),
        pytest.param({"count": True}, "spec.count", id="a boolean is no integer"),
        pytest.param({}, "spec.count", id="a required field that is absent"),
        pytest.param({"count": 1, "mode": "C"}, "spec.mode", id="a value outside the enumeration"),
        pytest.param({"count": 1, "qps": 1.5}, "spec.qps", id="a fraction is neither integer nor text"),
        pytest.param({"count": 1, "note": "UP"}, "spec.note", id="text that breaks the pattern"),
        pytest.param({"count": 1, "note": "abcdef"}, "spec.note", id="text that is too long"),
        pytest.param({"count": 1, "parts": [{}, {}, {}]}, "spec.parts", id="too many items"),
        pytest.param(
            {"count": 1, "parts": [{"name": "x"}, {"name": "x"}]}, "spec.parts[1]", id="two items of one key"
        ),
        pytest.param({"count": 1, "labels": {"a": 1}}, "spec.labels.a", id="a map value of another type"),
    ],
)
def test_the_schema_refuses(given: dict[str, Any], want: str):
    check = Check()
    check.value(given, SPEC, "spec")
    assert want in {path for path, _ in check.problems}


def test_the_schema_prunes_and_defaults():
    check = Check()
    given = {
        "count": 1,
        "qps": "2M",
        "note": None,
        "odd": 1,
        "free": {"x": 1},
        "parts": [{"name": "p", "y": 2}],
    }
    found = check.value(given, SPEC, "spec")
    want = {"count": 1, "qps": "2M", "note": None, "free": {"x": 1}, "parts": [{"name": "p"}], "mode": "A"}
    assert (check.problems, found) == ([], want)
    assert check.unknown == ["spec.odd", "spec.parts[0].y"]


async def test_a_custom_resource_is_served_once_its_definition_is_there_and_gone_with_it():
    async with serving(server()) as client:
        status, _ = await client.call("POST", SHOWS, show())
        assert status == 404
        status, crd = await client.call("POST", CRDS, definition())
        assert {"type": "Established", "status": "True"}.items() <= crd["status"]["conditions"][1].items()
        status, body = await client.call("POST", SHOWS, show())
        assert (status, body["spec"]) == (201, {"count": 1, "mode": "A"})
        groups = [group["name"] for group in (await client.get("/apis"))["groups"]]
        assert "gala.test" in groups
        await client.call("DELETE", f"{CRDS}/shows.gala.test")
        status, _ = await client.call("GET", f"{SHOWS}/a")
        assert status == 404


@pytest.mark.parametrize(
    ("level", "want"),
    [
        pytest.param("Strict", (400, None), id="strict refuses an unknown field"),
        pytest.param("Warn", (201, '299 - "unknown field \\"spec.odd\\""'), id="warn prunes and says so"),
        pytest.param("Ignore", (201, None), id="ignore prunes in silence"),
    ],
)
async def test_unknown_fields(level: str, want: tuple[int, str | None]):
    async with serving(server()) as client:
        await client.call("POST", CRDS, definition())
        url = client.server.url + SHOWS
        async with client.session.post(url, json=show(odd=1), params={"fieldValidation": level}) as response:
            body = await response.json()
            assert (response.status, response.headers.get("Warning")) == want
            assert "odd" not in body.get("spec", {})


async def test_status_is_written_by_its_subresource_only_and_leaves_the_generation():
    async with serving(server()) as client:
        await client.call("POST", CRDS, definition())
        await client.call("POST", SHOWS, {**show(), "status": {"phase": "Mine"}})
        _, body = await client.call("PATCH", f"{SHOWS}/a", {"status": {"phase": "Mine"}}, content=MERGE)
        assert "status" not in body
        status = {"status": {"phase": "Live", "odd": 1}, "spec": {"count": 9}}
        _, body = await client.call("PATCH", f"{SHOWS}/a/status", status, content=MERGE)
        assert (body["status"], body["spec"]["count"]) == ({"phase": "Live"}, 1)
        assert body["metadata"]["generation"] == 1
        _, body = await client.call("PATCH", f"{SHOWS}/a", {"spec": {"count": 2}}, content=MERGE)
        assert (body["metadata"]["generation"], body["status"]) == (2, {"phase": "Live"})


async def test_a_table_shows_the_printer_columns():
    async with serving(server()) as client:
        await client.call("POST", CRDS, definition())
        await client.call("POST", SHOWS, show(count=4))
        headers = {"Accept": "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"}
        async with client.session.get(client.server.url + SHOWS, headers=headers) as response:
            table = await response.json()
        assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "COUNT"]
        assert table["rows"][0]["cells"] == ["a", 4]
