"""What one target must hold now."""

from __future__ import annotations

import pytest

from gala.planning import reasons
from gala.planning.ledger import Floor, GapRule
from gala.planning.standing import goal, hold_until, hour, needed
from gala.planning.timeline import Window
from planning_values import NOW, a_floor, a_window

HOLD = GapRule.HOLD
TWO = {"r": a_floor("r", 30), "s": a_floor("s", 20)}


@pytest.mark.parametrize(
    ("floors", "windows", "now", "want"),
    [
        pytest.param(TWO, {"r": a_window(100, 200)}, 99, None, id="before its hold nothing is due"),
        pytest.param(
            TWO, {"r": a_window(100, 200)}, 100, (30, reasons.PRE_SCALE), id="from its begin the floor is due"
        ),
        pytest.param(
            TWO,
            {"r": a_window(100, 200), "s": a_window(100, 300)},
            150,
            (30, reasons.PRE_SCALE),
            id="of two holds the higher floor is due",
        ),
        pytest.param(
            TWO,
            {"r": a_window(100, 200), "s": a_window(100, 300)},
            250,
            (20, reasons.PRE_SCALE),
            id="when the higher one ends the lower floor is due",
        ),
        pytest.param(
            TWO,
            {"r": a_window(100, 200)},
            250,
            (30, reasons.COOLDOWN),
            id="in the cooldown the last floor is due",
        ),
        pytest.param(TWO, {"r": a_window(100, 200)}, 300, None, id="after the cooldown nothing is due"),
        pytest.param(
            TWO,
            {"r": a_window(100, 200), "s": a_window(100, 220)},
            250,
            (20, reasons.COOLDOWN),
            id="in the cooldown the floor of the segment that ended last is due",
        ),
        pytest.param(
            {"r": a_floor("r", 30)},
            {"r": a_window(100, 200), "s": a_window(100, 300)},
            250,
            None,
            id="while another segment holds there is no cooldown",
        ),
        pytest.param(TWO, {"r": a_window(300, 200)}, 250, None, id="a hold that never began has no cooldown"),
        pytest.param(
            TWO,
            {"r": a_window(100, 200), "s": a_window(400, 500, HOLD, gap_from=200)},
            350,
            (20, reasons.GAP_HELD),
            id="in a held gap the lower of both floors is due",
        ),
        pytest.param(
            {"r": a_floor("r", 10), "s": a_floor("s", 20)},
            {"r": a_window(100, 200), "s": a_window(400, 500, HOLD, gap_from=200)},
            350,
            (10, reasons.GAP_HELD),
            id="in a held gap a rise waits",
        ),
        pytest.param(
            {"r": a_floor("r", 10)},
            {"r": a_window(100, 200), "s": a_window(400, 500, HOLD, gap_from=200)},
            350,
            None,
            id="in a held gap what only the past wants is not due",
        ),
        pytest.param(
            {"s": a_floor("s", 10)},
            {"r": a_window(100, 200), "s": a_window(400, 500, HOLD, gap_from=200)},
            350,
            None,
            id="in a held gap what only the future wants is not due",
        ),
        pytest.param(
            {"r": a_floor("r", 30, stragglers=3)},
            {"r": a_window(100, 200)},
            150,
            (33, reasons.PRE_SCALE),
            id="what was made up for is due on top",
        ),
    ],
)
def test_goal(
    floors: dict[str, Floor], windows: dict[str, Window], now: float, want: tuple[int, str] | None
) -> None:
    got = goal(floors, hour(windows, cooldown=100, now=NOW + now))
    assert (got and (got.replicas, got.reason)) == want


def test_what_is_promised_leaves_out_what_was_made_up_for() -> None:
    got = goal({"r": a_floor("r", 30, stragglers=3)}, hour({"r": a_window(0, 9)}, cooldown=0, now=NOW + 1))
    assert got is not None
    assert (got.replicas, got.promised) == (33, 30)


@pytest.mark.parametrize(
    ("windows", "now", "want"),
    [
        pytest.param({}, 150, False, id="a segment without a window needs nothing"),
        pytest.param({"r": a_window(100, 200)}, 99, False, id="before its hold it needs nothing"),
        pytest.param({"r": a_window(100, 200)}, 100, True, id="in its hold it does"),
        pytest.param({"r": a_window(100, 200)}, 299, True, id="in its cooldown it does"),
        pytest.param({"r": a_window(100, 200)}, 300, False, id="after its cooldown it does not"),
        pytest.param(
            {"r": a_window(100, 200), "s": a_window(400, 500, HOLD, gap_from=200)},
            350,
            True,
            id="in the gap after it it does",
        ),
        pytest.param(
            {"r": a_window(300, 400, HOLD, gap_from=200)}, 250, True, id="in the gap before it it does"
        ),
    ],
)
def test_needed(windows: dict[str, Window], now: float, want: bool) -> None:
    assert needed("r", windows, cooldown=100, now=NOW + now) is want


@pytest.mark.parametrize(
    ("now", "want"),
    [
        pytest.param(50, 0, id="before any hold nothing is held"),
        pytest.param(150, 300, id="in a hold it is held for the cooldown more"),
        pytest.param(250, 400, id="of two the later end counts"),
        pytest.param(400, 0, id="after the cooldown nothing is held"),
    ],
)
def test_hold_until(now: float, want: float) -> None:
    windows = {"r": a_window(100, 200), "s": a_window(210, 300), "t": a_window(99, 50)}
    got = hold_until(windows, cooldown=100, now=NOW + now)
    assert got == (NOW + want if want else 0)
