"""kill -9 of the operator before and after each kind of request: the night ends as if nothing had happened.

Operator and sandbox are processes of their own. A kill costs ten simulated seconds; the
sandbox, which saw every write, must find no promise broken, and every target must end at
the value of the undisturbed night.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from sweeping import play, points

NIGHT = {"night": {"seed": 3, "rounds": 1, "clusters": 2, "scale": 0.1}}
POINTS = 80
"""Of the points that a night offers, so many are tried; the issue of this test asks for fifty."""

pytestmark = pytest.mark.sweep


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return play(NIGHT, tmp_path_factory.mktemp("undisturbed"))


def test_an_undisturbed_night_keeps_every_promise(undisturbed: dict[str, Any]) -> None:
    assert undisturbed["verdict"]["breaches"] == []
    assert undisturbed["lives"] == 1
    assert len(points(undisturbed["calls"], most_each=5)) >= POINTS


@pytest.mark.parametrize("number", range(POINTS))
def test_a_kill_leaves_no_trace(number: int, undisturbed: dict[str, Any], tmp_path: Path) -> None:
    offered = points(undisturbed["calls"], most_each=5)
    point = offered[number * len(offered) // POINTS]

    night = play({**NIGHT, "killPoints": [point._asdict()]}, tmp_path)

    assert night["struck"] == [point._asdict()], "the operator never came to this point"
    assert night["lives"] == 2
    assert night["verdict"]["breaches"] == []
    assert night["open"] == []
    assert night["end"] == undisturbed["end"]
