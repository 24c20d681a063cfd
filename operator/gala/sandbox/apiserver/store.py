"""Objects, one counter of resourceVersions, and the history that watches read.

A stored body is never changed in place, so it may be handed out, compared by identity and
encoded once for all watches.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol

from gala.sandbox.apiserver.errors import Json, expired
from gala.sandbox.apiserver.kinds import Kind
from gala.sandbox.apiserver.selectors import Matcher

Key = tuple[str, str]
"""Namespace (``""`` for kinds without one) and name."""

HISTORY = 20_000
"""Changes of one kind that are remembered: more than a night has."""

Listener = Callable[[Kind, Json | None, Json | None], None]
"""Told (kind, before, after) of every change; ``before`` is None on create, ``after`` on delete."""


def encode(body: Any) -> bytes:
    """Compact JSON, as it goes over the wire."""
    return json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()


class Event:
    """One change of one object."""

    __slots__ = ("_line", "after", "before", "revision", "type")

    def __init__(self, revision: int, kind: str, *, before: Json | None, after: Json) -> None:
        self.revision = revision
        self.type = kind
        self.before = before
        self.after = after
        self._line: bytes | None = None

    def line(self, kind: str | None = None) -> bytes:
        """One line of a watch; ``kind`` overrides the type where a selector says so."""
        if kind is not None and kind != self.type:
            return b'{"type":"%b","object":%b}\n' % (kind.encode(), encode(self.after))
        if self._line is None:
            self._line = b'{"type":"%b","object":%b}\n' % (self.type.encode(), encode(self.after))
        return self._line


class Watcher:
    """One open watch; the server's handler empties ``pending`` and sets ``idle`` when all is written."""

    def __init__(self, namespace: str, match: Matcher | None, *, bookmarks: bool) -> None:
        self.namespace = namespace
        self.match = match
        self.bookmarks = bookmarks
        self.pending: deque[Event | int] = deque()
        """Events, and revisions of bookmarks to send."""
        self.wake = asyncio.Event()
        self.idle = asyncio.Event()
        self.idle.set()
        self.seen = 0
        """The last revision that was put into ``pending``."""
        self.closed = False

    def put(self, item: Event | int) -> None:
        """Queues one event or bookmark."""
        self.pending.append(item)
        self.seen = item if isinstance(item, int) else item.revision
        self.idle.clear()
        self.wake.set()

    def close(self) -> None:
        """Ends the watch from the server's side."""
        self.closed = True
        self.wake.set()

    def type_of(self, event: Event) -> str | None:
        """What this watch calls the event; None if it is not selected."""
        if self.namespace and event.after["metadata"].get("namespace", "") != self.namespace:
            return None
        if self.match is None:
            return event.type
        now = event.type != "DELETED" and self.match(event.after)
        was = event.before is not None and self.match(event.before)
        if now:
            return "MODIFIED" if was else "ADDED"
        return "DELETED" if was else None


class View(Protocol):
    """Objects that are rendered when asked for, instead of being stored."""

    def keys(self, namespace: str) -> Sequence[Key]:
        """Every object's key, sorted; all namespaces where ``namespace`` is empty."""
        ...

    def render(self, key: Key) -> Json | None:
        """One object, or None."""
        ...

    def remove(self, key: Key) -> None:
        """Somebody deletes one."""
        ...

    def begin(self) -> None:
        """Somebody begins to watch, who knows what is there now."""
        ...


