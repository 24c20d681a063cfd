"""What this server does not do, refused in a sentence that a person at kubectl understands."""

from __future__ import annotations

from collections.abc import Mapping

from gala.sandbox.apiserver.errors import ApiError

_STREAMS = frozenset({"log", "exec", "attach", "portforward", "proxy", "ephemeralcontainers"})
_HERE = frozenset({"127.0.0.1", "localhost"})
_POD_PARTS = 7
"""Of ``/api/v1/namespaces/<namespace>/pods/<name>/log``."""


def refuse_pages(headers: Mapping[str, str]) -> None:
    """Raises 403 for what a web page sent: nobody logs in here, and a browser reaches 127.0.0.1 too."""
    if "Origin" in headers or headers.get("Host", "").partition(":")[0] not in _HERE:
        raise ApiError(403, "Forbidden", "the sandbox answers programs on this machine, no web pages")


def unknown(path: str) -> ApiError:
    """The answer to a path that leads nowhere."""
    parts = path.strip("/").split("/")
    if len(parts) >= _POD_PARTS and parts[4] == "pods" and parts[6] in _STREAMS:
        return _not_there(
            "the sandbox's pods run no containers: they have no logs, and nobody can enter them"
        )
    return ApiError(404, "NotFound", "the server could not find the requested resource")


def protobuf() -> ApiError:
    """A body that cannot be read."""
    return ApiError(
        415,
        "UnsupportedMediaType",
        "the sandbox does not read this kind in protobuf: add --dry-run=client -o yaml to the command "
        "and pipe it to kubectl create -f -",
    )


def rendered(plural: str) -> ApiError:
    """A write to objects that follow from others."""
    return _not_there(f"the sandbox's {plural} follow from their workload; scale that, or delete one of them")


def _not_there(message: str) -> ApiError:
    return ApiError(501, "NotImplemented", message)
