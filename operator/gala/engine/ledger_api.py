"""GalaAllocations over HTTP: paged lists, guarded writes, and whether the server kept what it was given.

An API server whose definition is older drops the fields it does not know. What giving back
needs is then not written at all; without the rest capacity can still be raised, and nothing
is lowered until somebody brings the definition up to date.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from gala.api.meta import ALLOCATIONS, API_VERSION, GROUP, VERSION
from gala.engine import kept
from gala.engine.advice import advice
from gala.engine.allocations import Json
from gala.errors import Conflict, InvalidInput, RequestFailed
from gala.fleet.client import ApiServer
from gala.settings import MANAGER

PAGE: Final = 500

_TRIES: Final = 3
_BAD_REQUEST: Final = 400
_ABSENT: Final = 404
_GONE: Final = 410

_VERBS: Final[Mapping[str, str]] = {"POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}


class Stored(NamedTuple):
    """An object as it was written, and the paths of what the API server dropped of it."""

    raw: Json
    dropped: tuple[str, ...]


class LedgerApi:
    """The GalaAllocations of one namespace; keeps nothing."""

    def __init__(self, hub: ApiServer, namespace: str) -> None:
        self._hub = hub
        self._namespace = namespace
        self._path = f"/apis/{GROUP}/{VERSION}/namespaces/{namespace}/{ALLOCATIONS}"

    async def every(self) -> list[Json]:
        """All of them, page by page.

        Raises:
            RequestFailed: The list failed; the text says what to do.
        """
        for _ in range(_TRIES):
            try:
                return await self._pages()
            except RequestFailed as failed:
                if failed.status != _GONE:
                    raise self._advised(failed, "list", ALLOCATIONS) from None
        raise Conflict("The list of GalaAllocations expired again and again between its pages.", status=_GONE)

    async def create(self, name: str, spec: Json) -> Stored:
        """A new object.

        Raises:
            InvalidInput: The API server would drop what giving back needs.
            RequestFailed: It may or may not be stored.
        """
        return await self._spec("POST", self._path, {"name": name, "namespace": self._namespace}, spec)

    async def replace(self, old: Json, spec: Json) -> Stored:
        """Another spec for an object that is still as ``old`` was read; raises as ``create``."""
        metadata = {k: v for k, v in old["metadata"].items() if k != "managedFields"}
        return await self._spec("PUT", f"{self._path}/{metadata['name']}", metadata, spec)

    async def show(self, name: str, status: Json) -> Json:
        """The object with another status.

        Raises:
            RequestFailed: It may or may not be stored.
        """
        path, body = f"{self._path}/{name}/status", {"status": status}
        return await self._write("PATCH", path, body, content_type="application/merge-patch+json")

    async def delete(self, old: Json) -> None:
        """Removes an object that is still as ``old`` was read; one that is gone already is removed.

        Raises:
            RequestFailed: It is there, or nobody knows.
        """
        metadata = old["metadata"]
        guard = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": guard}
        try:
            await self._hub.request("DELETE", f"{self._path}/{metadata['name']}", body=body)
        except RequestFailed as failed:
            if failed.status != _ABSENT:
                raise self._advised(failed, "delete", ALLOCATIONS) from None

    async def _pages(self) -> list[Json]:
        found: list[Json] = []
        token = ""
        while True:
            params = {"limit": str(PAGE), **({"continue": token} if token else {})}
            page = await self._hub.request("GET", self._path, params=params)
            found += page.get("items") or []
            token = (page.get("metadata") or {}).get("continue") or ""
            if not token:
                return found

    async def _spec(self, method: str, path: str, metadata: Mapping[str, Any], spec: Json) -> Stored:
        body = {
            "apiVersion": API_VERSION,
            "kind": "GalaAllocation",
            "metadata": dict(metadata),
            "spec": spec,
        }
        try:
            raw = await self._write(method, path, body)
        except RequestFailed as failed:
            unknown = kept.unknown(str(failed)) if failed.status == _BAD_REQUEST else ()
            if not unknown:
                raise
            _must_have(unknown)
            raw = await self._write(method, path, body, validation="Ignore")
        dropped = tuple(dict.fromkeys(kept.dropped(spec, raw.get("spec"))))
        _must_have(dropped)
        return Stored(raw, dropped)

    async def _write(
        self,
        method: str,
        path: str,
        body: Json,
        *,
        content_type: str = "application/json",
        validation: str = "Strict",
    ) -> Json:
        params = {"fieldManager": MANAGER, "fieldValidation": validation}
        try:
            return await self._hub.request(method, path, body=body, content_type=content_type, params=params)
        except RequestFailed as failed:
            resource = f"{ALLOCATIONS}/status" if path.endswith("/status") else ALLOCATIONS
            said = self._advised(failed, _VERBS[method], resource)
            if failed.status == _ABSENT and method != "POST":
                # Written again from memory it could outlive a hand-back that another leader has finished.
                raise Conflict(_gone(path, said), status=_ABSENT) from failed
            raise said from None

    def _advised(self, failed: RequestFailed, verb: str, resource: str) -> RequestFailed:
        return failed.advised(advice(failed, verb=verb, plural=resource, namespace=self._namespace))


def _gone(path: str, said: RequestFailed) -> str:
    """That an object is not there; with what the server said, where more may be missing than that object."""
    name = path.removesuffix("/status").rpartition("/")[2]
    if f'"{name}" not found' not in str(said):
        return f"{name} is gone: {said}"
    return (
        f"GalaAllocation {name} is gone, deleted by hand or by another leader once all was given back: it is "
        "not written again from memory, and a target whose ledger is lost is never lowered (OriginalLost)."
    )


def _must_have(dropped: tuple[str, ...]) -> None:
    if kept.needed(dropped):
        raise InvalidInput(kept.sentence(dropped))
