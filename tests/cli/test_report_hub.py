"""`gala report` of an event from the hub over HTTP: in the namespace that kubectl would take."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cli_stage import gala, write_kubeconfig
from gala.planning.facts import EventKey
from gala.report.shelf import render
from hub_server import EVENTS_PATH, SHOWS, Hub, a_hub
from report_night import night

KEY = EventKey("show", "gala")


@pytest.fixture
async def hub() -> AsyncIterator[Hub]:
    """A hub with the night of show/gala on its shelf."""
    async with a_hub() as found:
        path = "/api/v1/namespaces/gala-system/configmaps"
        await found.api.request("POST", path, body=render(KEY, night()))
        yield found


@pytest.mark.parametrize(
    ("namespace", "arguments"),
    [
        pytest.param("show", (), id="the namespace of the context"),
        pytest.param("other", ("-n", "show"), id="a namespace that is named"),
    ],
)
async def test_a_night_is_found_where_its_event_is(
    hub: Hub, tmp_path: Path, namespace: str, arguments: tuple[str, ...]
) -> None:
    kubeconfig = write_kubeconfig(tmp_path, hub.server.url, namespace=namespace)
    found = await gala("report", "gala", "--kubeconfig", kubeconfig, *arguments)
    assert (found.exception, found.return_value) == (None, 0)
    assert "round-1" in found.stdout


async def test_a_night_that_is_not_there_yet_names_the_next_command(hub: Hub, tmp_path: Path) -> None:
    kubeconfig = write_kubeconfig(tmp_path, hub.server.url)
    found = await gala("report", "gala", "--kubeconfig", kubeconfig)
    assert str(found.exception) == (
        "there is no report of the event default/gala yet, the first is made when its first round is over; "
        "see how it stands with: gala status gala -n default"
    )


async def test_a_night_that_was_lost_with_its_operator_is_said_to_be(hub: Hub, tmp_path: Path) -> None:
    await hub.create_event()
    done = {"status": {"rounds": [{"name": "round-1", "phase": "Done"}]}}
    path = f"{EVENTS_PATH}/gala/status"
    await hub.api.request("PATCH", path, body=done, content_type="application/merge-patch+json")
    found = await gala(
        "report", "gala", "-n", SHOWS, "--kubeconfig", write_kubeconfig(tmp_path, hub.server.url)
    )
    assert str(found.exception) == (
        "there is no report of the event shows/gala although a round is over: the operator was started anew "
        "before it had put it away, or may not write ConfigMaps, as its log says; see what is known of each "
        "round with: gala status gala -n shows"
    )
