"""Merge patch (RFC 7386), JSON-Patch (RFC 6902) and as much of strategic merge as kubectl sends.

All return a new body and leave the old one as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from gala.sandbox.apiserver.errors import ApiError, Json, bad_request

_MERGE_KEYS = {
    "containers": "name",
    "initContainers": "name",
    "env": "name",
    "volumes": "name",
    "volumeMounts": "mountPath",
    "ports": "containerPort",
    "conditions": "type",
    "imagePullSecrets": "name",
}
"""List → the key by which strategic merge finds an element, for the built-in kinds."""


def merge_patch(body: Any, patch: Any) -> Any:
    """RFC 7386: objects are merged, null removes, everything else replaces."""
    if not isinstance(patch, dict):
        return patch
    merged = dict(body) if isinstance(body, dict) else {}
    for name, value in patch.items():
        if value is None:
            merged.pop(name, None)
        else:
            merged[name] = merge_patch(merged.get(name), value)
    return merged


def strategic_patch(body: Any, patch: Any) -> Any:
    """Merge patch that also merges the known keyed lists, and obeys ``$patch``."""
    if not isinstance(patch, dict):
        return patch
    if patch.get("$patch") == "replace":
        return {name: value for name, value in patch.items() if not name.startswith("$")}
    merged = dict(body) if isinstance(body, dict) else {}
    for name, value in patch.items():
        if name.startswith("$"):
            continue
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, list) and name in _MERGE_KEYS:
            merged[name] = _merge_list(merged.get(name) or [], value, _MERGE_KEYS[name])
        else:
            merged[name] = strategic_patch(merged.get(name), value)
    return merged


def _merge_list(here: Sequence[Json], patch: Sequence[Json], key: str) -> list[Json]:
    merged = {item.get(key): item for item in here}
    for item in patch:
        name = item.get(key)
        if item.get("$patch") == "delete":
            merged.pop(name, None)
        else:
            merged[name] = strategic_patch(merged.get(name, {}), item)
    return list(merged.values())


def json_patch(body: Any, operations: Any) -> Any:
    """RFC 6902; a failing ``test`` (or a path that is not there) is 422, as a real server answers."""
    if not isinstance(operations, list):
        raise bad_request("a JSON-Patch is a list of operations")
    for number, operation in enumerate(operations):
        body = _operate(body, operation, number)
    return body


def _operate(body: Any, operation: Json, number: int) -> Any:
    try:
        what, path = operation["op"], _split(operation["path"])
    except (KeyError, TypeError) as error:
        raise bad_request(f"operation {number} of the JSON-Patch has no op or path") from error
    if what == "test":
        found, value = _find(body, path)
        if not found or value != operation.get("value"):
            raise _failed(f"testing path {operation['path']} failed")
        return body
    if what == "remove":
        return _edit(body, path, remove=True)
    if what in {"add", "replace"}:
        return _edit(body, path, value=operation.get("value"), insert=what == "add")
    if what in {"move", "copy"}:
        found, value = _find(body, _split(operation["from"]))
        if not found:
            raise _failed(f"path {operation['from']} is missing")
        if what == "move":
            body = _edit(body, _split(operation["from"]), remove=True)
        return _edit(body, path, value=value, insert=True)
    raise bad_request(f"unknown JSON-Patch operation {what!r}")


def _failed(why: str) -> ApiError:
    return ApiError(422, "Invalid", f"the server rejected our request due to an error in our request: {why}")


def _split(pointer: str) -> list[str]:
    return [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]]


def _find(body: Any, path: Sequence[str]) -> tuple[bool, Any]:
    for name in path:
        if isinstance(body, dict) and name in body:
            body = body[name]
        elif isinstance(body, list) and name.isdigit() and int(name) < len(body):
            body = body[int(name)]
        else:
            return False, None
    return True, body


def _edit(
    body: Any, path: Sequence[str], *, value: Any = None, insert: bool = False, remove: bool = False
) -> Any:
    if not path:
        return value
    name, rest = path[0], path[1:]
    if isinstance(body, list):
        return _edit_list(body, path, value=value, insert=insert, remove=remove)
    if not isinstance(body, dict) or (name not in body and (rest or not insert)):
        raise _failed(f"path /{'/'.join(path)} is missing")
    if rest:
        return {**body, name: _edit(body[name], rest, value=value, insert=insert, remove=remove)}
    if remove:
        return {key: child for key, child in body.items() if key != name}
    return {**body, name: value}


def _edit_list(body: list[Any], path: Sequence[str], *, value: Any, insert: bool, remove: bool) -> list[Any]:
    name, rest = path[0], path[1:]
    copy = list(body)
    index = len(copy) if name == "-" else int(name) if name.isdigit() else len(copy) + 1
    if index > len(copy) or (index == len(copy) and (rest or not insert)):
        raise _failed(f"index {name} is out of range")
    if rest:
        copy[index] = _edit(copy[index], rest, value=value, insert=insert, remove=remove)
    elif remove:
        del copy[index]
    elif insert:
        copy.insert(index, value)
    else:
        copy[index] = value
    return copy
