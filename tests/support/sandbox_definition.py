"""A small CustomResourceDefinition with one of everything that a structural schema can say."""

from __future__ import annotations

from typing import Any

SHOW_SPEC = {
    "type": "object",
    "required": ["count"],
    "properties": {
        "count": {"type": "integer", "minimum": 1},
        "mode": {"type": "string", "enum": ["A", "B"], "default": "A"},
        "qps": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
        "note": {"type": "string", "nullable": True, "maxLength": 5, "pattern": "^[a-z]*$"},
        "parts": {
            "type": "array",
            "maxItems": 2,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
            "items": {"type": "object", "properties": {"name": {"type": "string"}}},
        },
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
    },
}


def definition() -> dict[str, Any]:
    return {
        "metadata": {"name": "shows.gala.test"},
        "spec": {
            "group": "gala.test",
            "scope": "Namespaced",
            "names": {"plural": "shows", "kind": "Show", "shortNames": ["sh"], "listKind": "ShowList"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "additionalPrinterColumns": [
                        {"name": "COUNT", "type": "integer", "jsonPath": ".spec.count"}
                    ],
                    "schema": {
                        "openAPIV3Schema": {
                            "type": "object",
                            "properties": {
                                "spec": SHOW_SPEC,
                                "status": {"type": "object", "properties": {"phase": {"type": "string"}}},
                            },
                        }
                    },
                }
            ],
        },
    }
