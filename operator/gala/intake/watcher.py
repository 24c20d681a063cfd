"""One life of kopf: it hands over what it sees, and touches nothing.

No timers, daemons, patches, finalizers or peering: each of them can hang a deletion, loop
through its own status, or die for ever without a word. What is left is its watch.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Mapping
from typing import Any, Final

import aiohttp
import kopf

from gala.api.meta import GROUP, INSTALL, VERSION
from gala.engine.desired import KINDS, Desired
from gala.errors import Rejected, Unreachable
from gala.fleet.kubeconfig import Credentials
from gala.intake.session import Watches, open_session
from gala.settings import MANAGER

log = logging.getLogger(__name__)

START_DEADLINE: Final = 15.0
"""Wall seconds from kopf's start until every kind is watched; measured: 0.06 s."""

WATCH_DEADLINE: Final = 315.0
"""Wall seconds after which we open a watch anew; the API server ends each after 300 if the line is alive."""

END_DEADLINE: Final = 1.0
"""Wall seconds in which kopf's tasks have to end once they are cancelled; measured: 0.01 s."""

CANCEL_AGAIN: Final = 0.1
"""Wall seconds after which what still runs is cancelled once more."""

REFUSED_WITHIN: Final = 30.0
"""A second login within so many seconds means that the same credentials are refused again and again."""


class Watcher:
    """kopf between two restarts; build it and run it in the loop of its own thread."""

    def __init__(
        self,
        desired: Desired,
        credentials: Credentials,
        *,
        start_deadline: float = START_DEADLINE,
        watch_deadline: float = WATCH_DEADLINE,
    ) -> None:
        self.watches = Watches(KINDS)
        self._desired = desired
        self._credentials = credentials
        self._start_deadline = start_deadline
        self._watch_deadline = watch_deadline
        self._stop = asyncio.Event()
        self._logged_in = float("-inf")
        self._logged_in_again = asyncio.Event()
        self._session: aiohttp.ClientSession | None = None

    def stop(self) -> None:
        """Ends ``run`` within milliseconds; call it in the watcher's loop."""
        self._stop.set()

    async def run(self) -> None:
        """Until stopped, or until kopf gives up; nothing else may run in this loop.

        Raises:
            Rejected: Our credentials were refused twice in a row.
            Unreachable: It did not come to watch every kind within the deadline.
            Exception: Whatever kopf ended with; it may be anything.
        """
        stopping = asyncio.create_task(self._stop.wait())
        refusal = asyncio.create_task(self._refused())
        starting = asyncio.create_task(self.watches.all_open.wait())
        try:
            operating = await kopf.spawn_tasks(
                registry=self._registry(),
                settings=_settings(self._watch_deadline),
                standalone=True,
                clusterwide=True,
                # Else it asks for the name of our user, and the one that a container runs as has none.
                identity=MANAGER,  # type: ignore[arg-type]  # a str by a name that kopf keeps to itself
            )
            ending = {stopping, refusal, *operating}
            done, _ = await asyncio.wait(
                {starting, *ending}, timeout=self._start_deadline, return_when=asyncio.FIRST_COMPLETED
            )
            if not done:
                raise Unreachable(self._why_stuck())
            if not done & ending:
                done, _ = await asyncio.wait(ending, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            await self._end()

    async def _refused(self) -> None:
        """Kopf itself would wait for ever for a login that works."""
        await self._logged_in_again.wait()
        raise Rejected("the API server refuses our credentials.", status=401)

    def _why_stuck(self) -> str:
        kinds = " and ".join(self.watches.never_opened())
        return (
            f"it did not come to watch {kinds} within {self._start_deadline:g} s; see that the CRDs "
            f"are installed ({INSTALL}) and we may watch them."
        )

    async def _end(self) -> None:
        """Cancels everything at once.

        kopf's own way, to wait for one task after another, never ends when one of two watches
        has failed: the other then waits for a login that nobody answers any more. Once is not
        enough: what is cancelled closes its children in new tasks, and one of those waits for ever
        for a worker that an event just asked for.
        """
        # What kopf leaves half done has no more to say than why it ended; its callbacks want to be in a task.
        asyncio.get_running_loop().set_exception_handler(_left)
        until = time.monotonic() + END_DEADLINE
        while (left := asyncio.all_tasks() - {asyncio.current_task()}) and time.monotonic() < until:
            for task in left:
                task.cancel()
            await asyncio.wait(left, timeout=CANCEL_AGAIN)
        if self._session is not None:
            await self._session.close()

    def _registry(self) -> kopf.OperatorRegistry:
        registry = kopf.OperatorRegistry()
        kopf.on.login(registry=registry)(self._login)
        for kind in KINDS:
            kopf.on.event(GROUP, VERSION, kind, registry=registry)(self._hand_over(kind))
        return registry

    async def _login(self, **_: Any) -> kopf.AiohttpSession:
        now = time.monotonic()
        if now - self._logged_in < REFUSED_WITHIN:
            self._logged_in_again.set()
        self._logged_in = now
        self._session = open_session(self._credentials, self.watches)
        return kopf.AiohttpSession(server=self._credentials.server, aiohttp_session=self._session)

    def _hand_over(self, kind: str) -> Callable[..., Any]:
        desired = self._desired

        async def seen(event: Mapping[str, Any], **_: Any) -> None:
            obj = event["object"]
            if event["type"] == "DELETED":
                metadata = obj["metadata"]
                key = (metadata.get("namespace", ""), metadata["name"])
                desired.remove(kind, key, metadata.get("resourceVersion"))
            else:
                desired.put(kind, obj)

        return seen


def _left(_: asyncio.AbstractEventLoop, what: Mapping[str, Any]) -> None:
    log.debug("kopf left: %s", what.get("message"))


def _settings(watch_deadline: float) -> kopf.OperatorSettings:
    settings = kopf.OperatorSettings()
    settings.scanning.disabled = True
    settings.posting.enabled = False
    settings.peering.standalone = True
    settings.watching.server_timeout = 300
    settings.watching.client_timeout = watch_deadline
    settings.watching.connect_timeout = 5
    settings.networking.request_timeout = 15
    settings.networking.connect_timeout = 5
    settings.networking.error_backoffs = (0.5, 1)
    settings.queueing.exit_timeout = 0.5
    # kopf would end the whole process with SIGKILL if its own exit took too long.
    settings.process.ultimate_exiting_timeout = None
    return settings
