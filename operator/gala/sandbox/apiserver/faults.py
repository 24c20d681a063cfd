"""What can go wrong between a client and a server, on request: silence, delays, refusals, kill points."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Call:
    """One request as faults see it."""

    method: str
    path: str
    resource: str
    """Plural, with its subresource: ``deployments/scale``; ``""`` for discovery."""
    watch: bool


@dataclass(slots=True, kw_only=True)
class _Choice:
    """Which calls a fault takes, and how many."""

    method: str = ""
    """Empty for every method."""
    path: str = ".*"
    watch: bool | None = None
    """None for watches and plain requests."""
    times: int = 1_000_000_000

    def takes(self, call: Call) -> bool:
        """Whether this call is taken; counts down."""
        if self.times <= 0 or (self.method and self.method != call.method):
            return False
        if self.watch not in (None, call.watch) or not re.search(self.path, call.path):
            return False
        self.times -= 1
        return True


@dataclass(slots=True, kw_only=True)
class Refuse(_Choice):
    """Answers matching calls with an HTTP status instead of carrying them out."""

    status: int
    retry_after: int | None = None


class Damage(StrEnum):
    """What becomes of an answer."""

    HANG = "Hang"
    """The server takes the request and says nothing; the client gives up."""
    RESET = "Reset"
    """The connection is cut before anything is done."""
    LOST = "Lost"
    """The request is carried out, and the connection is cut instead of an answer."""
    TRUNCATED = "Truncated"
    """The request is carried out, and half of the answer comes; of a watch, half of a line."""
    HTML = "Html"
    """A proxy's page, with status 200."""
    REDIRECT = "Redirect"
    """302 to ``Spoil.location``."""
    EXPIRED = "Expired"
    """Of a watch: an ERROR event with code 410."""
    ERROR = "Error"
    """Of a watch: an ERROR event with code 500."""


@dataclass(slots=True, kw_only=True)
class Spoil(_Choice):
    """Damages the answers to matching calls."""

    damage: Damage
    location: str = ""


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
        self.spoils: list[Spoil] = []
        self.empty_lists: set[str] = set()
        """Plurals whose lists come back empty, as from a server that lost its storage."""
        self.before: Gate | None = None
        self.after: Gate | None = None

    def refusal(self, call: Call) -> Refuse | None:
        """The first refusal that takes this call."""
        return next((refusal for refusal in self.refusals if refusal.takes(call)), None)

    def spoil(self, call: Call) -> Spoil | None:
        """The first damage that takes this call."""
        return next((spoil for spoil in self.spoils if spoil.takes(call)), None)
