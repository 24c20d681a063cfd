"""Structural schemas of CustomResourceDefinitions: prune, default and check in one walk.

CEL rules (``x-kubernetes-validations``) are not evaluated; a real API server does that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

Schema = Mapping[str, Any]
Problems = list[tuple[str, str]]
"""(path, message) of everything that is wrong."""

_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}

_ROOT = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}


@lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(text)


class Check:
    """One walk over one body; afterwards ``problems`` and ``unknown`` hold what was found."""

    def __init__(self) -> None:
        self.problems: Problems = []
        self.unknown: list[str] = []
        """Paths of fields that the schema does not know, and that were pruned."""

    def root(self, body: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
        """The whole object; its metadata is not the schema's business."""
        properties = {**schema.get("properties", {}), **_ROOT}
        found = self.value(
            {key: value for key, value in body.items() if key != "metadata"},
            {**schema, "properties": properties},
            "",
        )
        return {**found, "metadata": body["metadata"]}

    def value(self, value: Any, schema: Schema, path: str) -> Any:
        """One value, pruned and defaulted."""
        if value is None and schema.get("nullable"):
            return None
        if schema.get("x-kubernetes-int-or-string"):
            if not isinstance(value, int | str) or isinstance(value, bool):
                self._bad(path, value, "must be an integer or a string")
        elif (kind := schema.get("type")) and not _TYPES[kind](value):
            self._bad(path, value, f"must be of type {kind}")
            return value
        if isinstance(value, dict):
            value = self._object(value, schema, path)
        elif isinstance(value, list):
            value = self._array(value, schema, path)
        elif isinstance(value, str):
            self._string(value, schema, path)
        elif isinstance(value, int | float) and not isinstance(value, bool):
            self._number(value, schema, path)
        if "enum" in schema and value not in schema["enum"]:
            listed = ", ".join(f'"{item}"' for item in schema["enum"])
            self.problems.append((path, f'Unsupported value: "{value}": supported values: {listed}'))
        self._logic(value, schema, path)
        return value

    def _bad(self, path: str, value: Any, message: str) -> None:
        shown = f'"{value}"' if isinstance(value, str) else value
        self.problems.append((path or "<root>", f"Invalid value: {shown}: {message}"))

    def _object(self, value: dict[str, Any], schema: Schema, path: str) -> dict[str, Any]:
        properties: Mapping[str, Any] = schema.get("properties", {})
        more = schema.get("additionalProperties")
        keep = schema.get("x-kubernetes-preserve-unknown-fields")
        found: dict[str, Any] = {}
        for name, child in value.items():
            here = f"{path}.{name}" if path else name
            if name in properties:
                known = properties[name]
                if child is None and not known.get("nullable"):
                    continue
                found[name] = self.value(child, known, here)
            elif isinstance(more, Mapping):
                found[name] = self.value(child, more, here)
            elif keep or more is True:
                found[name] = child
            else:
                self.unknown.append(here)
        for name, known in properties.items():
            if name not in found and "default" in known:
                found[name] = self.value(known["default"], known, f"{path}.{name}" if path else name)
        for name in schema.get("required", ()):
            if name not in found:
                self.problems.append((f"{path}.{name}" if path else name, "Required value"))
        self._count(len(found), schema, path, ("minProperties", "maxProperties", "properties"))
        return found

    def _array(self, value: list[Any], schema: Schema, path: str) -> list[Any]:
        self._count(len(value), schema, path, ("minItems", "maxItems", "items"))
        items = schema.get("items")
        found = [self.value(v, items, f"{path}[{i}]") for i, v in enumerate(value)] if items else value
        kind = schema.get("x-kubernetes-list-type")
        if kind == "map":
            keys = schema["x-kubernetes-list-map-keys"]
            marks = [tuple(item.get(key) for key in keys) for item in found if isinstance(item, dict)]
            self._twice(marks, path)
        elif kind == "set" or schema.get("uniqueItems"):
            self._twice([repr(item) for item in found], path)
        return found

    def _twice(self, marks: list[Any], path: str) -> None:
        seen: set[Any] = set()
        for index, mark in enumerate(marks):
            if mark in seen:
                self.problems.append((f"{path}[{index}]", f"Duplicate value: {mark}"))
            seen.add(mark)

    def _count(self, count: int, schema: Schema, path: str, words: tuple[str, str, str]) -> None:
        least, most, what = words
        if least in schema and count < schema[least]:
            self.problems.append((path, f"Invalid value: should have at least {schema[least]} {what}"))
        if most in schema and count > schema[most]:
            self.problems.append((path, f"Too many: {count}: must have at most {schema[most]} {what}"))

    def _string(self, value: str, schema: Schema, path: str) -> None:
        if len(value) < schema.get("minLength", 0):
            self._bad(path, value, f"should be at least {schema['minLength']} chars long")
        if "maxLength" in schema and len(value) > schema["maxLength"]:
            self.problems.append((path, f"Too long: may not be more than {schema['maxLength']} bytes"))
        if "pattern" in schema and not _pattern(schema["pattern"]).search(value):
            self._bad(path, value, f"should match '{schema['pattern']}'")

    def _number(self, value: float, schema: Schema, path: str) -> None:
        least, most = schema.get("minimum"), schema.get("maximum")
        if least is not None and (value < least or (value == least and schema.get("exclusiveMinimum"))):
            self._bad(path, value, f"should be greater than or equal to {least}")
        if most is not None and (value > most or (value == most and schema.get("exclusiveMaximum"))):
            self._bad(path, value, f"should be less than or equal to {most}")
        if "multipleOf" in schema and value % schema["multipleOf"]:
            self._bad(path, value, f"should be a multiple of {schema['multipleOf']}")

    def _logic(self, value: Any, schema: Schema, path: str) -> None:
        for part in schema.get("allOf", ()):
            self._require(_holds(value, part), path, value, "must validate all the schemas (allOf)")
        if "anyOf" in schema:
            fits = any(_holds(value, part) for part in schema["anyOf"])
            self._require(fits, path, value, "must validate at least one schema (anyOf)")
        if "oneOf" in schema:
            fits = sum(_holds(value, part) for part in schema["oneOf"]) == 1
            self._require(fits, path, value, "must validate one and only one schema (oneOf)")
        if "not" in schema:
            self._require(not _holds(value, schema["not"]), path, value, "must not validate the schema (not)")

    def _require(self, fits: bool, path: str, value: Any, message: str) -> None:
        if not fits:
            self._bad(path, value, message)


def _holds(value: Any, schema: Schema) -> bool:
    """Whether a value fits one branch of anyOf and the like; branches prune and default nothing."""
    check = Check()
    check.value(value, {**schema, "x-kubernetes-preserve-unknown-fields": True}, "")
    return not check.problems
