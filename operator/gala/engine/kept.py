"""Whether the API server kept what it was given: one with older CRDs drops the fields it does not know.

A ledger that loses an original loses it for ever, so every answer is compared with what was
sent, and an API server that would drop a field that giving back needs is given nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from gala.api.meta import ALLOCATIONS, GROUP, INSTALL

_NEEDED: Final = re.compile(
    r"spec\.(eventRef|cluster|part|entries(\[\]\.(workload|target|original|intended|written|state))?)(\.|$)"
)
"""Without these a target cannot be given back, or might be given back twice."""

_UNKNOWN: Final = re.compile(r'unknown field "([^"]+)"')
"""How an API server names each field that strict validation refuses."""

_INDEX: Final = re.compile(r"\[[0-9]+\]")

_MOST: Final = 4
"""Fields that a sentence names."""


def unknown(refusal: str) -> tuple[str, ...]:
    """Paths of the fields that a refusal calls unknown, each once; none if that is not its reason."""
    return tuple(dict.fromkeys(_INDEX.sub("[]", path) for path in _UNKNOWN.findall(refusal)))


def dropped(sent: Any, kept: Any, path: str = "spec") -> Iterator[str]:
    """Paths of what was sent and is not in the answer as it was sent; what the server added is its own."""
    if isinstance(sent, Mapping):
        for name, value in sent.items():
            here = f"{path}.{name}"
            if not isinstance(kept, Mapping) or name not in kept:
                yield here
            else:
                yield from dropped(value, kept[name], here)
    elif isinstance(sent, list):
        if not isinstance(kept, list) or len(kept) != len(sent):
            yield path
        else:
            for item, other in zip(sent, kept, strict=True):
                yield from dropped(item, other, f"{path}[]")
    elif sent != kept:
        yield path


def needed(paths: Collection[str]) -> bool:
    """Whether giving back would suffer from the loss of one of them."""
    return any(_NEEDED.match(path) for path in paths)


def sentence(paths: Collection[str]) -> str:
    """What is wrong, what follows from it, and what to do."""
    named = sorted(set(paths))
    fields = ", ".join(named[:_MOST]) + (f" and {len(named) - _MOST} more" if len(named) > _MOST else "")
    follows = "nothing is written to a target" if needed(paths) else "nothing is lowered"
    return (
        f"The definition of {ALLOCATIONS}.{GROUP} is older than this operator, and the API server drops "
        f"{fields} of the ledger; until it is brought up to date {follows}. Write: {INSTALL}"
    )