class Store:
    """All objects of one server."""

    def __init__(self, *, history: int = HISTORY, revision: int = 100) -> None:
        self.revision = revision
        self.listeners: list[Listener] = []
        self.views: dict[tuple[str, str], View] = {}
        self._objects: dict[tuple[str, str], dict[Key, Json]] = {}
        self._history: dict[tuple[str, str], deque[Event]] = {}
        self._oldest: dict[tuple[str, str], int] = {}
        self._latest: dict[tuple[str, str], int] = {}
        self._watchers: dict[tuple[str, str], list[Watcher]] = {}
        self._limit = history

    def get(self, kind: Kind, namespace: str, name: str) -> Json | None:
        """The stored (or rendered) body."""
        if view := self.views.get(kind.key):
            return view.render((namespace, name))
        return self._objects.get(kind.key, {}).get((namespace, name))

    def keys(self, kind: Kind, namespace: str) -> Sequence[Key]:
        """Sorted keys of all objects in a namespace, or in all of them."""
        if view := self.views.get(kind.key):
            return view.keys(namespace)
        found = self._objects.get(kind.key, {})
        return sorted(key for key in found if not namespace or key[0] == namespace)

    def all(self, kind: Kind, namespace: str = "") -> Iterator[Json]:
        """Every body, in the order of the keys."""
        for key in self.keys(kind, namespace):
            if (body := self.get(kind, *key)) is not None:
                yield body

    def put(self, kind: Kind, body: Json) -> Json:
        """Stores a new body under the next resourceVersion and tells everybody; returns what was stored."""
        meta = body["metadata"]
        key = (meta.get("namespace", ""), meta["name"])
        objects = self._objects.setdefault(kind.key, {})
        before = objects.get(key)
        self.revision += 1
        after = {**body, "metadata": {**meta, "resourceVersion": str(self.revision)}}
        objects[key] = after
        self.emit(kind, "MODIFIED" if before is not None else "ADDED", before=before, after=after)
        for listener in self.listeners:
            listener(kind, before, after)
        return after

    def remove(self, kind: Kind, namespace: str, name: str) -> Json:
        """Removes an object for good; its last body carries the resourceVersion of the deletion."""
        before = self._objects[kind.key].pop((namespace, name))
        self.revision += 1
        after = {**before, "metadata": {**before["metadata"], "resourceVersion": str(self.revision)}}
        self.emit(kind, "DELETED", before=before, after=after)
        for listener in self.listeners:
            listener(kind, before, None)
        return after

    def emit(self, kind: Kind, what: str, *, before: Json | None, after: Json) -> None:
        """Records an event and hands it to the watches; the revision must have been counted already."""
        event = Event(self.revision, what, before=before, after=after)
        history = self._history.setdefault(kind.key, deque())
        history.append(event)
        if len(history) > self._limit:
            self._oldest[kind.key] = history.popleft().revision
        self._latest[kind.key] = self.revision
        for watcher in self._watchers.get(kind.key, ()):
            if watcher.type_of(event):
                watcher.put(event)

    def latest(self, kind: Kind) -> int:
        """The revision of the last change of this kind, 0 before any."""
        return self._latest.get(kind.key, 0)

    def forget(self, kind: Kind) -> None:
        """Drops the kind's history, as a compaction does: older watches then get 410."""
        self._history.pop(kind.key, None)
        self._oldest[kind.key] = self.revision

    def watched(self, kind: Kind) -> bool:
        """Whether anybody watches this kind."""
        return bool(self._watchers.get(kind.key))

    def subscribe(self, kind: Kind, watcher: Watcher, since: int) -> None:
        """Opens a watch after revision ``since``; raises 410 when that history is gone."""
        oldest = self._oldest.get(kind.key, 0)
        if since < oldest:
            raise expired(since, oldest)
        if (view := self.views.get(kind.key)) and not self.watched(kind):
            view.begin()
        watcher.seen = since
        for event in self._history.get(kind.key, ()):
            if event.revision > since and watcher.type_of(event):
                watcher.put(event)
        self._watchers.setdefault(kind.key, []).append(watcher)

    def unsubscribe(self, kind: Kind, watcher: Watcher) -> None:
        """Forgets a watch."""
        watchers = self._watchers.get(kind.key, [])
        if watcher in watchers:
            watchers.remove(watcher)

    def watchers(self) -> Iterable[tuple[tuple[str, str], Watcher]]:
        """Every open watch with its kind."""
        return [(key, watcher) for key, listed in self._watchers.items() for watcher in listed]

    def bookmark(self) -> None:
        """Tells each watch that lags behind its kind how far the server is."""
        for key, watcher in self.watchers():
            latest = self._latest.get(key, 0)
            if watcher.bookmarks and watcher.seen < latest:
                watcher.put(latest)

    async def flush(self) -> None:
        """Returns when every watch has written what it was given."""
        for _, watcher in self.watchers():
            await watcher.idle.wait()
