"""One entry: given back, left or closed."""

from __future__ import annotations

from typing import Any

import pytest

from gala.planning import reasons
from gala.planning.ledger import Entry
from gala.planning.settle import Case, ours, settle
from gala.settings import HOME_MANAGER
from planning_cases import BLIND, GONE, HELD, RETURNING, WRITTEN, case, ours_at, told
from planning_values import NOW, an_entry, running

BACK = an_entry(intended=30, state=RETURNING)


@pytest.mark.parametrize(
    ("asked", "want"),
    [
        pytest.param(
            case(HELD, ours_at(30)),
            {"lower": 17, "entry": (4, 17, 30, RETURNING)},
            id="the way home begins with a step",
        ),
        pytest.param(
            case(an_entry(intended=17, state=RETURNING), ours_at(30)),
            {"lower": 17, "entry": (4, 17, 17, RETURNING)},
            id="a step that did not arrive is repeated",
        ),
        pytest.param(
            case(an_entry(intended=17, state=RETURNING, since=NOW), ours_at(17, pods=20)),
            {"entry": (4, 17, 17, RETURNING)},
            id="the next step waits until the pods are gone",
        ),
        pytest.param(
            case(an_entry(intended=5, state=RETURNING), ours_at(5)),
            {"lower": 4, "home": True, "entry": (4, 4, 5, RETURNING)},
            id="the step that reaches the original is nobody's",
        ),
        pytest.param(
            case(an_entry(intended=4, state=RETURNING), ours_at(5)),
            {"lower": 4, "home": True, "entry": (4, 4, 4, RETURNING)},
            id="the step that reaches the original is repeated as nobody's",
        ),
        pytest.param(
            case(BACK, running(4, manager=HOME_MANAGER)), {"closed": reasons.HANDED_BACK}, id="home is home"
        ),
        pytest.param(
            case(BACK, running(4)),
            {"closed": reasons.HANDED_BACK},
            id="home is home whoever brought it there",
        ),
        pytest.param(
            case(BACK, running(11)), {"closed": reasons.CHANGED_BY_OTHER}, id="a foreign value ends the entry"
        ),
        pytest.param(
            case(BACK, ours_at(2)),
            {"raise": 4, "home": True, "entry": (4, 4, 2, RETURNING)},
            id="a value of ours below the original is raised to it",
        ),
        pytest.param(
            case(an_entry(intended=6, original=6), ours_at(6)),
            {"raise": 6, "home": True, "entry": (6, 6, 6, RETURNING)},
            id="an original that we have written is written once more as nobody's",
        ),
        pytest.param(
            case(an_entry(intended=6, original=6, state=RETURNING, since=NOW - 9), ours_at(6)),
            {"raise": 6, "home": True, "entry": (6, 6, 6, RETURNING)},
            id="that write is repeated for a while",
        ),
        pytest.param(
            case(an_entry(intended=6, original=6, state=RETURNING, since=NOW - 30), ours_at(6)),
            {"closed": reasons.HANDED_BACK},
            id="a server that ignores it is not asked for ever",
        ),
        pytest.param(
            case(an_entry(original=None), ours_at(30)),
            {"raise": 30, "home": True, "entry": (None, 30, 30, RETURNING)},
            id="a lost original is left where it is, and let go",
        ),
        pytest.param(
            case(an_entry(original=None), running(30)),
            {"closed": reasons.ORIGINAL_LOST},
            id="a lost original that nobody manages closes",
        ),
        pytest.param(
            case(HELD, ours_at(30), keep=True),
            {"raise": 30, "home": True, "entry": (4, 30, 30, RETURNING)},
            id="what is to be kept is let go",
        ),
        pytest.param(
            case(BACK, running(30, manager=HOME_MANAGER), keep=True),
            {"closed": reasons.KEPT},
            id="what is kept closes",
        ),
        pytest.param(
            case(HELD, ours_at(30), other=HELD, claimed=True),
            {"closed": reasons.HANDED_OVER},
            id="what another event holds is handed over",
        ),
        pytest.param(
            case(HELD, ours_at(30), claimed=True),
            {"entry": (4, 30, 30, WRITTEN)},
            id="what another event is about to hold waits for its entry",
        ),
        pytest.param(
            case(HELD, ours_at(30), may_lower=False),
            {"entry": (4, 30, 30, WRITTEN)},
            id="an event in doubt gives nothing back",
        ),
        pytest.param(
            case(HELD, running(3, uid="t2")),
            {"closed": reasons.CHANGED_BY_OTHER},
            id="another object of the same name has nothing to give back",
        ),
        pytest.param(
            case(HELD, running(3, uid="t2"), may_lower=False),
            {"entry": (4, 30, 30, WRITTEN)},
            id="in doubt another object of the same name closes nothing",
        ),
        pytest.param(
            case(HELD, GONE),
            {"closed": reasons.CHANGED_BY_OTHER},
            id="a target that is gone has nothing to give back",
        ),
        pytest.param(
            case(HELD, GONE, may_lower=False),
            {"entry": (4, 30, 30, WRITTEN)},
            id="in doubt a target that is gone closes nothing",
        ),
        pytest.param(
            case(HELD, BLIND),
            {"entry": (4, 30, 30, WRITTEN)},
            id="what cannot be read waits with its hand-back",
        ),
    ],
)
def test_give_back(asked: Case, want: dict[str, Any]) -> None:
    assert told(settle(asked)) == want


@pytest.mark.parametrize(
    ("entry", "facts", "want"),
    [
        pytest.param(HELD, running(30), True, id="what we have written is ours"),
        pytest.param(an_entry(intended=40, written=30), running(40), True, id="what we intend is ours"),
        pytest.param(HELD, ours_at(7), True, id="what we manage is ours whatever it is"),
        pytest.param(HELD, running(7), False, id="anything else is not ours"),
        pytest.param(HELD, running(7, manager=HOME_MANAGER), False, id="what was given back is not ours"),
    ],
)
def test_ours(entry: Entry, facts: Any, want: bool) -> None:
    assert ours(entry, facts) is want
