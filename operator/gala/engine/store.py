"""The ledger in the API server: the only memory that outlives the process.

There is one writer, the leader, so what was loaded once is kept here and every write names
the resourceVersion that it knows; a conflict means that somebody else wrote, and the next
``load`` reads everything anew. An entry stays in the part it was put into, so that no kill
between two writes can lose it.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from gala.api.allocation import SCHEMA_VERSION, GalaAllocationSpec
from gala.api.meta import ALLOCATIONS, API_VERSION, GROUP, VERSION
from gala.api.scalars import format_instant
from gala.engine import allocations as wire
from gala.errors import Conflict, InvalidInput, Rejected, RequestFailed
from gala.fleet.client import ApiServer
from gala.planning.facts import EventKey
from gala.planning.ledger import ClusterLedger, EventRecord
from gala.settings import MANAGER, Settings

_log = logging.getLogger(__name__)

LedgerKey = tuple[EventKey, str]
"""Event and cluster; the cluster of the event record is ``""``."""

PAGE: Final = 500
RECORD_PART: Final = 8_000
"""Shares and caps in one part of a record, about 90 bytes each: an object may not pass 1.5 MB."""

STATUS_INTERVAL: Final = 30.0
"""Seconds between two writes of one ledger's status: it is for people, not for planning."""

_TRIES: Final = 3
_GONE: Final = 410
_ABSENT: Final = 404


class _Item(NamedTuple):
    value: wire.Json
    weight: int


