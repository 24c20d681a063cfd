"""The sentence that a person reads where something failed; it ends with what to do."""

from __future__ import annotations

import errno
import math
from typing import Final

from gala.errors import GalaError, RequestFailed, Throttled

TRY_IT: Final = (
    "see whether it answers with: kubectl get --raw /readyz, and try again, or name another cluster "
    "with --kubeconfig or --context."
)
"""What to do where an API server did not do what it was asked."""


_BY_STATUS: Final = {
    401: "log in anew, or name another context with --context.",
    403: "ask for that right; what you may: kubectl auth can-i --list",
}


def told(failed: GalaError) -> str:
    """The text of an exception; one of an API server, which knows no advice, gets some."""
    if not isinstance(failed, RequestFailed):
        return str(failed)
    advice = _BY_STATUS.get(failed.status or 0, TRY_IT)
    if isinstance(failed, Throttled):
        advice = f"it has too much to do; try again in {math.ceil(failed.retry_after)} s."
    return f"{str(failed).rstrip('.')}; {advice}"


def told_of_the_machine(failed: OSError) -> str:
    """The same of a file, or of a port, that cannot be had."""
    if failed.errno == errno.EADDRINUSE:
        return f"{failed.strerror}; name another port with --listen, or end what listens there."
    what = f"{failed.filename}: {failed.strerror}" if failed.filename else failed.strerror or str(failed)
    return f"{what}; name another place, or see that it is there and may be read and written."
