"""A copy of one kind in one namespace of one cluster, kept by a watch.

The cost of reading follows what changes and not what exists: list once, in pages, then
watch with bookmarks. A watch that ends is opened again where it stopped; one that was
told 410 or ERROR, fell silent or broke is listed anew. When that fails too the task ends
and says why: whoever owns the cache starts it again (``member.py``), in the time of the
passes, so that nothing here depends on a timer of its own.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import aclosing
from typing import Any, Final, Generic, NamedTuple, TypeVar

from gala.errors import BarrierTimeout, GalaError, RequestFailed, Unreachable
from gala.fleet.answers import pages
from gala.fleet.client import ApiServer

T = TypeVar("T")

ObjectKey = tuple[str, str]
"""Namespace (``""`` for cluster-scoped kinds) and name."""

PAGE: Final = "500"
"""Objects per page of a list: a page of pods is about 2.5 MB."""

_WATCH_SECONDS: Final = "590"
"""Asked of the server, which would else choose 30 to 60 minutes."""

_SHORT: Final = 1.0
"""Seconds of wall time; a watch that lived shorter than that counts as broken at once."""

_SHORT_WATCHES: Final = 2
"""So many in a row are tried again without a pause."""

_log = logging.getLogger(__name__)


class Kept(NamedTuple, Generic[T]):
    """A projection and the version of the object that it was made from."""

    version: int
    value: T


class Cache(Generic[T]):
    """Projections by namespace and name; they outlive contact."""

    def __init__(
        self, server: ApiServer, path: str, project: Callable[[Mapping[str, Any]], T], *, selector: str = ""
    ) -> None:
        """``path`` is a collection's; ``project`` keeps what the plan needs; ``selector`` is by label."""
        self.path = path
        self.plural = path.rpartition("/")[2]
        self.version = 0
        """The resourceVersion up to which everything has been seen."""
        self.synced = False
        """Whether a list has ever been complete."""
        self.failure: GalaError | None = None
        """Why the task ended."""
        self.restarts = 0
        self.changes = 0
        """Grows with every change of what is known, so that an index of it can be kept."""
        self.heard_at = float("-inf")
        """When a list or a watch event came last, by ``time.monotonic``; bookmarks come each minute."""
        self._server = server
        self._project = project
        self._selector = {"labelSelector": selector} if selector else {}
        self._items: dict[ObjectKey, Kept[T]] = {}
        self._task: asyncio.Task[None] | None = None
        self._progress = asyncio.Event()
        self._listed = False

    @property
    def running(self) -> bool:
        """Whether the task lives; False before ``start`` and after a failure."""
        return self._task is not None and not self._task.done()

    @property
    def current(self) -> bool:
        """Whether what is here was listed since ``start`` and follows the server."""
        return self._listed and self.running

    def get(self, key: ObjectKey) -> Kept[T] | None:
        """What is known of one object."""
        return self._items.get(key)

    def values(self) -> Iterator[T]:
        """Everything that is known."""
        return (kept.value for kept in self._items.values())

    def start(self) -> None:
        """Starts the task, or starts it anew after it failed; does nothing while it runs."""
        if self.running:
            return
        if self._task is not None:
            self.restarts += 1
        self.failure, self._listed = None, False
        self._task = asyncio.create_task(self._supervised(), name=f"{self._server.name} {self.path}")

    async def stop(self) -> None:
        """Ends the task; what is known stays."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def settled(self, *, seconds: float) -> bool:
        """Waits until a list since ``start`` is complete or the task failed; False where neither came."""
        try:
            async with asyncio.timeout(seconds):
                while self.running and not self._listed:
                    await self._next()
        except TimeoutError:
            return False
        return True

    async def reached(self, version: int, *, seconds: float) -> None:
        """Waits until everything up to a resourceVersion has been seen.

        Raises:
            BarrierTimeout: not within so many seconds of wall time, or the task failed.
        """
        if self.version >= version:
            return
        try:
            async with asyncio.timeout(seconds):
                while self.version < version:
                    if not self.running:
                        raise BarrierTimeout(f"Nothing follows {self.path} of {self._server.name}.")
                    await self._next()
        except TimeoutError as error:
            raise BarrierTimeout(
                f"{self.path} of {self._server.name} stayed below {version} for {seconds:g} s."
            ) from error

    def put(self, obj: Mapping[str, Any]) -> None:
        """Takes in an object that was read by itself, unless something newer is known."""
        key, version = _key(obj), _version(obj)
        kept = self._items.get(key)
        if kept is None or version >= kept.version:
            self._items[key] = Kept(version, self._project(obj))
            self.changes += 1

    def drop(self, key: ObjectKey) -> None:
        """Forgets an object that a read by itself did not find."""
        if self._items.pop(key, None) is not None:
            self.changes += 1

    async def _next(self) -> None:
        self._progress.clear()
        await self._progress.wait()

    async def _supervised(self) -> None:
        try:
            await self._follow()
        except GalaError as error:
            self.failure = error
        except Exception as error:  # noqa: BLE001 (the owner sees it in ``failure`` and starts anew)
            _log.exception("The cache of %s of %s ended", self.path, self._server.name)
            self.failure = Unreachable(f"The cache of {self.path} ended: {type(error).__name__}: {error}")
        finally:
            self._progress.set()

    async def _follow(self) -> None:
        short = 0
        await self._list()
        while True:
            began = time.monotonic()
            problem = await self._watch()
            short = short + 1 if time.monotonic() - began < _SHORT else 0
            if short > _SHORT_WATCHES:
                raise problem or Unreachable(f"{self._server.name} ends every watch of {self.path} at once.")
            if problem is not None:
                _log.info("Listing %s of %s anew: %s", self.path, self._server.name, problem)
                await self._list()

    async def _list(self) -> None:
        """Replaces everything at once, after the last page."""
        items: dict[ObjectKey, Kept[T]] = {}
        version = 0
        async with aclosing(pages(self._server, self.path, {"limit": PAGE, **self._selector})) as listed:
            async for page, of in listed:
                version = of
                for obj in page:
                    items[_key(obj)] = Kept(_version(obj), self._project(obj))
        self._items = items
        self.changes += 1
        self.synced = self._listed = True
        self._advance(version)

    async def _watch(self) -> RequestFailed | None:
        """Why a list is needed; None where the server only ended the watch."""
        params = {
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": str(self.version),
            "timeoutSeconds": _WATCH_SECONDS,
            **self._selector,
        }
        try:
            async with aclosing(self._server.stream(self.path, params)) as events:
                async for event in events:
                    if event.get("type") == "ERROR":
                        status = event.get("object") or {}
                        return Unreachable(f"The watch of {self.path} ended: {status.get('message')}")
                    self._take(event)
        except RequestFailed as error:
            return error
        return None

    def _take(self, event: Mapping[str, Any]) -> None:
        obj = event.get("object") or {}
        if event.get("type") == "DELETED":
            kept = self._items.get(_key(obj))
            if kept is not None and kept.version <= _version(obj):
                self.drop(_key(obj))
        elif event.get("type") in {"ADDED", "MODIFIED"}:
            self.put(obj)
        self._advance(max(_version(obj), self.version))

    def _advance(self, version: int) -> None:
        self.version = version
        self.heard_at = time.monotonic()
        self._progress.set()


def _key(obj: Mapping[str, Any]) -> ObjectKey:
    metadata = obj.get("metadata") or {}
    return metadata.get("namespace") or "", metadata.get("name") or ""


def _version(obj: Mapping[str, Any]) -> int:
    """0 where there is none; versions are compared as numbers, as KEP-5504 guarantees."""
    text = (obj.get("metadata") or {}).get("resourceVersion")
    return int(text) if text and str(text).isdigit() else 0
