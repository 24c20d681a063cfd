"""The ledger as JSON: nothing is lost on the way there and back, known or not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gala.engine import allocations as wire
from gala.errors import InvalidInput
from gala.planning.facts import EventKey
from gala.planning.ledger import Basis, Floor, State
from ledger_values import a_ledger, a_record, an_entry, as_object

EVENT = EventKey("shows", "gala")


@pytest.mark.parametrize(
    ("event", "cluster", "part", "want"),
    [
        pytest.param(EVENT, "", 0, "shows.gala", id="the record of an event"),
        pytest.param(EVENT, "north", 0, "shows.gala.north", id="the ledger of a cluster"),
        pytest.param(EVENT, "north", 2, "shows.gala.north.p2", id="a further part of it"),
    ],
)
def test_names_say_whose_ledger_it_is(event: EventKey, cluster: str, part: int, want: str) -> None:
    assert wire.object_name(event, cluster, part) == want


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(
            (EventKey("shows", "a.b"), "", 0),
            (EventKey("shows", "a"), "b", 0),
            id="an event with a dot and a cluster",
        ),
        pytest.param((EVENT, "p1", 0), (EVENT, "", 1), id="a cluster that is called like a part"),
        pytest.param(
            (EVENT, "c" * 250 + "a", 0), (EVENT, "c" * 250 + "b", 0), id="two names too long for Kubernetes"
        ),
    ],
)
def test_names_that_would_read_the_same_are_told_apart(one: Any, other: Any) -> None:
    first, second = wire.object_name(*one), wire.object_name(*other)
    assert first != second
    assert max(len(first), len(second)) <= 253


def test_a_ledger_comes_back_as_it_was_stored() -> None:
    want = a_ledger(entries=3)
    assert wire.decode_ledger([wire.parse(as_object(want))]) == want


def test_a_record_comes_back_as_it_was_stored() -> None:
    want = a_record()
    assert wire.decode_record([wire.parse(as_object(want))]) == want


replicas = st.integers(0, 100_000)


@given(
    original=st.none() | replicas,
    written=st.none() | replicas,
    intended=replicas,
    state=st.sampled_from(State),
    since=st.integers(0, 4_000_000_000_000).map(lambda millis: millis / 1000),
    floors=st.lists(st.tuples(replicas, replicas, replicas), max_size=4),
)
def test_every_entry_comes_back_as_it_was_stored(
    original: int | None,
    written: int | None,
    intended: int,
    state: State,
    since: float,
    floors: list[tuple[int, int, int]],
) -> None:
    made = tuple(
        Floor(
            segment=f"r{at}",
            replicas=a,
            required=b,
            division=c,
            basis=Basis("u", at, 2),
            taken=a,
            stragglers=b,
        )
        for at, (a, b, c) in enumerate(floors)
    )
    entry = replace(
        an_entry(),
        original=original,
        written=written,
        intended=intended,
        state=state,
        since=since,
        floors=made,
    )
    want = replace(a_ledger(), entries=(entry,))
    assert wire.decode_ledger([wire.parse(as_object(want))]) == want


def test_an_original_of_zero_is_not_an_original_that_is_lost() -> None:
    zero, lost = (wire.overlay({}, wire.encode_entry(replace(an_entry(), original=o))) for o in (0, None))
    assert zero["original"] == 0
    assert "original" not in lost


def test_fields_of_a_later_version_survive_in_every_place() -> None:
    old = as_object(a_ledger())["spec"]
    old["later"] = 1
    old["policy"]["later"] = 2
    old["entries"][0]["later"] = 3
    old["entries"][0]["target"]["later"] = 4
    old["entries"][0]["floors"][0]["later"] = 5
    entry = replace(an_entry(), intended=77)
    new = wire.overlay(old, {**wire.encode_ledger(a_ledger()), "entries": [wire.encode_entry(entry)]})
    (row,) = new["entries"]
    found = [
        new["later"],
        new["policy"]["later"],
        row["later"],
        row["target"]["later"],
        row["floors"][0]["later"],
    ]
    assert (found, row["intended"]) == ([1, 2, 3, 4, 5], 77)


def test_a_ledger_that_was_edited_into_nonsense_is_refused_with_the_place() -> None:
    raw = as_object(a_ledger())
    raw["spec"]["entries"][0]["intended"] = "many"
    with pytest.raises(InvalidInput, match=r"gala\.north cannot be read at spec\.entries\.0\.intended"):
        wire.parse(raw)
