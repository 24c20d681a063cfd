"""Secrets of the fleet namespace, and who can help where one is not as it should be."""

from __future__ import annotations

import pytest

from fleet_builders import QUICK, SECRETS, client
from fleet_server import serving
from gala.errors import CredentialsRefused, Rejected
from gala.fleet.secrets import FleetSecrets

HELP = "; the platform team can put it there, and no other namespace is looked into."


@pytest.mark.parametrize(
    ("data", "want"),
    [
        pytest.param(
            None,
            f"There is no Secret token with a key value in namespace gala-system{HELP}",
            id="that is not there",
        ),
        pytest.param({"other": "YQ=="}, f"Secret token has no key value{HELP}", id="without the key"),
        pytest.param({"value": "?"}, f"Key value of Secret token is not base64{HELP}", id="of another code"),
    ],
)
async def test_a_secret_is_no_use(data: dict[str, str] | None, want: str) -> None:
    async with serving() as hub:
        if data is not None:
            hub.put(SECRETS, {"metadata": {"name": "token"}, "data": data})
        api = client(hub)
        with pytest.raises(CredentialsRefused) as refusal:
            await FleetSecrets(api, QUICK).read("token", "value")
        assert str(refusal.value) == want
        await api.close()


async def test_a_secret_that_may_not_be_read_is_a_right_that_is_missing() -> None:
    async with serving() as hub:
        hub.forbidden.add("secrets")
        api = client(hub)
        with pytest.raises(Rejected, match="403"):
            await FleetSecrets(api, QUICK).read("token", "value")
        await api.close()


async def test_a_secret_is_read_from_the_fleet_namespace() -> None:
    async with serving() as hub:
        hub.put(SECRETS, {"metadata": {"name": "token"}, "data": {"value": "YSB0b2tlbg=="}})
        api = client(hub)
        assert await FleetSecrets(api, QUICK).read("token", "value") == b"a token"
        await api.close()
