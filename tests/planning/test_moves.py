"""Moves while a round is live."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gala.planning import reasons
from gala.planning.facts import Missing, NodeRoom
from gala.planning.ledger import Phase
from gala.planning.snapshot import Snapshot
from planning_hours import FULL, busy, found, part, show, staged
from planning_values import (
    NOW,
    SHOW,
    a_floor,
    a_move,
    latched,
    running,
)

HOT = busy("west", 400, 400)
COLD = busy("east", 100, 100)


def moved(snapshot: Snapshot, now: float = 0) -> tuple[Phase, int, int] | None:
    """Phase, count and receiver's floor of the move in the record."""
    record = staged(snapshot, now).record
    assert record is not None
    return next(((m.phase, m.count, m.to_floor) for m in record.moves), None)


def test_a_move_begins_by_adding_where_it_is_hot() -> None:
    made = show(COLD, busy("west", 400, 250))
    assert moved(made) == (Phase.ADDING, 6, 36)
    assert found(made) == {"east": (30, ""), "west": (36, reasons.REBALANCE_ADD)}


@pytest.mark.parametrize(
    ("made", "want"),
    [
        pytest.param(
            show(COLD, busy("west", 400, 250), ready_by=5), None, id="before the round no move begins"
        ),
        pytest.param(
            show(COLD, busy("west", 400, 250), rebalance={"enabled": False}),
            None,
            id="moves can be switched off",
        ),
        pytest.param(
            show(COLD, busy("west", 400, 250, nodes=FULL)), None, id="where it is full no move begins"
        ),
        pytest.param(
            show(COLD, busy("west", 400, 250, nodes=(NodeRoom(1, 33_000, 99 << 30, 99),))),
            (Phase.ADDING, 3, 33),
            id="a move is no larger than the room",
        ),
        pytest.param(
            show(COLD, busy("west", 400, 250), moves=(a_move(Phase.CLOSED, at=NOW - 119),)),
            (Phase.CLOSED, 5, 35),
            id="after a move there is a pause",
        ),
        pytest.param(
            show(COLD, busy("west", 400, 250), moves=(a_move(Phase.CLOSED, at=NOW - 120),)),
            (Phase.ADDING, 6, 36),
            id="after the pause the next move begins",
        ),
        pytest.param(
            show(
                COLD, busy("west", 400, 250), moves=(a_move(Phase.ADDING, segment="r", count=1, to_floor=31),)
            ),
            (Phase.ADDING, 1, 31),
            id="one move is open at a time",
        ),
    ],
)
def test_moves_begin(made: Snapshot, want: tuple[Phase, int, int] | None) -> None:
    assert moved(made) == want


def test_an_open_move_of_another_segment_is_left_to_that_segment() -> None:
    other = latched("q", ready_by=-80, end=-10, prepare_at=-200)
    made = show(COLD, busy("west", 400, 250), moves=(a_move(Phase.WARMING, segment="q"),))
    record = made.records[SHOW]
    made = replace(made, records={SHOW: replace(record, latched=(*record.latched, other))})
    assert moved(made) == (Phase.CLOSED, 5, 35)


def test_a_move_ends_by_taking_where_it_is_cold() -> None:
    west = busy("west", 350, 350, replicas=35)
    floors = {"west": a_floor("r", 35, required=60, division=30)}
    made = show(COLD, west, moves=(a_move(Phase.WARMING),), floors=floors)
    assert moved(made) == (Phase.TAKING, 5, 35)
    assert found(made)["east"] == (25, reasons.REBALANCE_TAKE)
    assert staged(made).by_site["web", "east"]["r"].floor.taken == 5


def test_a_take_that_is_stored_closes_the_move_and_takes_no_more() -> None:
    floors = {
        "east": a_floor("r", 25, required=60, division=30, taken=5),
        "west": a_floor("r", 35, required=60, division=30),
    }
    made = show(COLD, busy("west", 350, 350, replicas=35), moves=(a_move(Phase.TAKING),), floors=floors)
    assert moved(made) == (Phase.CLOSED, 5, 35)
    assert found(made) == {"east": (25, ""), "west": (35, "")}


def test_an_edit_that_lowered_the_source_leaves_nothing_to_take() -> None:
    floors = {
        "east": a_floor("r", 20, required=60, division=30),
        "west": a_floor("r", 35, required=60, division=30),
    }
    made = show(COLD, busy("west", 350, 350, replicas=35), moves=(a_move(Phase.WARMING),), floors=floors)
    assert moved(made) == (Phase.TAKING, 5, 35)
    assert found(made)["east"] == (20, "")


def test_a_move_whose_target_is_unreadable_closes() -> None:
    blind = part("west", facts=Missing("Forbidden", "x"))
    assert moved(show(COLD, blind, moves=(a_move(Phase.WARMING),))) == (Phase.CLOSED, 5, 35)


def test_unknown_warmth_is_waited_for() -> None:
    west = busy("west", 350, 350, facts=running(35, warm=Missing("WarmUnknown", "x")))
    floors = {"west": a_floor("r", 35, required=60, division=30)}
    assert moved(show(COLD, west, moves=(a_move(Phase.WARMING),), floors=floors)) == (Phase.WARMING, 5, 35)
