"""When holds begin and end in one cluster, and what the gaps do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gala.planning.facts import PodStart
from gala.planning.ledger import GapRule, LatchedCluster
from gala.planning.segments import Segment
from gala.planning.timeline import Course, Latch, Target, Window, begun, in_gap, windows
from planning_values import NOW, SETTINGS, a_cluster, a_segment, a_window

HOLD, RELEASE = GapRule.HOLD, GapRule.RELEASE

# With these figures a hold leads by 60 s (last pod 10 × 1.25, no warm-up, margin 30 s, and
# 1 s for each ten pods), and giving 40 replicas back by halves takes 7 steps, 210 s.
SLOW = PodStart(per_second=10, p95=10.0, slowest=10.0)


def course(
    *segments: Segment,
    floors: dict[str, dict[str, int]],
    latches: dict[str, Latch] | None = None,
    now: float = 0,
    **more: Any,
) -> Course:
    """Originals are 0; the cooldown is 300 s."""
    known: dict[str, Any] = {
        "cluster": a_cluster(pod_start=SLOW),
        "targets": {"web": Target(0, False, 0.0), "shop": Target(0, False, 0.0)},
        "cooldown": 300.0,
        "step_percent": 50,
    }
    return Course(
        segments=segments,
        floors=floors,
        latches=latches or {},
        now=NOW + now,
        settings=SETTINGS,
        **(known | more),
    )


def latch(prepare_at: float, gap: GapRule | None = None, *, outdated: bool = False) -> Latch:
    return Latch(LatchedCluster("east", NOW + prepare_at, gap), outdated)


def shape(found: dict[str, Window]) -> dict[str, tuple[float, float, GapRule | None]]:
    return {name: (w.prepare_at - NOW, w.end - NOW, w.gap) for name, w in found.items()}


LEAD = 47.0
"""Of 40 pods: 4 s of waves, 12.5 s for the last one, 30 s of margin, in whole seconds."""

R = a_segment("r", 1000, 1100)


def test_a_hold_begins_its_lead_before_it_has_to_be_ready() -> None:
    found = windows(course(R, floors={"r": {"web": 40}}))
    assert shape(found) == {"r": (1000 - LEAD, 1100, None)}
    assert found["r"].late == 0


def test_a_segment_without_a_part_here_has_no_window() -> None:
    assert windows(course(R, floors={})) == {}


def test_what_does_not_grow_needs_no_lead() -> None:
    assert shape(windows(course(R, floors={"r": {"web": 0}}))) == {"r": (1000, 1100, None)}


def test_ordered_pods_and_the_largest_warm_up_make_the_lead_longer() -> None:
    slow = course(
        R,
        floors={"r": {"web": 40, "shop": 1}},
        targets={"web": Target(0, True, 15.0), "shop": Target(0, False, 25.0)},
    )
    want = (40 * 10 + 12.5 + 25) * 1.2
    assert shape(windows(slow)) == {"r": (1000 - want, 1100, None)}


def test_a_hold_that_would_have_begun_before_now_is_late() -> None:
    found = windows(course(R, floors={"r": {"web": 40}}, now=980))
    assert found["r"].late == 980 - (1000 - LEAD)


@pytest.mark.parametrize(
    ("latched", "now", "want"),
    [
        pytest.param(latch(700), 800, 700, id="a hold that has begun stands"),
        pytest.param(latch(970), 980, 970, id="a hold that has begun late stands"),
        pytest.param(latch(900), 800, 900, id="a latched begin ahead is not moved later"),
        pytest.param(latch(990), 800, 1000 - LEAD, id="a latched begin ahead is moved earlier"),
        pytest.param(
            latch(900, outdated=True), 800, 1000 - LEAD, id="an edit moves a begin ahead later as well"
        ),
        pytest.param(latch(700, outdated=True), 800, 700, id="an edit does not undo a hold that is near"),
        pytest.param(
            latch(100, outdated=True), 400, 1000 - LEAD, id="an edit undoes a hold that is far away now"
        ),
    ],
)
def test_latches(latched: Latch, now: float, want: float) -> None:
    found = windows(course(R, floors={"r": {"web": 40}}, latches={"r": latched}, now=now))
    assert found["r"].prepare_at - NOW == want
    assert found["r"].released is (latched.outdated and now == 400)


S = a_segment("s", 2000, 2100)


@pytest.mark.parametrize(
    ("start", "want"),
    [
        pytest.param(1100 + 300 + 180 + LEAD - 1, HOLD, id="a short gap is held"),
        pytest.param(1100 + 300 + 180 + LEAD, RELEASE, id="a long gap is released"),
        pytest.param(1100, None, id="touching segments have no gap"),
        pytest.param(1050, None, id="overlapping segments have no gap"),
    ],
)
def test_gaps(start: float, want: GapRule | None) -> None:
    later = a_segment("s", start, start + 100)
    found = windows(course(R, later, floors={"r": {"web": 40}, "s": {"web": 40}}))
    assert found["s"].gap is want


def test_the_lead_after_a_held_gap_counts_from_the_lower_of_both_floors() -> None:
    later = a_segment("s", 1300, 1400)
    found = windows(course(R, later, floors={"r": {"web": 10, "shop": 9}, "s": {"web": 40}}))
    want = 1300 - (3 + 12.5 + 30)
    assert shape(found)["s"] == (pytest.approx(want, abs=1), 1400, HOLD)
    assert found["s"].gap_from == NOW + 1100


def test_the_lead_after_a_released_gap_counts_from_the_originals() -> None:
    found = windows(course(R, S, floors={"r": {"web": 40}, "s": {"web": 40}}))
    assert shape(found)["s"] == (2000 - LEAD, 2100, RELEASE)


def test_a_segment_that_overlaps_needs_a_lead_only_for_what_it_adds() -> None:
    later = a_segment("s", 1050, 1200)
    found = windows(course(R, later, floors={"r": {"web": 40}, "s": {"web": 40, "shop": 10}}))
    assert shape(found)["s"] == (pytest.approx(1050 - 43.5, abs=1), 1200, None)


@pytest.mark.parametrize(
    ("latched", "now", "want"),
    [
        pytest.param(latch(1953, HOLD), 1200, HOLD, id="a gap that is held stays held"),
        pytest.param(latch(1953, RELEASE), 1200, RELEASE, id="a gap that is released may stay so"),
        pytest.param(
            latch(1953, HOLD, outdated=True),
            1200,
            RELEASE,
            id="an edit that moves the next far away releases",
        ),
        pytest.param(
            latch(1953, HOLD, outdated=True), 1700, HOLD, id="an edit that moves the next a little does not"
        ),
    ],
)
def test_a_gap_turns_to_hold_and_never_back_but_for_an_edit(
    latched: Latch, now: float, want: GapRule
) -> None:
    found = windows(
        course(R, S, floors={"r": {"web": 40}, "s": {"web": 40}}, latches={"s": latched}, now=now)
    )
    assert found["s"].gap is want


AFTER = a_segment("r/after", 1100, 1400)


def test_the_scene_after_a_round_ends_where_the_next_round_begins_here() -> None:
    later = a_segment("s", 1400, 1500)
    found = windows(
        course(R, AFTER, later, floors={"r": {"web": 40}, "r/after": {"shop": 10}, "s": {"web": 40}})
    )
    assert shape(found)["r/after"][1] == shape(found)["s"][0] < 1400


def test_the_lead_of_a_round_counts_from_the_lower_of_both_floors_after_a_scene() -> None:
    later = a_segment("s", 1400, 1500)
    found = windows(course(R, AFTER, later, floors={"r/after": {"web": 30}, "s": {"web": 40}}))
    assert shape(found)["s"] == (pytest.approx(1400 - 43.5, abs=1), 1500, HOLD)


def test_a_released_round_leaves_the_scene_before_it_alone() -> None:
    later = a_segment("s", 2400, 2500)
    scene = a_segment("r/after", 1100, 2400)
    found = windows(
        course(
            scene,
            later,
            floors={"r/after": {"shop": 10}, "s": {"web": 40}},
            latches={"s": latch(1200, outdated=True)},
            now=1300,
        )
    )
    assert found["s"].released
    assert shape(found)["r/after"][1] == 2400


def test_a_round_that_was_removed_while_its_gap_was_held_holds_a_cooldown_more() -> None:
    gone = replace(course(R, floors={}), now=NOW + 1200)
    removed = a_segment("s", 2000, 1200, demand=())
    found = windows(
        replace(
            gone,
            segments=(R, removed),
            floors={"r": {"web": 40}, "s": {"web": 40}},
            latches={"r": latch(900), "s": latch(1900, HOLD)},
        )
    )
    assert found["s"].prepare_at == NOW + 1500
    assert in_gap(found["s"], NOW + 1499)
    assert not in_gap(found["s"], NOW + 1500)
    assert not begun(found["s"], NOW + 1500)


@pytest.mark.parametrize(
    ("now", "want"),
    [
        pytest.param(799, False, id="before its begin a hold does not run"),
        pytest.param(800, True, id="at its begin a hold runs"),
        pytest.param(1100, False, id="at its end a hold does not run"),
    ],
)
def test_begun(now: float, want: bool) -> None:
    assert begun(a_window(800, 1100), NOW + now) is want


@pytest.mark.parametrize(
    ("window", "want"),
    [
        pytest.param(a_window(800, 1100, HOLD, gap_from=600), True, id="between two holds a held gap runs"),
        pytest.param(a_window(800, 1100, RELEASE, gap_from=600), False, id="a released gap does not run"),
        pytest.param(
            a_window(800, 1100, HOLD, gap_from=750), False, id="before the hold ahead has ended no gap runs"
        ),
    ],
)
def test_in_gap(window: Window, want: bool) -> None:
    assert in_gap(window, NOW + 700) is want
