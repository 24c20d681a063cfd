"""Where an event may hold capacity, and why the other places are none."""

from __future__ import annotations

from typing import Any

import pytest

from gala.api.meta import Selector
from gala.planning.books import Books
from gala.planning.facts import Admission, ClusterFacts, EventKey, Missing
from gala.planning.ledger import ClusterLedger, State
from gala.planning.sites import selects, sites, target_key
from planning_values import (
    SHOW,
    a_cluster,
    a_ledger,
    a_snapshot,
    a_spec,
    a_workload,
    an_entry,
    an_event,
    running,
    target,
    with_capacity,
)

OTHER = EventKey("gala", "sale")


def found(cluster: ClusterFacts, *ledgers: ClusterLedger, **more: Any) -> tuple[list[str], list[str]]:
    """Clusters that take part, and the reasons of those that do not."""
    event = an_event(a_spec(**more))
    snapshot = a_snapshot(event, clusters=[cluster], ledgers=ledgers)
    places, findings = sites(event, snapshot, Books(snapshot))
    return [c for _, c in places], [f.reason for f in findings]


def admitting(**more: Any) -> tuple[Admission, ...]:
    known: dict[str, Any] = {"event_namespace": "gala", "target_namespaces": ("*",)}
    return (Admission(**(known | more)),)


TIER_S = {"workloads": [a_workload(tier="S")]}


@pytest.mark.parametrize(
    ("cluster", "more", "want"),
    [
        pytest.param(
            a_cluster(), {}, (["east"], []), id="a cluster that admits and has the target takes part"
        ),
        pytest.param(
            a_cluster(labels={"zone": "b"}),
            {"clusterSelector": {"matchLabels": {"zone": "a"}}},
            ([], []),
            id="a cluster that the event does not select is not spoken of",
        ),
        pytest.param(
            a_cluster(labels={"zone": "b"}),
            {"workloads": [a_workload(clusterSelector={"matchLabels": {"zone": "a"}})]},
            ([], []),
            id="a cluster that the workload does not select is not spoken of",
        ),
        pytest.param(
            a_cluster(labels={"zone": "a"}),
            {"clusterSelector": {"matchLabels": {"zone": "a"}}},
            (["east"], []),
            id="a cluster that the event selects takes part",
        ),
        pytest.param(a_cluster(admits=()), {}, ([], ["NoClusters"]), id="a cluster admits nobody by default"),
        pytest.param(
            a_cluster(admits=admitting(event_namespace="other")),
            {},
            ([], ["NoClusters"]),
            id="an admission of another namespace admits nothing",
        ),
        pytest.param(
            a_cluster(admits=(), admits_own=True),
            {},
            ([], ["NotAdmitted"]),
            id="a cluster that admits every namespace in its own one is spoken of",
        ),
        pytest.param(
            a_cluster(admits=(), labels={"zone": "a"}),
            {"clusterSelector": {"matchLabels": {"zone": "a"}}},
            ([], ["NotAdmitted"]),
            id="a cluster that the event selects is asked to admit it",
        ),
        pytest.param(
            a_cluster(admits=(), labels={"zone": "a"}),
            {"workloads": [a_workload(clusterSelector={"matchLabels": {"zone": "a"}})]},
            ([], ["NotAdmitted"]),
            id="a cluster that the workload selects is asked to admit it",
        ),
        pytest.param(
            a_cluster(admits=()),
            {"division": {"shares": [{"cluster": "east", "weight": 1}]}},
            ([], ["NotAdmitted"]),
            id="a cluster that has a stated share is asked to admit it",
        ),
        pytest.param(
            a_cluster(admits=admitting(may_grow=False)),
            {},
            ([], ["NotAdmitted"]),
            id="an admission that allows no growth admits nothing",
        ),
        pytest.param(
            a_cluster(admits=admitting(target_namespaces=("shop",))),
            {},
            ([], ["NotAdmitted"]),
            id="an admission for other target namespaces admits nothing",
        ),
        pytest.param(
            a_cluster(admits=admitting(max_tier="A")),
            TIER_S,
            ([], ["NotAdmitted"]),
            id="a tier above the highest that is admitted is refused",
        ),
        pytest.param(
            a_cluster(admits=admitting(max_tier="S", target_namespaces=("gala",))),
            TIER_S,
            (["east"], []),
            id="the highest tier that is admitted is let in",
        ),
        pytest.param(
            a_cluster(targets={}), {}, ([], ["TargetUnknown"]), id="a target that was never read is no place"
        ),
        pytest.param(
            a_cluster(targets={target(): Missing("NotFound", "gone")}),
            {},
            ([], ["NotFound"]),
            id="a target that is missing says why",
        ),
        pytest.param(
            a_cluster(targets={target(): running(autoscaler="HorizontalPodAutoscaler/web")}),
            {},
            ([], ["NotYetSupported"]),
            id="a target that an autoscaler scales is refused",
        ),
        pytest.param(
            a_cluster(targets={target(): running(deletes_volumes=True)}),
            {},
            ([], ["DeletesVolumes"]),
            id="a StatefulSet that deletes its volumes is refused",
        ),
    ],
)
def test_places(cluster: ClusterFacts, more: dict[str, Any], want: tuple[list[str], list[str]]) -> None:
    assert found(cluster, **more) == want