class LedgerStore:
    """Loads and writes GalaAllocations; use it in one event loop."""

    def __init__(self, hub: ApiServer, settings: Settings) -> None:
        self._hub = hub
        self._settings = settings
        self._path = f"/apis/{GROUP}/{VERSION}/namespaces/{settings.fleet_namespace}/{ALLOCATIONS}"
        self._loaded = False
        self._parts: dict[LedgerKey, dict[int, wire.Json]] = {}
        self._records: dict[EventKey, EventRecord] = {}
        self._ledgers: dict[LedgerKey, ClusterLedger] = {}
        self._unreadable: dict[LedgerKey, str] = {}
        self._status: dict[LedgerKey, tuple[float, wire.Json]] = {}
        self._locks: defaultdict[LedgerKey, asyncio.Lock] = defaultdict(asyncio.Lock)
        self.newer: frozenset[EventKey] = frozenset()
        """Events whose ledger a later version wrote, or nobody can read: hold or raise, never lower."""
        self.problems: tuple[str, ...] = ()
        """One sentence for each GalaAllocation that could not be read."""

    async def load(self) -> tuple[Mapping[EventKey, EventRecord], Mapping[LedgerKey, ClusterLedger]]:
        """Records by event, ledgers by (event, cluster): from memory, or from one list if that is in doubt.

        Raises:
            RequestFailed: The list failed.
        """
        if not self._loaded:
            self._take(await self._list())
            self._loaded = True
        return dict(self._records), dict(self._ledgers)

    def invalidate(self) -> None:
        """The next ``load`` reads the API server; call it whenever leadership was gained."""
        self._loaded = False

    async def put_record(self, key: EventKey, record: EventRecord | None) -> None:
        """Stores an event's record, or deletes it (None); an equal one costs no request.

        Raises:
            RequestFailed: It may or may not be stored; the next ``load`` will tell.
        """
        owner = (key, "")
        if record is None:
            await self._delete(owner)
            self._records.pop(key, None)
            return
        items = [
            _Item(wire.encode_latched(latched), 1 + len(latched.allocations)) for latched in record.latched
        ]
        await self._put(owner, wire.encode_record(record), ("latched", items, RECORD_PART))
        self._records[key] = wire.decode_record(self._specs(owner))

    async def put_ledger(self, key: LedgerKey, ledger: ClusterLedger | None) -> None:
        """Stores an event's ledger of one cluster, or deletes it (None); an equal one costs no request.

        Raises:
            RequestFailed: It may or may not be stored; the next ``load`` will tell.
        """
        if ledger is None:
            await self._delete(key)
            self._ledgers.pop(key, None)
            return
        items = [_Item(wire.encode_entry(entry), 1) for entry in ledger.entries]
        await self._put(key, wire.encode_ledger(ledger), ("entries", items, self._settings.ledger_part))
        self._ledgers[key] = wire.decode_ledger(self._specs(key))

    async def put_status(
        self,
        key: LedgerKey,
        seen: Mapping[str, tuple[int | None, int | None]],
        *,
        outstanding: int,
        now: float,
    ) -> None:
        """Shows people what is seen, at most every ``STATUS_INTERVAL`` and only what changed.

        ``seen`` gives (replicas asked for, replicas Ready) by workload, None where unknown.

        Raises:
            RequestFailed: The status was not written; nothing depends on it.
        """
        written, before = self._status.get(key, (float("-inf"), {}))
        status = _status(seen, outstanding, now, before)
        if status == before or 0 <= now - written < STATUS_INTERVAL:
            return
        self._status[key] = (now, before)
        async with self._locks[key]:
            for number, raw in self._parts.get(key, {}).items():
                names = {entry.get("workload") for entry in raw["spec"].get("entries", ())}
                rows = [row for row in status["entries"] if row["workload"] in names]
                body = {"status": {"entries": rows, "outstanding": outstanding}}
                path = f"{self._path}/{raw['metadata']['name']}/status"
                answer = await self._write("PATCH", path, body, "application/merge-patch+json")
                self._parts[key][number] = answer
        self._status[key] = (now, status)

    async def _list(self) -> list[wire.Json]:
        for _ in range(_TRIES):
            try:
                return await self._pages()
            except Rejected as refused:
                if refused.status != _GONE:
                    raise
        raise Conflict("The list of GalaAllocations expired again and again between its pages.", status=_GONE)

    async def _pages(self) -> list[wire.Json]:
        found: list[wire.Json] = []
        token = ""
        while True:
            params = {"limit": str(PAGE), **({"continue": token} if token else {})}
            page = await self._hub.request("GET", self._path, params=params)
            found += page.get("items") or []
            token = (page.get("metadata") or {}).get("continue") or ""
            if not token:
                return found

    def _take(self, objects: Iterable[wire.Json]) -> None:
        self._parts, self._unreadable = {}, {}
        # What the statuses hold now is not known, but when one was tried last is: a refusal is no hurry.
        self._status = {key: (tried, {}) for key, (tried, _) in self._status.items()}
        specs: dict[LedgerKey, list[GalaAllocationSpec]] = {}
        newer: set[EventKey] = set()
        problems: list[str] = []
        for raw in objects:
            try:
                spec = wire.parse(raw)
            except InvalidInput as broken:
                problems.append(str(broken))
                if owner := _owner(raw):
                    self._unreadable[owner] = str(broken)
                    newer.add(owner[0])
                continue
            owner = (wire.event_of(spec), spec.cluster or "")
            self._parts.setdefault(owner, {})[spec.part] = raw
            specs.setdefault(owner, []).append(spec)
            if spec.schema_version > SCHEMA_VERSION:
                newer.add(owner[0])
        for problem in sorted({*problems} - {*self.problems}):
            _log.error("%s What its event holds is not lowered until it is repaired.", problem)
        self.newer, self.problems = frozenset(newer), tuple(problems)
        self._records = {owner[0]: wire.decode_record(s) for owner, s in specs.items() if not owner[1]}
        self._ledgers = {owner: wire.decode_ledger(s) for owner, s in specs.items() if owner[1]}
        self._status = {key: kept for key, kept in self._status.items() if key in self._ledgers}

    def _specs(self, owner: LedgerKey) -> list[GalaAllocationSpec]:
        return [wire.parse(raw) for raw in self._parts[owner].values()]

    async def _put(
        self, owner: LedgerKey, head: wire.Json, content: tuple[str, Sequence[_Item], int]
    ) -> None:
        if owner in self._unreadable:
            raise InvalidInput(
                f"{self._unreadable[owner]} Repair it, or delete it and lose what it remembers."
            )
        field, items, limit = content
        async with self._locks[owner]:
            current = self._parts.setdefault(owner, {})
            layout = _layout(current, field, items, limit)
            for number in sorted(layout):
                common = head if number == 0 else {k: v for k, v in head.items() if k not in _FIRST_PART_ONLY}
                spec = {**common, "part": number, field: layout[number]}
                await self._put_part(owner, number, spec)
            for number in sorted(set(current) - set(layout), reverse=True):
                await self._delete_part(owner, number)

    async def _put_part(self, owner: LedgerKey, number: int, spec: wire.Json) -> None:
        old = self._parts[owner].get(number)
        name = wire.object_name(owner[0], owner[1], number)
        if old is None:
            metadata = {"name": name, "namespace": self._settings.fleet_namespace}
            body = _object(metadata, wire.overlay({"schemaVersion": SCHEMA_VERSION}, spec))
            self._parts[owner][number] = await self._write("POST", self._path, body)
            return
        new = wire.overlay(old["spec"], spec)
        if new != old["spec"]:
            metadata = {k: v for k, v in old["metadata"].items() if k != "managedFields"}
            path = f"{self._path}/{old['metadata']['name']}"
            self._parts[owner][number] = await self._write("PUT", path, _object(metadata, new))

    async def _delete(self, owner: LedgerKey) -> None:
        async with self._locks[owner]:
            for number in sorted(self._parts.get(owner, ()), reverse=True):
                await self._delete_part(owner, number)
            self._parts.pop(owner, None)
            self._status.pop(owner, None)

    async def _delete_part(self, owner: LedgerKey, number: int) -> None:
        metadata = self._parts[owner][number]["metadata"]
        guard = {"uid": metadata["uid"], "resourceVersion": metadata["resourceVersion"]}
        body = {"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": guard}
        try:
            await self._hub.request("DELETE", f"{self._path}/{metadata['name']}", body=body)
        except RequestFailed as failed:
            if failed.status != _ABSENT:
                self._loaded = False
                raise
        del self._parts[owner][number]

    async def _write(
        self, method: str, path: str, body: wire.Json, content_type: str = "application/json"
    ) -> wire.Json:
        params = {"fieldManager": MANAGER, "fieldValidation": "Strict"}
        try:
            return await self._hub.request(method, path, body=body, content_type=content_type, params=params)
        except RequestFailed as failed:
            self._loaded = False
            if failed.status == _ABSENT:
                # Written again from memory it could outlive a hand-back that another leader has finished.
                raise Conflict(f"{path.rsplit('/', 1)[-1]} is gone: {failed}", status=_ABSENT) from failed
            raise


