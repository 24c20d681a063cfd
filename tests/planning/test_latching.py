"""What stands once preparation has begun."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gala.planning.books import Books
from gala.planning.latching import raise_caps, relatch
from gala.planning.ledger import Allocation, Basis, GapRule, Latched
from gala.planning.night import Night
from gala.planning.placement import Placed
from gala.planning.projection import project
from gala.planning.snapshot import Snapshot
from planning_values import (
    BASIS,
    NOW,
    SETTINGS,
    SHOW,
    a_cluster,
    a_floor,
    a_ledger,
    a_record,
    a_round,
    a_snapshot,
    a_spec,
    an_entry,
    an_event,
    latched,
)

EAST = Allocation("web", "east", 1, 100)


def night(snapshot: Snapshot, now: float = 0) -> Night:
    return project(snapshot, Books(snapshot), NOW + now, SETTINGS)[SHOW]


def latches(snapshot: Snapshot, now: float = 0) -> dict[str, Latched]:
    return relatch(night(snapshot, now), NOW + now)


def a_night(*rounds: dict[str, Any], generation: int = 1, **more: Any) -> Snapshot:
    return a_snapshot(an_event(a_spec(*rounds), generation=generation), **more)


@pytest.mark.parametrize(
    ("now", "want"),
    [
        pytest.param(800, [], id="long before its begin nothing is latched"),
        pytest.param(900, ["r"], id="from the first begin on the segment is latched"),
        pytest.param(1399, [], id="what was never latched is not latched after its end"),
    ],
)
def test_the_first_latch(now: float, want: list[str]) -> None:
    assert list(latches(a_night(), now)) == want


def test_a_latch_holds_times_shares_and_caps_of_all_clusters() -> None:
    clusters = [a_cluster("east"), a_cluster("west", weight=3)]
    made = latches(a_night(clusters=clusters), 900)["r"]
    assert made.allocations == (Allocation("web", "east", 1, 100), Allocation("web", "west", 3, 100))
    assert (made.ready_by, made.end, made.basis, made.caps_at) == (NOW + 1000, NOW + 1100, BASIS, NOW + 900)
    assert [c.cluster for c in made.clusters] == ["east", "west"]
    assert all(c.prepare_at >= NOW + 900 - 5 for c in made.clusters)


def test_a_held_gap_latches_the_next_segment() -> None:
    snapshot = a_night(
        a_round("r", 0),
        a_round("s", 600),
        records=[a_record(latched("r", ready_by=0, end=100, prepare_at=-100))],
        ledgers=[a_ledger(an_entry(floors=(a_floor("r"),)))],
    )
    made = latches(snapshot, 100)
    assert sorted(made) == ["r", "s"]
    assert made["s"].clusters[0].gap is GapRule.HOLD


@pytest.mark.parametrize(
    ("now", "want"),
    [
        pytest.param(1399, ["r"], id="until its cooldown is over a latch stays"),
        pytest.param(1400, [], id="after its cooldown a latch goes"),
    ],
)
def test_the_end_of_a_latch(now: float, want: list[str]) -> None:
    assert list(latches(a_night(records=[a_record(latched())]), now)) == want


def test_a_latch_stays_while_a_held_gap_leans_on_it() -> None:
    snapshot = a_night(
        a_round("r", 0),
        a_round("s", 900),
        records=[
            a_record(
                latched("r", ready_by=0, end=100, prepare_at=-100),
                latched("s", ready_by=900, end=1000, prepare_at=800, gap=GapRule.HOLD),
            )
        ],
        ledgers=[a_ledger(an_entry(floors=(a_floor("r"), a_floor("s"))))],
    )
    assert sorted(latches(snapshot, 500)) == ["r", "s"]


def test_an_edit_renews_the_basis_and_the_times() -> None:
    snapshot = a_night(
        a_round(start=1030),
        generation=2,
        records=[a_record(latched(prepare_at=900, allocations=(EAST,)))],
    )
    made = latches(snapshot, 950)["r"]
    assert (made.basis, made.ready_by) == (Basis("uid", 2), NOW + 1030)
    assert made.allocations == (EAST,)
    assert made.clusters[0].prepare_at == NOW + 900


@pytest.mark.parametrize(
    ("generation", "want"),
    [
        pytest.param(2, [], id="an edit that moves a segment far away makes it be latched anew"),
        pytest.param(1, ["r"], id="without an edit a latch stands"),
    ],
)
def test_far_away(generation: int, want: list[str]) -> None:
    snapshot = a_night(
        a_round(start=9000),
        generation=generation,
        records=[a_record(latched(prepare_at=0))],
        ledgers=[a_ledger(an_entry(floors=(a_floor("r"),)))],
    )
    assert list(latches(snapshot, 100)) == want


def test_a_removed_round_ends_and_keeps_its_latch_for_the_cooldown() -> None:
    snapshot = a_night(a_round("s", 9000), records=[a_record(latched("r"))])
    assert latches(snapshot, 1050)["r"].end == NOW + 1050
    stored = a_record(replace(latched("r"), end=NOW + 1050))
    assert latches(a_night(a_round("s", 9000), records=[stored]), 1300)["r"].end == NOW + 1050


def test_what_only_the_record_knows_stays_as_it_is() -> None:
    stored = latched()
    assert latches(a_snapshot(records=[a_record(stored)]), 900) == {"r": stored}


def raised(item: Latched, ends: list[float], now: float, replicas: int = 60) -> tuple[Latched, Placed]:
    spec = a_spec(a_round(demand=[{"workload": "web", "replicas": replicas}]))
    one = night(a_snapshot(an_event(spec), records=[a_record(item)]), now)
    return raise_caps(one, item, [NOW + end for end in ends], NOW + now)


OLD = Allocation("old", "east", 1, 5)


@pytest.mark.parametrize(
    ("cap", "replicas", "ends", "want"),
    [
        pytest.param(20, 60, [], (100, 950), id="a segment that is short takes the room that came free"),
        pytest.param(100, 160, [], (100, 900), id="where no room came free nothing changes"),
        pytest.param(70, 60, [], (70, 900), id="a segment that is not short keeps its caps"),
        pytest.param(70, 60, [940], (100, 950), id="when another segment ends the caps rise"),
        pytest.param(100, 60, [940], (100, 950), id="an end is looked at once"),
        pytest.param(70, 60, [900, 951], (70, 900), id="ends before and ahead do not count"),
    ],
)
def test_caps(cap: int, replicas: int, ends: list[float], want: tuple[int, float]) -> None:
    item = latched(prepare_at=900, allocations=(EAST._replace(cap=cap), OLD), caps_at=900)
    made, placed = raised(item, ends, 950, replicas)
    assert (made.allocations[0].cap, made.caps_at - NOW) == want
    assert made.allocations[1] == OLD
    assert placed.parts["web"][0].cap == made.allocations[0].cap
