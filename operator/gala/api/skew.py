"""Whether an installed CustomResourceDefinition is older than this version's: which fields it lacks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from gala.api.crd import KINDS, render
from gala.api.meta import GROUP, INSTALL, VERSION

Json = Mapping[str, Any]

_MOST = 4
"""Fields that a sentence names."""


def older(installed: Json) -> str:
    """What an installed definition of ours lacks and what to do, as a sentence; empty if nothing."""
    names = {definition["spec"]["names"]["plural"]: definition for definition in map(render, KINDS)}
    plural = str(installed["spec"]["names"]["plural"])
    missing = sorted(_missing(_schema(installed), _schema(names[plural])))
    if not missing:
        return ""
    more = f" and {len(missing) - _MOST} more" if len(missing) > _MOST else ""
    return (
        f"The definition of {plural}.{GROUP} is older than this operator and does not know "
        f"{', '.join(missing[:_MOST])}{more}: what people write there is refused or lost. Write: {INSTALL}"
    )


def _schema(definition: Json) -> Json:
    versions = definition["spec"].get("versions") or ()
    found: Json = next((v["schema"]["openAPIV3Schema"] for v in versions if v["name"] == VERSION), {})
    return found


def _missing(installed: Json, ours: Json, path: str = "") -> Iterator[str]:
    known = installed.get("properties") or {}
    for name, schema in (ours.get("properties") or {}).items():
        here = f"{path}.{name}" if path else name
        if name not in known:
            yield here
        else:
            yield from _missing(known[name], schema, here)
    if "items" in ours:
        yield from _missing(installed.get("items") or {}, ours["items"], f"{path}[]")
