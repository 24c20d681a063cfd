"""What is wrong with a cluster, and what a person does about it.

A cluster may answer and still be no good: one kind cannot be read, or its writes fail.
That fails the targets concerned and nothing else, but it has to be told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, NamedTuple

from gala.errors import (
    Conflict,
    CredentialsRefused,
    GalaError,
    Rejected,
    RequestFailed,
    Throttled,
    Unreachable,
)
from gala.fleet.watching import Cache

_BY_STATUS: Final = {401: "Unauthorized", 403: "Forbidden", 404: "NotServed", 429: "Throttled"}

_ADVICE: Final[Mapping[str, str]] = {
    "CredentialsRefused": "Mend {credentials}; it is read again within seconds.",
    "Unauthorized": "Put a valid token or client certificate into {credentials}.",
    "Forbidden": "Grant that to the operator's account there; the page Security lists what it needs.",
    "NotServed": "Is this a Kubernetes API server, and is the kind installed there?",
    "Throttled": "Its API server is overloaded, or its priority and fairness give this account too little.",
    "TimedOut": "Is its API server overloaded, or does something on the way drop packets?",
    "ServerError": "Look after its API server; nothing is lowered meanwhile.",
    "NotAnApiServer": "Does a proxy or a login page answer? Check the server in {credentials}.",
    "Redirected": "Write the API server's own address as server into {credentials}.",
    "CertificateRefused": "Check certificate-authority-data and tls-server-name in {credentials}.",
    "CertificateExpired": "Put a new client certificate into {credentials}; it is read again within seconds.",
    "AnswerTooLarge": "Look after what answers there; no healthy API server does that.",
    "Unreachable": "Check the server in {credentials}, and the network on the way.",
    "Conflict": "Somebody else changes it all the time, or a webhook refuses it.",
    "Rejected": "Look for an admission webhook or a quota that refuses it.",
}

_CONFLICTS: Final = 3
"""So many in a row are no coincidence any more."""


LONGEST_RETRY_AFTER: Final = 30.0
"""Seconds that a raise or a read waits at most, whatever the server says: a round may need it."""


class Trouble(NamedTuple):
    """Something that fails although the cluster answers."""

    reason: str
    """PascalCase: ``ReadsFail``, ``WritesFail``, ``WritesThrottled``."""
    message: str


class Failing(NamedTuple):
    """Attempts in a row to write one target that failed, and the last failure."""

    times: int
    error: RequestFailed


def why(error: GalaError) -> str:
    """The reason that belongs to a failure, for conditions and missing facts."""
    if isinstance(error, CredentialsRefused):
        return "CredentialsRefused"
    if isinstance(error, Unreachable):
        return error.reason
    if isinstance(error, Conflict):
        return "Conflict"
    status = (error.status if isinstance(error, RequestFailed) else None) or 0
    if 300 <= status < 400:
        return "Redirected"
    return _BY_STATUS.get(status, "Rejected" if isinstance(error, Rejected) else "Unreachable")


def told(error: GalaError, credentials: str) -> str:
    """A failure and what to do about it; ``credentials`` says where those are."""
    said = str(error)
    end = "" if said.endswith((".", "!", "?")) else "."
    return f"{said}{end} {_ADVICE.get(why(error), '').format(credentials=credentials)}".strip()


def pause_of(error: GalaError | None) -> float:
    """Seconds before the next read that a server asked for, within bounds; 0 where it asked for none."""
    return min(error.retry_after, LONGEST_RETRY_AFTER) if isinstance(error, Throttled) else 0.0


def is_refusal(error: GalaError | None) -> bool:
    """Whether a right is missing, or the login as a whole."""
    return isinstance(error, RequestFailed) and error.status in {401, 403}


def is_absent(error: GalaError | None) -> bool:
    """Whether a kind is not installed there, such as ScaledObjects where nobody uses KEDA."""
    return isinstance(error, Rejected) and error.status == 404


def read_trouble(caches: Collection[Cache[Any]], room: GalaError | None, credentials: str) -> Trouble | None:
    """What cannot be read, refusals and kinds that are not installed apart."""
    failures = [*_failures(caches)]
    if failures:
        count = f"{len(failures)} of {len(caches)} lists cannot be read. "
        return Trouble("ReadsFail", count + told(failures[0], credentials))
    if room is not None and not is_refusal(room):
        return Trouble("ReadsFail", f"Free room is not known. {told(room, credentials)}")
    return None


def _failures(caches: Collection[Cache[Any]]) -> Iterator[GalaError]:
    for cache in caches:
        error = cache.failure
        if error is None or is_refusal(error) or is_absent(error):
            continue
        yield error


def write_trouble(failing: Collection[Failing], credentials: str) -> Trouble | None:
    """What cannot be written, refusals apart; a conflict or two are nothing unusual."""
    failures = [
        each.error
        for each in failing
        if not is_refusal(each.error) and not (isinstance(each.error, Conflict) and each.times < _CONFLICTS)
    ]
    if not failures:
        return None
    throttled = all(isinstance(error, Throttled) for error in failures)
    count = "1 target" if len(failures) == 1 else f"{len(failures)} targets"
    return Trouble(
        "WritesThrottled" if throttled else "WritesFail",
        f"{count} could not be written. {told(failures[0], credentials)}",
    )
