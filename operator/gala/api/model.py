"""The base of every model, and rules that are said once for the API server and for `gala`.

A rule is a sentence with two readings: CEL, which a real API server evaluates when an
object is written, and Python, which answers `gala plan -f` without any cluster.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple, Self

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler, model_validator
from pydantic.alias_generators import to_camel
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema


class Rule(NamedTuple):
    """What must hold for an object; ``message`` says what to write instead."""

    cel: str
    message: str
    holds: Callable[[Any], bool] | None = None
    """The same in Python; None where a type, the validator (at a better path) or only the server says it."""


class Model(BaseModel):
    """Frozen, camelCase on the wire, snake_case in code, unknown fields refused."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        use_attribute_docstrings=True,
    )

    RULES: ClassVar[tuple[Rule, ...]] = ()

    @model_validator(mode="after")
    def _obey(self) -> Self:
        for rule in self.RULES:
            if rule.holds is not None and not rule.holds(self):
                raise ValueError(rule.message)
        return self

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler, /
    ) -> JsonSchemaValue:
        """The schema with the rules in it; the renderer passes them on as they are."""
        schema = handler(core_schema)
        if cls.RULES:
            handler.resolve_ref_schema(schema)["x-kubernetes-validations"] = [
                {"rule": rule.cel, "message": rule.message} for rule in cls.RULES
            ]
        return schema


class Observed(Model):
    """What the operator writes about the world: fields of a later version are no error."""

    model_config = ConfigDict(extra="ignore")


class Stored(Model):
    """The ledger: fields of a later version survive a rewrite by this one."""

    model_config = ConfigDict(extra="allow")


def keyed(key: str) -> dict[str, Any]:
    """Schema of a list whose items are told apart by ``key``: the server refuses two of one name."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


DISTINCT: dict[str, Any] = {"x-kubernetes-list-type": "set"}
"""Schema of a list of scalars without repetition."""
