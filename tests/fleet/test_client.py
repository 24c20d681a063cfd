"""One API server, with every way in which it can fail to answer."""

from __future__ import annotations

import asyncio
import json
import os
from pathlib import Path

import pytest
from aiohttp import web

from fleet_builders import DEPLOYMENTS, QUICK, client, deployment
from fleet_server import serving, status
from gala.errors import Conflict, GalaError, Rejected, Throttled, Unreachable
from gala.fleet.client import ApiServer, Counters
from gala.fleet.kubeconfig import Credentials
from gala.settings import Settings

HASTY = Settings(request_deadline=0.2, watch_idle=0.2)


async def test_an_answer_comes_as_the_object_that_was_sent() -> None:
    async with serving() as server:
        server.put(DEPLOYMENTS, deployment())
        north = client(server)

        got = await north.request("GET", f"{DEPLOYMENTS}/web")

        assert got["spec"]["replicas"] == 3
        assert (north.counters.requests, north.counters.failures, north.counters.contacts) == (1, 0, 1)
        await north.close()


async def test_the_token_is_sent() -> None:
    async with serving() as server:
        server.token = "secret"
        north = client(server, token="secret")

        assert (await north.request("GET", "/version"))["gitVersion"] == "v1.34.0"
        await north.close()


async def test_the_pods_own_token_is_read_again_after_a_401(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "token"
    path.write_text("old\n")
    async with serving() as server:
        server.token = "new"
        hub = ApiServer("hub", Credentials(server=server.url, token_path=path), QUICK)
        with pytest.raises(Rejected):
            await hub.request("GET", "/version")
        path.write_text("new\n")

        assert (await hub.request("GET", "/version"))["gitVersion"] == "v1.34.0"
        await hub.close()


@pytest.mark.parametrize(
    ("code", "want"),
    [
        pytest.param(400, Rejected, id="a bad request is rejected"),
        pytest.param(401, Rejected, id="a wrong login is rejected"),
        pytest.param(403, Rejected, id="a forbidden request is rejected"),
        pytest.param(404, Rejected, id="a missing object is rejected"),
        pytest.param(409, Conflict, id="a changed object is a conflict"),
        pytest.param(422, Conflict, id="a failed test of a patch is a conflict"),
        pytest.param(500, Unreachable, id="an internal error is no answer"),
        pytest.param(503, Unreachable, id="an overloaded server is no answer"),
    ],
)
async def test_every_status_is_judged(code: int, want: type[GalaError]) -> None:
    async def fault(request: web.Request) -> web.StreamResponse:
        return status(code, "as the test wishes")

    async with serving() as server:
        server.faults["GET", "version"] = fault
        north = client(server)
        with pytest.raises(want, match="as the test wishes") as caught:
            await north.request("GET", "/version")
        assert caught.value.status == code  # type: ignore[attr-defined]
        assert north.counters.failures == 1
        await north.close()


async def test_too_many_requests_carry_the_time_to_wait() -> None:
    async def fault(request: web.Request) -> web.StreamResponse:
        return status(429, "slow down", **{"Retry-After": "7"})

    async with serving() as server:
        server.faults["GET", "version"] = fault
        north = client(server)
        with pytest.raises(Throttled) as caught:
            await north.request("GET", "/version")
        assert caught.value.retry_after == 7
        await north.close()


async def test_a_redirect_is_not_followed() -> None:
    async with serving() as elsewhere, serving() as server:

        async def fault(request: web.Request) -> web.StreamResponse:
            raise web.HTTPFound(f"{elsewhere.url}/version")

        server.faults["GET", "version"] = fault
        north = client(server, token="secret")
        with pytest.raises(Rejected, match="redirects are refused"):
            await north.request("GET", "/version")
        assert elsewhere.requests == []
        await north.close()


async def test_a_server_that_hangs_is_unreachable_after_the_deadline() -> None:
    async def fault(request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(30)
        return web.Response()

    async with serving() as server:
        server.faults["GET", "version"] = fault
        north = client(server, HASTY)
        with pytest.raises(Unreachable, match=r"within 0\.2 s"):
            await north.request("GET", "/version")
        asked = north.counters.asked()
        assert (asked.failures, sum(asked.counts), asked.seconds >= 0.2) == (1, 1, True)
        await north.close()


@pytest.mark.parametrize(
    ("seconds", "want"),
    [
        pytest.param(0.001, 0, id="a quick answer is in the first"),
        pytest.param(0.005, 0, id="a bound belongs to what is below it"),
        pytest.param(0.3, 6, id="others are where they are at most the bound"),
        pytest.param(5.1, 10, id="what took longer than every bound is in the last"),
    ],
)
def test_latencies_are_counted_by_bounds(seconds: float, want: int) -> None:
    counters = Counters()
    counters.took(seconds)
    assert counters.asked().counts.index(1) == want


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"gitVersion": "v1', id="an answer that was cut is no answer"),
        pytest.param("<html>login</html>", id="a login page is no answer"),
        pytest.param("[1]", id="a list where an object belongs is no answer"),
    ],
)
async def test_what_is_no_json_object_is_no_answer(text: str) -> None:
    async def fault(request: web.Request) -> web.StreamResponse:
        return web.Response(text=text)

    async with serving() as server:
        server.faults["GET", "version"] = fault
        north = client(server)
        with pytest.raises(Unreachable, match="no JSON object"):
            await north.request("GET", "/version")
        await north.close()


