"""Whether a document that is not ours is a Kubernetes object: the models of the Kubernetes client know.

They are made from the API's own description, so a field that no version of it has, or one of the
wrong shape, is found. What only an API server knows (required fields, patterns) is not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from kubernetes.client import models

_SCALARS: Final = {"str": (str,), "int": (int,), "bool": (bool,), "float": (int, float), "datetime": (str,)}
_OPEN: Final = {"object", "V1JSONSchemaProps"}
"""Whatever it says: an int or a text, or a schema."""


def faults(document: Mapping[str, Any]) -> list[str]:
    """What is wrong, as paths; a kind that the client does not know is wrong as a whole."""
    group, _, version = str(document.get("apiVersion", "")).rpartition("/")
    name = f"{version.capitalize()}{document.get('kind')}"
    if not hasattr(models, name) or (group and "." in group and not group.endswith(".k8s.io")):
        return [f"{document.get('apiVersion')} {document.get('kind')} is no kind that Kubernetes brings"]
    return _object(document, name, str(document["kind"]))


def _object(value: Any, model: str, path: str) -> list[str]:
    if not isinstance(value, Mapping):
        return [f"{path} has to be an object"]
    known = getattr(models, model)
    types = {wire: known.openapi_types[field] for field, wire in known.attribute_map.items()}
    found = [f"{path}.{key} is no field" for key in value if key not in types]
    for key in value:
        if key in types:
            found += _value(value[key], types[key], f"{path}.{key}")
    return found


def _value(value: Any, kind: str, path: str) -> list[str]:
    if (inner := re.fullmatch(r"[Ll]ist\[(.+)\]", kind)) is not None:
        if not isinstance(value, list):
            return [f"{path} has to be a list"]
        return [fault for n, one in enumerate(value) for fault in _value(one, inner[1], f"{path}[{n}]")]
    if (inner := re.fullmatch(r"[Dd]ict[\[(]str, (.+)[\])]", kind)) is not None:
        if not isinstance(value, Mapping):
            return [f"{path} has to be a map"]
        return [fault for key, one in value.items() for fault in _value(one, inner[1], f"{path}.{key}")]
    if kind in _OPEN:
        return []
    if kind in _SCALARS:
        wrong = not isinstance(value, _SCALARS[kind]) or (isinstance(value, bool) and kind != "bool")
        return [f"{path} has to be of type {kind}"] if wrong else []
    return _object(value, kind, path)