_FIRST_PART_ONLY: Final = frozenset({"moves", "lastShares"})


def _layout(
    current: Mapping[int, wire.Json], field: str, items: Sequence[_Item], limit: int
) -> dict[int, list[wire.Json]]:
    """By part: its items; those that were stored stay where they are, others go where there is room."""
    identity = wire.IDENTITY[field]
    homes = {
        identity(stored): number for number, raw in current.items() for stored in raw["spec"].get(field, ())
    }
    layout: dict[int, list[wire.Json]] = {0: []}
    load: defaultdict[int, int] = defaultdict(int)
    newcomers = []
    for item in items:
        home = homes.get(identity(item.value))
        if home is None:
            newcomers.append(item)
        else:
            layout.setdefault(home, []).append(item.value)
            load[home] += item.weight
    for item in newcomers:
        number = 0
        while load[number] and load[number] + item.weight > limit:
            number += 1
        layout.setdefault(number, []).append(item.value)
        load[number] += item.weight
    return layout


def _object(metadata: Mapping[str, Any], spec: wire.Json) -> wire.Json:
    return {"apiVersion": API_VERSION, "kind": "GalaAllocation", "metadata": dict(metadata), "spec": spec}


def _owner(raw: wire.Json) -> LedgerKey | None:
    """Whose ledger an object is that cannot be read as a whole."""
    spec = raw.get("spec")
    ref = spec.get("eventRef") if isinstance(spec, dict) else None
    if not isinstance(ref, dict) or not isinstance(spec, dict):
        return None
    return EventKey(str(ref.get("namespace", "")), str(ref.get("name", ""))), str(spec.get("cluster") or "")


def _status(
    seen: Mapping[str, tuple[int | None, int | None]], outstanding: int, now: float, before: wire.Json
) -> wire.Json:
    old = {row["workload"]: row for row in before.get("entries", ())}
    rows = []
    for workload, (observed, ready) in sorted(seen.items()):
        known = {"observed": observed, "ready": ready}
        same = old.get(workload)
        unchanged = same is not None and (same.get("observed"), same.get("ready")) == (observed, ready)
        since = same["since"] if same and unchanged else format_instant(now)
        rows.append(
            {"workload": workload, **{k: v for k, v in known.items() if v is not None}, "since": since}
        )
    return {"entries": rows, "outstanding": outstanding}
