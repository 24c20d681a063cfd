"""When a client certificate ends: the one thing about it that a person has to be told.

An API server answers an expired certificate with a bare 401, and what stands before one may
just hang up; neither says why. The standard library shows the dates of a peer's certificate
only, so the way to that field is walked here: nine steps in DER, by RFC 5280.
"""

from __future__ import annotations

import re
import ssl
from datetime import UTC, datetime
from typing import Final, NamedTuple

from gala.errors import GalaError, Rejected, Unreachable
from gala.fleet.kubeconfig import Credentials

_PEM: Final = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)

_HUNG_UP: Final = frozenset({"Unreachable", "CertificateRefused"})
"""Reasons of failures that a server which looks at certificates can give for one that it does not take."""

_SEQUENCE: Final = 0x30
_VERSION: Final = 0xA0
_TIMES: Final = {0x17: "%y%m%d%H%M%SZ", 0x18: "%Y%m%d%H%M%SZ"}
"""UTCTime, for years up to 2049, and GeneralizedTime."""


class _Field(NamedTuple):
    """One DER field; ``rest`` is what comes after it."""

    tag: int
    content: bytes
    rest: bytes


def explained(error: GalaError, credentials: Credentials, now: float) -> GalaError:
    """``error``, or, where a client certificate that has expired may be its cause, one that says so."""
    refused = isinstance(error, Rejected) and error.status == 401
    if not refused and not (isinstance(error, Unreachable) and error.reason in _HUNG_UP):
        return error
    end = None if credentials.client_cert_data is None else not_after(credentials.client_cert_data)
    if end is None or end > now:
        return error
    said = f"{str(error).rstrip('.')}. Its client certificate expired on {_day(end)}."
    return Rejected(said, status=401) if refused else Unreachable(said, reason="CertificateExpired")


def _day(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d at %H:%M UTC}"


def not_after(pem: bytes) -> float | None:
    """The end of the first certificate in ``pem``, seconds since the epoch; None where it cannot be read."""
    found = _PEM.search(pem)
    if found is None:
        return None
    try:
        return _end_of(ssl.PEM_cert_to_DER_cert(found.group().decode("ascii")))
    except (ValueError, IndexError):
        return None


def _end_of(der: bytes) -> float:
    body = _inside(_inside(der))
    first = _field(body)
    after_serial = _field(first.rest if first.tag == _VERSION else body).rest
    after_issuer = _field(_field(after_serial).rest).rest
    begin = _field(_inside(after_issuer))
    end = _field(begin.rest)
    moment = datetime.strptime(end.content.decode("ascii"), _TIMES.get(end.tag, "")).replace(tzinfo=UTC)
    return moment.timestamp()


def _inside(der: bytes) -> bytes:
    field = _field(der)
    if field.tag != _SEQUENCE:
        raise ValueError("no sequence where a certificate has one")
    return field.content


def _field(der: bytes) -> _Field:
    tag, size, start = der[0], der[1], 2
    if size & 0x80:
        start += size & 0x7F
        size = int.from_bytes(der[2:start])
    return _Field(tag, der[start : start + size], der[start + size :])
