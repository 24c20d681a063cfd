"""What follows from a plan over time: every value of every target, shortfalls that end, the worst loss."""

from __future__ import annotations

from typing import Any

import pytest

import plan_files as build
from gala.api.scalars import parse_instant
from gala.cli.plan_outlook import Later, Outlook, look_out
from gala.cli.plan_snapshot import snapshot_of
from gala.planning.facts import EventKey
from gala.settings import Settings

SHOW = EventKey("gala", "show")


def seen(outlook: Outlook) -> list[tuple[str, str, int, int, str]]:
    """Time of day in UTC, cluster, from, to and reason of every change."""
    day = parse_instant("2027-02-05T00:00:00Z")
    found = []
    for change in outlook.changes:
        minutes, seconds = divmod(int(change.at - day), 60)
        clock = f"{minutes // 60:02d}:{minutes % 60:02d}:{seconds:02d}"
        found.append((clock, change.cluster, change.start, change.to, change.reason))
    return found


def of(events: list[Any], clusters: list[Any]) -> Outlook:
    return build.outlook(build.read(events, clusters))


def test_one_round_goes_up_in_time_and_home_after_the_cooldown() -> None:
    # east grows by 60: 6 s of waves + 75 s last pod + 30 s warm-up + 30 s margin before 11:59:00;
    # north by 30: 3 s of waves. The round's latest end is 12:15:00, the cooldown five minutes.
    want = [
        ("11:56:39", "east", 20, 80, "PreScale"),
        ("11:56:42", "north", 10, 40, "PreScale"),
        ("12:20:00", "east", 80, 20, "HandBack"),
        ("12:20:00", "north", 40, 10, "HandBack"),
    ]
    outlook = of([build.event()], build.fleet())
    assert seen(outlook) == want
    assert outlook.fits


def test_a_short_gap_is_held_with_the_lower_of_both_floors() -> None:
    # The first hold ends at 12:15:00; the second round needs half as much from 12:19:00 on.
    second = build.round_("second", "2027-02-05T12:20:00Z", demand=[{"workload": "web", "replicas": 60}])
    outlook = of([build.event(rounds=[build.round_(), second])], build.fleet())
    east = [change for change in seen(outlook) if change[1] == "east"]
    assert east == [
        ("11:56:39", "east", 20, 80, "PreScale"),
        ("12:15:00", "east", 80, 40, "GapHeld"),
        ("12:40:00", "east", 40, 20, "HandBack"),
    ]


def test_a_long_gap_is_released() -> None:
    second = build.round_("second", "2027-02-05T14:00:00Z")
    outlook = of([build.event(rounds=[build.round_(), second])], build.fleet())
    east = [change[:4] for change in seen(outlook) if change[1] == "east"]
    assert east == [
        ("11:56:39", "east", 20, 80),
        ("12:20:00", "east", 80, 20),
        ("13:56:39", "east", 20, 80),
        ("14:20:00", "east", 80, 20),
    ]


def test_of_two_events_on_one_target_the_higher_wish_counts() -> None:
    inner = build.round_(
        "inner",
        "2027-02-05T12:05:00Z",
        duration="1m",
        window={"late": "1m"},
        demand=[{"workload": "web", "replicas": 240}],
    )
    outlook = of([build.event(), build.event("other", rounds=[inner])], build.fleet())
    east = [change[2:4] for change in seen(outlook) if change[1] == "east"]
    assert east == [(20, 80), (80, 160), (160, 80), (80, 20)]


def test_what_has_no_room_is_a_shortfall() -> None:
    # 80 cores in the east and 30 in the north: ten of 120 replicas stay without a place.
    outlook = of([build.event()], build.fleet(east=80, north=30))
    segment = outlook.events[SHOW].segments[0]
    assert [(need.required, need.short, need.short_reason) for need in segment.needs] == [
        (120, 10, "InsufficientCPU")
    ]
    assert not outlook.fits
    assert outlook.later[SHOW, "opening", "web"] == ()


def test_a_shortfall_of_an_after_scene_ends_with_the_round_whose_room_it_gets() -> None:
    # 120 of 150 cores are the round's until 12:15:00; of the scene's 100 shop pods then 30 fit.
    document = build.event(
        workloads=[
            *build.event()["spec"]["workloads"],
            {"name": "shop", "target": {"name": "shop"}},
        ],
        scenes=[{"name": "shopping", "demand": [{"workload": "shop", "replicas": 100}]}],
        rounds=[build.round_(afterScene="shopping")],
    )
    east = build.facts(
        east={"nodes": build.nodes(150), "targets": [build.running(20), build.running(0, "shop")]}
    )
    outlook = of([document], [build.cluster("east"), east])
    needs = {s.name: s.needs for s in outlook.events[SHOW].segments}
    assert needs["opening/after"][0].short == 70
    want = (Later(parse_instant("2027-02-05T12:15:00Z"), "opening", 0),)
    assert outlook.later[SHOW, "opening/after", "shop"] == want
    shop = [(at, start, to) for at, change, start, to in _of_workload(outlook, "shop")]
    assert shop[1:] == [("12:15:00", 30, 100), ("12:30:00", 100, 0)]
    assert shop[0][1:] == (0, 30)
    # In one moment what falls goes first, so that what rises finds its room.
    together = [c.workload for c in outlook.changes if c.at == want[0].at]
    assert together == ["web", "shop"]


def _of_workload(outlook: Outlook, workload: str) -> list[tuple[str, str, int, int]]:
    found = zip(outlook.changes, seen(outlook), strict=True)
    return [text[:4] for change, text in found if change.workload == workload]


def test_with_the_largest_cluster_two_thirds_of_the_replicas_go() -> None:
    loss = of([build.event()], build.fleet()).losses[SHOW, "opening"]
    # 40 replicas are left, of 100 queries per second each: 4,000 of 10,000.
    assert (loss.cluster, loss.replicas, loss.of) == ("east", 80, 120)
    assert [(lost.left, lost.required, lost.carries_percent) for lost in loss.workloads] == [(40, 120, 40)]


def test_planned_too_late_it_says_so_and_does_not_fit() -> None:
    snapshot = snapshot_of(build.read([build.event()], build.fleet()))
    outlook = look_out(snapshot, parse_instant("2027-02-05T11:57:39Z"), Settings())
    windows = {w.cluster: w.late for w in outlook.events[SHOW].segments[0].windows}
    assert windows["east"] == pytest.approx(60)
    assert not outlook.fits
