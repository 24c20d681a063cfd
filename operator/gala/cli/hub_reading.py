"""What the hub holds of shows, read with a person's own rights; nothing is ever written.

Whoever may see events may often not see the ledger, which is the operator's own: what is
forbidden is named and left out, so that the rest is still told.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from gala.api.meta import ALLOCATIONS, API_VERSION, CLUSTERS, EVENTS
from gala.cli.hub import ENDED, INSTALL, Login, check
from gala.errors import CredentialsRefused, InvalidInput, RequestFailed, Unreachable
from gala.fleet.answers import pages
from gala.fleet.client import ApiServer
from gala.fleet.paths import collection, single
from gala.settings import Settings

Json = Mapping[str, Any]

_PAGE = {"limit": "500"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which events a person wants to hear of."""

    names: tuple[str, ...] = ()
    """All of them if empty."""
    namespace: str | None
    """None: every namespace."""
    fleet_namespace: str

    @property
    def where(self) -> str:
        """For sentences."""
        return f"in namespace {self.namespace}" if self.namespace else "in any namespace"


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """Objects as the API server answered them, in the order of their names."""

    events: tuple[Json, ...]
    clusters: tuple[Json, ...] = ()
    ledgers: tuple[Json, ...] = ()
    withheld: tuple[str, ...] = ()
    """Rights that are missing, each as ``list galaallocations in namespace gala-system``."""


@asynccontextmanager
async def reached(login: Login, settings: Settings) -> AsyncIterator[ApiServer]:
    """The hub, once it answered and knows our kinds.

    Raises:
        GalaError: It cannot be used; the text says what to do.
    """
    credentials = await login.credentials()
    hub = ApiServer(credentials.server, credentials, settings)
    try:
        try:
            await check(hub)
        except Unreachable as failed:
            if await login.served():
                raise InvalidInput(ENDED) from failed
            raise
        yield hub
    finally:
        await hub.close()


async def read(hub: ApiServer, asked: Asked) -> Held:
    """The events that were asked for, every cluster of the fleet, and the whole ledger.

    Raises:
        InvalidInput: An event, the namespace or a kind is not there.
        CredentialsRefused: The events may not be read.
        RequestFailed: The hub does not answer.
    """
    events = await _events(hub, asked)
    withheld: list[str] = []
    found: dict[str, tuple[Json, ...]] = {}
    for plural in (CLUSTERS, ALLOCATIONS):
        found[plural] = ()
        try:
            found[plural] = await _list(hub, collection(API_VERSION, plural, asked.fleet_namespace))
        except RequestFailed as failed:
            if failed.status != 403:
                raise
            withheld.append(f"list {plural} in namespace {asked.fleet_namespace}")
    return Held(events=events, clusters=found[CLUSTERS], ledgers=found[ALLOCATIONS], withheld=tuple(withheld))


async def _events(hub: ApiServer, asked: Asked) -> tuple[Json, ...]:
    path = collection(API_VERSION, EVENTS, asked.namespace or "")
    try:
        if asked.names:
            return tuple([await _event(hub, path, name, asked) for name in sorted(set(asked.names))])
        found = await _list(hub, path)
        if not found and asked.namespace:
            await _exists(hub, asked.namespace)
    except RequestFailed as failed:
        if failed.status == 403:
            raise CredentialsRefused(
                f"You may not read {EVENTS} {asked.where} on {hub.credentials.server}; ask for that right, "
                f"or name a namespace with -n. What you may: kubectl auth can-i --list"
                + (f" -n {asked.namespace}" if asked.namespace else "")
            ) from failed
        raise
    return found


async def _event(hub: ApiServer, path: str, name: str, asked: Asked) -> Json:
    try:
        return await hub.request("GET", single(path, name))
    except RequestFailed as failed:
        if failed.status == 404:
            raise InvalidInput(
                f"There is no GalaEvent {name} {asked.where}; see which there are with: gala status -A"
            ) from failed
        raise


async def _exists(hub: ApiServer, namespace: str) -> None:
    """Raises for a namespace that is known to be missing: its list of events is empty as well."""
    try:
        await hub.request("GET", single(collection("v1", "namespaces"), namespace))
    except RequestFailed as failed:
        if failed.status == 404:
            raise InvalidInput(
                f"There is no namespace {namespace}; see where events are with: gala status -A"
            ) from failed
        if failed.status != 403:
            raise


async def _list(hub: ApiServer, path: str) -> tuple[Json, ...]:
    try:
        found = [item async for items, _ in pages(hub, path, _PAGE) for item in items]
    except RequestFailed as failed:
        if failed.status == 404:
            raise InvalidInput(
                f"{hub.credentials.server} does not know {path.rpartition('/')[2]}; {INSTALL}"
            ) from failed
        raise
    return tuple(sorted(found, key=_place))


def _place(item: Json) -> tuple[str, str]:
    metadata = item["metadata"]
    return str(metadata.get("namespace", "")), str(metadata.get("name", ""))
