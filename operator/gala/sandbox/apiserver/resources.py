"""Create, update, patch and delete, with everything a client may rely on; no HTTP here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

from gala.sandbox.apiserver import beyond, defaults, managed
from gala.sandbox.apiserver.errors import ApiError, Json, bad_request, conflict, invalid, not_found
from gala.sandbox.apiserver.kinds import BUILTIN, CRD, Kind, find_builtin, from_definition
from gala.sandbox.apiserver.patches import json_patch, merge_patch, strategic_patch
from gala.sandbox.apiserver.scale import from_scale, to_scale
from gala.sandbox.apiserver.schema import Check
from gala.sandbox.apiserver.selectors import stamp
from gala.sandbox.apiserver.store import Store

APPLY = "application/apply-patch+yaml"
_PATCHES: Mapping[str, Callable[[Any, Any], Any]] = {
    "application/merge-patch+json": merge_patch,
    "application/json-patch+json": json_patch,
    "application/strategic-merge-patch+json": strategic_patch,
}
_SYSTEM = (
    "uid",
    "creationTimestamp",
    "generation",
    "namespace",
    "name",
    "deletionTimestamp",
    "managedFields",
)


@dataclass(slots=True, kw_only=True)
class Options:
    """The query parameters of a write; ``warnings`` are filled for the answer's headers."""

    manager: str = "unknown"
    dry_run: bool = False
    field_validation: str = "Warn"
    force: bool = False
    warnings: list[str] = field(default_factory=list)


