"""From pydantic's JSON Schema to the structural schema that Kubernetes takes.

References are inlined, titles dropped, ``X or null`` becomes an optional X. Whatever this
does not know is an error: a schema that is silently wrong would prune what a person wrote.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

JsonSchema = dict[str, Any]

_PASSED_ON = frozenset(
    (
        "description",
        "enum",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "pattern",
        "required",
        "type",
        "x-kubernetes-int-or-string",
        "x-kubernetes-list-map-keys",
        "x-kubernetes-list-type",
        "x-kubernetes-validations",
    )
)
_TYPES = frozenset(("array", "boolean", "integer", "object", "string"))
_EMPTY: tuple[Any, ...] = (None, [], {}, "")


class SchemaError(TypeError):
    """A model uses something that this renderer was never taught; the text says where."""


def structural(model: type[BaseModel], *, defaults: bool) -> JsonSchema:
    """The structural schema of a model; ``defaults`` says whether the server fills fields in."""
    schema = model.model_json_schema(by_alias=True, mode="serialization")
    return _Renderer(schema.pop("$defs", {}), defaults=defaults).render(schema, model.__name__)


class _Renderer:
    def __init__(self, definitions: Mapping[str, JsonSchema], *, defaults: bool) -> None:
        self._definitions = definitions
        self._defaults = defaults

    def render(self, schema: JsonSchema, path: str) -> JsonSchema:
        """One schema and everything below it."""
        schema = self._optional(self._inlined(schema), path)
        result: JsonSchema = {}
        for key, value in schema.items():
            if key in _PASSED_ON:
                result[key] = value
            elif key != "title":
                result.update(self._translated(key, value, path))
        if result.get("type") == "array":
            result.setdefault("x-kubernetes-list-type", "atomic")
        if "type" not in result and "x-kubernetes-int-or-string" not in result:
            raise SchemaError(f"{path}: no type in {sorted(schema)}")
        if result.get("type", "string") not in _TYPES:
            raise SchemaError(f"{path}: {result['type']} is no type of this API")
        return dict(sorted(result.items()))

    def _inlined(self, schema: JsonSchema) -> JsonSchema:
        """The schema with its reference replaced; what stands beside the reference wins."""
        if "$ref" not in schema:
            return schema
        name = schema["$ref"].removeprefix("#/$defs/")
        beside = {key: value for key, value in schema.items() if key != "$ref"}
        return self._inlined({**self._definitions[name], **beside})

    def _optional(self, schema: JsonSchema, path: str) -> JsonSchema:
        """``anyOf [X, null]`` as X: the server drops a null of a field that is not nullable."""
        if "anyOf" not in schema:
            return schema
        choices = [choice for choice in schema["anyOf"] if choice != {"type": "null"}]
        if len(choices) != 1 or len(schema["anyOf"]) != 2:
            raise SchemaError(f"{path}: anyOf of {len(choices)} types")
        beside = {key: value for key, value in schema.items() if key != "anyOf"}
        return {**self._inlined(choices[0]), **beside}

    def _translated(self, key: str, value: Any, path: str) -> JsonSchema:
        if key == "properties":
            return {key: {name: self.render(item, f"{path}.{name}") for name, item in value.items()}}
        if key == "items":
            return {key: self.render(value, f"{path}[]")}
        if key == "default":
            default = _without_empty(value)
            return {key: default} if self._defaults and default not in _EMPTY else {}
        if key == "additionalProperties":
            return self._additional(value, path)
        raise SchemaError(f"{path}: {key} is not known here")

    def _additional(self, value: Any, path: str) -> JsonSchema:
        """Closed objects are the rule in a structural schema, so ``false`` says nothing."""
        if value is False:
            return {}
        if value is True:
            return {"x-kubernetes-preserve-unknown-fields": True}
        return {"additionalProperties": self.render(value, f"{path}.*")}


def _without_empty(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_empty(item) for key, item in value.items() if item not in _EMPTY}
    return value
