"""GET of one object and of a list: selectors, pages, Tables."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import NamedTuple

from gala.sandbox.apiserver import tables
from gala.sandbox.apiserver.errors import Json, bad_request
from gala.sandbox.apiserver.kinds import Kind
from gala.sandbox.apiserver.scale import to_scale
from gala.sandbox.apiserver.selectors import Matcher, both, parse_fields, parse_labels
from gala.sandbox.apiserver.store import Key, Store, encode


class Asked(NamedTuple):
    """What the client wants to see; ``now`` is for ages in Tables."""

    query: Mapping[str, str]
    accept: str
    now: float


def selected(query: Mapping[str, str]) -> Matcher | None:
    """The label and field selectors of a request; None selects everything."""
    labels, fields = query.get("labelSelector", ""), query.get("fieldSelector", "")
    return both(parse_labels(labels) if labels else None, parse_fields(fields) if fields else None)


def one(kind: Kind, body: Json, sub: str, asked: Asked) -> Json:
    """One object, its scale, or its Table."""
    if sub == "scale":
        return to_scale(body)
    if not tables.wants_table(asked.accept):
        return body
    meta = {"resourceVersion": body["metadata"]["resourceVersion"]}
    include = asked.query.get("includeObject", "Metadata")
    return tables.render(kind, [body], metadata=meta, now=asked.now, include=include)


def many(store: Store, kind: Kind, namespace: str, asked: Asked) -> Json:
    """A list, or one page of it.

    Later pages are read from what is there now, under the resourceVersion of the first page:
    a watch from it delivers whatever changed in between.
    """
    match = selected(asked.query)
    limit = int(asked.query.get("limit") or 0)
    revision, after = _position(store, asked.query.get("continue", ""))
    meta: Json = {"resourceVersion": str(revision)}
    items: list[Json] = []
    last = after
    for key in store.keys(kind, namespace):
        if after is not None and key <= after:
            continue
        if limit and len(items) == limit and last is not None:
            meta["continue"] = base64.urlsafe_b64encode(encode([revision, *last])).decode()
            break
        body = store.get(kind, *key)
        if body is not None and (match is None or match(body)):
            items.append(body)
            last = key
    if tables.wants_table(asked.accept):
        include = asked.query.get("includeObject", "Metadata")
        return tables.render(kind, items, metadata=meta, now=asked.now, include=include)
    return {"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": meta, "items": items}


def _position(store: Store, token: str) -> tuple[int, Key | None]:
    if not token:
        return store.revision, None
    try:
        revision, namespace, name = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, TypeError) as error:
        raise bad_request("the continue token cannot be read") from error
    return int(revision), (str(namespace), str(name))
