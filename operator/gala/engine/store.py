"""The ledger in the API server: the only memory that outlives the process.

There is one writer, the leader, so what was loaded once is kept here and every write names
the resourceVersion that it knows; a conflict means that somebody else wrote, and the next
``load`` reads everything anew. An entry stays in the part it was put into, so that no kill
between two writes can lose it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Final

from gala.api.allocation import SCHEMA_VERSION, GalaAllocationSpec
from gala.api.scalars import format_instant
from gala.engine import allocations as wire
from gala.engine import kept, parts
from gala.engine.ledger_api import LedgerApi, Stored
from gala.errors import GalaError, InvalidInput
from gala.fleet.client import ApiServer
from gala.planning.facts import EventKey
from gala.planning.ledger import ClusterLedger, EventRecord
from gala.settings import Settings

_log = logging.getLogger(__name__)

LedgerKey = tuple[EventKey, str]
"""Event and cluster; the cluster of the event record is ``""``."""

TRY_AGAIN: Final = 30.0
"""Seconds after which an API server that drops fields is tried again: somebody may have mended it."""

STATUS_INTERVAL: Final = 30.0
"""Seconds between two writes of one ledger's status: it is for people, not for planning."""

_FIRST_PART_ONLY: Final = frozenset({"moves", "lastShares"})


