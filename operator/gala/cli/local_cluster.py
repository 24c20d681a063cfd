"""The GalaCluster of the operator's own cluster, made at the start where nobody has written one.

A chart cannot bring it: Helm looks up every kind of a release before it makes anything, and the
kind comes with that same release. A hook could, but hooks are deleted and made anew with each
upgrade, and each sync of Argo CD; a GalaCluster that is gone in a hold loses what is held there.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any, Final

from gala.api.meta import API_VERSION, CLUSTERS
from gala.errors import Conflict, Rejected
from gala.fleet.client import ApiServer
from gala.fleet.paths import collection
from gala.settings import MANAGER, Settings

log = logging.getLogger(__name__)

NAME: Final = "local"

_MADE_BY_ANOTHER_REPLICA: Final = 409


async def ensure_local_cluster(hub: ApiServer, settings: Settings) -> None:
    """Makes GalaCluster ``local`` unless the fleet has it, or another one that is ``inCluster``.

    What is there is never changed. A refusal stops no operator that has other clusters to serve;
    the log says what to do.

    Raises:
        RequestFailed: The hub does not answer, and refuses nothing.
    """
    path = collection(API_VERSION, CLUSTERS, settings.fleet_namespace)
    try:
        # The right to list is one in all namespaces, and a fleet has few clusters.
        listed = await hub.request("GET", collection(API_VERSION, CLUSTERS))
        if _is_there(listed.get("items") or (), settings.fleet_namespace):
            return
        await hub.request(
            "POST", path, body=_body(settings.fleet_namespace), params={"fieldManager": MANAGER}
        )
    except (Rejected, Conflict) as refused:
        if refused.status == _MADE_BY_ANOTHER_REPLICA:
            return
        log.warning(
            "GalaCluster %s was not made, so this cluster takes no part: %s Write it yourself, with "
            "inCluster: true, in namespace %s.",
            NAME,
            refused,
            settings.fleet_namespace,
        )
        return
    log.info("GalaCluster %s was made: this cluster takes part", NAME)


def _is_there(clusters: Iterable[Mapping[str, Any]], namespace: str) -> bool:
    return any(
        cluster["metadata"]["namespace"] == namespace
        and (cluster["metadata"]["name"] == NAME or (cluster.get("spec") or {}).get("inCluster"))
        for cluster in clusters
    )


def _body(namespace: str) -> Mapping[str, Any]:
    return {
        "apiVersion": API_VERSION,
        "kind": "GalaCluster",
        "metadata": {"name": NAME, "namespace": namespace},
        "spec": {"inCluster": True},
    }
