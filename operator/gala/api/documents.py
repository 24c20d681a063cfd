"""YAML as kubectl reads it: times stay text, and a key that stands twice is an error."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import yaml

from gala.errors import InvalidInput

_TIMESTAMP = "tag:yaml.org,2002:timestamp"
_MERGE = "tag:yaml.org,2002:merge"


class _Loader(yaml.SafeLoader):
    """PyYAML would turn a time into a datetime and lose the offset that was written."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Any] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == _MERGE:
                continue
            key = self.construct_object(key_node)
            if key in seen:
                line = key_node.start_mark.line + 1
                raise InvalidInput(f"line {line}: {key!r} stands there twice; write it once")
            seen.add(key)
        return super().construct_mapping(node, deep=deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != _TIMESTAMP]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read_documents(text: str) -> tuple[Mapping[str, Any], ...]:
    """Every object in a YAML or JSON text, in order; the items of a List one by one."""
    try:
        loaded = list(yaml.load_all(text, Loader=_Loader))
    except yaml.YAMLError as error:
        raise InvalidInput(f"this is not YAML, mend it there: {' '.join(str(error).split())}") from error
    found: list[Mapping[str, Any]] = []
    for number, document in enumerate((item for item in loaded if item is not None), start=1):
        if not isinstance(document, Mapping):
            raise InvalidInput(
                f"document {number} is not an object; write apiVersion, kind, metadata and spec"
            )
        if document.get("kind") == "List":
            found.extend(document.get("items") or ())
        else:
            found.append(document)
    return tuple(found)
