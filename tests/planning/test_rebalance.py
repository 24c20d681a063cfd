"""Capacity follows the traffic: add, wait until warm, take."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gala.api.event import Rebalance
from gala.planning.ledger import Move, Phase
from gala.planning.rebalance import Limits, Live, advance, propose
from planning_values import NOW, a_move

LIMITS = Limits(policy=Rebalance(), per_replica=10, headroom_percent=0)


def live(floor: int = 30, **more: Any) -> Live:
    known: dict[str, Any] = {
        "stored": floor,
        "replicas": floor,
        "warm": floor,
        "qps": floor * 10.0,
        "least": 0,
        "lost": False,
    }
    return Live(floor=floor, **(known | more))


@pytest.mark.parametrize(
    ("move", "east", "west", "phase", "source_floor"),
    [
        pytest.param(
            a_move(), live(), live(35, replicas=34), Phase.ADDING, 25, id="an add waits for its write"
        ),
        pytest.param(a_move(), live(), live(35), Phase.WARMING, 25, id="what is written warms up"),
        pytest.param(
            a_move(Phase.WARMING),
            live(),
            live(35, warm=34),
            Phase.WARMING,
            25,
            id="one cold pod is waited for",
        ),
        pytest.param(
            a_move(Phase.WARMING),
            live(),
            live(35, warm=None),
            Phase.WARMING,
            25,
            id="unknown warmth is waited for",
        ),
        pytest.param(
            a_move(Phase.WARMING),
            live(qps=250),
            live(35, qps=None),
            Phase.WARMING,
            25,
            id="a blind receiver is waited for",
        ),
        pytest.param(
            a_move(Phase.WARMING),
            live(qps=None),
            live(35),
            Phase.WARMING,
            25,
            id="a blind source is waited for",
        ),
        pytest.param(
            a_move(Phase.WARMING),
            live(qps=250),
            live(35),
            Phase.TAKING,
            25,
            id="a cold source gives up its part",
        ),
        pytest.param(
            a_move(Phase.WARMING),
            live(qps=251),
            live(35),
            Phase.CLOSED,
            25,
            id="a source that needs it again keeps it",
        ),
        pytest.param(
            a_move(Phase.WARMING),
            live(qps=0, least=26),
            live(35),
            Phase.CLOSED,
            25,
            id="a source at its least keeps it",
        ),
        pytest.param(
            a_move(Phase.WARMING),
            live(50, qps=100),
            live(35),
            Phase.TAKING,
            45,
            id="a source that was raised since loses no more than was added",
        ),
        pytest.param(
            a_move(Phase.TAKING),
            live(30, qps=100),
            live(35),
            Phase.TAKING,
            25,
            id="a take that was not stored is repeated",
        ),
        pytest.param(
            a_move(Phase.TAKING),
            live(40, stored=25, qps=100),
            live(35),
            Phase.CLOSED,
            25,
            id="a take that was stored is not repeated, whatever raised the source since",
        ),
        pytest.param(
            a_move(Phase.TAKING),
            live(30, qps=None),
            live(35),
            Phase.WARMING,
            25,
            id="a take that was not stored waits while its source is blind",
        ),
        pytest.param(
            a_move(Phase.TAKING),
            live(30, qps=280),
            live(35),
            Phase.CLOSED,
            25,
            id="a take that is not allowed any more is given up",
        ),
        pytest.param(
            a_move(), live(lost=True), live(35), Phase.CLOSED, 25, id="a move closes when its source is lost"
        ),
        pytest.param(
            a_move(),
            live(),
            live(35, lost=True),
            Phase.CLOSED,
            25,
            id="a move closes when its receiver is lost",
        ),
        pytest.param(a_move(), None, live(35), Phase.CLOSED, 25, id="a move closes when a target is gone"),
        pytest.param(
            a_move(Phase.CLOSED), live(), live(35), Phase.CLOSED, 25, id="a closed move stays closed"
        ),
    ],
)
def test_advance(move: Move, east: Live | None, west: Live, phase: Phase, source_floor: int) -> None:
    parts = {"west": west} | ({"east": east} if east else {})
    got = advance(move, parts, LIMITS, NOW + 9)
    assert (got.phase, got.source_floor) == (phase, source_floor)
    stays = {move.phase, Phase.WARMING} if move.phase is Phase.TAKING else {move.phase}
    assert got.at == (NOW if phase in stays else NOW + 9)


@pytest.mark.parametrize(
    ("parts", "want"),
    [
        pytest.param(
            {"east": live(30, qps=100), "west": live(30, qps=400)},
            ("east", "west", 6, 24, 36),
            id="a part of the hot one's floor moves from the cold one",
        ),
        pytest.param(
            {"east": live(30, qps=100), "west": live(30, qps=320)},
            ("east", "west", 2, 28, 32),
            id="no more than the hot one needs",
        ),
        pytest.param(
            {"east": live(30, qps=270), "west": live(30, qps=400)},
            ("east", "west", 3, 27, 33),
            id="no more than the cold one can spare",
        ),
        pytest.param(
            {"east": live(30, qps=100, least=28), "west": live(30, qps=400)},
            ("east", "west", 2, 28, 32),
            id="never below the cold one's least",
        ),
        pytest.param(
            {"east": live(30, qps=300), "west": live(30, qps=320)}, None, id="a small difference is tolerated"
        ),
        pytest.param(
            {"east": live(30, qps=300), "west": live(30, qps=500)},
            None,
            id="without anything to spare none moves",
        ),
        pytest.param(
            {"east": live(30, qps=10), "west": live(30, qps=200)},
            None,
            id="a hot cluster whose floor is enough gets nothing",
        ),
        pytest.param(
            {"east": live(30, qps=None), "west": live(30, qps=400)}, None, id="one blind cluster is doubt"
        ),
        pytest.param(
            {"east": live(30, qps=100), "west": live(30, qps=400), "far": live(30, lost=True)},
            None,
            id="one lost cluster is doubt",
        ),
        pytest.param({"west": live(30, qps=400)}, None, id="one cluster has nobody to take from"),
        pytest.param(
            {"east": live(0, qps=None), "west": live(30, qps=400), "far": live(30, qps=0)},
            ("far", "west", 6, 24, 36),
            id="a cluster without a floor does not count",
        ),
        pytest.param(
            {"a": live(30, qps=100), "b": live(30, qps=100), "west": live(30, qps=400)},
            ("a", "west", 6, 24, 36),
            id="of two that are equally cold the first name gives",
        ),
    ],
)
def test_propose(parts: dict[str, Live], want: tuple[str, str, int, int, int] | None) -> None:
    got = propose("web", "r", live=parts, limits=LIMITS, now=NOW)
    assert (got and (got.source, got.to, got.count, got.source_floor, got.to_floor)) == want


RATES = st.dictionaries(
    st.sampled_from("abcd"), st.tuples(st.integers(0, 80), st.none() | st.floats(0, 2000)), min_size=1
)


@given(RATES, st.integers(0, 20))
def test_a_move_never_starves_its_source(rates: dict[str, tuple[int, float | None]], least: int) -> None:
    parts = {c: live(floor, qps=qps, least=least) for c, (floor, qps) in rates.items()}
    move = propose("web", "r", live=parts, limits=LIMITS, now=NOW)
    if move is None:
        return
    source = parts[move.source]
    assert source.qps is not None
    assert move.source_floor * 10 >= source.qps
    assert move.source_floor >= least
    assert move.count == source.floor - move.source_floor == move.to_floor - parts[move.to].floor > 0
    warming = replace(move, phase=Phase.WARMING)
    after = advance(warming, parts | {move.to: live(move.to_floor, qps=parts[move.to].qps)}, LIMITS, NOW)
    assert after.phase is Phase.TAKING
