"""A ledger in parts: each small enough, nothing in two places, nothing lost on the way between them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gala.engine import allocations as wire
from gala.engine import parts
from gala.errors import InvalidInput
from gala.planning.ledger import Floor, LastShares
from ledger_values import BASIS, a_latch, a_record, an_entry

Stored = Mapping[int, Mapping[str, Any]]


def item(name: str, weight: int) -> parts.Item:
    target = {"kind": "Deployment", "namespace": "shows", "name": name}
    return parts.Item({"workload": name, "target": target}, weight)


def laid_out(items: list[parts.Item], current: Stored = {}, *, most: int = 500, beside: int = 0) -> Any:  # noqa: B006 (never changed)
    layout = parts.layout(
        {n: dict(raw) for n, raw in current.items()}, parts.Content("entries", items, most, beside)
    )
    return {number: [value["workload"] for value in values] for number, values in layout.items()}


def stored(**names: list[parts.Item]) -> dict[int, dict[str, Any]]:
    return {
        int(n.removeprefix("p")): {"spec": {"entries": [i.value for i in items]}}
        for n, items in names.items()
    }


A, B, C = item("a", 400_000), item("b", 400_000), item("c", 400_000)


@pytest.mark.parametrize(
    ("got", "want"),
    [
        pytest.param(laid_out([]), {0: []}, id="an empty ledger is one part"),
        pytest.param(
            laid_out([A, B]), {0: ["a"], 1: ["b"]}, id="newcomers fill a part up to its roomy size only"
        ),
        pytest.param(
            laid_out([A, B, C], stored(p0=[A, B])),
            {0: ["a", "b"], 1: ["c"]},
            id="what is stored stays where it is",
        ),
        pytest.param(
            laid_out([item("a", 900_000), item("b", 500_000)], stored(p0=[A, B])),
            {0: ["a"], 1: ["b"]},
            id="what has outgrown its part moves to a higher one",
        ),
        pytest.param(
            laid_out([item("a", 900_000), item("b", 500_000)], stored(p0=[A, B], p1=[C])),
            {0: ["a"], 1: ["b"]},
            id="a part whose items are gone takes what had to move",
        ),
        pytest.param(
            laid_out([B], stored(p0=[A, B], p1=[B])), {0: [], 1: ["b"]}, id="of two copies the later counts"
        ),
        pytest.param(
            laid_out([item(n, 1) for n in "abcde"], most=2),
            {0: ["a", "b"], 1: ["c", "d"], 2: ["e"]},
            id="a part takes no more items than its schema allows",
        ),
        pytest.param(
            laid_out([A], beside=800_000), {0: [], 1: ["a"]}, id="what stands beside the items takes room too"
        ),
    ],
)
def test_items_lie(got: Any, want: Any) -> None:
    assert got == want


weights = st.lists(st.tuples(st.sampled_from("abcdefghij"), st.integers(1, parts.LARGEST)), max_size=10)


@given(first=weights, second=weights)
def test_no_part_outgrows_an_object_and_every_item_is_in_exactly_one(first: Any, second: Any) -> None:
    before = [item(name, weight) for name, weight in dict(first).items()]
    after = [item(name, weight) for name, weight in dict(second).items()]
    content = parts.Content("entries", before, 4)
    current = {n: {"spec": {"entries": values}} for n, values in parts.layout({}, content).items()}
    layout = parts.layout(current, parts.Content("entries", after, 4))
    sizes = dict(second)
    assert sorted(v["workload"] for values in layout.values() for v in values) == sorted(sizes)
    assert all(sum(sizes[v["workload"]] for v in values) <= parts.LARGEST for values in layout.values())


def test_one_item_that_no_object_can_hold_is_refused_with_what_to_do() -> None:
    latch = a_latch("round-1", 20_000)
    content = parts.Content(
        "latched", [parts.Item(wire.encode_latched(latch), parts.latched_weight(latch))], 8
    )
    with pytest.raises(
        InvalidInput, match=r"remembered of round-1 \(20000 figures.*split the event"
    ) as refused:
        parts.layout({}, content)
    assert str(refused.value).count(".") == 1


@pytest.mark.parametrize("floors", [0, 1, 128])
def test_an_entry_is_never_heavier_than_its_weight_says(floors: int) -> None:
    floor = Floor(segment="r" * 140, replicas=10**6, required=10**6, division=10**6, basis=BASIS, taken=10**6)
    entry = replace(an_entry("w" * 63), floors=(floor,) * floors, reason="R" * 60, rule="r" * 60)
    assert len(json.dumps(wire.encode_entry(entry))) <= parts.entry_weight(entry)


def test_a_latched_segment_and_what_stands_beside_it_are_never_heavier_than_their_weights_say() -> None:
    latch = a_latch("s" * 140, 300)
    shares = LastShares("w" * 63, 1.5, tuple((f"cluster-{at}" * 5, 10**9) for at in range(70)))
    record = replace(a_record(latch), last_shares=(shares,) * 5)
    beside = wire.encode_record(record)
    assert len(json.dumps(wire.encode_latched(latch))) <= parts.latched_weight(latch)
    assert len(json.dumps([beside["moves"], beside["lastShares"]])) <= parts.beside_weight(record)
