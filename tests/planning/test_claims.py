"""One target has one floor."""

from __future__ import annotations

import pytest

from gala.planning.claims import Claim, Claims
from gala.planning.facts import EventKey
from planning_values import SHOW, an_entry, target

SALE = EventKey("gala", "sale")
WEB = target()


def claim(event: EventKey = SHOW, workload: str = "web", cluster: str = "east", name: str = "web") -> Claim:
    return Claim(event, workload, cluster, target(name), 30, an_entry())


@pytest.mark.parametrize(
    ("claims", "want"),
    [
        pytest.param([claim()], [], id="one's own claim is nobody else's"),
        pytest.param([claim(), claim(SALE)], [SALE], id="another event's claim counts"),
        pytest.param([claim(SALE, cluster="west")], [], id="a claim in another cluster does not count"),
        pytest.param([claim(SALE, name="shop")], [], id="a claim on another target does not count"),
        pytest.param(
            [claim(SHOW, workload="old-name")],
            [SHOW],
            id="a workload of the same event by its old name counts",
        ),
        pytest.param([], [], id="without claims there are none"),
    ],
)
def test_others(claims: list[Claim], want: list[EventKey]) -> None:
    assert [c.event for c in Claims(claims).others(SHOW, "web", "east", WEB)] == want


def test_the_order_of_the_claims_changes_nothing() -> None:
    claims = [claim(SALE), claim(EventKey("a", "a"))]
    forward, backward = (Claims(order).others(SHOW, "web", "east", WEB) for order in (claims, claims[::-1]))
    assert forward == backward
