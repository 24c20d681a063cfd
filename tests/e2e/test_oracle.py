"""The oracle itself: it has nothing against a night as promised, and names each breach."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from clusters.audit import Asked
from operating import ACCOUNT, FLEET, LEASE
from oracle import Night, Promise, Target, judge

BEGIN = datetime(2027, 2, 5, 12, tzinfo=UTC)
WEB = Target("east", "deployments", "web")
PROMISE = Promise(WEB, 10, BEGIN + timedelta(seconds=60), BEGIN + timedelta(seconds=90))


def asked(second: float, resource: str, subresource: str = "", **more: Any) -> Asked:
    """One accepted write of the operator's."""
    at = BEGIN + timedelta(seconds=second)
    known = {
        "at": at,
        "done": at,
        "user": ACCOUNT,
        "verb": "patch",
        "group": "",
        "namespace": FLEET,
        "name": LEASE,
        "code": 200,
        "agent": "",
        "body": None,
    }
    return Asked(resource=resource, subresource=subresource, **{**known, **more})


def scale(second: float, replicas: int, **more: Any) -> Asked:
    body = {"spec": {"replicas": replicas}}
    place = {"group": "apps", "namespace": "shows", "name": "web"}
    return asked(second, "deployments", "scale", **{**place, "body": body, **more})


def ledger(second: float, original: int = 2, state: str = "Intended") -> Asked:
    entry = {"target": {"name": "web"}, "original": original, "state": state}
    body = {"spec": {"cluster": "east", "entries": [entry]}}
    return asked(
        second, "galaallocations", group="gala.dev", verb="update", name="shows.show.east", body=body
    )


def breaches(*requests: Asked) -> Sequence[str]:
    night = Night(
        hub="east",
        event=("shows", "show"),
        originals={WEB: 2},
        promises=[PROMISE],
        asked={"east": sorted(requests, key=lambda one: one.at)},
    )
    return judge(night).breaches


def test_a_night_as_promised_has_no_breach() -> None:
    lease = asked(5, "leases", group="coordination.k8s.io")
    assert breaches(lease, ledger(29), scale(30, 10), ledger(94, state="Returning"), scale(95, 2)) == ()


def test_a_target_that_a_floor_brought_home_may_be_signed_off_once() -> None:
    assert breaches(ledger(29), scale(30, 10), scale(91, 2), scale(95, 2)) == ()


@pytest.mark.parametrize(
    ("requests", "want"),
    [
        pytest.param([ledger(29), scale(61, 10), scale(95, 2)], "began at 2", id="raised after the start"),
        pytest.param(
            [ledger(29), scale(30, 10), scale(70, 9), scale(71, 10), scale(95, 2)],
            "set to 9 at 12:01:10.000, below 10",
            id="below the floor for a second",
        ),
        pytest.param(
            [ledger(29), scale(30, 20), scale(50, 12), scale(95, 2)],
            "before 12:01:30.000, when its first round was over",
            id="lowered before the first round was over",
        ),
        pytest.param(
            [ledger(29), scale(30, 10), scale(95, 1), scale(96, 2)],
            "below the 2 that ran there before",
            id="below what ran there",
        ),
        pytest.param([ledger(29), scale(30, 10), scale(95, 3)], "ended at 3", id="not home at the end"),
        pytest.param(
            [ledger(29), scale(30, 10), scale(40, 10), scale(95, 2)], "changes nothing", id="needless"
        ),
        pytest.param(
            [ledger(29), ledger(40), scale(41, 10), scale(95, 2)],
            "with what stood there already",
            id="a ledger that says the same again",
        ),
        pytest.param(
            [scale(30, 10), ledger(31), scale(95, 2)],
            "before the ledger had an entry",
            id="written before the ledger",
        ),
        pytest.param(
            [ledger(29, original=5), scale(30, 10), scale(95, 2)],
            "The ledger took 5 for the original",
            id="a false original",
        ),
        pytest.param(
            [ledger(29), scale(30, 10), scale(40, 4, name="other"), scale(95, 2)],
            "patch of deployments/scale shows/other in east is out of scope",
            id="somebody else's target",
        ),
        pytest.param(
            [
                asked(5, "leases", group="coordination.k8s.io", name="scheduler"),
                ledger(29),
                scale(30, 10),
                scale(95, 2),
            ],
            "leases gala-system/scheduler in east is out of scope",
            id="somebody else's Lease",
        ),
        pytest.param(
            [ledger(29), scale(30, 10), scale(40, 12, code=409), scale(95, 2)],
            "was refused with 409",
            id="a write that the API server refused",
        ),
    ],
)
def test_each_breach_is_named(requests: Sequence[Asked], want: str) -> None:
    found = breaches(*requests)
    assert any(want in one for one in found), found
