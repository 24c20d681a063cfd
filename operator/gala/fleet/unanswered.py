"""Why no answer came, in words: what libraries say of it names their classes and not the cause."""

from __future__ import annotations

import os
import socket
import ssl

import aiohttp


def cause(error: BaseException) -> str:
    """What went wrong between us and a server, as the second half of a sentence."""
    if isinstance(error, aiohttp.ClientConnectorDNSError):
        return f"the name {error.host} is not known ({_system(error.os_error)})"
    if isinstance(error, (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError)):
        inner = getattr(error, "certificate_error", error.os_error)
        return f"no connection to {error.host}:{error.port}: {_tls(inner)}"
    if isinstance(error, aiohttp.ClientConnectorError):
        return f"no connection to {error.host}:{error.port}: {_system(error.os_error)}"
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return "it closed the connection without an answer"
    if isinstance(error, ssl.SSLError):
        return _tls(error)
    if isinstance(error, OSError) and error.errno is not None:
        return _system(error)
    return f"{type(error).__name__}: {error}"


def _tls(error: object) -> str:
    """With the constant that one can search for."""
    constant = getattr(error, "reason", None) or "TLS"
    said = getattr(error, "verify_message", None)
    if said:
        return f"its certificate is not accepted: {said.rstrip('.')} ({constant})"
    return f"TLS failed ({constant})"


def _system(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return _lowered(error.strerror or str(error))
    return _lowered(os.strerror(error.errno)) if error.errno is not None else str(error)


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
