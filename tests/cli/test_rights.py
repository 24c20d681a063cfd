"""What an operator cannot do without is missed before it starts, in one sentence with what to do."""

from __future__ import annotations

import pytest

from gala.cli.rights import check_rights
from gala.errors import CredentialsRefused, GalaError, InvalidInput, Unreachable
from gala.sandbox.apiserver.faults import Refuse
from hub_server import CRDS_PATH, Hub, a_hub, without


async def said(hub: Hub) -> str:
    with pytest.raises(GalaError) as refused:
        await check_rights(hub.api, hub.settings)
    return str(refused.value)


async def test_a_hub_that_has_and_grants_everything_passes() -> None:
    async with a_hub() as hub:
        await check_rights(hub.api, hub.settings)


@pytest.mark.parametrize(
    ("path", "want"),
    [
        pytest.param(r"/namespaces/gala-system$", "may not get namespaces", id="reading namespaces"),
        pytest.param(r"/v1alpha1/galaevents", "may not list galaevents in all namespaces", id="events"),
        pytest.param(r"/v1alpha1/galaclusters", "may not list galaclusters in all namespaces", id="clusters"),
        pytest.param(r"/v1alpha1/.*/galaall", "may not list galaallocations in namespace", id="the ledger"),
        pytest.param(r"leases", "may not get leases in namespace gala-system", id="the Lease"),
        pytest.param(
            CRDS_PATH, "may not get customresourcedefinitions", id="what makes deletions believable"
        ),
    ],
)
async def test_a_missing_right_is_named(path: str, want: str) -> None:
    async with a_hub() as hub:
        hub.server.faults.refusals = [Refuse(status=403, path=path)]
        told = await said(hub)
    assert want in told
    assert "docs/security.md" in told


async def test_a_missing_fleet_namespace_is_told_with_the_command_that_makes_it() -> None:
    async with a_hub() as hub:
        await hub.api.request("DELETE", "/api/v1/namespaces/gala-system")
        assert (await said(hub)).endswith("kubectl create namespace gala-system")


@pytest.mark.parametrize("kind", ["galaevents", "galaclusters", "galaallocations"])
async def test_a_kind_that_is_missing_is_told_with_the_command_that_installs_it(kind: str) -> None:
    async with a_hub() as hub:
        await hub.api.request("DELETE", f"{CRDS_PATH}/{kind}.gala.dev")
        with pytest.raises(InvalidInput, match="gala crds"):
            await check_rights(hub.api, hub.settings)


@pytest.mark.parametrize(
    ("status", "want"),
    [
        pytest.param(401, CredentialsRefused, id="credentials that have expired"),
        pytest.param(503, Unreachable, id="a hub that is not ready"),
    ],
)
async def test_what_else_fails_is_raised_as_it_is(status: int, want: type[Exception]) -> None:
    async with a_hub() as hub:
        hub.server.faults.refusals = [Refuse(status=status)]
        with pytest.raises(want):
            await check_rights(hub.api, hub.settings)


async def test_a_definition_that_lacks_fields_is_told_with_the_command_and_stops_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with a_hub() as hub:
        path = f"{CRDS_PATH}/galaevents.gala.dev"
        metadata = (await hub.api.request("GET", path))["metadata"]
        old = {**without("galaevents", "rounds[].afterScene", "timeZone"), "metadata": metadata}
        await hub.api.request("PUT", path, body=old)
        await check_rights(hub.api, hub.settings)
    (said,) = caplog.messages
    assert "galaevents.gala.dev is older" in said
    assert "spec.rounds[].afterScene, spec.timeZone: " in said
    assert said.endswith("Write: gala crds | kubectl apply --server-side -f -")
