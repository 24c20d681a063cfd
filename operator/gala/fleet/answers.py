"""What comes back from an API server, taken in within bounds.

A member cluster belongs to somebody else, and a proxy may stand before it. So an answer
is measured while it is read, unpacked no further than it may be long, and is a JSON
object or no answer at all.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final, Protocol

import aiohttp

from gala.errors import Unreachable

LARGEST_ANSWER: Final = 64 << 20
"""Bytes, unpacked: a page of 500 pods has about 2.5 MB, and etcd refuses objects over 1.5 MB."""

LONGEST_LINE: Final = 16 << 20
"""Bytes in one watch event."""

_MOST_PAGES: Final = 1_000
"""Of one list: 500,000 objects. Kubernetes is built for 150,000 pods in a cluster."""

_LONGEST_WAIT: Final = 300.0
"""Seconds of ``Retry-After`` that are believed."""

_GZIP_OR_ZLIB: Final = 47


class Bounded(ValueError):
    """An answer that is larger than any that is needed; the text is for people."""


class Asks(Protocol):
    """Whoever asks an API server: ``ApiServer``."""

    name: str

    async def request(
        self, method: str, path: str, *, params: Mapping[str, str] | None = None
    ) -> dict[str, Any]:
        """The JSON object that the server answers."""
        ...


async def body_of(response: aiohttp.ClientResponse, *, most: int = LARGEST_ANSWER) -> bytes:
    """The whole body, unpacked here so that a small answer cannot become an endless one.

    Raises:
        Bounded: over ``most`` bytes, or packed in a way that nobody asked for.
    """
    packed = bytearray()
    while chunk := await response.content.readany():
        packed += chunk
        if len(packed) > most:
            raise Bounded(f"an answer of more than {most >> 20} MiB")
    encoding = response.headers.get("Content-Encoding", "identity").lower()
    if encoding == "identity":
        return bytes(packed)
    if encoding not in {"gzip", "deflate"}:
        raise Bounded(f"an answer packed as {encoding[:20]!r}, which was not asked for")
    return _unpacked(packed, most)


def _unpacked(packed: bytearray, most: int) -> bytes:
    unpacking = zlib.decompressobj(_GZIP_OR_ZLIB)
    try:
        body = unpacking.decompress(packed, most)
    except zlib.error as error:
        raise ValueError("an answer that cannot be unpacked") from error
    if unpacking.unconsumed_tail:
        raise Bounded(f"an answer of more than {most >> 20} MiB once it is unpacked")
    return body


class Lines:
    """Cuts chunks into lines wherever they end; what is kept of an unfinished line is bounded."""

    def __init__(self) -> None:
        self._rest: list[bytes] = []
        self._size = 0

    def feed(self, chunk: bytes) -> list[bytes]:
        """The lines that this chunk completes, without empty ones.

        Raises:
            Bounded: a line over ``LONGEST_LINE``.
        """
        head, *others = chunk.split(b"\n")
        self._rest.append(head)
        self._size += len(head)
        lines: list[bytes] = []
        for part in others:
            lines.append(b"".join(self._rest))
            self._rest, self._size = [part], len(part)
        if self._size > LONGEST_LINE:
            raise Bounded(f"a watch event of more than {LONGEST_LINE >> 20} MiB")
        return [line for line in lines if line.strip()]

    @property
    def unfinished(self) -> bool:
        """Whether something came after the last line's end."""
        return any(part.strip() for part in self._rest)


def object_of(raw: bytes) -> dict[str, Any]:
    """The JSON object in a body.

    Raises:
        json.JSONDecodeError: anything else, a pile of brackets too deep for the parser included.
    """
    try:
        value = json.loads(raw)
    except RecursionError as error:
        raise json.JSONDecodeError("nested too deeply", "", 0) from error
    except UnicodeDecodeError as error:
        raise json.JSONDecodeError("no text", "", 0) from error
    if not isinstance(value, dict):
        raise json.JSONDecodeError("not an object", "", 0)
    return value


def reason_in(raw: bytes) -> str:
    """The message of a ``Status``, as far as there is one."""
    try:
        message = object_of(raw).get("message")
    except ValueError:
        message = None
    return str(message)[:300] if message else "no message"


def retry_after(text: str | None) -> float:
    """``Retry-After`` in seconds; API servers never send a date."""
    try:
        seconds = float(text or 1)
    except ValueError:
        return 1.0
    return min(max(seconds, 0.0), _LONGEST_WAIT) if math.isfinite(seconds) else _LONGEST_WAIT


async def pages(
    server: Asks, path: str, params: Mapping[str, str]
) -> AsyncGenerator[tuple[list[Mapping[str, Any]], int], None]:
    """The objects of each page of a list, and the resourceVersion that the list is of.

    Raises:
        Unreachable: what came is no list, or the list has no end.
        RequestFailed: as every request.
    """
    more, seen = "", set[str]()
    for _ in range(_MOST_PAGES):
        asked = {**params, "continue": more} if more else params
        items, version, more = _page(server, path, await server.request("GET", path, params=asked))
        yield items, version
        if not more:
            return
        if more in seen:
            break
        seen.add(more)
    text = f"{server.name} answers GET {path} with a list that has no end."
    raise Unreachable(text, reason="AnswerTooLarge")


def _page(server: Asks, path: str, page: Mapping[str, Any]) -> tuple[list[Mapping[str, Any]], int, str]:
    """Objects, version and token of a page; what is no list must never pass for an empty one."""
    metadata, items = page.get("metadata"), page.get("items", 0)
    items = [] if items is None else items
    version = metadata.get("resourceVersion") if isinstance(metadata, Mapping) else None
    if (
        not isinstance(metadata, Mapping)
        or not isinstance(items, list)
        or not all(isinstance(item, Mapping) and isinstance(item.get("metadata"), Mapping) for item in items)
        or not str(version).isdigit()
    ):
        text = f"{server.name} answered GET {path} with something that is no list of objects."
        raise Unreachable(text, reason="NotAnApiServer")
    return items, int(str(version)), str(metadata.get("continue") or "")
