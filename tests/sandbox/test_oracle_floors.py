"""Which floor the event's own times protect at which second, tried on recordings made by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from gala.api.scalars import format_instant
from gala.report.nightlog import Place
from gala.report.series import StepSeries
from gala.sandbox.oracle import judge
from gala.sandbox.recording import FloorSeen, Recording, ScaleWrite, SpecSeen

T0 = 1_800_000_000.0
PREPARED = 600.0
START, DURATION, LATE, AFTER = 1000.0, 300.0, 100.0, 500.0
SECOND = 2200.0
"""Start of the second round; the first one's scene would last until 1900."""
WEB = Place("web", "north")


def event(*, generation: int = 1) -> dict[str, Any]:
    def part(name: str, start: float, replicas: int) -> dict[str, Any]:
        return {
            "name": name,
            "start": format_instant(T0 + start),
            "duration": f"{int(DURATION)}s",
            "window": {"early": "0s", "late": f"{int(LATE)}s"},
            "demand": [{"workload": "web", "replicas": replicas}],
            "afterScene": "quiet",
            "afterDuration": f"{int(AFTER)}s",
        }

    return {
        "apiVersion": "gala.dev/v1alpha1",
        "kind": "GalaEvent",
        "metadata": {"name": "show", "namespace": "shop", "uid": "u", "generation": generation},
        "spec": {
            "workloads": [{"name": name, "target": {"name": name}} for name in ("web", "shop")],
            "scenes": [{"name": "quiet", "demand": [{"workload": "shop", "replicas": 5}]}],
            "rounds": [part("one", START, 10), part("two", SECOND, 8)],
        },
    }


def floor(at: float, replicas: int, *, generation: int = 1) -> FloorSeen:
    return FloorSeen(T0 + at, replicas, 0, ("u", generation, 0))


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One decrease from 40, and the floors that stood in the ledger by then."""

    at: float
    to: int
    floors: dict[str, tuple[FloorSeen, ...]]
    ready: int = 40
    edited: float | None = None
    """When a person changed the spec."""
    other: str = ""
    """A segment that holds another target in the same cluster."""


def recording(seen: Seen) -> Recording:
    other = Place("shop", "north")
    edits = [SpecSeen(T0 + seen.edited, 2, event(generation=2))] if seen.edited is not None else []
    floors = {(WEB, name): list(history) for name, history in seen.floors.items()}
    if seen.other:
        floors[other, seen.other] = [floor(PREPARED, 5)]
    series = {place: StepSeries([(T0, 2.0)]) for place in (WEB, other)}
    write = ScaleWrite(T0 + seen.at, WEB, "gala-operator", 40, seen.to, ledgered=True)
    spec = {WEB: StepSeries([(T0, 2.0), (T0 + seen.at, seen.to)]), other: StepSeries([(T0, 2.0)])}
    return Recording(
        originals={WEB: 2, other: 2},
        spec=spec,
        ready={WEB: StepSeries([(T0, 2.0), (T0 + 1, seen.ready)]), other: series[other]},
        writes=[write],
        floors=floors,
        specs=[SpecSeen(T0, 1, event()), *edits],
        ended=T0 + seen.at,
    )


ONE = {"one": (floor(PREPARED, 30),)}
EDITED = (floor(PREPARED, 30), floor(900, 20, generation=2))
BOTH = {"one": (floor(PREPARED, 30),), "two": (floor(1950, 20),)}


@pytest.mark.parametrize(
    ("seen", "want"),
    [
        pytest.param(Seen(at=700, to=29, floors=ONE), 1, id="while it is prepared its floor holds"),
        pytest.param(Seen(at=1200, to=29, floors=ONE), 1, id="while it is live its floor holds"),
        pytest.param(Seen(at=1200, to=30, floors=ONE), 0, id="down to the floor is allowed"),
        pytest.param(Seen(at=1399, to=29, floors=ONE), 1, id="until its latest end"),
        pytest.param(Seen(at=1400, to=29, floors=ONE), 1, id="then its cooldown begins"),
        pytest.param(Seen(at=1699, to=29, floors=ONE), 1, id="and lasts for five minutes"),
        pytest.param(Seen(at=1700, to=2, floors=ONE), 0, id="after the cooldown home is allowed"),
        pytest.param(Seen(at=1700, to=1, floors=ONE), 1, id="but never below the original"),
        pytest.param(
            Seen(at=1400, to=2, floors=ONE, other="one/after"),
            0,
            id="a scene that holds another target ends the round's claim",
        ),
        pytest.param(
            Seen(at=1950, to=2, floors=ONE, other="one/after"),
            0,
            id="the cooldown after a scene has the scene's floors",
        ),
        pytest.param(
            Seen(at=1800, to=19, floors={"one/after": (floor(PREPARED, 20),)}), 1, id="a scene's floor holds"
        ),
        pytest.param(
            Seen(at=1800, to=9, floors={"one/after": (floor(PREPARED, 20),), "two": (floor(1750, 10),)}),
            1,
            id="a scene that yields keeps the lower of both floors",
        ),
        pytest.param(
            Seen(at=1800, to=10, floors={"one/after": (floor(PREPARED, 20),), "two": (floor(1750, 10),)}),
            0,
            id="a scene yields to the round that is prepared",
        ),
        pytest.param(Seen(at=2210, to=19, floors=BOTH), 1, id="the second round has a floor of its own"),
        pytest.param(Seen(at=2210, to=20, floors=BOTH), 0, id="and the first one's is over"),
        pytest.param(
            Seen(at=1200, to=20, floors={"one": (floor(PREPARED, 30), floor(900, 20))}),
            1,
            id="new facts never lower a floor",
        ),
        pytest.param(Seen(at=1200, to=20, floors={"one": EDITED}, edited=850), 0, id="a newer basis does"),
        pytest.param(
            Seen(at=1200, to=20, floors={"one": EDITED}), 1, id="a basis that nobody gave lowers nothing"
        ),
        pytest.param(
            Seen(at=1200, to=20, floors={"one": EDITED}, edited=950),
            1,
            id="nor does one that came after the floor fell",
        ),
        pytest.param(
            Seen(at=1200, to=9, floors={"one": (floor(PREPARED, 5),)}),
            1,
            id="a decrease that leaves the fleet below what is required is wrong whatever the floor",
        ),
    ],
)
def test_a_decrease_is_judged_by_the_events_own_times(seen: Seen, want: int):
    assert judge(recording(seen)).wrong_decreases == want


def test_a_persons_decrease_is_not_the_operators():
    made = recording(Seen(at=1200, to=1, floors=ONE))
    assert judge(made, people=frozenset({"gala-operator"})).wrong_decreases == 0


def test_a_round_that_was_deleted_before_it_began_is_not_asked_for():
    made = recording(Seen(at=3000, to=30, floors=ONE))
    made.specs.append(SpecSeen(T0 + 1500, 1, None))
    assert [one.name for one in judge(made).rounds] == ["one"]
