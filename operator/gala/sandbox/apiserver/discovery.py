"""Discovery and OpenAPI v3, as much as kubectl needs to list, apply, diff, edit, scale and explain."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from gala.sandbox.apiserver.errors import Json
from gala.sandbox.apiserver.kinds import Kind

_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
_SUB_VERBS = ["get", "patch", "update"]
_ANY: Json = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}

VERSION: Json = {
    "major": "1",
    "minor": "34",
    "gitVersion": "v1.34.0-gala-sandbox",
    "gitCommit": "",
    "gitTreeState": "clean",
    "buildDate": "2026-01-01T00:00:00Z",
    "goVersion": "none",
    "compiler": "none",
    "platform": "python/any",
}


def answer(path: str, kinds: Iterable[Kind]) -> Json | None:
    """The document at a discovery path, None where the path is none."""
    listed = list(kinds)
    fixed: dict[str, Json] = {
        "/version": VERSION,
        "/api": {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []},
        "/apis": _groups(listed),
        "/openapi/v3": {
            "paths": {root[1:]: {"serverRelativeURL": f"/openapi/v3{root}"} for root in _roots(listed)}
        },
    }
    if path in fixed:
        return fixed[path]
    if path.startswith("/openapi/v3/"):
        return _openapi(path.removeprefix("/openapi/v3"), listed)
    if path.startswith("/api"):
        return _resources(path, listed)
    return None


def _root(kind: Kind) -> str:
    return f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"


def _roots(kinds: Iterable[Kind]) -> list[str]:
    return sorted({_root(kind) for kind in kinds})


def _groups(kinds: Iterable[Kind]) -> Json:
    found: dict[str, Json] = {}
    for kind in kinds:
        if not kind.group:
            continue
        version = {"groupVersion": kind.api_version, "version": kind.version}
        found.setdefault(kind.group, {"name": kind.group, "versions": [version], "preferredVersion": version})
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": list(found.values())}


def _resources(path: str, kinds: Iterable[Kind]) -> Json | None:
    here = [kind for kind in kinds if _root(kind) == path]
    if not here:
        return None
    listed: list[Json] = []
    for kind in here:
        listed.append(
            {
                "name": kind.plural,
                "singularName": kind.kind.lower(),
                "namespaced": kind.namespaced,
                "kind": kind.kind,
                "verbs": _VERBS,
                "shortNames": list(kind.short_names),
                "categories": list(kind.categories),
            }
        )
        for sub in sorted(kind.subresources):
            entry = {"name": f"{kind.plural}/{sub}", "singularName": "", "namespaced": kind.namespaced}
            entry |= {"kind": kind.kind, "verbs": _SUB_VERBS}
            if sub == "scale":
                entry |= {"group": "autoscaling", "version": "v1", "kind": "Scale"}
            listed.append(entry)
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": here[0].api_version,
        "resources": listed,
    }


def _openapi(path: str, kinds: Iterable[Kind]) -> Json | None:
    here = [kind for kind in kinds if _root(kind) == path]
    if not here:
        return None
    paths: Json = {}
    schemas: Json = {}
    for kind in here:
        name = _schema_name(kind)
        gvk = {"group": kind.group, "version": kind.version, "kind": kind.kind}
        schemas[name] = {**_schema(kind), "x-kubernetes-group-version-kind": [gvk]}
        middle = "/namespaces/{namespace}" if kind.namespaced else ""
        base = f"{path}{middle}/{kind.plural}"
        paths[base] = {"get": _operation("list", name, gvk), "post": _operation("post", name, gvk)}
        paths[f"{base}/{{name}}"] = {
            "get": _operation("get", name, gvk),
            "put": _operation("put", name, gvk),
            "patch": _operation("patch", name, gvk),
            "delete": _operation("delete", name, gvk),
        }
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": VERSION["gitVersion"]},
        "paths": paths,
        "components": {"schemas": schemas},
    }


def _operation(action: str, schema: str, gvk: Json) -> Json:
    reference = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    operation: Json = {
        "x-kubernetes-action": action,
        "x-kubernetes-group-version-kind": gvk,
        "responses": {"200": {"description": "OK", "content": {"application/json": reference}}},
    }
    if action in {"post", "put", "patch"}:
        text = {"type": "string", "uniqueItems": True}
        names = ("dryRun", "fieldManager", "fieldValidation")
        operation["parameters"] = [{"name": name, "in": "query", "schema": text} for name in names]
    return operation


def _schema_name(kind: Kind) -> str:
    group = ".".join(reversed(kind.group.split("."))) if kind.group else "io.k8s.api.core"
    return f"{group}.{kind.version}.{kind.kind}"


def _schema(kind: Kind) -> Json:
    common: Json = {
        "apiVersion": {"type": "string", "description": "The version of this object's schema."},
        "kind": {"type": "string", "description": "The kind of this object."},
        "metadata": {**_ANY, "description": "Standard object metadata."},
    }
    if kind.schema is not None:
        schema = dict(kind.schema)
        return {**schema, "properties": {**schema.get("properties", {}), **common}}
    properties: dict[str, Any] = {**common}
    if kind.group or kind.plural in {"nodes", "pods", "namespaces"}:
        properties |= {"spec": _spec(kind), "status": {**_ANY, "description": "What was last observed."}}
    return {
        "type": "object",
        "description": f"{kind.kind} as the sandbox keeps it; its fields are those of Kubernetes.",
        "properties": properties,
        "x-kubernetes-preserve-unknown-fields": True,
    }


def _spec(kind: Kind) -> Json:
    spec: Json = {**_ANY, "description": f"What is wanted of this {kind.kind}."}
    if "scale" in kind.subresources:
        replicas = {"type": "integer", "format": "int32", "description": "Number of desired pods."}
        spec["properties"] = {"replicas": replicas, "selector": _ANY, "template": _ANY}
    return spec
