"""Kubernetes quantities of CPU and memory as integers: millicores and bytes."""

from __future__ import annotations

import re
from decimal import ROUND_CEILING, Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

QUANTITY_PATTERN = r"^[0-9]+(\.[0-9]+)?([numkMGTPE]|[KMGTPE]i|[eE][0-9]{1,2})?$"

_QUANTITY = re.compile(
    r"(?P<number>[0-9]{1,24}(\.[0-9]{1,18})?)(?P<suffix>[numkMGTPE]|[KMGTPE]i|[eE][0-9]{1,2})?"
)
_SCALE = {"n": Decimal("1e-9"), "u": Decimal("1e-6"), "m": Decimal("1e-3"), "": Decimal(1)} | {
    suffix: Decimal(1000) ** power for power, suffix in enumerate("kMGTPE", start=1)
}
_BINARY = {f"{suffix}i": Decimal(1024) ** power for power, suffix in enumerate("KMGTPE", start=1)}


def parse_cpu(text: str | int) -> int:
    """Millicores of ``8``, ``1500m`` or ``0.5``, rounded up as Kubernetes does, or ValueError."""
    return _ceil(_quantity(str(text), example="1500m or 8") * 1000)


def parse_memory(text: str | int) -> int:
    """Bytes of ``64Gi`` or ``512M``, rounded up; ValueError says what to write."""
    return _ceil(_quantity(str(text), example="512Mi or 64Gi"))


def format_cpu(millicores: int) -> str:
    """``8`` or ``1500m``."""
    cores, rest = divmod(millicores, 1000)
    return f"{millicores}m" if rest else str(cores)


def format_memory(size: int) -> str:
    """The largest binary unit that divides ``size``, or plain bytes."""
    for suffix, scale in reversed(_BINARY.items()):
        count, rest = divmod(size, int(scale))
        if count and not rest:
            return f"{count}{suffix}"
    return str(size)


def _quantity(text: str, *, example: str) -> Decimal:
    match = _QUANTITY.fullmatch(text)
    if match is None:
        raise ValueError(f"{text!r} is not a quantity; write it as {example}")
    number, suffix = Decimal(match["number"]), match["suffix"] or ""
    if suffix[:1] in ("e", "E") and len(suffix) > 1 and suffix[1].isdigit():
        return number.scaleb(int(suffix[1:]))
    return number * (_BINARY[suffix] if suffix in _BINARY else _SCALE[suffix])


def _ceil(value: Decimal) -> int:
    return int(value.to_integral_value(ROUND_CEILING))


def _cpu(value: Any) -> int:
    if isinstance(value, str | int) and not isinstance(value, bool):
        return parse_cpu(value)
    raise ValueError(f"{value!r} is not a quantity; write it as 1500m or 8")


def _memory(value: Any) -> int:
    if isinstance(value, str | int) and not isinstance(value, bool):
        return parse_memory(value)
    raise ValueError(f"{value!r} is not a quantity; write it as 512Mi or 64Gi")


_SCHEMA = {"type": "string", "pattern": QUANTITY_PATTERN, "maxLength": 32}

Cpu = Annotated[int, BeforeValidator(_cpu), PlainSerializer(format_cpu), WithJsonSchema(_SCHEMA)]
"""Millicores; on the wire `1500m`. In code a bare integer means cores, as on the wire."""

Memory = Annotated[int, BeforeValidator(_memory), PlainSerializer(format_memory), WithJsonSchema(_SCHEMA)]
"""Bytes; on the wire `64Gi`."""