class Resources:
    """The objects of one server and the rules by which they change."""

    def __init__(self, store: Store, now: Callable[[], float], *, name: str) -> None:
        self.store = store
        self.now = now
        self._name = name
        self._uids = 0
        self.strict = True
        """False: fields that are not known are dropped without a word, as by API servers before 1.25."""
        self.kinds: dict[tuple[str, str, str], Kind] = {}
        """By group, version and plural."""
        for kind in BUILTIN:
            self._register(kind)
        for space in ("default", "kube-system"):
            self.create(find_builtin("namespaces"), "", {"metadata": {"name": space}}, Options())

    def _register(self, kind: Kind) -> None:
        self.kinds[kind.group, kind.version, kind.plural] = kind

    def find(self, plural: str, group: str = "") -> Kind:
        """The kind with this plural; KeyError if the server does not know it."""
        for kind in self.kinds.values():
            if kind.plural == plural and (not group or kind.group == group):
                return kind
        raise KeyError(plural)

    def get(self, kind: Kind, namespace: str, name: str) -> Json:
        """One object, or 404."""
        body = self.store.get(kind, namespace, name)
        if body is None:
            raise not_found(kind.qualified, name)
        return body

    def create(self, kind: Kind, namespace: str, body: Json, options: Options) -> Json:
        """A new object with uid, generation, defaults and schema checks."""
        self._refuse_rendered(kind)
        meta = dict(body.get("metadata") or {})
        name = self._new_name(kind, namespace, meta)
        self._uids += 1
        new_meta = {
            **meta,
            "name": name,
            "uid": self._uid(),
            "creationTimestamp": stamp(self.now()),
            "generation": 1,
        }
        for gone in ("resourceVersion", "generateName", "managedFields", "deletionTimestamp"):
            new_meta.pop(gone, None)
        if kind.namespaced:
            new_meta["namespace"] = namespace
        new = {**body, "apiVersion": kind.api_version, "kind": kind.kind, "metadata": new_meta}
        if "status" in kind.subresources and kind.group not in {"", "apps"}:
            new.pop("status", None)
        new = self._admit(kind, defaults.default(kind, new, self.now()), options)
        new = managed.update(None, new, managed.Writer(options.manager), stamp(self.now()))
        if options.dry_run:
            return new
        if kind is CRD:
            self._register(from_definition(new))
        return self.store.put(kind, new)

    def _refuse_rendered(self, kind: Kind) -> None:
        if kind.key in self.store.views:
            raise beyond.rendered(kind.plural)

    def _uid(self) -> str:
        return f"{crc32(self._name.encode()):08x}-0000-4000-8000-{self._uids:012x}"

    def _new_name(self, kind: Kind, namespace: str, meta: Json) -> str:
        if kind.namespaced and self.store.get(find_builtin("namespaces"), "", namespace) is None:
            raise not_found("namespaces", namespace)
        if meta.get("namespace") and meta["namespace"] != namespace:
            raise bad_request(
                "the namespace of the provided object does not match the namespace of the request"
            )
        if not meta.get("name") and meta.get("generateName"):
            return f"{meta['generateName']}{self._uids:05x}"
        if not meta.get("name"):
            raise invalid(
                kind.kind, "", [("metadata.name", "Required value: name or generateName is required")]
            )
        name = str(meta["name"])
        if self.store.get(kind, namespace, name) is not None:
            raise ApiError(409, "AlreadyExists", f'{kind.qualified} "{name}" already exists')
        return name

    def _admit(self, kind: Kind, body: Json, options: Options) -> Json:
        """Prunes, defaults and checks a whole object."""
        problems = defaults.check(kind, body)
        if kind.schema is not None:
            check = Check()
            body = check.root(body, kind.schema)
            problems = check.problems
            unknown = [f'unknown field "{path}"' for path in check.unknown]
            if unknown and self.strict and options.field_validation == "Strict":
                raise bad_request(f"strict decoding error: {', '.join(unknown)}")
            if options.field_validation == "Warn":
                options.warnings.extend(unknown)
        if problems:
            raise invalid(f"{kind.kind}.{kind.group}", body["metadata"]["name"], problems)
        return body

    def update(self, kind: Kind, key: tuple[str, str], body: Json, sub: str, options: Options) -> Json:
        """PUT of an object, its status or its scale; ``key`` is (namespace, name)."""
        old = self.get(kind, *key)
        if sub == "scale":
            new = from_scale(old, body)
            stored = self._write(kind, old, new, managed.Writer(options.manager, "Update", sub), options)
            return to_scale(stored)
        return self._write(kind, old, body, managed.Writer(options.manager, "Update", sub), options)

    def patch(
        self, kind: Kind, key: tuple[str, str], patch: Any, how: tuple[str, str], options: Options
    ) -> Json:
        """PATCH; ``how`` is (content type, subresource). Apply creates what is not there."""
        content, sub = how
        if content == APPLY:
            return self._apply(kind, key, patch, sub, options)
        if content not in _PATCHES:
            raise ApiError(415, "UnsupportedMediaType", f"the patch type {content} is not supported")
        old = self.get(kind, *key)
        shown = to_scale(old) if sub == "scale" else old
        return self.update(kind, key, _PATCHES[content](shown, patch), sub, options)

    def _apply(self, kind: Kind, key: tuple[str, str], applied: Any, sub: str, options: Options) -> Json:
        if not isinstance(applied, dict) or not applied.get("kind"):
            raise bad_request("an apply patch is a whole object with apiVersion and kind")
        writer = managed.Writer(options.manager, "Apply", sub)
        old = self.store.get(kind, *key)
        at = stamp(self.now())
        if old is None:
            if sub:
                raise not_found(kind.qualified, key[1])
            named = {**applied, "metadata": {**applied.get("metadata", {}), "name": key[1]}}
            made = self.create(kind, key[0], named, Options(**_as_dry(options)))
            mine = managed.apply(None, named, writer, force=True, at=at)["metadata"]["managedFields"]
            made = {**made, "metadata": {**made["metadata"], "managedFields": mine}}
            if options.dry_run:
                return made
            if kind is CRD:
                self._register(from_definition(made))
            return self.store.put(kind, made)
        if sub == "scale":
            spec = {"replicas": applied.get("spec", {}).get("replicas", 0)}
            applied = {**applied, "apiVersion": kind.api_version, "kind": kind.kind, "spec": spec}
        merged = managed.apply(old, applied, writer, force=options.force, at=at)
        stored = self._write(kind, old, merged, None, options)
        return to_scale(stored) if sub == "scale" else stored

    def _write(
        self, kind: Kind, old: Json, body: Json, writer: managed.Writer | None, options: Options
    ) -> Json:
        """The common end of every change; ``writer`` None: managedFields are already in ``body``."""
        self._refuse_rendered(kind)
        old_meta, meta = old["metadata"], body.get("metadata") or {}
        _guard(kind, old_meta, meta)
        system = {name: old_meta[name] for name in _SYSTEM if name in old_meta}
        if writer is None:
            system["managedFields"] = meta.get("managedFields", [])
        fresh = {**meta, **system, "resourceVersion": old_meta["resourceVersion"]}
        sub = writer.subresource if writer else ""
        if sub == "status":
            new = {**old, "status": body.get("status", {}), "metadata": old_meta}
        else:
            new = {**body, "apiVersion": kind.api_version, "kind": kind.kind}
            new["metadata"] = old_meta if fresh == old_meta else fresh
            if "status" in kind.subresources:
                new.pop("status", None)
                if "status" in old:
                    new["status"] = old["status"]
        if sub != "scale":
            new = self._admit(kind, defaults.default(kind, new, self.now()), options)
        if sub != "status" and _rest(new) != _rest(old):
            new["metadata"] = {**new["metadata"], "generation": old_meta.get("generation", 1) + 1}
        if writer is not None:
            new = managed.update(old, new, writer, stamp(self.now()))
        if options.dry_run or new == old:
            return new
        return self._store(kind, new)

    def _store(self, kind: Kind, new: Json) -> Json:
        meta = new["metadata"]
        if "deletionTimestamp" in meta and not meta.get("finalizers"):
            self.store.put(kind, new)
            return self._drop(kind, new)
        if kind is CRD:
            self._register(from_definition(new))
        return self.store.put(kind, new)

    def delete(self, kind: Kind, key: tuple[str, str], options: Json, *, dry_run: bool = False) -> Json:
        """DELETE with its preconditions; an object with finalizers is only marked."""
        old = self.get(kind, *key)
        meta = old["metadata"]
        _guard(kind, meta, options.get("preconditions") or {})
        if dry_run:
            return old
        if view := self.store.views.get(kind.key):
            view.remove(key)
            return old
        if meta.get("finalizers"):
            if "deletionTimestamp" in meta:
                return old
            return self.store.put(kind, {**old, "metadata": {**meta, "deletionTimestamp": stamp(self.now())}})
        return self._drop(kind, old)

    def _drop(self, kind: Kind, body: Json) -> Json:
        meta = body["metadata"]
        if kind is CRD:
            gone = from_definition(body)
            for key in list(self.store.keys(gone, "")):
                self.store.remove(gone, *key)
            self.kinds.pop((gone.group, gone.version, gone.plural), None)
        if kind.kind == "Namespace":
            for other in [k for k in self.kinds.values() if k.namespaced and k.key not in self.store.views]:
                for key in list(self.store.keys(other, meta["name"])):
                    self.store.remove(other, *key)
        return self.store.remove(kind, meta.get("namespace", ""), meta["name"])


def _as_dry(options: Options) -> Json:
    return {
        "manager": options.manager,
        "dry_run": True,
        "field_validation": options.field_validation,
        "warnings": options.warnings,
    }


def _rest(body: Json) -> Json:
    return {name: value for name, value in body.items() if name not in {"metadata", "status"}}


def _guard(kind: Kind, old: Json, given: Json) -> None:
    """The optimistic lock and the uid precondition."""
    name = old["name"]
    uid, revision = given.get("uid"), given.get("resourceVersion")
    if uid and uid != old["uid"]:
        why = f"Precondition failed: UID in precondition: {uid}, UID in object meta: {old['uid']}"
        raise conflict(kind.qualified, name, why)
    if revision and revision != old["resourceVersion"]:
        why = "the object has been modified; please apply your changes to the latest version and try again"
        raise conflict(kind.qualified, name, why)
    if given.get("name") and given["name"] != name:
        raise bad_request(
            f"the name of the object ({given['name']}) does not match the name on the URL ({name})"
        )
