"""What can go wrong between a client and a server, on request: silence, delays, refusals, kill points."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Call:
    """One request as faults see it."""

    method: str
    path: str
    resource: str
    """Plural, with its subresource: ``deployments/scale``; ``""`` for discovery."""
    watch: bool


@dataclass(slots=True, kw_only=True)
class Refuse:
    """Answers matching calls with an HTTP status instead of carrying them out."""

    status: int
    method: str = ""
    path: str = ".*"
    times: int = 1_000_000_000
    retry_after: int | None = None

    def takes(self, call: Call) -> bool:
        """Whether this call is refused; counts down."""
        if self.times <= 0 or (self.method and self.method != call.method):
            return False
        if not re.search(self.path, call.path):
            return False
        self.times -= 1
        return True


Gate = Callable[[Call], Awaitable[None]]
"""Awaited before and after a request is carried out; a kill point stands here."""


class Faults:
    """All that is wrong with one server at the moment; nothing, unless somebody says so."""

    def __init__(self) -> None:
        self.unreachable = False
        """Every connection is cut, open watches too."""
        self.delay: Callable[[], float] | None = None
        """Wall seconds that each request (and each batch of a watch) waits."""
        self.refusals: list[Refuse] = []
        self.empty_lists: set[str] = set()
        """Plurals whose lists come back empty, as from a server that lost its storage."""
        self.before: Gate | None = None
        self.after: Gate | None = None

    def refusal(self, call: Call) -> Refuse | None:
        """The first refusal that takes this call."""
        return next((refusal for refusal in self.refusals if refusal.takes(call)), None)
