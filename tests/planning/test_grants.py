"""Who may grow what in a cluster, and what stays of it once that is taken back."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gala.api.event import Tier
from gala.planning import reasons
from gala.planning.facts import Admission, TargetKey
from gala.planning.grants import highest_tier, may_grow, refusal, refusal_of_all
from gala.planning.ledger import Allocation, GapRule
from gala.planning.outcome import Plan
from gala.planning.snapshot import Snapshot
from gala.settings import MANAGER
from planning_hours import QUIET, busy, found, part, show, silent, staged
from planning_passes import findings, planned, writes
from planning_values import (
    SHOW,
    a_cluster,
    a_floor,
    a_ledger,
    a_record,
    a_round,
    a_snapshot,
    a_spec,
    a_workload,
    an_entry,
    an_event,
    latched,
    running,
    target,
)

VAULT = TargetKey("apps/v1", "Deployment", "bank", "vault")


def admission(*targets: str, **more: Any) -> Admission:
    known: dict[str, Any] = {"event_namespace": "gala", "target_namespaces": targets or ("bank",)}
    return Admission(**(known | more))


@pytest.mark.parametrize(
    ("admits", "want"),
    [
        pytest.param((), None, id="without an admission nothing may grow"),
        pytest.param((admission(),), Tier.B, id="tier B is the highest that is granted by default"),
        pytest.param((admission("*", max_tier="S"),), Tier.S, id="a star is every namespace"),
        pytest.param(
            (admission("ban"), admission("banks")), None, id="a namespace that looks alike is another"
        ),
        pytest.param(
            (admission(event_namespace="shows"),), None, id="what others are granted counts for nobody else"
        ),
        pytest.param((admission(may_grow=False, max_tier="S"),), None, id="to lend is not to grow"),
        pytest.param(
            (admission(max_tier="C"), admission(max_tier="A")),
            Tier.A,
            id="of several admissions the highest counts",
        ),
    ],
)
def test_the_highest_tier_that_may_grow(admits: tuple[Admission, ...], want: Tier | None) -> None:
    assert highest_tier(admits, "gala", "bank") is want
    assert may_grow(admits, "gala", "bank", Tier.B) == (want is not None and want.rank <= Tier.B.rank)


@pytest.mark.parametrize(
    ("admits", "tier", "want"),
    [
        pytest.param(
            (),
            Tier.A,
            "cluster east does not admit Deployment bank/vault of tier A for events of namespace gala; "
            "its platform team can grant it in spec.admits of GalaCluster east with "
            "{eventNamespace: gala, targetNamespaces: [bank], maxTier: A}",
            id="a namespace that is not admitted comes with what to add",
        ),
        pytest.param(
            (admission(),),
            Tier.S,
            "cluster east admits Deployment bank/vault for events of namespace gala up to tier B, "
            "not tier S; "
            "its platform team can grant it in spec.admits of GalaCluster east with maxTier: S, "
            "or write a lower tier",
            id="a tier that is too high comes with the one to set",
        ),
        pytest.param(
            (admission(may_grow=False),),
            Tier.B,
            "cluster east lets events of namespace gala lend Deployment bank/vault, not grow it; "
            "its platform team can grant it in spec.admits of GalaCluster east with may: [Grow]",
            id="a permission to lend comes with the one that is missing",
        ),
    ],
)
def test_a_refusal_says_who_may_grant_it_and_how(
    admits: tuple[Admission, ...], tier: Tier, want: str
) -> None:
    assert refusal(admits, "east", "gala", VAULT, tier) == want


@pytest.mark.parametrize(
    ("clusters", "want"),
    [
        pytest.param(["east"], "GalaCluster east with", id="one is named alone"),
        pytest.param(["east", "west"], "GalaCluster east or west with", id="two are named with an or"),
        pytest.param(
            ["a", "b", "c", "d"], "GalaCluster a, b, c or d with", id="as many as can be read are named"
        ),
        pytest.param(
            ["a", "b", "c", "d", "e"],
            "GalaCluster a, b, c or another one with",
            id="of more the first are named",
        ),
    ],
)
def test_a_refusal_of_all_clusters_says_who_may_grant_it(clusters: list[str], want: str) -> None:
    told = refusal_of_all(clusters, "gala", VAULT, Tier.A)
    assert told.startswith("no cluster admits Deployment bank/vault of tier A for events of namespace gala; ")
    assert want in told
    assert told.endswith("{eventNamespace: gala, targetNamespaces: [bank], maxTier: A}")


WITHDRAWN: dict[str, Any] = {"admits": ()}


def test_a_floor_stays_when_its_admission_is_withdrawn() -> None:
    assert found(show(part("east"), part("west", **WITHDRAWN))) == QUIET


def test_its_own_need_raises_nothing_where_it_is_not_admitted_any_more() -> None:
    assert found(show(part("east"), busy("west", 420, 400, **WITHDRAWN))) == QUIET


def test_it_covers_nobody_where_it_is_not_admitted_any_more() -> None:
    lost = silent("east", 60, replicas=10)
    made = show(lost, part("west", **WITHDRAWN))
    ledger = made.ledgers[SHOW, "east"]
    ledgers = {
        **made.ledgers,
        (SHOW, "east"): replace(ledger, entries=(replace(ledger.entries[0], written=10),)),
    }
    assert staged(replace(made, ledgers=ledgers)).uncovered == {("r", "web"): 20}


def edited(required: int) -> Snapshot:
    """The same round after an edit, with an admission that was withdrawn in west."""
    made = show(part("east"), part("west", **WITHDRAWN), required=required)
    return replace(made, events=tuple(replace(event, generation=2) for event in made.events))


def test_an_edit_that_asks_for_more_gets_it_where_it_is_admitted_alone() -> None:
    assert found(edited(120)) == {"east": (60, reasons.EDITED), "west": (30, "")}


def test_an_edit_that_asks_for_less_lowers_both() -> None:
    assert found(edited(20)) == {"east": (10, reasons.EDITED), "west": (10, reasons.EDITED)}


def two_rounds(*segments: str, begins: float, gap: GapRule | None = None) -> Snapshot:
    """Round r holds 30 until 500 s from now; round s wants 50 at 900 s and is latched; nothing is admitted.

    ``segments`` have a floor in the ledger.
    """
    floors = tuple(a_floor(name, 30 if name == "r" else 50) for name in segments)
    demand = [{"workload": "web", "replicas": 50}]
    spec = a_spec(a_round(start=-50, duration="550s"), a_round("s", start=900, demand=demand))
    given = (Allocation("web", "east", 1, 100),)
    first = latched("r", prepare_at=-200, ready_by=-50, end=500, allocations=given)
    second = latched("s", prepare_at=begins, ready_by=900, end=1000, allocations=given, gap=gap)
    return a_snapshot(
        an_event(spec),
        clusters=[a_cluster(admits=(), targets={target(): running(30, manager=MANAGER)})],
        records=[a_record(first, second)],
        ledgers=[a_ledger(an_entry(floors=floors))],
    )


def held(made: Plan, before: Snapshot) -> list[str]:
    """The segments that have a floor in the ledger after a pass."""
    ledger = made.ledgers.get((SHOW, "east"), before.ledgers[SHOW, "east"])
    return [] if ledger is None else [floor.segment for entry in ledger.entries for floor in entry.floors]


@pytest.mark.parametrize(
    ("snapshot", "now", "want"),
    [
        pytest.param(two_rounds("r", begins=400), 350, ["r"], id="before it begins it is not spoken of"),
        pytest.param(two_rounds("r", begins=400), 450, ["r"], id="when it would begin it does not"),
        pytest.param(
            two_rounds("r", "s", begins=800, gap=GapRule.HOLD), 520, ["r"], id="a gap before it is not held"
        ),
    ],
)
def test_no_further_round_begins_once_the_admission_is_withdrawn(
    snapshot: Snapshot, now: float, want: list[str]
) -> None:
    made = planned(snapshot, now)
    assert held(made, snapshot) == want
    assert [write for write in writes(made) if write[3] > 30] == []
    assert "NotAdmitted" in findings(made)


def test_what_is_held_without_an_admission_is_told_with_what_becomes_of_it() -> None:
    made = planned(two_rounds("r", begins=400), 100)
    [message] = [f.message for f in made.events[SHOW].findings if f.reason == "NotAdmitted"]
    assert message.endswith("; what is held there stays until its round is over, and nothing new begins")


def test_a_tier_that_is_raised_in_a_hold_is_refused_and_serves_nobody_first() -> None:
    cluster = a_cluster(admits=(admission("gala", max_tier="B"),), targets={target(): running(30)})
    spec = a_spec(a_round(start=-50, duration="550s"), workloads=[a_workload(tier="S")])
    item = latched(prepare_at=-200, ready_by=-50, end=500, allocations=(Allocation("web", "east", 1, 100),))
    snapshot = a_snapshot(
        an_event(spec),
        clusters=[cluster],
        records=[a_record(item)],
        ledgers=[a_ledger(an_entry(floors=(a_floor(),)))],
    )
    [site] = staged(snapshot).night.sites.values()
    assert (site.admitted, site.rank) == (False, Tier.B.rank)


def test_a_target_that_is_exchanged_in_a_hold_is_asked_for_anew() -> None:
    spec = a_spec(
        a_round(start=-50, duration="550s"),
        workloads=[a_workload(target={"name": "vault", "namespace": "bank"})],
    )
    cluster = a_cluster(admits=(admission("gala"),), targets={target(): running(30, manager=MANAGER)})
    item = latched(prepare_at=-200, ready_by=-50, end=500, allocations=(Allocation("web", "east", 1, 100),))
    snapshot = a_snapshot(
        an_event(spec, generation=2),
        clusters=[cluster],
        records=[a_record(item)],
        ledgers=[a_ledger(an_entry(floors=(a_floor(),)))],
    )
    made = planned(snapshot)
    assert findings(made)[0] == "NotAdmitted"
    assert {write[1] for write in writes(made)} <= {"web"}
