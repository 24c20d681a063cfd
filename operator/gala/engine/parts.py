"""A ledger as several objects, none of which may grow over what etcd takes.

What is stored stays in its part for as long as that has room. What has to leave goes into a
part of a higher number, and that is written first: a kill between the two writes leaves it in
both, and whoever reads believes the higher one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

from gala.api.allocation import MAX_LATCHED
from gala.engine.allocations import IDENTITY
from gala.errors import InvalidInput
from gala.planning.ledger import Entry, EventRecord, Latched

Json = dict[str, Any]

LARGEST: Final = 1_300_000
"""Bytes of one part; etcd refuses 1.5 MB, and metadata and status need room too."""

MOST_LATCHED: Final = MAX_LATCHED
"""Segments in one part of a record, as its schema has it."""

ROOMY: Final = 700_000
"""Bytes up to which newcomers are put into a part: an entry grows with each segment that holds it."""


class Item(NamedTuple):
    """One item of a list that is stored in parts."""

    value: Json
    weight: int
    """Bytes of JSON, or a few more."""


class Content(NamedTuple):
    """A list and how much of it may go into one part."""

    field: str
    items: Sequence[Item]
    most: int
    """Items in one part."""
    beside: int = 0
    """Bytes that are in part 0 whatever the items are."""


def entry_weight(entry: Entry) -> int:
    """Bytes that an entry takes at most."""
    target = entry.target
    names = len(entry.workload) + len(target.namespace) + len(target.name) + len(entry.uid)
    words = len(target.api_version) + len(target.kind) + len(entry.reason) + len(entry.rule)
    floors = sum(230 + len(floor.segment) + len(floor.basis.uid) for floor in entry.floors)
    return 330 + names + words + floors


def latched_weight(latched: Latched) -> int:
    """Bytes that a latched segment takes at most."""
    windows = sum(90 + len(window.cluster) for window in latched.clusters)
    shares = sum(90 + len(one.workload) + len(one.cluster) for one in latched.allocations)
    return 330 + len(latched.segment) + len(latched.basis.uid) + windows + shares


def beside_weight(record: EventRecord) -> int:
    """Bytes that the first part of a record has at most, whatever is latched."""
    shares = sum(
        90 + len(last.workload) + sum(40 + len(cluster) for cluster, _ in last.shares)
        for last in record.last_shares
    )
    moves = sum(290 + len(m.workload) + len(m.segment) + len(m.source) + len(m.to) for m in record.moves)
    return shares + moves


def layout(current: Mapping[int, Json], content: Content) -> dict[int, list[Json]]:
    """By number of the part: its items. Part 0 is always there; ``current`` is what is stored.

    Raises:
        InvalidInput: One item alone is larger than a part may be.
    """
    homes = _homes(current, content.field)
    identity = IDENTITY[content.field]
    found: dict[int, list[Json]] = {0: []}
    load = defaultdict(int, {0: content.beside})
    strays: list[tuple[Item, int, int]] = []
    for item in content.items:
        _must_fit(item)
        home = homes.get(identity(item.value))
        if home is None:
            strays.append((item, 0, ROOMY))
        elif load[home] + item.weight > LARGEST:
            strays.append((item, home + 1, LARGEST))
        else:
            found.setdefault(home, []).append(item.value)
            load[home] += item.weight
    for item, number, bytes_at_most in strays:
        while load[number] and (
            len(found.get(number, ())) >= content.most or load[number] + item.weight > bytes_at_most
        ):
            number += 1  # noqa: PLW2901 (the first part from there on that has room)
        found.setdefault(number, []).append(item.value)
        load[number] += item.weight
    return found


def _homes(current: Mapping[int, Json], field: str) -> dict[object, int]:
    identity = IDENTITY[field]
    return {
        identity(stored): number
        for number, raw in sorted(current.items())
        for stored in raw["spec"].get(field, ())
    }


def _must_fit(item: Item) -> None:
    if item.weight <= LARGEST:
        return
    shares = len(item.value.get("allocations", ())) or len(item.value.get("floors", ()))
    what = item.value.get("segment") or item.value.get("workload")
    raise InvalidInput(
        f"What has to be remembered of {what} ({shares} figures, {item.weight:,} bytes) does not fit into "
        f"one object of {LARGEST:,} bytes; split the event into several, each with fewer workloads or "
        "clusters."
    )
