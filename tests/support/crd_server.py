"""What an API server does with a CRD, in small: fill in defaults, walk the schema, evaluate the rules."""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import cel

Schema = Mapping[str, Any]


class Node(NamedTuple):
    """A schema inside a schema; ``lists`` are the bounds of the lists around it."""

    path: str
    schema: Schema
    lists: tuple[int, ...]


def nodes(schema: Schema, path: str = "", lists: tuple[int, ...] = ()) -> Iterator[Node]:
    """Every schema below and including this one."""
    yield Node(path, schema, lists)
    for name, child in schema.get("properties", {}).items():
        yield from nodes(child, f"{path}.{name}" if path else name, lists)
    if "items" in schema:
        yield from nodes(schema["items"], f"{path}[]", (*lists, schema["maxItems"]))
    if isinstance(schema.get("additionalProperties"), Mapping):
        yield from nodes(schema["additionalProperties"], f"{path}.*", (*lists, schema["maxProperties"]))


def root_schema(definition: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of the only version."""
    (version,) = definition["spec"]["versions"]
    schema: dict[str, Any] = version["schema"]["openAPIV3Schema"]
    return schema


def defaulted(schema: Schema, value: Any) -> Any:
    """A copy with defaults filled in where the parent is there, as the server does."""
    if isinstance(value, Mapping) and "properties" in schema:
        result = dict(value)
        for name, child in schema["properties"].items():
            if name not in result and "default" in child:
                result[name] = copy.deepcopy(child["default"])
            if name in result:
                result[name] = defaulted(child, result[name])
        return result
    if isinstance(value, list) and "items" in schema:
        return [defaulted(schema["items"], item) for item in value]
    return value


def rule_failures(schema: Schema, new: Any, old: Any = None, path: str = "") -> list[tuple[str, str]]:
    """Path and message of every rule that does not hold; an error while evaluating is a failure too."""
    failures = [
        (path, rule["message"])
        for rule in schema.get("x-kubernetes-validations", ())
        if ("oldSelf" not in rule["rule"] or old is not None) and not _holds(rule["rule"], new, old)
    ]
    if isinstance(new, Mapping):
        for name, child in schema.get("properties", {}).items():
            if name in new:
                before = old.get(name) if isinstance(old, Mapping) else None
                failures += rule_failures(child, new[name], before, f"{path}.{name}" if path else name)
    elif isinstance(new, list):
        for index, item in enumerate(new):
            failures += rule_failures(schema["items"], item, None, f"{path}[{index}]")
    return failures


def _holds(expression: str, new: Any, old: Any) -> bool:
    try:
        return cel.evaluate(expression, {"self": new, "oldSelf": old}) is True
    except (RuntimeError, TypeError, ValueError):
        return False


_TOKEN = re.compile(r"'(?:[^'\\]|\\.)*'|\w+|[^\s\w]")
_LOOP = re.compile(r"([\w.]+)\.(?:all|exists|exists_one|map|filter)\((\w+),")
_MATCHES = re.compile(r"([\w.]+)\.matches\('([^']*)'\)")


def estimated_cost(node: Node, expression: str) -> float:
    """An upper bound of what the server estimates: every token once per turn of every loop, all nested.

    Texts cost a tenth of their bound each time they are looked at, a regular expression
    a quarter of its length on top (the constants of cel-go).
    """
    turns = 1
    longest = _longest(node.schema)
    for path, _ in _LOOP.findall(expression):
        turns *= _at(node.schema, path).get("maxItems", 3_000_000)
    cost = len(_TOKEN.findall(expression)) * (1 + longest * 0.1) * turns
    for path, pattern in _MATCHES.findall(expression):
        cost += _at(node.schema, path)["maxLength"] * 0.1 * max(1.0, len(pattern) * 0.25) * turns
    for bound in node.lists:
        cost *= bound
    return cost


def _at(schema: Schema, path: str) -> Schema:
    for step in path.split(".")[1:]:
        schema = schema["properties"][step]
    return schema


def _longest(schema: Schema) -> int:
    """The longest text that is compared as a whole: names and kinds; none is unbounded."""
    return max(
        (node.schema.get("maxLength", 0) for node in nodes(schema) if node.path.endswith("ame")), default=0
    )
