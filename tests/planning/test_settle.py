"""One entry: opened and held."""

from __future__ import annotations

from typing import Any

import pytest

from gala.planning import reasons
from gala.planning.settle import Case, settle
from gala.settings import HOME_MANAGER
from planning_cases import BLIND, FRESH, GONE, HELD, INTENDED, RETURNING, WRITTEN, case, goal, ours_at, told
from planning_values import NOW, an_entry, running


@pytest.mark.parametrize(
    ("asked", "want"),
    [
        pytest.param(case(), {}, id="without a goal nothing is opened"),
        pytest.param(
            case(None, running(4), goal()),
            {"raise": 30, "entry": (4, 30, None, INTENDED)},
            id="a hold opens with what runs as the original",
        ),
        pytest.param(
            case(None, running(40), goal()),
            {"entry": (40, 40, None, INTENDED)},
            id="where more runs already nothing is written",
        ),
        pytest.param(
            case(None, running(0), goal()),
            {"raise": 30, "entry": (0, 30, None, INTENDED)},
            id="an original of zero is an original",
        ),
        pytest.param(
            case(None, running(4), goal(), reachable=False),
            {},
            id="in an unreachable cluster nothing is opened",
        ),
        pytest.param(case(None, BLIND, goal()), {}, id="on an unreadable target nothing is opened"),
        pytest.param(
            case(None, ours_at(20), goal()),
            {"raise": 30, "entry": (None, 30, None, INTENDED)},
            id="a target of ours without an entry has lost its original",
        ),
        pytest.param(
            case(None, ours_at(50), goal()),
            {"entry": (None, 50, None, INTENDED)},
            id="a lost original is never lowered",
        ),
        pytest.param(
            case(None, running(20, manager=HOME_MANAGER), goal()),
            {"raise": 30, "entry": (20, 30, None, INTENDED)},
            id="a value that was given back is an original",
        ),
        pytest.param(
            case(None, ours_at(20), goal(), first=an_entry(original=4), other=an_entry(), claimed=True),
            {"raise": 30, "entry": (4, 30, None, INTENDED)},
            id="a second event copies the original of the first",
        ),
        pytest.param(
            case(None, ours_at(20), goal(), first=an_entry(original=4, state=RETURNING)),
            {"raise": 30, "entry": (4, 30, None, INTENDED)},
            id="a second event copies the original of one on its way home",
        ),
        pytest.param(
            case(None, running(33), goal(), first=an_entry(original=4, state=RETURNING)),
            {"entry": (33, 33, None, INTENDED)},
            id="what somebody else set meanwhile is a new original",
        ),
        pytest.param(
            case(None, running(33), goal(), first=an_entry(original=4), other=an_entry(), claimed=True),
            {"raise": None, "entry": (4, 30, None, INTENDED)},
            id="an original that is fixed stays fixed for a second event",
        ),
        pytest.param(
            case(None, running(20, uid="t2"), goal(), first=an_entry(original=4)),
            {"raise": 30, "entry": (20, 30, None, INTENDED)},
            id="the entry of another object says nothing about this one",
        ),
    ],
)
def test_open(asked: Case, want: dict[str, Any]) -> None:
    assert told(settle(asked)) == {name: value for name, value in want.items() if value is not None}


