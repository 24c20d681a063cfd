"""Every GalaCue gets an answer: for now, that cues are not supported yet and what to do instead.

Silence would look like consent: whoever says "the show runs late" must hear at once that
nobody listens.
"""

from __future__ import annotations

import logging
from math import inf
from typing import Any, Protocol

from gala.api.cue import CuePhase, GalaCueStatus
from gala.api.meta import CUES, GROUP, VERSION
from gala.errors import GalaError
from gala.report.status import to_wire

log = logging.getLogger(__name__)

EVERY = 60.0
"""Seconds between two looks at the cues."""

MESSAGE = (
    "NotYetSupported: cues are not carried out yet. Edit the GalaEvent instead: "
    "move the round's start, change its duration, remove the round, or set spec.paused."
)


class Requester(Protocol):
    """The hub's API server."""

    async def request(
        self, method: str, path: str, *, body: object = None, content_type: str = "application/json"
    ) -> dict[str, Any]:
        """Sends one request; raises an error of ``gala.errors``."""
        ...


class CueAnswers:
    """Rejects each new cue once, with a sentence."""

    def __init__(self, hub: Requester) -> None:
        self._hub = hub
        self._looked = -inf

    async def answer(self, now: float) -> None:
        """Looks for cues that nobody has answered, at most once a minute; raises nothing."""
        if now - self._looked < EVERY:
            return
        self._looked = now
        try:
            listed = await self._hub.request("GET", f"/apis/{GROUP}/{VERSION}/{CUES}")
            for cue in listed.get("items") or ():
                if not (cue.get("status") or {}).get("phase"):
                    await self._reject(cue["metadata"], now)
        except GalaError as failed:
            log.warning("cues could not be answered: %s", failed)

    async def _reject(self, metadata: dict[str, Any], now: float) -> None:
        status = GalaCueStatus(
            phase=CuePhase.REJECTED,
            message=MESSAGE,
            applied_at=now,
            observed_generation=metadata.get("generation", 0),
        )
        path = f"/apis/{GROUP}/{VERSION}/namespaces/{metadata['namespace']}/{CUES}/{metadata['name']}/status"
        body = {"status": to_wire(status)}
        await self._hub.request("PATCH", path, body=body, content_type="application/merge-patch+json")
