"""The sentence that a person reads where something failed; it ends with what to do."""

from __future__ import annotations

from typing import Final

from gala.errors import GalaError, RequestFailed

TRY_IT: Final = (
    "see whether it answers with: kubectl get --raw /readyz, and try again, or name another cluster "
    "with --kubeconfig or --context."
)
"""What to do where an API server did not do what it was asked."""


def told(failed: GalaError) -> str:
    """The text of an exception; one of an API server, which knows no advice, gets some."""
    if isinstance(failed, RequestFailed):
        return f"{str(failed).rstrip('.')}; {TRY_IT}"
    return str(failed)
