"""Near every few seconds, over the whole night once a minute; people see the whole night all the while."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gala.engine.horizon import Horizon
from gala.planning.facts import ClusterFacts
from gala.planning.snapshot import Snapshot
from planning_values import NOW, SETTINGS, SHOW, a_cluster, a_round, a_spec, an_event

NEAR, FAR = a_round("near", start=60), a_round("far", start=20_000)
EDGE = 20_000.0 - 1000.0
"""Seconds after NOW; its preparation begins before that."""


def a_snapshot(*rounds: dict[str, object], generation: int = 1) -> Snapshot:
    event = an_event(a_spec(*rounds), generation=generation)
    return Snapshot(events=(event,), clusters={"east": a_cluster()})


def names(horizon: Horizon, snapshot: Snapshot, now: float) -> list[str]:
    return [segment.name for segment in horizon.plan(snapshot, now).events[SHOW].segments]


def test_between_two_looks_far_ahead_what_was_seen_there_is_still_shown() -> None:
    horizon, snapshot = Horizon(SETTINGS), a_snapshot(NEAR, FAR)
    whole = horizon.plan(snapshot, NOW)
    soon = horizon.plan(snapshot, NOW + 2.0)
    assert whole.busy
    assert [s.name for s in soon.events[SHOW].segments] == ["near", "far"]
    assert soon.events[SHOW].segments[1] is whole.events[SHOW].segments[1]


@pytest.mark.parametrize(
    ("later", "want"),
    [
        pytest.param(59.0, True, id="within a minute the far part is the old one"),
        pytest.param(60.0, False, id="after a minute it is planned anew"),
    ],
)
def test_the_whole_night_is_planned_once_a_minute(later: float, want: bool) -> None:
    horizon, snapshot = Horizon(SETTINGS), a_snapshot(NEAR, FAR)
    seen = horizon.plan(snapshot, NOW).events[SHOW].segments[1]
    assert (horizon.plan(snapshot, NOW + later).events[SHOW].segments[1] is seen) == want


def test_an_edited_spec_is_planned_over_the_whole_night_at_once() -> None:
    horizon = Horizon(SETTINGS)
    horizon.plan(a_snapshot(NEAR, FAR), NOW)
    edited = a_snapshot(NEAR, a_round("other", start=21_000), generation=2)
    assert names(horizon, edited, NOW + 2.0) == ["near", "other"]


def test_an_event_that_is_gone_is_not_shown_any_more() -> None:
    horizon, snapshot = Horizon(SETTINGS), a_snapshot(NEAR, FAR)
    horizon.plan(snapshot, NOW)
    assert SHOW not in horizon.plan(replace(snapshot, events=()), NOW + 2.0).events


def test_while_nothing_is_held_the_next_edge_of_the_whole_night_still_ends_the_wait() -> None:
    horizon, snapshot = Horizon(SETTINGS), a_snapshot(FAR)
    first, second = horizon.plan(snapshot, NOW), horizon.plan(snapshot, NOW + 2.0)
    assert not first.busy
    assert NOW < first.wake_at == second.wake_at


@pytest.mark.parametrize(
    ("clusters", "later", "want"),
    [
        pytest.param({"east": a_cluster()}, 2.0, True, id="what has not changed is shown as it was"),
        pytest.param({"east": a_cluster(reachable=False)}, 2.0, False, id="an outage is shown at once"),
        pytest.param({"east": a_cluster(targets={})}, 2.0, False, id="a target that is gone is seen at once"),
        pytest.param({"east": a_cluster()}, -99.0, False, id="a clock that was set back makes nobody wait"),
        pytest.param({"east": a_cluster()}, EDGE, False, id="at an edge before any hold all is planned anew"),
    ],
)
def test_while_nothing_is_held_the_far_part_follows_what_is_there(
    clusters: dict[str, ClusterFacts], later: float, want: bool
) -> None:
    horizon, snapshot = Horizon(replace(SETTINGS, look_far=1e9)), a_snapshot(FAR)
    seen = horizon.plan(snapshot, NOW).events[SHOW].segments[0]
    after = horizon.plan(replace(snapshot, clusters=clusters), NOW + later).events[SHOW].segments
    assert (seen in after and any(one is seen for one in after)) == want
