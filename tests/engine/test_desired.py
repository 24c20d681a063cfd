"""What is desired: filled by watches and lists in any order, never emptied by doubt."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import pytest

from gala.engine.desired import Desired
from gala.errors import BarrierTimeout
from gala.planning.facts import EventKey
from hub_server import NAMESPACE, cluster, event, stored

EVENTS, CLUSTERS = "galaevents", "galaclusters"


def key(name: str) -> EventKey:
    return EventKey("shows", name)


def names(desired: Desired) -> list[str]:
    return [wanted.key.name for wanted in desired.events()]


def an_event(name: str = "gala", **how: Any) -> dict[str, Any]:
    return stored(event(name), **how)


def broken(version: int) -> dict[str, Any]:
    return stored(event(rounds=[]), version=version, generation=version)


def test_an_event_is_parsed_into_facts() -> None:
    desired = Desired(NAMESPACE)
    desired.put(EVENTS, an_event(generation=3))
    (wanted,) = desired.events()
    assert wanted.facts is not None
    want = (key("gala"), "u1", 3, 1_798_761_600.0, ())
    facts = wanted.facts
    assert (facts.key, facts.uid, facts.generation, facts.created, wanted.problems) == want


def test_the_last_good_spec_outlives_a_broken_edit_and_the_problem_is_told() -> None:
    desired = Desired(NAMESPACE)
    desired.put(EVENTS, an_event(version=1))
    (good,) = desired.events()
    desired.put(EVENTS, broken(version=2))
    (wanted,) = desired.events()
    assert wanted.facts == good.facts
    assert wanted.generation == 2
    assert "rounds" in wanted.problems[0]


def test_an_event_that_never_was_good_has_no_facts() -> None:
    desired = Desired(NAMESPACE)
    desired.put(EVENTS, broken(version=2))
    assert desired.events()[0].facts is None


def test_a_repaired_event_has_no_problem_any_more() -> None:
    desired = Desired(NAMESPACE)
    desired.put(EVENTS, broken(version=2))
    desired.events()
    desired.put(EVENTS, an_event(version=3, generation=3))
    (wanted,) = desired.events()
    assert wanted.problems == ()
    assert wanted.facts is not None


def test_features_that_are_not_built_yet_are_named() -> None:
    desired = Desired(NAMESPACE)
    desired.put(EVENTS, stored(event(resilience={"survive": 1})))
    assert desired.events()[0].unsupported == ("spec.resilience.survive",)


def test_our_own_status_is_shown_but_parses_nothing_anew() -> None:
    desired = Desired(NAMESPACE)
    desired.put(EVENTS, an_event(version=1))
    (before,) = desired.events()
    desired.put(EVENTS, an_event(version=2, phase="Planned"))
    (after,) = desired.events()
    assert after.raw["status"] == {"phase": "Planned"}
    assert after.facts is before.facts


def test_an_older_object_never_replaces_a_newer_one() -> None:
    desired = Desired(NAMESPACE)
    desired.put(EVENTS, an_event(version=5, generation=2))
    desired.put(EVENTS, an_event(version=4, generation=1))
    assert desired.events()[0].generation == 2


def test_a_cluster_outside_of_the_fleet_namespace_is_ignored() -> None:
    desired = Desired(NAMESPACE)
    desired.put(CLUSTERS, stored(cluster("ours")))
    desired.put(CLUSTERS, stored(cluster("theirs", namespace="shows")))
    assert [wanted.name for wanted in desired.clusters()] == ["ours"]


def test_a_broken_cluster_keeps_its_last_good_spec() -> None:
    desired = Desired(NAMESPACE)
    desired.put(CLUSTERS, stored(cluster(weight=3), version=1))
    (good,) = desired.clusters()
    desired.put(CLUSTERS, stored(cluster(weight="much"), version=2, generation=2))
    (wanted,) = desired.clusters()
    assert wanted.cluster is not None
    assert wanted.cluster == good.cluster
    assert "weight" in wanted.problems[0]


def test_an_event_that_a_watch_removes_is_missing_and_kept() -> None:
    desired = Desired(NAMESPACE)
    desired.put(EVENTS, an_event(version=1))
    desired.remove(EVENTS, ("shows", "gala"), "2")
    (wanted,) = desired.events()
    assert wanted.missing
    assert (desired.missing(), desired.vanished()) == (frozenset({key("gala")}), frozenset())


def test_a_missing_event_is_forgotten_once_its_deletion_is_believed() -> None:
    desired = Desired(NAMESPACE)
    desired.put(EVENTS, an_event(version=1))
    desired.remove(EVENTS, ("shows", "gala"), "2")
    desired.forget([key("gala")])
    assert desired.events() == ()


def test_an_event_that_came_back_is_not_forgotten() -> None:
    desired = Desired(NAMESPACE)
    desired.put(EVENTS, an_event(version=1))
    desired.remove(EVENTS, ("shows", "gala"), "2")
    desired.put(EVENTS, an_event(version=3, uid="u2"))
    desired.forget([key("gala")])
    assert [wanted.uid for wanted in desired.events()] == ["u2"]
    assert desired.missing() == frozenset()


def test_a_late_removal_of_an_older_object_does_not_touch_its_successor() -> None:
    desired = Desired(NAMESPACE)
    desired.put(EVENTS, an_event(version=3, uid="u2"))
    desired.remove(EVENTS, ("shows", "gala"), "2")
    assert desired.missing() == frozenset()


@pytest.mark.parametrize(
    ("left", "vanished"),
    [
        pytest.param(["a", "b", "c"], [], id="a list that lacks one of four is believed to be complete"),
        pytest.param(["a", "b"], [], id="a list that lacks exactly half is believed to be complete"),
        pytest.param(["a"], ["b", "c", "d"], id="a list that lacks more than half is doubt about the list"),
        pytest.param([], ["a", "b", "c", "d"], id="an empty list is doubt about the list"),
    ],
)
def test_what_drops_out_of_a_list_stays_until_it_is_confirmed(left: list[str], vanished: list[str]) -> None:
    desired = Desired(NAMESPACE)
    desired.replace(EVENTS, [an_event(name) for name in "abcd"], "10")
    desired.replace(EVENTS, [an_event(name) for name in left], "11")
    assert names(desired) == list("abcd")
    assert desired.missing() == {key(name) for name in "abcd" if name not in left}
    assert desired.vanished() == {key(name) for name in vanished}


def test_a_list_made_before_an_object_does_not_make_it_missing() -> None:
    desired = Desired(NAMESPACE)
    desired.put(EVENTS, an_event(version=12))
    desired.replace(EVENTS, [], "11")
    assert desired.missing() == frozenset()


def test_a_list_made_before_a_deletion_does_not_bring_the_object_back() -> None:
    desired = Desired(NAMESPACE)
    desired.put(EVENTS, an_event(version=10))
    desired.remove(EVENTS, ("shows", "gala"), "12")
    desired.replace(EVENTS, [an_event(version=10)], "11")
    assert desired.missing() == {key("gala")}


def test_an_event_that_turns_up_in_the_next_list_is_no_longer_missing() -> None:
    desired = Desired(NAMESPACE)
    desired.replace(EVENTS, [an_event(version=5)], "10")
    desired.replace(EVENTS, [], "11")
    desired.replace(EVENTS, [an_event(version=5)], "12")
    assert (desired.missing(), desired.vanished()) == (frozenset(), frozenset())


def test_an_api_server_that_was_restored_from_a_backup_is_followed_after_three_lists() -> None:
    desired = Desired(NAMESPACE)
    desired.replace(EVENTS, [an_event(version=90, generation=9)], "100")
    seen = []
    for version in ("50", "51", "52"):
        desired.replace(EVENTS, [an_event(version=40, generation=4)], version)
        seen.append(desired.events()[0].generation)
    assert seen == [9, 9, 4]


def test_clusters_of_an_empty_list_go_only_after_a_later_list_confirms_it() -> None:
    now = 0.0
    desired = Desired(NAMESPACE, confirm=30.0, steady=lambda: now)
    desired.replace(CLUSTERS, [stored(cluster())], "10")
    counts = []
    for now in (1.0, 20.0, 31.0):  # noqa: B007 (the clock of the store)
        desired.replace(CLUSTERS, [], "11")
        counts.append(len(desired.clusters()))
    assert counts == [1, 1, 0]


def test_a_cluster_that_a_watch_removes_is_gone() -> None:
    desired = Desired(NAMESPACE)
    desired.put(CLUSTERS, stored(cluster()))
    desired.remove(CLUSTERS, (NAMESPACE, "north"), "2")
    assert desired.clusters() == ()


def test_nothing_is_synced_before_every_kind_was_listed() -> None:
    desired = Desired(NAMESPACE)
    desired.put(EVENTS, an_event())
    desired.replace(EVENTS, [], "3")
    before = desired.synced()
    desired.replace(CLUSTERS, [], "3")
    assert (before, desired.synced()) == (False, True)


async def calls_after(change: dict[str, Any]) -> int:
    calls: list[None] = []
    desired = Desired(NAMESPACE)
    desired.put(EVENTS, an_event(version=1))
    desired.listen(lambda: calls.append(None))
    await asyncio.to_thread(desired.put, EVENTS, change)
    await asyncio.sleep(0)
    return len(calls)


@pytest.mark.parametrize(
    ("change", "want"),
    [
        pytest.param(an_event(version=2, generation=2), 1, id="a new generation wakes the engine"),
        pytest.param(an_event(version=2, uid="u2"), 1, id="another object of that name wakes the engine"),
        pytest.param(an_event(version=2, phase="Live"), 0, id="our own status does not wake the engine"),
        pytest.param(an_event("other", version=2), 1, id="a second event wakes the engine"),
        pytest.param(an_event(version=1), 0, id="the same object again does not wake the engine"),
    ],
)
async def test_the_engine_is_woken_by_what_people_want_only(change: dict[str, Any], want: int) -> None:
    assert await calls_after(change) == want


async def test_new_labels_and_a_deletion_wake_the_engine() -> None:
    labelled, deleted = an_event(version=2), an_event(version=2)
    labelled["metadata"]["labels"] = {"show": "spring"}
    deleted["metadata"]["deletionTimestamp"] = "2027-01-02T00:00:00Z"
    assert [await calls_after(labelled), await calls_after(deleted)] == [1, 1]


async def test_a_removal_from_another_thread_wakes_the_engine() -> None:
    woken = asyncio.Event()
    desired = Desired(NAMESPACE)
    desired.put(EVENTS, an_event(version=1))
    desired.listen(woken.set)
    threading.Thread(target=desired.remove, args=(EVENTS, ("shows", "gala"), "2")).start()
    async with asyncio.timeout(5):
        await woken.wait()


@pytest.mark.parametrize(
    "reach",
    [
        pytest.param(lambda desired: desired.put(EVENTS, an_event(version=7)), id="by an object"),
        pytest.param(lambda desired: desired.remove(EVENTS, ("shows", "x"), "7"), id="by a deletion"),
        pytest.param(lambda desired: desired.replace(EVENTS, [], "7"), id="by a list"),
    ],
)
async def test_a_barrier_is_reached(reach: Any) -> None:
    desired = Desired(NAMESPACE)
    waiting = asyncio.create_task(desired.reached(EVENTS, 7))
    await asyncio.sleep(0)
    assert not waiting.done()
    await asyncio.to_thread(reach, desired)
    await waiting
    await desired.reached(EVENTS, 7)


async def test_a_barrier_that_is_not_reached_says_so_with_both_versions() -> None:
    desired = Desired(NAMESPACE)
    desired.put(EVENTS, an_event(version=6))
    with pytest.raises(BarrierTimeout, match="at resourceVersion 6, not at 7"):
        await desired.reached(EVENTS, 7, deadline=0.01)


def test_a_cluster_elsewhere_is_a_stray_whatever_its_name() -> None:
    desired = Desired(NAMESPACE)
    desired.put(CLUSTERS, stored(cluster("north")))
    desired.put(CLUSTERS, stored(cluster("north", namespace="shows"), uid="u2"))
    assert [(one.name, one.uid) for one in desired.clusters()] == [("north", "u1")]
    assert [(one.name, one.uid, one.cluster) for one in desired.strays()] == [("north", "u2", None)]
