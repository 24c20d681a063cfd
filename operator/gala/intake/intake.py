"""The way in for GalaEvents and GalaClusters: kopf's watch under supervision, and a list every few seconds.

kopf ends its whole operator on a single odd answer, and a watch can die in silence. So it
lives in a thread of its own, is started again whenever it ends, and what it misses is found
by the next list. The engine goes on with what it knows all the while.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import time
from dataclasses import dataclass
from typing import Any, Final

from gala.api.meta import GROUP, INSTALL, VERSION
from gala.engine.desired import KINDS, Desired
from gala.errors import RequestFailed
from gala.fleet.client import ApiServer
from gala.intake.watcher import START_DEADLINE, WATCH_DEADLINE, Watcher
from gala.settings import Settings

log = logging.getLogger(__name__)

FIRST_PAUSE: Final = 1.0
LONGEST_PAUSE: Final = 30.0
"""Seconds between two lives of kopf; each that ends early doubles the pause."""

LIVED_WELL: Final = 60.0
"""Seconds after which an end is no longer an early one."""

STOP_DEADLINE: Final = 1.5
"""Wall seconds that kopf has to end; then its thread is left behind, it holds nothing."""

PAGE: Final = 500
_ABSENT: Final = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class IntakeHealth:
    """How well the engine is told what people want; ages are wall seconds, None for never."""

    listed_ago: float | None
    watched_ago: float | None
    """Since the older of the watches was opened; it is opened anew every five minutes at most."""
    restarts: int
    problem: str
    """What went wrong last and was not followed by anything good; empty when all is well."""


class Intake:
    """Fills ``desired``; ``start`` and ``stop`` it in the engine's loop."""

    def __init__(
        self,
        desired: Desired,
        hub: ApiServer,
        settings: Settings,
        *,
        start_deadline: float = START_DEADLINE,
        watch_deadline: float = WATCH_DEADLINE,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        self._desired = desired
        self._hub = hub
        self._settings = settings
        self._start_deadline = start_deadline
        self._watch_deadline = watch_deadline
        self._first_pause = first_pause
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None
        self._relist: asyncio.Task[None] | None = None
        self._current: tuple[asyncio.AbstractEventLoop, Watcher] | None = None
        self._guard = threading.Lock()
        self._restarts = 0
        self._listed_at: float | None = None
        self._list_problem = ""
        self._watch_problem = ""

    async def start(self) -> None:
        """Begins to list and to watch, and returns at once; ``desired.synced()`` says when all is known."""
        _tame_kopf()
        self._relist = asyncio.create_task(self._list_for_ever(), name="intake-list")
        self._thread = threading.Thread(target=self._watch_for_ever, name="intake", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Ends both within two seconds, whatever kopf is doing."""
        self._stopping.set()
        with self._guard:
            if self._current is not None:
                loop, watcher = self._current
                with contextlib.suppress(RuntimeError):
                    loop.call_soon_threadsafe(watcher.stop)
        if self._relist is not None:
            self._relist.cancel()
            await asyncio.wait((self._relist,))
        if self._thread is not None:
            await asyncio.to_thread(self._thread.join, STOP_DEADLINE)

    def health(self) -> IntakeHealth:
        """For liveness, metrics and conditions; may be called from any thread."""
        now = time.monotonic()
        with self._guard:
            opened = self._current[1].watches.oldest() if self._current else None
        return IntakeHealth(
            listed_ago=None if self._listed_at is None else now - self._listed_at,
            watched_ago=None if opened is None else now - opened,
            restarts=self._restarts,
            problem=" ".join(filter(None, (self._list_problem, self._watch_problem))),
        )

    async def _list_for_ever(self) -> None:
        while True:
            try:
                for kind in KINDS:
                    await self._list(kind)
                self._listed_at, self._list_problem = time.monotonic(), ""
            except RequestFailed as failed:
                hint = f" Are the CRDs installed ({INSTALL})?" if failed.status == _ABSENT else ""
                if not self._list_problem:
                    log.warning("GalaEvents and GalaClusters cannot be listed: %s%s", failed, hint)
                self._list_problem = f"{failed}{hint}"
            except Exception as fault:
                log.exception("GalaEvents and GalaClusters could not be taken over")
                self._list_problem = f"A list could not be taken over: {type(fault).__name__}: {fault}."
            # Until the first list nobody knows anything, so that is tried more often.
            pause = self._settings.relist_interval if self._listed_at is not None else self._first_pause
            await asyncio.sleep(pause)

    async def _list(self, kind: str) -> None:
        objects: list[dict[str, Any]] = []
        params = {"limit": str(PAGE)}
        while True:
            page = await self._hub.request("GET", f"/apis/{GROUP}/{VERSION}/{kind}", params=params)
            objects += page.get("items") or []
            metadata = page.get("metadata") or {}
            if not metadata.get("continue"):
                break
            params = {"limit": str(PAGE), "continue": metadata["continue"]}
        self._desired.replace(kind, objects, str(metadata.get("resourceVersion", "")))

    def _watch_for_ever(self) -> None:
        pause = self._first_pause
        while not self._stopping.is_set():
            began = time.monotonic()
            self._watch_problem = self._guarded_life()
            if self._stopping.is_set():
                return
            pause = self._first_pause if time.monotonic() - began > LIVED_WELL else pause
            self._restarts += 1
            log.warning("%s It starts again in %g s; the engine goes on.", self._watch_problem, pause)
            self._stopping.wait(pause)
            pause = min(2 * pause, LONGEST_PAUSE)

    def _guarded_life(self) -> str:
        """Whatever happens in a life, the next one begins: nobody would notice that this thread ended."""
        try:
            return self._one_life()
        except Exception as fault:
            log.exception("kopf could not be cleared away")
            return f"kopf could not be cleared away: {str(fault) or type(fault).__name__}."

    def _one_life(self) -> str:
        """Runs kopf once and says in a sentence why it ended."""
        loop = asyncio.new_event_loop()
        try:
            loop.run_until_complete(self._live(loop))
        except Exception as error:  # noqa: BLE001 (kopf ends with anything, and must be able to)
            return f"kopf ended: {str(error) or type(error).__name__}"
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.close()
        return "kopf ended without a reason."

    async def _live(self, loop: asyncio.AbstractEventLoop) -> None:
        watcher = Watcher(
            self._desired,
            self._hub.credentials,
            start_deadline=self._start_deadline,
            watch_deadline=self._watch_deadline,
        )
        with self._guard:
            self._current = (loop, watcher)
        clearing = asyncio.create_task(self._clear_problem(watcher))
        try:
            if not self._stopping.is_set():
                await watcher.run()
        finally:
            clearing.cancel()
            with self._guard:
                self._current = None

    async def _clear_problem(self, watcher: Watcher) -> None:
        await watcher.watches.all_open.wait()
        self._watch_problem = ""


def _tame_kopf() -> None:
    """Of what kopf logs, leaves what the supervisor does not say in one sentence anyway."""
    logging.getLogger("kopf").setLevel(logging.CRITICAL)
    logging.getLogger("kopf.objects").setLevel(logging.ERROR)
    logging.getLogger("kopf._core.reactor.observation").setLevel(logging.WARNING)
