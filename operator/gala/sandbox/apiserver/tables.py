"""``Table`` answers: what ``kubectl get`` prints."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from gala.sandbox.apiserver.errors import Json
from gala.sandbox.apiserver.kinds import Kind
from gala.sandbox.apiserver.selectors import walk

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "m"))


def wants_table(accept: str) -> bool:
    """Whether the client asked for a Table (kubectl does, and offers plain JSON as second choice)."""
    return "as=Table" in accept.partition(",")[0]


def render(kind: Kind, bodies: Iterable[Json], *, metadata: Json, now: float, include: str) -> Json:
    """A Table of these objects; ``include`` is the query parameter ``includeObject``."""
    definitions = [
        {"name": "Name", "type": "string", "format": "name", "description": "", "priority": 0},
        *(
            {"name": c.name, "type": c.type, "format": "", "description": "", "priority": c.priority}
            for c in kind.columns
        ),
    ]
    rows = [
        {
            "cells": [b["metadata"]["name"], *(_cell(b, c.path, c.type, now) for c in kind.columns)],
            "object": _object(b, include),
        }
        for b in bodies
    ]
    return {
        "kind": "Table",
        "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata,
        "columnDefinitions": definitions,
        "rows": rows,
    }


def _object(body: Json, include: str) -> Json | None:
    if include == "None":
        return None
    if include == "Object":
        return body
    meta = {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1"}
    return {**meta, "metadata": body["metadata"]}


def _cell(body: Json, path: str, kind: str, now: float) -> Any:
    value = walk(body, path)
    if value is None:
        return 0 if kind == "integer" and path.startswith(".status.") else None
    if kind == "date":
        return _age(now - datetime.fromisoformat(value).timestamp())
    return value if kind in {"integer", "boolean", "number"} else str(value)


def _age(seconds: float) -> str:
    for size, unit in _UNITS:
        if seconds >= 2 * size:
            return f"{int(seconds // size)}{unit}"
    return f"{max(0, int(seconds))}s"
