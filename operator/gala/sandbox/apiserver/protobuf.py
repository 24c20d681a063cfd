r"""The few objects that kubectl sends in protobuf only.

They are what its ``create`` makes out of arguments, and how its ``drain`` deletes pods.

A Kubernetes body is ``k8s\0`` and an ``Unknown`` that holds the type and the object itself; the
field numbers are those of the ``generated.proto`` files of Kubernetes.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from gala.sandbox.apiserver import beyond
from gala.sandbox.apiserver.errors import Json, bad_request

CONTENT = "application/vnd.kubernetes.protobuf"

_MAGIC = b"k8s\0"
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_FIXED = {_FIXED64: 8, _FIXED32: 4}

_Reader = Callable[[bytes], Any]


def decode(body: bytes) -> Json:
    """The object as JSON; raises 415 for a kind that is not read here, 400 for what is no such body."""
    if not body.startswith(_MAGIC):
        raise bad_request("the body is no Kubernetes object in protobuf")
    try:
        envelope = dict(_fields(body[len(_MAGIC) :]))
        kind = _message(envelope.get(1, b""), {1: ("apiVersion", _text), 2: ("kind", _text)})
        layout = _LAYOUTS.get(kind.get("kind", ""))
        if layout is None:
            raise beyond.protobuf()
        return {**kind, **_message(envelope.get(2, b""), layout)}
    except (IndexError, UnicodeDecodeError) as error:
        raise bad_request(f"the body cannot be read: {error}") from error


def _fields(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Numbers and contents of the fields with a length; the others are passed over."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == _BYTES:
            length, at = _varint(data, at)
            if at + length > len(data):
                raise IndexError("it ends too soon")
            yield number, data[at : at + length]
            at += length
        elif wire == _VARINT:
            _, at = _varint(data, at)
        elif wire in _FIXED:
            at += _FIXED[wire]
        else:
            raise IndexError(f"there is no wire type {wire}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _message(data: bytes, layout: Mapping[int, tuple[str, _Reader]]) -> Json:
    """The fields that ``layout`` names; entries of a map are put together."""
    found: Json = {}
    for number, content in _fields(data):
        if number not in layout:
            continue
        name, read = layout[number]
        value = read(content)
        if isinstance(value, dict):
            found.setdefault(name, {}).update(value)
        elif value:
            found[name] = value
    return found


def _text(content: bytes) -> str:
    return content.decode()


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _entry(read: _Reader) -> _Reader:
    """Of a map from text to whatever ``read`` makes."""

    def pair(content: bytes) -> Json:
        parts = dict(_fields(content))
        return {_text(parts.get(1, b"")): read(parts.get(2, b""))}

    return pair


_METADATA: Mapping[int, tuple[str, _Reader]] = {
    1: ("name", _text),
    2: ("generateName", _text),
    3: ("namespace", _text),
    11: ("labels", _entry(_text)),
    12: ("annotations", _entry(_text)),
}


def _metadata(content: bytes) -> Json:
    return _message(content, _METADATA)


_PRECONDITIONS: Mapping[int, tuple[str, _Reader]] = {1: ("uid", _text), 2: ("resourceVersion", _text)}


def _preconditions(content: bytes) -> Json:
    return _message(content, _PRECONDITIONS)


_LAYOUTS: Mapping[str, Mapping[int, tuple[str, _Reader]]] = {
    "Namespace": {1: ("metadata", _metadata)},
    "ConfigMap": {
        1: ("metadata", _metadata),
        2: ("data", _entry(_text)),
        3: ("binaryData", _entry(_base64)),
    },
    "DeleteOptions": {2: ("preconditions", _preconditions)},
    "Secret": {
        1: ("metadata", _metadata),
        2: ("data", _entry(_base64)),
        3: ("type", _text),
        4: ("stringData", _entry(_text)),
    },
}
