"""YAML as kubectl reads it: times stay text, a key that stands twice is an error, and nothing blows up.

A file may come from anybody. Its shape is looked at before anything is made of it: an alias
may stand for a tree of any size, and a few lines of them for more than any machine can hold.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from typing import Any, Final, NamedTuple

import yaml

from gala.errors import InvalidInput

LARGEST: Final = 16 << 20
"""Characters of one text: what runs in 70 clusters with 200 workloads each takes a tenth of it."""

_DEEPEST: Final = 64
"""Levels of nesting; our kinds have eight."""

_MOST: Final = 1_000_000
"""Values of one document, aliases written out."""

_LONGEST_NUMBER: Final = 40
"""Characters; Python refuses to print integers of some thousand digits."""

_STR: Final = "tag:yaml.org,2002:str"
_MERGE: Final = "tag:yaml.org,2002:merge"
_UNKNOWN_TO_JSON: Final = frozenset({"tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value"})

_Parser: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""In C where that is there, which is ten times as fast."""


class _Loader(_Parser):  # type: ignore[misc]  # chosen at run time
    """PyYAML would turn a time into a datetime and lose the offset that was written."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == _MERGE:
                continue
            key_node.tag = _STR
            if key_node.value in seen:
                raise InvalidInput(f"{_line(key_node)}: {key_node.value!r} stands there twice; write it once")
            seen.add(key_node.value)
        found: dict[Hashable, Any] = super().construct_mapping(node, deep=deep)
        return found

    def construct_number(self, node: yaml.ScalarNode) -> Any:
        """A number; ``1:30``, which only YAML 1.1 took for one, stays text."""
        if ":" in node.value:
            return node.value
        if len(node.value) > _LONGEST_NUMBER:
            raise InvalidInput(f"{_line(node)}: no number has that many digits; write text in quotes")
        whole = node.tag.endswith(":int")
        return self.construct_yaml_int(node) if whole else self.construct_yaml_float(node)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag not in _UNKNOWN_TO_JSON]
    for first, resolvers in _Parser.yaml_implicit_resolvers.items()
}
for _tag in ("tag:yaml.org,2002:int", "tag:yaml.org,2002:float"):
    _Loader.add_constructor(_tag, _Loader.construct_number)


def read_documents(text: str) -> tuple[Mapping[str, Any], ...]:
    """Every object in a YAML or JSON text, in order; the items of a List one by one.

    Raises:
        InvalidInput: with the line and what to write instead.
    """
    if len(text) > LARGEST:
        raise InvalidInput(f"this is larger than {LARGEST >> 20} MiB; write it into several files")
    try:
        _look_at(yaml.parse(text, Loader=_Loader))
        loaded = _load(text)
    except yaml.YAMLError as error:
        raise InvalidInput(_not_yaml(error, text)) from error
    found: list[Mapping[str, Any]] = []
    for number, document in enumerate((item for item in loaded if item is not None), start=1):
        _must_be_object(document, f"document {number}")
        if document.get("kind") == "List":
            found.extend(_items(document, f"document {number}"))
        else:
            found.append(document)
    return tuple(found)


def _look_at(events: Iterable[yaml.Event]) -> None:
    """Refuses what is nested without end before a recursive reader sees it, and values of another kind."""
    depth = 0
    for event in events:
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise InvalidInput(f"{_line(event)}: nested more than {_DEEPEST} levels deep; write it flatter")
        if getattr(event, "tag", None) not in (None, _STR):
            raise InvalidInput(f"{_line(event)}: YAML tags (!name) are not read; write the plain value")


def _load(text: str) -> list[Any]:
    loader = _Loader(text)
    try:
        loaded = []
        while loader.check_node():
            node = loader.get_node()
            _weigh(node, {})
            loaded.append(loader.construct_document(node))
    finally:
        loader.dispose()
    return loaded


class _Weight(NamedTuple):
    """Of a node with its aliases written out."""

    values: int
    depth: int


def _weigh(node: yaml.Node, known: dict[int, _Weight | None]) -> _Weight:
    """Refuses a document that is larger than its text; an anchor stands before its aliases, so each is known.

    ``known`` is by the identity of the node; None while it is being weighed.
    """
    if id(node) in known:
        weight = known[id(node)]
        if weight is None:
            raise InvalidInput(f"{_line(node)}: this contains itself by an alias; write its values out")
        return weight
    known[id(node)] = None
    parts = [_weigh(child, known) for child in _children(node)]
    weight = _Weight(1 + sum(p.values for p in parts), 1 + max((p.depth for p in parts), default=0))
    if weight.values > _MOST or weight.depth > _DEEPEST:
        raise InvalidInput(f"{_line(node)}: with its aliases this is too large; write fewer of them")
    known[id(node)] = weight
    return weight


def _children(node: yaml.Node) -> list[yaml.Node]:
    if isinstance(node, yaml.MappingNode):
        return [part for pair in node.value for part in pair]
    return list(node.value) if isinstance(node, yaml.SequenceNode) else []


def _must_be_object(value: Any, name: str) -> None:
    if not isinstance(value, Mapping):
        raise InvalidInput(f"{name} is not an object; write apiVersion, kind, metadata and spec")


def _items(listed: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    items = listed.get("items") or []
    if not isinstance(items, list):
        raise InvalidInput(f"items of {name} is not a list; write one object per item, each after a hyphen")
    for number, item in enumerate(items, start=1):
        _must_be_object(item, f"item {number} of {name}")
    return items


def _line(place: yaml.Node | yaml.Event) -> str:
    mark = place.start_mark
    return "somewhere" if mark is None else f"line {mark.line + 1}"


def _not_yaml(error: yaml.YAMLError, text: str) -> str:
    """Where reading stopped, and the likeliest mistake."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    if mark is None or not problem:
        return f"this is not YAML: {' '.join(str(error).split())}; save it as plain text"
    lines = text.splitlines()
    line = lines[mark.line] if mark.line < len(lines) else ""
    tabbed = "\t" in line[: len(line) - len(line.lstrip())]
    advice = "indent with spaces, not with tabs" if tabbed else "text with a colon or a # belongs in quotes"
    return f"this is not YAML: line {mark.line + 1}, column {mark.column + 1}: {problem}; {advice}"