class LedgerStore:
    """Loads and writes GalaAllocations; use it in one event loop."""

    def __init__(
        self, hub: ApiServer, settings: Settings, *, steady: Callable[[], float] = time.monotonic
    ) -> None:
        """``steady`` is a clock that nobody sets."""
        self._api = LedgerApi(hub, settings.fleet_namespace)
        self._settings = settings
        self._steady = steady
        self._loaded = False
        self._parts: dict[LedgerKey, dict[int, wire.Json]] = {}
        self._records: dict[EventKey, EventRecord] = {}
        self._ledgers: dict[LedgerKey, ClusterLedger] = {}
        self._unreadable: dict[LedgerKey, str] = {}
        self._status: dict[LedgerKey, tuple[float, wire.Json]] = {}
        self._locks: defaultdict[LedgerKey, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._dropped: dict[LedgerKey, tuple[float, tuple[str, ...]]] = {}
        """When the API server was seen to drop which fields of a ledger."""
        self._doubts: dict[EventKey, str] = {}
        """Of events whose ledger a later version wrote, or nobody can read: why."""

    async def load(self) -> tuple[Mapping[EventKey, EventRecord], Mapping[LedgerKey, ClusterLedger]]:
        """Records by event, ledgers by (event, cluster): from memory, or from one list if that is in doubt.

        Raises:
            RequestFailed: The list failed.
        """
        if not self._loaded:
            self._take(await self._api.every())
            self._loaded = True
        return dict(self._records), dict(self._ledgers)

    @property
    def doubts(self) -> Mapping[EventKey, str]:
        """By event: why its ledger cannot be trusted, as a sentence: hold or raise, never lower."""
        lossy = {owner[0]: kept.sentence(paths) for owner, (_, paths) in sorted(self._dropped.items())}
        return {**lossy, **self._doubts}

    def invalidate(self) -> None:
        """The next ``load`` reads the API server; call it whenever leadership was gained."""
        self._loaded = False

    async def put_record(self, key: EventKey, record: EventRecord | None) -> None:
        """Stores an event's record, or deletes it (None); an equal one costs no request.

        Raises:
            InvalidInput: It is too large, or the API server would not keep it.
            RequestFailed: It may or may not be stored; the next ``load`` will tell.
        """
        owner = (key, "")
        if record is None:
            await self._delete(owner)
            self._records.pop(key, None)
            return
        items = [parts.Item(wire.encode_latched(one), parts.latched_weight(one)) for one in record.latched]
        content = parts.Content("latched", items, parts.MOST_LATCHED, parts.beside_weight(record))
        await self._put(owner, wire.encode_record(record), content)
        self._records[key] = wire.decode_record(self._specs(owner))

    async def put_ledger(self, key: LedgerKey, ledger: ClusterLedger | None) -> None:
        """Stores an event's ledger of one cluster, or deletes it (None); an equal one costs no request.

        Raises:
            InvalidInput: It is too large, or the API server would not keep it.
            RequestFailed: It may or may not be stored; the next ``load`` will tell.
        """
        if ledger is None:
            await self._delete(key)
            self._ledgers.pop(key, None)
            return
        items = [parts.Item(wire.encode_entry(entry), parts.entry_weight(entry)) for entry in ledger.entries]
        content = parts.Content("entries", items, self._settings.ledger_part)
        await self._put(key, wire.encode_ledger(ledger), content)
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
                with self._trusting():
                    answer = await self._api.show(
                        raw["metadata"]["name"], {"entries": rows, "outstanding": outstanding}
                    )
                self._parts[key][number] = {**answer, "spec": raw["spec"]}
        self._status[key] = (now, status)

    def _take(self, objects: Iterable[wire.Json]) -> None:
        self._parts, self._unreadable = {}, {}
        # What the statuses hold now is not known, but when one was tried last is: a refusal is no hurry.
        self._status = {key: (tried, {}) for key, (tried, _) in self._status.items()}
        specs: dict[LedgerKey, list[GalaAllocationSpec]] = {}
        doubts: dict[EventKey, str] = {}
        for raw in objects:
            try:
                spec = wire.parse(raw)
            except InvalidInput as broken:
                self._set_aside(raw, f"{broken} Repair it, or delete it and lose what it remembers.", doubts)
                continue
            owner = (wire.event_of(spec), spec.cluster or "")
            self._parts.setdefault(owner, {})[spec.part] = raw
            specs.setdefault(owner, []).append(spec)
            if spec.schema_version > SCHEMA_VERSION:
                doubts.setdefault(owner[0], _LATER)
        self._doubts = doubts
        self._records = {owner[0]: wire.decode_record(s) for owner, s in specs.items() if not owner[1]}
        self._ledgers = {owner: wire.decode_ledger(s) for owner, s in specs.items() if owner[1]}
        self._status = {key: known for key, known in self._status.items() if key in self._ledgers}
        self._dropped = {key: known for key, known in self._dropped.items() if key in self._parts}

    def _set_aside(self, raw: wire.Json, problem: str, doubts: dict[EventKey, str]) -> None:
        owner = _owner(raw)
        if owner is None:
            _log.error("%s", problem)
            return
        self._unreadable[owner] = doubts[owner[0]] = problem

    def _specs(self, owner: LedgerKey) -> list[GalaAllocationSpec]:
        return [wire.parse(raw) for raw in self._parts[owner].values()]

    async def _put(self, owner: LedgerKey, head: wire.Json, content: parts.Content) -> None:
        if owner in self._unreadable:
            raise InvalidInput(self._unreadable[owner])
        async with self._locks[owner]:
            current = self._parts.setdefault(owner, {})
            layout = parts.layout(current, content)
            # A part of a higher number goes first: what moves there is then in both, and never in none.
            for number in sorted(layout, reverse=True):
                common = head if number == 0 else {k: v for k, v in head.items() if k not in _FIRST_PART_ONLY}
                spec = {**common, "part": number, content.field: layout[number]}
                old = current[number]["spec"] if number in current else None
                new = wire.overlay(old or {"schemaVersion": SCHEMA_VERSION}, spec)
                if new != old and (dropped := await self._put_part(owner, number, new)):
                    self._dropped[owner] = (self._steady(), dropped)
            for number in sorted(set(current) - set(layout), reverse=True):
                await self._delete_part(owner, number)

    async def mend(self) -> None:
        """Writes again, after ``TRY_AGAIN``, what the API server dropped fields of.

        Raises:
            InvalidInput: It would now drop what giving back needs.
            RequestFailed: It may or may not be stored; the next ``load`` will tell.
        """
        now = self._steady()
        for owner in [owner for owner, (seen, _) in self._dropped.items() if now - seen >= TRY_AGAIN]:
            async with self._locks[owner]:
                self._dropped[owner] = (now, self._dropped[owner][1])
                still: set[str] = set()
                for number, raw in sorted(self._parts[owner].items()):
                    still |= {*await self._put_part(owner, number, raw["spec"])}
                if still:
                    self._dropped[owner] = (now, tuple(sorted(still)))
                else:
                    del self._dropped[owner]

    async def _put_part(self, owner: LedgerKey, number: int, spec: wire.Json) -> tuple[str, ...]:
        """Writes one part; answers what was dropped of it."""
        with self._trusting():
            stored = await self._send(owner, number, self._parts[owner].get(number), spec)
        # Dropped fields stay in memory: what this process knows is more than what the server has.
        self._parts[owner][number] = {**stored.raw, "spec": spec}
        return stored.dropped

    async def _send(self, owner: LedgerKey, number: int, old: wire.Json | None, new: wire.Json) -> Stored:
        if old is None:
            return await self._api.create(wire.object_name(owner[0], owner[1], number), new)
        return await self._api.replace(old, new)

    async def _delete(self, owner: LedgerKey) -> None:
        async with self._locks[owner]:
            for number in sorted(self._parts.get(owner, ()), reverse=True):
                await self._delete_part(owner, number)
            self._parts.pop(owner, None)
            self._status.pop(owner, None)
            self._dropped.pop(owner, None)

    async def _delete_part(self, owner: LedgerKey, number: int) -> None:
        with self._trusting():
            await self._api.delete(self._parts[owner][number])
        del self._parts[owner][number]

    @contextmanager
    def _trusting(self) -> Iterator[None]:
        """After a failed write nobody knows what is stored: the next ``load`` asks."""
        try:
            yield
        except GalaError:
            self._loaded = False
            raise


_LATER: Final = (
    "A later version of the operator wrote its ledger; nothing is lowered by this one. Upgrade it again."
)


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