@pytest.mark.parametrize(
    ("asked", "want"),
    [
        pytest.param(
            case(FRESH, running(4), goal()),
            {"raise": 30, "entry": (4, 30, None, INTENDED)},
            id="what is not written yet is written",
        ),
        pytest.param(
            case(FRESH, running(9), goal()),
            {"raise": 30, "entry": (9, 30, None, INTENDED)},
            id="before the first write a foreign value is a new original",
        ),
        pytest.param(
            case(FRESH, running(50), goal()),
            {"entry": (50, 50, None, INTENDED)},
            id="before the first write a higher foreign value is a new original",
        ),
        pytest.param(
            case(FRESH, ours_at(12), goal()),
            {"raise": 30, "entry": (4, 30, None, INTENDED)},
            id="in the middle of the waves the rise goes on",
        ),
        pytest.param(
            case(FRESH, ours_at(30), goal()),
            {"entry": (4, 30, 30, WRITTEN)},
            id="the last wave is acknowledged once",
        ),
        pytest.param(
            case(FRESH, running(30), goal()),
            {"entry": (4, 30, None, WRITTEN)},
            id="a value that was there already was never written",
        ),
        pytest.param(
            case(HELD, ours_at(30), goal()), {"entry": (4, 30, 30, WRITTEN)}, id="a held value stays"
        ),
        pytest.param(
            case(HELD, ours_at(30), goal(45)),
            {"raise": 45, "entry": (4, 45, 30, INTENDED)},
            id="a floor that rises is written",
        ),
        pytest.param(
            case(HELD, running(10), goal()),
            {"raise": 30, "contested": True, "entry": (4, 30, 30, WRITTEN)},
            id="a foreign value below the floor is raised again",
        ),
        pytest.param(
            case(HELD, ours_at(20), goal()),
            {"raise": 30, "entry": (4, 30, 30, WRITTEN)},
            id="a value of ours below the floor is raised without a contest",
        ),
        pytest.param(
            case(HELD, running(10), goal(45)),
            {"raise": 45, "contested": True, "entry": (4, 45, 30, INTENDED)},
            id="a foreign value is not taken for what we wrote",
        ),
        pytest.param(
            case(HELD, running(70), goal()),
            {"entry": (4, 30, 30, WRITTEN)},
            id="a foreign value above the floor is left alone",
        ),
        pytest.param(
            case(an_entry(state=RETURNING), running(70), goal()),
            {"entry": (4, 30, 30, INTENDED)},
            id="a foreign value above the floor is left alone when a hold begins again",
        ),
        pytest.param(
            case(HELD, ours_at(30), goal(2)),
            {"lower": 17, "entry": (4, 17, 30, INTENDED)},
            id="a floor that ends is left in steps",
        ),
        pytest.param(
            case(HELD, ours_at(30, pods=40), goal(2), now=NOW - 999),
            {"entry": (4, 30, 30, WRITTEN)},
            id="the next step waits until the pods are gone",
        ),
        pytest.param(
            case(an_entry(intended=17, written=30, state=INTENDED), ours_at(30, pods=40), goal(2)),
            {"lower": 17, "entry": (4, 17, 30, INTENDED)},
            id="a step that did not arrive is repeated",
        ),
        pytest.param(
            case(HELD, ours_at(30, pods=40), goal(10), reason=reasons.EDITED, now=NOW - 999),
            {"lower": 10, "entry": (4, 10, 30, INTENDED)},
            id="an edit is one step",
        ),
        pytest.param(
            case(HELD, ours_at(30), goal(10), reason=reasons.REBALANCE_TAKE),
            {"lower": 10, "entry": (4, 10, 30, INTENDED)},
            id="a take is one step",
        ),
        pytest.param(
            case(HELD, ours_at(30), goal(10), may_lower=False),
            {"entry": (4, 30, 30, WRITTEN)},
            id="an event in doubt lowers nothing",
        ),
        pytest.param(
            case(HELD, ours_at(30), goal(2), joint=25, claimed=True, other=HELD),
            {"lower": 25, "entry": (4, 25, 30, INTENDED)},
            id="nothing is lowered below another event's floor",
        ),
        pytest.param(
            case(HELD, ours_at(30), goal(), joint=60, claimed=True, other=HELD),
            {"entry": (4, 30, 30, WRITTEN)},
            id="another event's higher floor is for that event to write",
        ),
        pytest.param(
            case(an_entry(intended=17, state=RETURNING), ours_at(25), goal(20)),
            {"lower": 20, "entry": (4, 20, 25, INTENDED)},
            id="a hold that begins again on the way home lowers no further than its floor",
        ),
        pytest.param(
            case(an_entry(intended=17, state=RETURNING), ours_at(12), goal(20)),
            {"raise": 20, "entry": (4, 20, 12, INTENDED)},
            id="a hold that begins again on the way home raises at once",
        ),
        pytest.param(
            case(an_entry(original=None, intended=30), ours_at(30), goal(20)),
            {"entry": (None, 30, 30, WRITTEN)},
            id="what has lost its original is never lowered inside a hold",
        ),
        pytest.param(
            case(HELD, running(3, uid="t2"), goal()),
            {"raise": 30, "entry": (3, 30, None, INTENDED)},
            id="another object of the same name gets an entry of its own",
        ),
        pytest.param(
            case(HELD, BLIND, goal(45)),
            {"entry": (4, 45, 30, INTENDED)},
            id="what cannot be read keeps its floor, and it may rise",
        ),
        pytest.param(
            case(HELD, ours_at(30), goal(10), reachable=False),
            {"entry": (4, 30, 30, WRITTEN)},
            id="what cannot be reached is not lowered",
        ),
        pytest.param(
            case(an_entry(state=RETURNING), ours_at(30), goal(10), reachable=False),
            {"entry": (4, 30, 30, INTENDED)},
            id="what cannot be reached is held again when a hold begins",
        ),
        pytest.param(
            case(HELD, ours_at(30), None, reachable=False),
            {"entry": (4, 30, 30, WRITTEN)},
            id="what cannot be reached waits with its hand-back",
        ),
        pytest.param(
            case(HELD, GONE, goal()),
            {"entry": (4, 30, 30, WRITTEN)},
            id="a target that is gone keeps its floor",
        ),
    ],
)
def test_hold(asked: Case, want: dict[str, Any]) -> None:
    assert told(settle(asked)) == want


def test_a_value_of_an_event_that_shares_the_target_is_a_new_original_only_before_the_first_write() -> None:
    shared = {"first": HELD, "other": HELD, "claimed": True}
    assert told(settle(case(FRESH, running(9), goal(), **shared)))["entry"][0] == 4
    fresh = {"first": FRESH, "other": FRESH, "claimed": True}
    assert told(settle(case(FRESH, running(9), goal(), **fresh)))["entry"][0] == 9


def test_an_entry_says_since_when_why_and_by_which_rule() -> None:
    risen = settle(case(HELD, ours_at(30), goal(45), reason=reasons.COVER, rule="cover")).entry
    assert risen is not None
    assert (risen.since, risen.reason, risen.rule) == (NOW, reasons.COVER, "cover")
    held = settle(case(HELD, ours_at(30), goal())).entry
    assert held is not None
    assert (held.since, held.reason, held.rule) == (NOW - 1000, "PreScale", "ratchet")
