"""Durations, times and rates: text on the wire, numbers in code, and one clear sentence when refused.

The API has no floats (Kubernetes' convention), so a duration is `90s`, a time carries
its offset, and a rate may be `300k`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Annotated, Any

import durationpy
from pydantic import BeforeValidator, PlainSerializer, ValidationInfo, WithJsonSchema

DURATION_PATTERN = r"^([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,6}s)?([0-9]{1,6}ms)?$"
INSTANT_PATTERN = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$"
)
QPS_PATTERN = (
    r"^([1-9][0-9]{0,11}|[0-9]{1,9}(\.[0-9]{1,3})?k|[0-9]{1,6}(\.[0-9]{1,6})?M"
    r"|[0-9]{1,3}(\.[0-9]{1,9})?G|[0-9]{1,12}m)$"
)
"""Whole queries per second. A small `m` passes here, so that a rule can answer it with a sentence."""

SIGNED_DURATION_PATTERN = DURATION_PATTERN.replace("^", "^-?", 1)

MAX_QPS = 1_000_000_000_000
"""Far beyond any show; keeps products of rates and percentages inside 64 bits for CEL."""

_DURATION = re.compile(SIGNED_DURATION_PATTERN)
_INSTANT = re.compile(INSTANT_PATTERN)
_QPS = re.compile(r"^[0-9]{1,18}(\.[0-9]{1,9})?(k|M|G)?$")
_SUFFIX: dict[str, int] = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9}
WIRE = "wire"
"""Key of the validation context that says: this is what a person wrote, so a bare number is no duration."""


def parse_duration(text: str) -> float:
    """Seconds of a text such as ``90s``, ``5m``, ``1h30m`` or ``-90s``; ValueError says what to write."""
    if not _DURATION.fullmatch(text) or not text.strip("-"):
        raise ValueError(
            f"{text!r} is not a duration; write it with units from large to small, such as 90s, 5m or 1h30m"
        )
    return float(durationpy.from_str(text).total_seconds())


def format_duration(seconds: float) -> str:
    """The shortest text that ``parse_duration`` reads as these seconds, to the millisecond."""
    millis = round(abs(seconds) * 1000)
    parts = []
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)):
        count, millis = divmod(millis, size)
        if count:
            parts.append(f"{count}{unit}")
    sign = "-" if seconds < 0 and parts else ""
    return sign + "".join(parts) if parts else "0s"


def parse_instant(text: str) -> float:
    """Seconds since the epoch of an RFC3339 time with an offset; ValueError says what to write."""
    if not _INSTANT.fullmatch(text):
        raise ValueError(
            f"{text!r} is not a time with an offset; "
            "write it as 2027-02-05T20:00:00+08:00 or 2027-02-05T12:00:00Z"
        )
    try:
        return datetime.fromisoformat(text).timestamp()
    except ValueError as error:
        raise ValueError(
            f"{text!r} is not a time that exists ({error}); write one that does, as 2027-02-05T20:00:00+08:00"
        ) from error


def format_instant(seconds: float) -> str:
    """RFC3339 in UTC, with milliseconds only where there are any."""
    millis = round(seconds * 1000)
    moment = datetime.fromtimestamp(millis // 1000, UTC)
    fraction = f".{millis % 1000:03d}" if millis % 1000 else ""
    return f"{moment:%Y-%m-%dT%H:%M:%S}{fraction}Z"


def parse_qps(value: str | int) -> int:
    """Queries per second of ``300000``, ``300k``, ``1.5M``; ValueError says what to write."""
    text = str(value)
    if text.endswith("m") and _QPS.fullmatch(text[:-1]):
        raise ValueError(f"{text!r} is thousandths of a query per second; write {text[:-1]}M for millions")
    if text.endswith("K") and _QPS.fullmatch(text[:-1]):
        raise ValueError(f"{text!r} has a capital K; write {text[:-1]}k for thousands")
    match = _QPS.fullmatch(text)
    if match is None:
        raise ValueError(
            f"{text!r} is not a rate; write whole queries per second, such as 300000, 300k or 2M"
        )
    return _whole_qps(text, suffix=match.group(2) or "")


def _whole_qps(text: str, *, suffix: str) -> int:
    digits, _, fraction = text.removesuffix(suffix).partition(".")
    scaled = int(digits + fraction) * _SUFFIX[suffix]
    parts: int = 10 ** len(fraction)
    qps, rest = divmod(scaled, parts)
    if rest:
        raise ValueError(
            f"{text!r} is not a whole number of queries per second; write it as one, such as 300k"
        )
    if not 1 <= qps <= MAX_QPS:
        raise ValueError(f"{text!r} is out of bounds; write a rate from 1 to {MAX_QPS}")
    return qps


def _number(value: Any, info: ValidationInfo, *, example: str) -> float:
    """A bare number is fine in code and refused where a person wrote it: of what would it be a number?"""
    if isinstance(value, int | float) and not isinstance(value, bool) and not (info.context or {}).get(WIRE):
        return float(value)
    raise ValueError(f"{value!r} is not text; write it as {example!r}")


def _signed_duration(value: Any, info: ValidationInfo) -> float:
    return parse_duration(value) if isinstance(value, str) else _number(value, info, example="5m")


def _duration(value: Any, info: ValidationInfo) -> float:
    seconds = _signed_duration(value, info)
    if seconds < 0:
        raise ValueError(f"{value!r} is negative; write it without the minus sign")
    return seconds


def _positive_duration(value: Any, info: ValidationInfo) -> float:
    seconds = _duration(value, info)
    if not seconds:
        raise ValueError(f"{value!r} is no time at all; write more than 0s, such as 5m")
    return seconds


def _instant(value: Any, info: ValidationInfo) -> float:
    if isinstance(value, str):
        return parse_instant(value)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.timestamp()
    return _number(value, info, example="2027-02-05T20:00:00+08:00")


def _qps(value: Any) -> int:
    if isinstance(value, str | int) and not isinstance(value, bool):
        return parse_qps(value)
    raise ValueError(f"{value!r} is not a rate; write whole queries per second, such as 300000, 300k or 2M")


def _duration_schema(pattern: str) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", "pattern": pattern, "minLength": 2, "maxLength": 32})


Duration = Annotated[
    float,
    BeforeValidator(_duration),
    PlainSerializer(format_duration, return_type=str),
    _duration_schema(DURATION_PATTERN),
]
"""Seconds, zero or more; on the wire `90s`, `5m`, `1h30m`."""

PositiveDuration = Annotated[
    float,
    BeforeValidator(_positive_duration),
    PlainSerializer(format_duration, return_type=str),
    _duration_schema(DURATION_PATTERN),
]
"""Seconds, more than zero; on the wire `90s`."""

SignedDuration = Annotated[
    float,
    BeforeValidator(_signed_duration),
    PlainSerializer(format_duration, return_type=str),
    _duration_schema(SIGNED_DURATION_PATTERN),
]
"""Seconds of either sign; on the wire `90s`, `-90s`."""

Instant = Annotated[
    float,
    BeforeValidator(_instant),
    PlainSerializer(format_instant, return_type=str),
    WithJsonSchema({"type": "string", "pattern": INSTANT_PATTERN, "maxLength": 35}),
]
"""Seconds since the epoch; on the wire RFC3339 with an offset, written back in UTC."""

Qps = Annotated[
    int,
    BeforeValidator(_qps),
    WithJsonSchema(
        {
            "x-kubernetes-int-or-string": True,
            "pattern": QPS_PATTERN,
            "maxLength": 20,
            "minimum": 1,
            "maximum": MAX_QPS,
        }
    ),
]
"""Queries per second; on the wire an integer or `300k`, `2M`."""
