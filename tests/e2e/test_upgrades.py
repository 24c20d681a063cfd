"""An upgrade and the way back in the middle of a hold, old and new pods beside each other (T23).

As a Deployment rolls: the new pod stands by first, then the old one is told to end. While it is held nothing
may be written to any target, and in the end everything is given back by whoever is there.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from clusters.cluster import Cluster
from figures import Figures
from operating import Operator, Stage
from shows import AT_HOME, WAY, begin, end, held, marks, show_stage, steps, ways
from versions import Version, earlier, later, this

LOOKS = 10.0
"""Seconds; passes of an operator that holds something are two apart."""


def run(stage: Stage, version: Version, name: str) -> Operator:
    """A pod of this version; it is up, and leads if nobody else does."""
    return stage.operator(f"--identity={name}", **version.options)


def roll(stage: Stage, old: Operator, version: Version, name: str) -> tuple[Operator, float]:
    """Another version takes over: started first, then the old pod ends; with the seconds of the hand-over."""
    new = run(stage, version, name)
    began = time.monotonic()
    old.program.stop()
    stage.until(lambda: leads(new), f"{version.told} leads")
    return new, time.monotonic() - began


def leads(operator: Operator) -> bool:
    """Whether it took the Lease."""
    return "this process leads now" in operator.said


def writes(stage: Stage, since: Mapping[str, int]) -> list[str]:
    """Every write to a target, refused ones too."""
    return [
        f"{one.verb} of {one.name} in {cluster.name} with {one.body}"
        for cluster in stage.fleet
        for one in cluster.audit(since[cluster.name])
        if one.subresource == "scale" and one.writes and one.namespace == stage.namespace
    ]


def remembered(stage: Stage) -> list[tuple[object, ...]]:
    """What the ledgers say of the targets, statuses and times apart."""
    return sorted(
        (part["cluster"], entry["workload"], entry["original"], entry["intended"], entry["state"])
        for part in stage.ledger()
        for entry in part.get("entries", ())
    )


def test_an_upgrade_and_the_way_back_move_nothing_that_is_held(
    fleet: Sequence[Cluster], tmp_path: Path, figures: Figures
) -> None:
    old = earlier(tmp_path)
    with show_stage(fleet, 0, "upgrade") as stage:
        since = marks(stage)
        first = run(stage, old, "old")
        begin(stage)
        stage.until(
            lambda: held(stage) and {row[-1] for row in remembered(stage)} == {"Written"}, "all is held"
        )
        holds, rolled = remembered(stage), marks(stage)

        second, there = roll(stage, first, this(), "new")
        time.sleep(LOOKS)
        _, back = roll(stage, second, old, "old-again")
        time.sleep(LOOKS)

        assert writes(stage, rolled) == []
        assert remembered(stage) == holds
        end(stage)
        stage.until(lambda: stage.ledger() == [], "all is given back")
        assert ways(steps(stage, since)) == {one.name: list(WAY) for one in fleet}
    figures.add(f"upgrade from {old.told}", "until the new one led", f"{there:.1f} s")
    figures.add(f"back to {old.told}", "until the old one led", f"{back:.1f} s")
    figures.add(f"upgrade from {old.told} and back", "writes to targets", 0)


def test_a_ledger_of_a_later_version_is_held_until_that_version_is_back(
    fleet: Sequence[Cluster], tmp_path: Path
) -> None:
    new = later(tmp_path)
    with show_stage(fleet, 1, "rollback") as stage:
        first = run(stage, new, "new")
        begin(stage)
        stage.until(lambda: held(stage), "all is held")
        since = marks(stage)

        second, _ = roll(stage, first, this(), "old")
        end(stage)
        stage.until(lambda: stage.condition("show", "Ready").get("reason") == "LedgerInDoubt", "it is said")
        time.sleep(LOOKS)
        assert writes(stage, since) == []

        roll(stage, second, new, "new-again")
        stage.until(lambda: stage.ledger() == [], "all is given back")
        assert set(stage.replicas("web").values()) == {AT_HOME}