async def test_a_refused_connection_is_unreachable() -> None:
    async with serving() as server:
        north = client(server)
    with pytest.raises(Unreachable, match="cannot be reached"):
        await north.request("GET", "/version")
    assert north.counters.contacts == 0
    await north.close()


async def test_an_authority_that_cannot_be_read_is_a_failure_of_this_cluster_only() -> None:
    north = ApiServer("north", Credentials(server="https://127.0.0.1:1", ca_data=b"not a certificate"), QUICK)
    with pytest.raises(Unreachable):
        await north.request("GET", "/version")
    await north.close()


async def test_the_environments_proxy_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    async with serving() as server:
        north = client(server)

        assert await north.request("GET", "/version")
        await north.close()


async def streamed(server_text: list[str], settings: Settings = QUICK) -> list[dict[str, object]]:
    """What a watch yields of raw text, sent piece by piece; the server ends it afterwards."""

    async def fault(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for piece in server_text:
            await response.write(piece.encode())
            await asyncio.sleep(0.01)
        return response

    async with serving() as server:
        server.faults["GET", "deployments"] = fault
        north = client(server, settings)
        try:
            return [event async for event in north.stream(DEPLOYMENTS, {"watch": "true"})]
        finally:
            await north.close()


async def test_a_watch_is_split_into_lines_wherever_the_chunks_end() -> None:
    events = [{"type": "ADDED", "n": number, "pad": "x" * 40} for number in range(5)]
    text = "".join(json.dumps(event) + "\n" for event in events)
    pieces = [text[start : start + 37] for start in range(0, len(text), 37)]

    assert await streamed(pieces) == events


async def test_a_line_of_five_megabytes_is_one_event() -> None:
    event = {"type": "ADDED", "pad": "x" * (5 << 20)}

    assert await streamed([json.dumps(event) + "\n"]) == [event]


async def test_a_watch_that_is_cut_in_a_line_is_a_failure() -> None:
    with pytest.raises(Unreachable, match="in the middle of an event"):
        await streamed(['{"type": "ADDED", "obj'])


async def test_a_watch_line_that_is_no_json_is_a_failure() -> None:
    with pytest.raises(Unreachable, match="no JSON object"):
        await streamed(["nonsense\n"])


async def test_a_silent_watch_is_given_up() -> None:
    async with serving() as server:
        north = client(server, HASTY)
        with pytest.raises(Unreachable, match="did not answer"):
            async for _ in north.stream(DEPLOYMENTS, {"watch": "true", "resourceVersion": "1"}):
                pass
        await north.close()


async def test_a_refused_watch_says_so() -> None:
    async with serving() as server:
        server.forbidden.add("deployments")
        north = client(server)
        with pytest.raises(Rejected, match="forbidden"):
            async for _ in north.stream(DEPLOYMENTS, {"watch": "true"}):
                pass
        await north.close()


async def test_other_credentials_are_used_from_the_next_request_on() -> None:
    async with serving() as server:
        server.token = "new"
        north = client(server, token="old")
        with pytest.raises(Rejected):
            await north.request("GET", "/version")

        assert await north.use(Credentials(server=server.url, token="new"))
        assert not await north.use(Credentials(server=server.url, token="new"))
        assert await north.request("GET", "/version")
        await north.close()


async def test_a_token_file_that_hangs_is_unreachable_after_the_deadline(tmp_path: Path) -> None:
    pipe = tmp_path / "token"
    os.mkfifo(pipe)
    # Open for both, so that neither this end nor a reader that comes late waits for the other.
    writer = os.open(pipe, os.O_RDWR)
    async with serving() as server:
        north = ApiServer("north", Credentials(server=server.url, token_path=pipe), HASTY)
        with pytest.raises(Unreachable, match=r"within 0\.2 s"):
            await north.request("GET", "/version")
        assert server.requests == []
        os.write(writer, b"secret")
        os.close(writer)
        await north.close()
