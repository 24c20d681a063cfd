"""What a refusal by the hub asks of the people who run the operator, in one sentence."""

from __future__ import annotations

from typing import Final

from gala.api.meta import INSTALL
from gala.errors import RequestFailed

_TOO_LARGE: Final = "too large"
"""What etcd says, by a 500, of an object that the API server let pass."""

_NO_NAMESPACE: Final = 'namespaces "'
"""How the API server's message begins where the namespace is what is missing."""


def advice(failed: RequestFailed, *, verb: str, plural: str, namespace: str) -> str:
    """What to do so that ``verb`` on ``plural`` in ``namespace`` works; empty where waiting is all."""
    status = failed.status
    if status == 413 or _TOO_LARGE in str(failed):
        return "Split the event into several, each with fewer workloads or clusters."
    if status == 401:
        return (
            "The operator's account is not accepted (any more): log in anew, or see that its ServiceAccount "
            "is there."
        )
    if status == 403:
        return (
            f"The operator's account needs {verb} on {plural} in namespace {namespace}; grant it what "
            "docs/security.md lists under Permissions."
        )
    if status == 404 and _NO_NAMESPACE in str(failed):
        return f"Make the namespace again with: kubectl create namespace {namespace}"
    if status == 404 and verb in ("list", "create"):
        return f"The definition of {plural} is not installed. Write: {INSTALL}"
    if status == 422:
        return f"Is the definition of {plural} that of this operator's version? Write: {INSTALL}"
    return ""
