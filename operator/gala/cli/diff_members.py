"""What runs in a member cluster, read once and with a person's own rights."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from gala.errors import GalaError, RequestFailed
from gala.fleet.client import ApiServer
from gala.fleet.objects import Scaled, foreign, native, stateful
from gala.fleet.paths import Catalog, single
from gala.fleet.rooms import Owners, read_room
from gala.fleet.trouble import why
from gala.planning.facts import TARGET_GONE, Missing, NodeRoom, TargetFacts, TargetKey
from gala.planning.quotas import Quota
from gala.planning.templates import Keys, keys_of

_AT_ONCE: Final = 16
"""Requests to one API server: a person's look must not crowd out the operator."""

_PROJECTIONS: Final = {"Deployment": native, "ReplicaSet": native, "StatefulSet": stateful}


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """One cluster's targets and its free room, each missing with a reason where it could not be read."""

    targets: dict[TargetKey, TargetFacts | Missing]
    nodes: tuple[NodeRoom, ...] | Missing
    quotas: Mapping[str, tuple[Quota, ...]]


async def look(server: ApiServer, targets: Sequence[TargetKey]) -> Running:
    """Asks the cluster; what fails is a value in the answer."""
    catalog, lane = Catalog(server), asyncio.Semaphore(_AT_ONCE)

    async def one(key: TargetKey) -> TargetFacts | Missing:
        async with lane:
            return await _target(server, catalog, key)

    found = await asyncio.gather(*(one(key) for key in targets))
    keys = keys_of(one.template for one in found if isinstance(one, TargetFacts))
    nodes, quotas = await _room(server, targets, keys)
    return Running(targets=dict(zip(targets, found, strict=True)), nodes=nodes, quotas=quotas)


async def _target(server: ApiServer, catalog: Catalog, key: TargetKey) -> TargetFacts | Missing:
    try:
        await catalog.learn(key)
        path = catalog.path(key)
        raw: dict[str, Any] = await server.request("GET", single(str(path), key.name))
    except RequestFailed as failed:
        reason = TARGET_GONE if failed.status == 404 else why(failed)
        return Missing(reason, f"{key} in cluster {server.name} cannot be read: {str(failed).rstrip('.')}")
    return _facts(_PROJECTIONS.get(key.kind, foreign)(raw), key)


def _facts(seen: Scaled, key: TargetKey) -> TargetFacts | Missing:
    if seen.replicas is None:
        return Missing("ReplicasUnset", f"{key} has no spec.replicas, so nothing can be said about it")
    ready = Missing("PodsUnknown", f"{key} does not say how many pods are Ready")
    return TargetFacts(
        uid=seen.uid,
        resource_version=seen.resource_version,
        replicas=seen.replicas,
        pods=seen.pods,
        ready=ready if seen.ready is None else seen.ready,
        warm=ready if seen.ready is None else seen.ready,
        manager=seen.manager,
        cpu=seen.requests.cpu,
        memory=seen.requests.memory,
        template=seen.template,
        ordered=seen.ordered,
        deletes_volumes=seen.deletes_volumes,
    )


async def _room(
    server: ApiServer, targets: Sequence[TargetKey], keys: Keys
) -> tuple[tuple[NodeRoom, ...] | Missing, Mapping[str, tuple[Quota, ...]]]:
    try:
        reading = await read_room(server, Owners(targets, {}), keys)
    except GalaError as failed:
        return Missing(why(failed), f"free room in cluster {server.name} is not known: {failed}"), {}
    return reading.rooms, reading.quotas
