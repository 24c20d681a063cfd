"""From pydantic's list of errors to one sentence: where it is, what is wrong, what to write instead."""

from __future__ import annotations

import difflib
import typing
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

Location = Sequence[int | str]


def sentence(error: ValidationError, model: type[BaseModel]) -> str:
    """The first refusal as ``path: what is wrong; what to write``, and how many there are besides."""
    details = _causes(error.errors(include_url=False))
    first = details[0]
    return and_more(f"{_path(first['loc'])}: {_message(first, model)}", len(details) - 1)


def and_more(text: str, count: int) -> str:
    """``text``, and that ``count`` further problems were found."""
    if not count:
        return text
    return f"{text} ({count} more problem{'' if count == 1 else 's'} after this one)"


def _causes(details: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without what only follows from another one.

    A list is too short because pydantic does not count items that it refused; a field is missing
    because its name was mistyped.
    """
    refused = {tuple(detail["loc"][:length]) for detail in details for length in range(len(detail["loc"]))}
    unknown = [detail["loc"] for detail in details if detail["type"] == "extra_forbidden"]
    return [
        detail
        for detail in details
        if not (detail["type"] == "too_short" and detail["loc"] in refused)
        and not (detail["type"] == "missing" and _mistyped(detail["loc"], unknown))
    ]


def _mistyped(missing: Location, unknown: Sequence[Location]) -> bool:
    """Whether an unknown field of the same object looks like the missing one."""
    here = [str(loc[-1]) for loc in unknown if loc[:-1] == missing[:-1]]
    return bool(difflib.get_close_matches(str(missing[-1]), here, n=1, cutoff=0.5))


def _path(location: Location) -> str:
    """``("spec", "rounds", 0, "start")`` as ``spec.rounds[0].start``."""
    text = ""
    for step in location:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text or "the document"


def _message(detail: ErrorDetails, model: type[BaseModel]) -> str:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "missing":
        return "this is required and missing; write it"
    if kind == "extra_forbidden":
        return _unknown(detail["loc"], model)
    if kind in _SENTENCES:
        return f"{_shown(detail['input'])} {_SENTENCES[kind](context)}"
    return f"{_shown(detail['input'])} cannot be used: {detail['msg'][0].lower()}{detail['msg'][1:]}"


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple):
        return f"a list of {len(value)}"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _pattern(context: Mapping[str, Any]) -> str:
    pattern = context["pattern"]
    if pattern.startswith(r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?"):
        return "is not a name; write lower-case letters, digits and hyphens, as round-1"
    return f"does not have the right form; write something that matches {pattern}"


_SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "enum": lambda c: f"is none of the choices; write {c['expected']}",
    "literal_error": lambda c: f"is not what belongs here; write {c['expected']}",
    "greater_than_equal": lambda c: f"is too small; write {c['ge']} or more",
    "less_than_equal": lambda c: f"is too large; write {c['le']} or less",
    "int_type": lambda _: "is not a whole number; write one without quotes or fraction, as 20",
    "bool_type": lambda _: "is neither true nor false; write one of them, without quotes",
    "string_type": lambda _: "is not text; write it in quotes",
    "string_pattern_mismatch": _pattern,
    "string_too_long": lambda c: f"is too long; write at most {c['max_length']} characters",
    "string_too_short": lambda c: f"is too short; write at least {c['min_length']} characters",
    "too_long": lambda c: f"is too long; write at most {c['max_length']} items",
    "too_short": lambda c: f"is too short; write at least {c['min_length']}",
    "tuple_type": lambda _: "is not a list; write one item per line, each after a hyphen",
    "model_type": lambda _: "is not an object; write its fields below it, indented",
    "dict_type": lambda _: "is not an object; write `key: value` lines below it, indented",
}


def _unknown(location: Location, model: type[BaseModel]) -> str:
    """What an unknown field might have been meant to be."""
    *parents, name = location
    owner = _model_at(parents, model)
    known = [] if owner is None else [field.alias or key for key, field in owner.model_fields.items()]
    close = difflib.get_close_matches(str(name), known, n=1, cutoff=0.5)
    if close:
        return f"there is no such field; write {close[0]}"
    return f"there is no such field; remove it, or write one of {', '.join(known)}"


def _model_at(location: Location, model: type[BaseModel]) -> type[BaseModel] | None:
    current: type[BaseModel] | None = model
    for step in location:
        if current is None or isinstance(step, int):
            continue
        fields = {field.alias or key: field for key, field in current.model_fields.items()}
        current = _model_in(fields[step].annotation) if step in fields else None
    return current


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model in an annotation such as ``tuple[Round, ...]`` or ``Capacity | None``."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for inner in typing.get_args(annotation) if (found := _model_in(inner))), None)
