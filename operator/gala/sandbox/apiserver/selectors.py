"""Label and field selectors, paths into objects, and RFC 3339 times."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from gala.sandbox.apiserver.errors import Json, bad_request

Matcher = Callable[[Json], bool]
"""Says whether an object is selected."""

_SET = re.compile(r"^\s*([\w./-]+)\s+(in|notin)\s+\(([^)]*)\)\s*$")
_EQUAL = re.compile(r"^\s*([\w./-]+)\s*(==|=|!=)\s*([\w./-]*)\s*$")
_EXISTS = re.compile(r"^\s*(!?)\s*([\w./-]+)\s*$")
_SPLIT = re.compile(r",(?![^(]*\))")


def stamp(now: float, *, micro: bool = False) -> str:
    """RFC 3339 in UTC, in whole seconds as Kubernetes writes ``metav1.Time``."""
    moment = datetime.fromtimestamp(now, UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ" if micro else "%Y-%m-%dT%H:%M:%SZ")


def parse_labels(text: str) -> Matcher | None:
    """A label selector in the syntax of ``kubectl -l``; None selects everything."""
    tests = [_label_test(part) for part in _SPLIT.split(text) if part.strip()]
    if not tests:
        return None

    def match(body: Json) -> bool:
        labels = body["metadata"].get("labels") or {}
        return all(test(labels) for test in tests)

    return match


def _label_test(part: str) -> Callable[[Mapping[str, str]], bool]:
    if found := _SET.match(part):
        key, word, listed = found.groups()
        values = {value.strip() for value in listed.split(",")}
        if word == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if found := _EQUAL.match(part):
        key, sign, value = found.groups()
        if sign == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    if found := _EXISTS.match(part):
        absent, key = found.groups()
        return lambda labels: (key in labels) != bool(absent)
    raise bad_request(f"unable to parse requirement: {part!r}")


def parse_fields(text: str) -> Matcher | None:
    """A field selector: ``path=value`` and ``path!=value``, joined by commas; None selects everything."""
    tests: list[tuple[str, bool, str]] = []
    for part in text.split(","):
        if not part.strip():
            continue
        path, sign, value = part.replace("==", "=").partition("=")
        if not sign:
            raise bad_request(f"invalid field selector: {part!r}")
        tests.append((path.rstrip("!").strip(), not path.endswith("!"), value.strip()))
    if not tests:
        return None

    def match(body: Json) -> bool:
        return all((str(walk(body, path) or "") == value) == wanted for path, wanted, value in tests)

    return match


def both(first: Matcher | None, second: Matcher | None) -> Matcher | None:
    """Selected by both; None stands for everything."""
    if first is None or second is None:
        return first or second
    one, two = first, second
    return lambda body: one(body) and two(body)


_STEP = re.compile(r"""\.?([\w-]+)|\[\?\(@\.([\w-]+)==["']([^"']*)["']\)\]|\[(\d+)\]|\['([^']+)'\]""")


def walk(body: Any, path: str) -> Any:
    """The value at a simple JSONPath (fields, indices, one equality filter), None where there is none."""
    here = body
    for found in _STEP.finditer(path):
        field, filter_key, filter_value, index, quoted = found.groups()
        if filter_key is not None:
            here = next((i for i in here or () if str(i.get(filter_key)) == filter_value), None)
        elif index is not None:
            here = here[int(index)] if isinstance(here, list) and int(index) < len(here) else None
        else:
            here = here.get(field or quoted) if isinstance(here, dict) else None
        if here is None:
            return None
    return here
