"""The tables of fields in docs/, made from the models so that they cannot drift.

`.venv/bin/python tests/support/field_tables.py` writes them anew; a test compares. A table
stands between the two comments `<!-- fields: gala.api.event:Round -->` and `<!-- end -->`.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from gala.api.quantities import QUANTITY_PATTERN
from gala.api.scalars import DURATION_PATTERN, INSTANT_PATTERN, SIGNED_DURATION_PATTERN, format_duration

DOCS = Path(__file__).parent.parent.parent / "docs"

_MARKED = re.compile(
    r"(?P<head><!-- fields: (?P<model>[a-z_.]+:[A-Za-z]+) -->\n).*?(?P<foot><!-- end -->)", re.DOTALL
)
_PATTERNS = {
    DURATION_PATTERN: "duration",
    SIGNED_DURATION_PATTERN: "duration, may be negative",
    INSTANT_PATTERN: "time",
    QUANTITY_PATTERN: "quantity",
}

Schema = Mapping[str, Any]


def filled(text: str) -> str:
    """A page with every table made anew."""
    return _MARKED.sub(lambda found: f"{found['head']}\n{table(find(found['model']))}\n{found['foot']}", text)


def models_in(text: str) -> set[str]:
    """The models whose tables stand in a page."""
    return {found["model"].rpartition(":")[2] for found in _MARKED.finditer(text)}


def find(reference: str) -> type[BaseModel]:
    """The model behind `module:Name`."""
    module, _, name = reference.partition(":")
    model: object = getattr(importlib.import_module(module), name)
    assert isinstance(model, type)
    assert issubclass(model, BaseModel)
    return model


def table(model: type[BaseModel]) -> str:
    """One row for each field."""
    schema = model.model_json_schema(by_alias=True)
    rows = ["| field | type | default | meaning |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        alias = field.alias or name
        known = schema["properties"][alias]
        default = "required" if field.is_required() else _default(known)
        meaning = " ".join((field.description or "").split()).replace("|", "\\|")
        rows.append(f"| `{alias}` | {_type(known, schema)} | {default} | {meaning} |")
    return "\n".join(rows) + "\n"


def _type(known: Schema, schema: Schema) -> str:
    options = [option for option in known.get("anyOf", ()) if option.get("type") != "null"]
    if options:
        return _type(options[0], schema)
    if "$ref" in known:
        name = known["$ref"].rpartition("/")[2]
        target = schema["$defs"][name]
        if "enum" in target:
            return _values(target["enum"])
        return f"[{name}](#{name.lower()})"
    if "enum" in known or "const" in known:
        return _values(known.get("enum") or [known["const"]])
    if known.get("x-kubernetes-int-or-string"):
        return "rate"
    if known.get("pattern") in _PATTERNS:
        return _PATTERNS[known["pattern"]]
    if known.get("type") == "array":
        return f"list of {_type(known['items'], schema)}"
    if known.get("type") == "object":
        return "map of strings"
    return {"integer": "integer", "boolean": "boolean", "string": "string"}[known["type"]]


def _values(values: list[Any]) -> str:
    return ", ".join(f"`{value}`" for value in values)


def _default(known: Schema) -> str:
    value = known.get("default")
    if value is None or value in ("", [], {}) or isinstance(value, dict):
        return ""
    if isinstance(value, float):
        if known.get("pattern") == INSTANT_PATTERN:
            return ""
        return f"`{format_duration(value)}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    for path in sorted(DOCS.glob("*.md")):
        path.write_text(filled(path.read_text(encoding="utf-8")), encoding="utf-8")
