"""managedFields: who set which field, by the rules of server-side apply.

Lists are one field here (a real server looks into lists that have keys). An update takes
ownership only of what it *changes*, as on a real server: writing a value that is already
there leaves its owner.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from gala.sandbox.apiserver.errors import ApiError, Json

Path = tuple[str, ...]
"""Field names from the root."""

_UNOWNED = frozenset(
    {
        ("apiVersion",),
        ("kind",),
        ("metadata", "name"),
        ("metadata", "namespace"),
        ("metadata", "uid"),
        ("metadata", "resourceVersion"),
        ("metadata", "generation"),
        ("metadata", "creationTimestamp"),
        ("metadata", "deletionTimestamp"),
        ("metadata", "managedFields"),
    }
)


class Writer(NamedTuple):
    """Who writes, how, and through which door."""

    manager: str
    operation: str = "Update"
    subresource: str = ""


def leaves(value: Any, prefix: Path = ()) -> Iterable[tuple[Path, Any]]:
    """Every owned leaf of a body: scalars, lists and empty maps."""
    for name, child in value.items():
        path = (*prefix, name)
        if path in _UNOWNED:
            continue
        if isinstance(child, dict) and child:
            yield from leaves(child, path)
        else:
            yield path, child


def changes(old: Mapping[str, Any], new: Mapping[str, Any], prefix: Path = ()) -> tuple[set[Path], set[Path]]:
    """Leaves that were set (added or changed), and leaves that are gone."""
    was: set[Path] = set()
    now: set[Path] = set()
    for name in old.keys() | new.keys():
        path = (*prefix, name)
        before, after = old.get(name), new.get(name)
        if before is after or path in _UNOWNED:
            continue
        if isinstance(before, dict) and isinstance(after, dict) and before and after:
            more, less = changes(before, after, path)
            now |= more
            was |= less
        elif name not in old or name not in new or before != after:
            was |= _leaf_paths(name, old, path)
            now |= _leaf_paths(name, new, path)
    return now, was - now


def _leaf_paths(name: str, body: Mapping[str, Any], path: Path) -> set[Path]:
    if name not in body:
        return set()
    value = body[name]
    if isinstance(value, dict) and value:
        return {leaf for leaf, _ in leaves(value, path)}
    return {path}


def to_paths(fields: Mapping[str, Any], prefix: Path = ()) -> set[Path]:
    """fieldsV1 as a set of leaves."""
    found: set[Path] = set()
    for name, child in fields.items():
        path = (*prefix, name.removeprefix("f:"))
        found |= to_paths(child, path) if child else {path}
    return found


def to_fields(paths: Iterable[Path]) -> Json:
    """A set of leaves as fieldsV1."""
    root: Json = {}
    for path in sorted(paths):
        here = root
        for name in path:
            here = here.setdefault(f"f:{name}", {})
    return root


def owner(body: Mapping[str, Any], path: Path) -> str:
    """The manager of one field, the latest where several share it; ``""`` where nobody does."""
    found = ""
    for entry in body["metadata"].get("managedFields", ()):
        here: Any = entry.get("fieldsV1", {})
        for name in path:
            here = here.get(f"f:{name}") if here is not None else None
        if here is not None:
            found = entry["manager"]
    return found


def update(old: Json | None, new: Json, writer: Writer, at: str) -> Json:
    """``new`` with managedFields as they are after ``writer`` replaced ``old`` by it."""
    entries = list((old or new)["metadata"].get("managedFields", ()))
    added, removed = changes(old or {}, new)
    if not added and not removed:
        return _with_entries(new, entries)
    touched = added | removed
    kept: list[Json] = []
    mine: set[Path] = set(added)
    for entry in entries:
        if _is(entry, writer, new):
            mine |= to_paths(entry["fieldsV1"]) - removed
            continue
        paths = to_paths(entry["fieldsV1"])
        left = paths - touched
        if left == paths:
            kept.append(entry)
        elif left:
            kept.append({**entry, "fieldsV1": to_fields(left)})
    if mine:
        kept.append(_entry(writer, new, mine, at))
    return _with_entries(new, kept)


def apply(live: Json | None, applied: Json, writer: Writer, *, force: bool, at: str) -> Json:
    """Server-side apply: ``applied`` merged into ``live``; raises 409 where another manager disagrees."""
    entries = list(live["metadata"].get("managedFields", ())) if live else []
    wanted = dict(leaves(applied))
    mine = next((to_paths(e["fieldsV1"]) for e in entries if _is(e, writer, applied)), set())
    others = [e for e in entries if not _is(e, writer, applied)]
    current = dict(leaves(live)) if live else {}
    fought = {path for path, value in wanted.items() if path in current and current[path] != value}
    if not force:
        _refuse_conflicts(others, fought)
    merged = _merge(live or {}, applied)
    shared: set[Path] = set()
    kept = []
    for entry in others:
        paths = to_paths(entry["fieldsV1"])
        shared |= paths
        if left := paths - fought:
            kept.append(entry if left == paths else {**entry, "fieldsV1": to_fields(left)})
    for path in mine - wanted.keys() - shared:
        merged = _without(merged, path)
    if live is not None and mine == wanted.keys() and not fought:
        return merged
    return _with_entries(merged, [*kept, _entry(writer, applied, set(wanted), at)])


def _refuse_conflicts(others: Iterable[Json], fought: set[Path]) -> None:
    clashes = [
        (entry["manager"], path) for entry in others for path in sorted(to_paths(entry["fieldsV1"]) & fought)
    ]
    if not clashes:
        return
    text = ", ".join(f'conflict with "{who}": .{".".join(path)}' for who, path in clashes)
    causes = [
        {"reason": "FieldManagerConflict", "message": f'conflict with "{who}"', "field": "." + ".".join(path)}
        for who, path in clashes
    ]
    count = len(clashes)
    raise ApiError(
        409, "Conflict", f"Apply failed with {count} conflict{'s' * (count > 1)}: {text}", causes=causes
    )


def _is(entry: Json, writer: Writer, body: Json) -> bool:
    return (
        entry["manager"] == writer.manager
        and entry["operation"] == writer.operation
        and entry.get("subresource", "") == writer.subresource
        and entry.get("apiVersion") == body.get("apiVersion")
    )


def _entry(writer: Writer, body: Json, paths: set[Path], at: str) -> Json:
    entry: Json = {
        "manager": writer.manager,
        "operation": writer.operation,
        "apiVersion": body["apiVersion"],
        "time": at,
        "fieldsType": "FieldsV1",
        "fieldsV1": to_fields(paths),
    }
    if writer.subresource:
        entry["subresource"] = writer.subresource
    return entry


def _with_entries(body: Json, entries: list[Json]) -> Json:
    meta = {key: value for key, value in body["metadata"].items() if key != "managedFields"}
    if entries:
        meta["managedFields"] = entries
    return {**body, "metadata": meta}


def _merge(live: Json, applied: Json) -> Json:
    merged = dict(live)
    for name, value in applied.items():
        here = merged.get(name)
        merged[name] = _merge(here, value) if isinstance(here, dict) and isinstance(value, dict) else value
    return merged


def _without(body: Json, path: Path) -> Json:
    name, *rest = path
    if name not in body:
        return body
    if not rest:
        return {key: value for key, value in body.items() if key != name}
    child = body[name]
    return {**body, name: _without(child, tuple(rest))} if isinstance(child, dict) else body
