"""Every exception this product raises on purpose.

Library exceptions are translated at the edge where they appear, with ``from``, so that
the rooms above never name a client library::

    GalaError
    ├── InvalidInput            what a person wrote cannot be used; the text says what to write
    ├── NotYetSupported         understood, and not built yet; the text names the feature
    ├── CredentialsRefused      a kubeconfig asks for something that is never granted
    ├── LeadershipLost          the Lease is not ours (any more); nothing may be written
    ├── BarrierTimeout          a cache did not reach the state it was told to wait for
    ├── Stalled                 the operator gets nothing done any more; it has to be started anew
    └── RequestFailed           an API server or Prometheus did not do what was asked
        ├── Unreachable             no answer: refused, reset, hung past its deadline
        ├── Throttled               429, with the time to wait
        ├── Conflict                409 or 422: the object is not what we read; read again
        └── Rejected                any other status; permanent for this object in this cluster
"""

from __future__ import annotations

from typing import Self


class GalaError(Exception):
    """The root of the tree; the text is one sentence for a person."""


class InvalidInput(GalaError):
    """Input that cannot be used; the text says what to write instead."""


class NotYetSupported(GalaError):
    """A feature that is part of the API and not built yet; the text names it."""


class CredentialsRefused(GalaError):
    """A kubeconfig that asks for a command, a file, a proxy or an unchecked certificate."""


class LeadershipLost(GalaError):
    """The Lease is held by another process, or could not be renewed in time."""


class BarrierTimeout(GalaError):
    """A cache did not catch up with the API server within its wall-clock deadline."""


class Stalled(GalaError):
    """The operator came to no end of a pass for too long; its supervisor should start it anew."""


class RequestFailed(GalaError):
    """A request that was not carried out; ``status`` is the HTTP status, or None without an answer."""

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status

    def advised(self, advice: str) -> Self:
        """The same failure, saying besides what to do about it."""
        if advice:
            self.args = (f"{str(self).rstrip('.')}. {advice}",)
        return self


class Unreachable(RequestFailed):
    """No usable answer came: refused, reset, or past its deadline; ``reason`` is a PascalCase constant."""

    def __init__(self, message: str, *, status: int | None = None, reason: str = "Unreachable") -> None:
        super().__init__(message, status=status)
        self.reason = reason


class Throttled(RequestFailed):
    """HTTP 429; ``retry_after`` is in seconds."""

    def __init__(self, message: str, *, retry_after: float) -> None:
        super().__init__(message, status=429)
        self.retry_after = retry_after


class Conflict(RequestFailed):
    """HTTP 409 or 422 of a guarded write: the object changed since it was read."""


class Rejected(RequestFailed):
    """Any other refusal; retrying the same request cannot help."""
