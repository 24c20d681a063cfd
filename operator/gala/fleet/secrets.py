"""Secrets of the fleet namespace; no other namespace is ever asked."""

from __future__ import annotations

import base64
import binascii

from gala.errors import CredentialsRefused, Rejected
from gala.fleet.client import ApiServer
from gala.fleet.paths import collection, single
from gala.settings import Settings


class FleetSecrets:
    """Reads one key of one Secret at a time."""

    def __init__(self, hub: ApiServer, settings: Settings) -> None:
        self._hub = hub
        self._namespace = settings.fleet_namespace
        self._path = collection("v1", "secrets", settings.fleet_namespace)

    async def read(self, name: str, key: str) -> bytes:
        """The decoded value.

        Raises:
            RequestFailed: as every request.
            CredentialsRefused: there is no such Secret, or it has no such key.
        """
        try:
            secret = await self._hub.request("GET", single(self._path, name))
        except Rejected as error:
            if error.status != 404:
                raise
            what = f"There is no Secret {name} with a key {key} in namespace {self._namespace}"
            raise self._refused(what) from error
        value = (secret.get("data") or {}).get(key)
        if not isinstance(value, str):
            raise self._refused(f"Secret {name} has no key {key}")
        try:
            return base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError) as error:
            raise self._refused(f"Key {key} of Secret {name} is not base64") from error

    def _refused(self, what: str) -> CredentialsRefused:
        return CredentialsRefused(
            f"{what}; the platform team can put it there, and no other namespace is looked into."
        )
