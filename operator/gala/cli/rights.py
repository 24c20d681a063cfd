"""What ``gala run`` has to be able to read, tried before anything starts.

A right that is missing shows hours later otherwise: a Lease that is never had, an event that
nobody hears of, a deletion that is never believed. Rights to write cannot be tried without
writing; the log names those when they are refused.
"""

from __future__ import annotations

import logging
from typing import Any

from gala.api.meta import ALLOCATIONS, CLUSTERS, EVENTS, GROUP, VERSION
from gala.api.skew import older
from gala.cli.hub import check
from gala.errors import CredentialsRefused, InvalidInput, RequestFailed
from gala.fleet.client import ApiServer
from gala.settings import Settings

log = logging.getLogger(__name__)

_ONE = {"limit": "1"}
_CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"


async def check_rights(hub: ApiServer, settings: Settings) -> None:
    """Raises a sentence with what to do unless the hub is usable for an operator.

    A definition that lacks fields is no reason not to start: what it knows can be carried out, and
    the log says what it lacks.

    Raises:
        InvalidInput: A kind or the fleet's namespace is not there.
        CredentialsRefused: Something that the operator reads is forbidden to it.
        RequestFailed: The hub does not answer.
    """
    await check(hub)
    where = settings.fleet_namespace
    await _read(hub, f"/api/v1/namespaces/{where}", "get namespaces", absent=_make_namespace(where))
    for plural in (EVENTS, CLUSTERS):
        await _read(hub, f"/apis/{GROUP}/{VERSION}/{plural}", f"list {plural} in all namespaces", _INSTALL)
    for plural in (EVENTS, CLUSTERS, ALLOCATIONS):
        path = f"{_CRDS}/{plural}.{GROUP}"
        definition = await _read(hub, path, "get customresourcedefinitions", _INSTALL)
        if outdated := older(definition):
            log.warning("%s", outdated)
    here = f"in namespace {where}"
    ledger = f"/apis/{GROUP}/{VERSION}/namespaces/{where}/{ALLOCATIONS}"
    await _read(hub, ledger, f"list {ALLOCATIONS} {here}", _INSTALL)
    lease = f"/apis/coordination.k8s.io/v1/namespaces/{where}/leases/{settings.lease_name}"
    await _read(hub, lease, f"get leases {here}", "")


_INSTALL = "A kind of gala is missing here; install them with: gala crds | kubectl apply --server-side -f -"


def _make_namespace(name: str) -> str:
    return (
        f"There is no namespace {name}, where the operator keeps its ledger; make it with: "
        f"kubectl create namespace {name}"
    )


async def _read(hub: ApiServer, path: str, what: str, absent: str) -> dict[str, Any]:
    """Reads once; ``absent`` is what a 404 means, empty if it means nothing."""
    try:
        return await hub.request("GET", path, params=_ONE)
    except RequestFailed as failed:
        if failed.status == 404:
            if absent:
                raise InvalidInput(absent) from failed
            return {}
        if failed.status == 403:
            raise CredentialsRefused(
                f"The operator's account may not {what} on {hub.credentials.server}; grant it what "
                "docs/security.md lists under Permissions."
            ) from failed
        raise