def test_a_cluster_that_knows_nothing_of_the_namespace_does_not_take_part_beside_one_that_does() -> None:
    event = an_event(a_spec())
    snapshot = a_snapshot(event, clusters=[a_cluster(), a_cluster("west", admits=())])
    places, findings = sites(event, snapshot, Books(snapshot))
    assert [cluster for _, cluster in places] == ["east"]
    assert findings == []


@pytest.mark.parametrize(
    ("more", "want"),
    [
        pytest.param({}, [], id="its target is gone"),
        pytest.param({"admits": ()}, ["NotAdmitted"], id="its cluster does not admit it any more"),
    ],
)
def test_an_open_entry_stays_a_place_whatever_has_changed_since(
    more: dict[str, Any], want: list[str]
) -> None:
    cluster = a_cluster(targets={target(): Missing("NotFound", "gone")}, **more)
    assert found(cluster, a_ledger(an_entry())) == (["east"], want)


@pytest.mark.parametrize(
    ("facts", "ledgers", "want"),
    [
        pytest.param(running(9), [], 9, id="without an entry the original is what runs"),
        pytest.param(
            running(30),
            [a_ledger(an_entry(original=4))],
            4,
            id="with an entry it is what the entry remembers",
        ),
        pytest.param(
            running(30),
            [a_ledger(an_entry(original=4), event=OTHER)],
            4,
            id="another event's entry remembers for all",
        ),
        pytest.param(
            running(30),
            [
                a_ledger(an_entry(original=9, state=State.RETURNING)),
                a_ledger(an_entry(original=4), event=OTHER),
            ],
            4,
            id="an entry that holds goes before one on its way home",
        ),
        pytest.param(
            running(30, uid="t2"),
            [a_ledger(an_entry(original=4))],
            30,
            id="an entry of another object remembers nothing",
        ),
        pytest.param(running(30), [a_ledger(an_entry(original=None))], 30, id="a lost original is what runs"),
        pytest.param(
            Missing("NotFound", "gone"),
            [a_ledger(an_entry(original=None))],
            0,
            id="a lost original of something unreadable is nothing",
        ),
        pytest.param(
            Missing("NotFound", "gone"),
            [a_ledger(an_entry(original=4))],
            4,
            id="an unreadable target keeps its original",
        ),
    ],
)
def test_originals(facts: Any, ledgers: list[ClusterLedger], want: int) -> None:
    snapshot = a_snapshot(an_event(), clusters=[a_cluster(targets={target(): facts})], ledgers=ledgers)
    assert Books(snapshot).original("east", target(), facts) == want


def test_the_target_lives_in_the_events_namespace_unless_it_says_otherwise() -> None:
    own = a_spec(workloads=[a_workload()]).workloads[0]
    named = a_spec(workloads=[a_workload(target={"name": "web", "namespace": "shop"})]).workloads[0]
    assert target_key(own, "gala").namespace == "gala"
    assert target_key(named, "gala").namespace == "shop"


def test_an_absent_selector_picks_everything() -> None:
    assert selects(None, {})
    assert not selects(Selector(match_labels={"a": "b"}), {})


def test_a_place_knows_its_workloads_warm_up() -> None:
    for more, want in (({}, None), (with_capacity(warmup="45s"), 45.0)):
        event = an_event(a_spec(workloads=[a_workload(**more)]))
        snapshot = a_snapshot(event)
        places, _ = sites(event, snapshot, Books(snapshot))
        assert places["web", "east"].warmup == want


def test_the_books_list_entries_and_floors_by_event() -> None:
    snapshot = a_snapshot(ledgers=[a_ledger(an_entry())])
    books = Books(snapshot)
    assert list(books.entries(SHOW)) == [("web", "east")]
    assert books.entries(OTHER) == {}
    assert books.floors(OTHER) == {}
