"""What people want: the GalaEvents and GalaClusters as last seen, filled by one thread and read by another.

An object that is no longer there is doubt, not an order: it stays here, marked as missing,
until somebody has asked for it by name (``engine/existence.py``). What comes out of order is
told by its resourceVersion, which Kubernetes promises to be a rising number.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from gala.api.meta import CLUSTERS, EVENTS
from gala.engine.wanted import Raw, WantedCluster, WantedEvent, key_of, read_cluster, read_event, same_wish
from gala.errors import BarrierTimeout
from gala.planning.facts import EventKey

KINDS: Final = (EVENTS, CLUSTERS)
"""The resource plurals that are kept here."""

STALE_LISTS: Final = 3
"""So many lists in a row that are older than what was seen before: the API server itself went back."""

Key = tuple[str, str]


@dataclass(slots=True)
class _Item:
    raw: Raw
    version: int
    missing: bool = False
    vanished: bool = False
    missed_at: float = 0.0


class _Waiter(NamedTuple):
    kind: str
    version: int
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[None]


class Desired:
    """Thread-safe; ``put``, ``remove`` and ``replace`` may come from any thread."""

    def __init__(
        self,
        fleet_namespace: str,
        *,
        confirm: float = 30.0,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._fleet_namespace = fleet_namespace
        self._confirm = confirm
        self._steady = steady
        self._lock = threading.Lock()
        self._items: dict[str, dict[Key, _Item]] = {kind: {} for kind in KINDS}
        self._highest = dict.fromkeys(KINDS, -1)
        self._highest_before = dict.fromkeys(KINDS, -1)
        self._stale_lists = dict.fromkeys(KINDS, 0)
        self._listed: set[str] = set()
        self._waiters: list[_Waiter] = []
        self._listeners: list[tuple[asyncio.AbstractEventLoop, Callable[[], None]]] = []
        self._events: dict[Key, WantedEvent] = {}
        self._clusters: dict[Key, WantedCluster] = {}
        self.revision = 0
        """Grows whenever somebody wants something else; not for our own status."""

    def listen(self, callback: Callable[[], None]) -> None:
        """Calls back in the running loop whenever somebody wants something else; not for our own status."""
        with self._lock:
            self._listeners.append((asyncio.get_running_loop(), callback))

    def put(self, kind: str, obj: Raw) -> None:
        """Takes an object as a watch or a list gave it; one that is older than the one at hand is dropped."""
        with self._lock:
            changed = self._store(kind, obj)
            self.revision += changed
            self._seen(kind, version_of(obj["metadata"].get("resourceVersion")))
        self._tell(changed)

    def remove(self, kind: str, key: Key, resource_version: str | None = None) -> None:
        """A watch said that the object is gone: an event stays as *missing*, a cluster goes."""
        version = version_of(resource_version)
        with self._lock:
            item = self._items[kind].get(key)
            changed = item is not None and (resource_version is None or version >= item.version)
            if item is not None and changed:
                self._miss(kind, key, vanished=False)
                item.version = max(item.version, version)
            self.revision += changed
            self._seen(kind, version)
        self._tell(changed)

    def replace(self, kind: str, objects: Iterable[Raw], list_resource_version: str) -> None:
        """Takes a complete list; what is not in it is missing, unless it came after the list was made.

        A list that lacks more than half of what was there is doubt about the list: its objects
        are *vanished*. An old list changes nothing that is newer, until ``STALE_LISTS`` of them
        in a row say that the API server itself went back, as after a restore from a backup.
        """
        version = version_of(list_resource_version)
        found = {key_of(obj): obj for obj in objects}
        with self._lock:
            self._follow_restore(kind, version)
            changed = self._drop_absent(kind, found, version)
            for obj in found.values():
                changed |= self._store(kind, obj)
            self.revision += changed
            self._listed.add(kind)
            self._seen(kind, version)
            self._highest_before[kind] = self._highest[kind]
        self._tell(changed)

    def forget(self, keys: Collection[EventKey]) -> None:
        """Removes missing events whose deletion is now believed; one that came back stays."""
        with self._lock:
            for key in keys:
                item = self._items[EVENTS].get((key.namespace, key.name))
                if item is not None and item.missing:
                    del self._items[EVENTS][key.namespace, key.name]

    def synced(self) -> bool:
        """Whether every kind was listed once: before, that something is absent means nothing."""
        return self._listed.issuperset(KINDS)

    def events(self) -> tuple[WantedEvent, ...]:
        """All events by namespace and name, the missing ones included."""
        with self._lock:
            items = sorted(self._items[EVENTS].items())
            marks = [(key, item.raw, item.missing) for key, item in items]
        before = self._events
        self._events = {
            key: read_event(raw, missing=missing, before=before.get(key)) for key, raw, missing in marks
        }
        return tuple(self._events.values())

    def clusters(self) -> tuple[WantedCluster, ...]:
        """The clusters of the fleet namespace by name; those elsewhere are nobody's."""
        with self._lock:
            items = sorted(self._items[CLUSTERS].items())
        ours = [(key, item.raw) for key, item in items if key[0] == self._fleet_namespace]
        before = self._clusters
        self._clusters = {key: read_cluster(raw, before=before.get(key)) for key, raw in ours}
        return tuple(self._clusters.values())

    def strays(self) -> tuple[WantedCluster, ...]:
        """The clusters elsewhere, by namespace and name: people are told that they count for nothing."""
        with self._lock:
            items = sorted(self._items[CLUSTERS].items())
        return tuple(
            WantedCluster(
                name=key[1],
                uid=item.raw["metadata"].get("uid", ""),
                generation=item.raw["metadata"].get("generation", 0),
                resource_version=str(item.version),
                raw=item.raw,
                cluster=None,
            )
            for key, item in items
            if key[0] != self._fleet_namespace
        )

    def missing(self) -> frozenset[EventKey]:
        """Events that were deleted or dropped out of a list, and are kept until that is confirmed."""
        with self._lock:
            return frozenset(EventKey(*key) for key, item in self._items[EVENTS].items() if item.missing)

    def vanished(self) -> frozenset[EventKey]:
        """The part of ``missing`` that dropped out of a list together with most others: an alarm."""
        with self._lock:
            return frozenset(EventKey(*key) for key, item in self._items[EVENTS].items() if item.vanished)

    async def reached(self, kind: str, resource_version: int, *, deadline: float = 5.0) -> None:
        """Waits until this kind was seen at ``resource_version``; ``deadline`` is in wall seconds.

        Raises:
            BarrierTimeout: It was not, in that time.
        """
        loop = asyncio.get_running_loop()
        with self._lock:
            if self._highest[kind] >= resource_version:
                return
            waiter = _Waiter(kind, resource_version, loop, loop.create_future())
            self._waiters.append(waiter)
        try:
            async with asyncio.timeout(deadline):
                await waiter.future
        except TimeoutError:
            raise BarrierTimeout(
                f"{kind} were seen at resourceVersion {self._highest[kind]}, "
                f"not at {resource_version}, within {deadline:g} s"
            ) from None
        finally:
            with self._lock:
                self._waiters = [other for other in self._waiters if other.future is not waiter.future]

    def _store(self, kind: str, obj: Raw) -> bool:
        """Whether somebody wants something else now."""
        items, key = self._items[kind], key_of(obj)
        version = version_of(obj["metadata"].get("resourceVersion"))
        item = items.get(key)
        if item is not None and version < item.version:
            return False
        items[key] = _Item(obj, version)
        return item is None or item.missing or not same_wish(item.raw, obj)

    def _miss(self, kind: str, key: Key, *, vanished: bool) -> None:
        item = self._items[kind][key]
        if kind == CLUSTERS and not vanished:
            del self._items[kind][key]
            return
        if not item.missing:
            item.missed_at = self._steady()
        item.missing, item.vanished = True, vanished

    def _drop_absent(self, kind: str, found: Mapping[Key, Raw], version: int) -> bool:
        items = self._items[kind]
        for key in self._confirmed_absent(kind, found):
            del items[key]
        present = [key for key, item in items.items() if not item.missing]
        absent = [key for key in present if key not in found and items[key].version <= version]
        for key in absent:
            self._miss(kind, key, vanished=2 * len(absent) > len(present))
        return bool(absent)

    def _confirmed_absent(self, kind: str, found: Mapping[Key, Raw]) -> list[Key]:
        """Clusters that a later list lacks as well; events are asked for by name instead."""
        if kind != CLUSTERS:
            return []
        since = self._steady() - self._confirm
        items = self._items[kind].items()
        return [key for key, item in items if item.missing and key not in found and item.missed_at <= since]

    def _follow_restore(self, kind: str, version: int) -> None:
        """A list was asked for after the one before it was taken, so it cannot be older than that."""
        self._stale_lists[kind] = self._stale_lists[kind] + 1 if version < self._highest_before[kind] else 0
        if self._stale_lists[kind] >= STALE_LISTS:
            self._stale_lists[kind], self._highest[kind] = 0, version
            for item in self._items[kind].values():
                item.version = 0

    def _seen(self, kind: str, version: int) -> None:
        self._highest[kind] = max(self._highest[kind], version)
        for waiter in self._waiters:
            if waiter.kind == kind and waiter.version <= self._highest[kind]:
                _call(waiter.loop, _resolve, waiter.future)

    def _tell(self, changed: bool) -> None:
        if changed:
            with self._lock:
                listeners = list(self._listeners)
            for loop, callback in listeners:
                _call(loop, callback)


def version_of(text: Any) -> int:
    """A resourceVersion as a number; 0 for one that is absent or none."""
    return int(text) if isinstance(text, str) and text.isdecimal() else 0


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


def _call(loop: asyncio.AbstractEventLoop, callback: Callable[..., None], *arguments: object) -> None:
    # A loop that was closed meanwhile has nobody left who waits.
    with contextlib.suppress(RuntimeError):
        loop.call_soon_threadsafe(callback, *arguments)
