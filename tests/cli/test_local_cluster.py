"""The operator's own cluster takes part without anybody writing a GalaCluster, and nobody's is changed."""

from __future__ import annotations

import pytest

from gala.cli.local_cluster import ensure_local_cluster
from gala.errors import Unreachable
from gala.sandbox.apiserver.faults import Refuse
from hub_server import Hub, a_hub

PATH = "/apis/gala.dev/v1alpha1/namespaces/{}/galaclusters"


async def write(hub: Hub, name: str, *, namespace: str = "gala-system", **spec: object) -> None:
    body = {
        "apiVersion": "gala.dev/v1alpha1",
        "kind": "GalaCluster",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }
    await hub.api.request("POST", PATH.format(namespace), body=body)


async def fleet(hub: Hub) -> dict[str, bool]:
    """By name, whether it is the cluster that the operator runs in."""
    listed = await hub.api.request("GET", PATH.format("gala-system"))
    return {item["metadata"]["name"]: item["spec"].get("inCluster", False) for item in listed["items"]}


async def test_it_is_made_where_there_is_none_and_once_only() -> None:
    async with a_hub() as hub:
        await ensure_local_cluster(hub.api, hub.settings)
        await ensure_local_cluster(hub.api, hub.settings)
        assert await fleet(hub) == {"local": True}


@pytest.mark.parametrize(
    ("name", "in_cluster", "want"),
    [
        pytest.param("home", True, {"home": True}, id="under another name it is there already"),
        pytest.param("local", False, {"local": False}, id="the name is taken by a remote cluster"),
        pytest.param("east", False, {"east": False, "local": True}, id="other clusters are no reason"),
    ],
)
async def test_what_the_platform_team_wrote_stays(name: str, in_cluster: bool, want: dict[str, bool]) -> None:
    async with a_hub() as hub:
        await write(hub, name, inCluster=in_cluster)
        await ensure_local_cluster(hub.api, hub.settings)
        assert await fleet(hub) == want


async def test_a_cluster_of_another_namespace_counts_for_nothing() -> None:
    async with a_hub() as hub:
        await write(hub, "local", namespace="shows", inCluster=True)
        await ensure_local_cluster(hub.api, hub.settings)
        assert await fleet(hub) == {"local": True}


@pytest.mark.parametrize(
    "status",
    [
        pytest.param(403, id="the account may not"),
        pytest.param(422, id="a policy of the platform team says no"),
    ],
)
async def test_a_refusal_is_told_with_what_to_do_and_stops_nobody(
    status: int, caplog: pytest.LogCaptureFixture
) -> None:
    async with a_hub() as hub:
        hub.server.faults.refusals = [Refuse(status=status, method="POST", path="galaclusters")]
        await ensure_local_cluster(hub.api, hub.settings)
        hub.server.faults.refusals = []
        assert await fleet(hub) == {}
    (said,) = caplog.messages
    assert said.endswith("Write it yourself, with inCluster: true, in namespace gala-system.")


async def test_another_replica_that_was_faster_is_nothing_to_tell(caplog: pytest.LogCaptureFixture) -> None:
    async with a_hub() as hub:
        hub.server.faults.refusals = [Refuse(status=409, method="POST", path="galaclusters")]
        await ensure_local_cluster(hub.api, hub.settings)
    assert caplog.messages == []


async def test_a_hub_that_does_not_answer_is_the_supervisors_matter() -> None:
    async with a_hub() as hub:
        hub.server.faults.refusals = [Refuse(status=503, path="galaclusters")]
        with pytest.raises(Unreachable):
            await ensure_local_cluster(hub.api, hub.settings)
