"""From a GalaCluster to a client for its API server, and to a new one when credentials change."""

from __future__ import annotations

import asyncio

from gala.api.cluster import GalaCluster, SecretKeyRef
from gala.fleet.client import ApiServer
from gala.fleet.kubeconfig import Credentials, parse_kubeconfig
from gala.fleet.secrets import FleetSecrets
from gala.settings import Settings


class Connection:
    """How one member cluster is reached; ``inCluster`` is reached as the hub is, with a pool of its own."""

    def __init__(
        self, cluster: GalaCluster, *, hub: ApiServer, secrets: FleetSecrets, settings: Settings
    ) -> None:
        self.server: ApiServer | None = None
        self._name = cluster.metadata.name
        self._in_cluster = cluster.spec.in_cluster
        self._secret = secret_of(cluster)
        self._hub = hub
        self._secrets = secrets
        self._settings = settings

    async def open(self) -> ApiServer:
        """The client, made at the first call.

        Raises:
            CredentialsRefused: the kubeconfig asks for something that is never granted, or is not there.
            RequestFailed: the Secret cannot be read.
        """
        if self.server is None:
            self.server = ApiServer(self._name, await self._credentials(), self._settings)
        return self.server

    async def renew(self) -> bool:
        """Reads the credentials again; whether they changed.

        Raises:
            CredentialsRefused: as ``open``.
            RequestFailed: as ``open``.
        """
        return self.server is not None and await self.server.use(await self._credentials())

    async def close(self) -> None:
        """Closes every connection."""
        if self.server is not None:
            await self.server.close()

    async def _credentials(self) -> Credentials:
        if self._in_cluster:
            return self._hub.credentials
        text = await self._secrets.read(self._secret.name, self._secret.key)
        return await asyncio.to_thread(parse_kubeconfig, text)


def secret_of(cluster: GalaCluster) -> SecretKeyRef:
    """Where a cluster's kubeconfig is, by default where Cluster API keeps it."""
    if cluster.spec.kubeconfig is not None:
        return cluster.spec.kubeconfig.secret_ref
    return SecretKeyRef(name=f"{cluster.metadata.name}-kubeconfig")
