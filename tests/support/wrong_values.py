"""For every field of a kind what does not belong there: types, bounds, forms, names; from its schema."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from crd_server import Schema

Path = tuple[str | int, ...]
_BY_TYPE: Mapping[str, tuple[tuple[str, Any], ...]] = {
    "string": (("a number", 5), ("a fraction", 1.5), ("a truth value", True), ("a list", ["x"])),
    "integer": (
        ("a number in quotes", "5"),
        ("a fraction", 1.5),
        ("no number", float("nan")),
        ("without bounds", float("inf")),
        ("a truth value", True),
        ("a list", [1]),
    ),
    "boolean": (("a truth value in quotes", "true"), ("a number", 1), ("a list", [True])),
    "array": (("an object", {"x": "y"}), ("a text", "x"), ("a number", 5)),
    "object": (("a list", ["x"]), ("a text", "x"), ("a number", 5)),
    "rate": (("a fraction", 1.5), ("a truth value", True), ("a list", [1]), ("a word", "many")),
}


class Wrong(NamedTuple):
    """A document with one value that does not belong there."""

    what: str
    document: dict[str, Any]


def shown(path: Path) -> str:
    """``spec.rounds[0].start``."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else step
    return text


def wrongs(
    document: Mapping[str, Any], schema: Schema, root: str = "spec"
) -> Iterator[tuple[Path, list[Wrong]]]:
    """By path each way to be wrong of each value below ``root``; the document has to have every field."""
    for path, value, known, required in _values(document[root], schema["properties"][root], (root,)):
        found = [Wrong(what, _with(document, path, wrong)) for what, wrong in _wrong_values(value, known)]
        if required:
            found.append(Wrong("left out", _with(document, path, None)))
        yield path, found


def unfilled(document: Mapping[str, Any], schema: Schema, root: str = "spec") -> set[str]:
    """Fields of the schema that the document does not have anywhere: their wrong values would be missed."""
    return set(_fields(schema["properties"][root], root)) - set(_filled(document[root], root))


def _fields(schema: Schema, path: str) -> Iterator[str]:
    yield path
    for name, child in schema.get("properties", {}).items():
        yield from _fields(child, f"{path}.{name}")
    if "items" in schema:
        yield from _fields(schema["items"], f"{path}[]")


def _filled(value: Any, path: str) -> Iterator[str]:
    yield path
    if isinstance(value, Mapping):
        for name, child in value.items():
            yield from _filled(child, f"{path}.{name}")
    elif isinstance(value, list):
        for child in value:
            yield from _filled(child, f"{path}[]")


def _values(value: Any, schema: Schema, path: Path) -> Iterator[tuple[Path, Any, Schema, bool]]:
    if isinstance(value, Mapping):
        required = schema.get("required", ())
        for name, child in value.items():
            known = schema["properties"][name] if "properties" in schema else schema["additionalProperties"]
            yield (*path, name), child, known, name in required
            yield from _values(child, known, (*path, name))
    elif isinstance(value, list):
        for number, child in enumerate(value):
            yield (*path, number), child, schema["items"], False
            yield from _values(child, schema["items"], (*path, number))


def _wrong_values(value: Any, schema: Schema) -> Iterator[tuple[str, Any]]:
    if schema.get("x-kubernetes-int-or-string"):
        yield from _BY_TYPE["rate"]
        return
    yield from _BY_TYPE[schema["type"]]
    if "enum" in schema:
        yield "none of the choices", "Nope"
    elif schema["type"] == "string":
        yield from _wrong_texts(value, schema)
    elif schema["type"] == "integer":
        yield from ((f"below {schema[b]}", schema[b] - 1) for b in ("minimum",) if b in schema)
        yield from ((f"above {schema[b]}", schema[b] + 1) for b in ("maximum",) if b in schema)
    elif schema["type"] == "array":
        yield f"a list of {schema['maxItems'] + 1}", [copy.deepcopy(value[0])] * (schema["maxItems"] + 1)
        if schema.get("minItems"):
            yield "an empty list", []
    elif "properties" in schema:
        yield "an object with an unknown field", {**value, "colour": "red"}
    elif "maxProperties" in schema:
        yield "an object of too many", {f"k{n}": "v" for n in range(schema["maxProperties"] + 1)}


def _wrong_texts(value: str, schema: Schema) -> Iterator[tuple[str, Any]]:
    yield "a text without end", "a" * (schema["maxLength"] + 1)
    if schema.get("minLength"):
        yield "an empty text", ""
    if "pattern" in schema:
        yield "a text of another form", "no such\nthing"
        yield "a text with a line end", f"{value}\n"


def _with(document: Mapping[str, Any], path: Path, value: Any) -> dict[str, Any]:
    """A copy with another value there; None takes it away."""
    made: dict[str, Any] = copy.deepcopy(dict(document))
    owner: Any = made
    for step in path[:-1]:
        owner = owner[step]
    if value is None:
        del owner[path[-1]]
    else:
        owner[path[-1]] = value
    return made
