"""A snapshot: what is asked of whom, and what stays in doubt."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from engine_stage import START, EngineStage, an_engine, front
from gala.engine.gathering import Gathered
from gala.planning.facts import EventKey
from hub_server import LEDGER_PATH, SHOWS, event, stored
from ledger_values import a_ledger, as_object

GALA = EventKey(SHOWS, "gala")
NOW = START - 60.0


@pytest.fixture
async def stage() -> AsyncIterator[EngineStage]:
    async with an_engine() as made:
        made.listed()
        yield made


async def gathered(stage: EngineStage, now: float = NOW, *, doubt: bool = False) -> Gathered:
    return await stage.gatherer.gather({}, now, reasserted={}, doubt=doubt)


@pytest.mark.parametrize(
    ("spec", "target", "want"),
    [
        pytest.param({}, SHOWS, True, id="the operator's own cluster admits the event's own namespace"),
        pytest.param({}, "bank", False, id="but no other namespace is read for an event"),
        pytest.param({"inCluster": False}, SHOWS, False, id="a remote cluster admits nobody by itself"),
        pytest.param(
            {"inCluster": False, "namespaceSameness": True},
            SHOWS,
            True,
            id="a remote cluster with namespaces that mean the same admits the event's own",
        ),
        pytest.param(
            {"admits": [{"eventNamespace": SHOWS, "targetNamespaces": ["bank"]}]},
            "bank",
            True,
            id="a namespace that the platform team admits is read",
        ),
        pytest.param(
            {"admits": [{"eventNamespace": "else", "targetNamespaces": ["*"]}]},
            SHOWS,
            False,
            id="what others are admitted to is not",
        ),
        pytest.param(
            {"admits": [{"eventNamespace": SHOWS, "targetNamespaces": [SHOWS], "may": ["Lend"]}]},
            SHOWS,
            False,
            id="what may only lend is not read to grow it",
        ),
        pytest.param(
            {"admits": [{"eventNamespace": SHOWS, "targetNamespaces": [SHOWS], "maxTier": "C"}]},
            SHOWS,
            False,
            id="nor is what would need a higher tier",
        ),
    ],
)
async def test_only_what_a_cluster_admits_is_watched(
    stage: EngineStage, spec: dict[str, object], target: str, want: bool
) -> None:
    stage.put_cluster(**spec)
    stage.put_event(workloads=[{"name": "front", "target": {"name": "front", "namespace": target}}])

    await gathered(stage)

    assert bool(stage.fleet.wanted["north"]) == want


@pytest.mark.parametrize(
    ("spec", "where", "want"),
    [
        pytest.param({}, {}, ["north"], id="the traffic of what may grow is asked for"),
        pytest.param({"inCluster": False}, {}, [], id="that of what nobody admits is not"),
        pytest.param(
            {},
            {"clusterSelector": {"matchLabels": {"zone": "a"}}},
            [],
            id="nor is it asked where the workload is not wanted",
        ),
    ],
)
async def test_prometheus_is_asked_only_for_what_may_grow(
    stage: EngineStage, spec: dict[str, object], where: dict[str, object], want: list[str]
) -> None:
    stage.put_cluster(**spec, prometheus={"url": "http://prometheus.example.com"})
    signal = {"metric": "hits"}
    stage.put_event(workloads=[{"name": "front", "target": {"name": "front"}, "signal": signal, **where}])

    await gathered(stage)

    assert [ask.cluster for ask in stage.signals.asked] == want


async def test_an_open_entry_is_watched_whatever_has_become_of_its_event(stage: EngineStage) -> None:
    stage.put_cluster()
    stage.put_event()
    stage.listed()
    await stage.pass_at(NOW)
    stage.put_cluster(inCluster=False)

    await gathered(stage)

    assert [want.target for want in stage.fleet.wanted["north"]] == [front("gala")]


async def test_the_longest_warm_up_of_all_events_counts(stage: EngineStage) -> None:
    stage.put_cluster()
    for name, warmup in (("gala", "30s"), ("other", "90s")):
        capacity = {"qpsPerReplica": 10, "warmup": warmup}
        stage.put_event(
            name, workloads=[{"name": "front", "target": {"name": "front"}, "capacity": capacity}]
        )

    await gathered(stage)

    assert [want.warmup for want in stage.fleet.wanted["north"]] == [90.0]


async def test_a_broken_edit_leaves_the_last_good_spec_in_force(stage: EngineStage) -> None:
    stage.put_cluster()
    stage.put_event()
    await gathered(stage)
    stage.put_event(rounds=[])

    found = await gathered(stage)

    assert len(found.snapshot.events[0].spec.rounds) == 1
    assert len(found.events[0].problems) == 1


async def test_an_event_that_was_never_good_stops_no_other(stage: EngineStage) -> None:
    stage.put_event("broken", rounds=[])
    stage.put_event()
    found = await gathered(stage)
    assert [facts.key for facts in found.snapshot.events] == [GALA]


async def test_a_missing_event_is_in_doubt_until_two_answers_by_name(stage: EngineStage) -> None:
    stage.put_event()
    stage.desired.remove("galaevents", GALA)

    heard = [await gathered(stage, NOW + seconds) for seconds in (0.0, 10.0, 30.0)]

    assert [[e.doubt for e in found.snapshot.events] for found in heard] == [[True], [True], []]
    assert [found.snapshot.deleted for found in heard] == [frozenset(), frozenset(), {GALA}]


async def test_a_ledger_whose_event_is_nowhere_is_asked_for_by_name(stage: EngineStage) -> None:
    stage.put_cluster()
    stage.put_event()
    stage.listed()
    await stage.pass_at(NOW)
    stage.desired.remove("galaevents", GALA)
    stage.desired.forget([GALA])

    heard = [await gathered(stage, NOW + seconds) for seconds in (2.0, 32.0)]

    assert [found.snapshot.deleted for found in heard] == [frozenset(), {GALA}]


async def test_in_doubt_every_event_is_and_no_deletion_counts(stage: EngineStage) -> None:
    stage.put_event()
    stage.put_event("other")
    stage.desired.remove("galaevents", GALA)
    await gathered(stage)

    found = await gathered(stage, NOW + 40.0, doubt=True)

    assert [e.doubt for e in found.snapshot.events] == [True]
    assert found.snapshot.deleted == frozenset()


async def test_events_that_drop_out_of_a_list_at_once_are_an_alarm(stage: EngineStage) -> None:
    stage.put_event()
    stage.put_event("other")
    stage.desired.replace("galaevents", [], "90")
    found = await gathered(stage)
    assert found.vanished == {GALA, EventKey(SHOWS, "other")}
    assert {e.doubt for e in found.snapshot.events} == {True}


async def test_a_fault_in_the_signals_is_no_traffic_and_stops_nothing(
    stage: EngineStage, caplog: pytest.LogCaptureFixture
) -> None:
    stage.put_cluster(prometheus={"url": "https://prometheus.example"})
    stage.put_event()
    stage.signals.fault = RuntimeError("a bug")
    found = await gathered(stage)
    assert found.snapshot.clusters["north"].signal_configured
    assert found.snapshot.clusters["north"].traffic == {}
    assert "Prometheus was not asked" in caplog.text


async def test_prometheus_is_asked_for_measured_workloads_where_it_is_configured(stage: EngineStage) -> None:
    stage.put_cluster("north", prometheus={"url": "https://prometheus.example"})
    stage.put_cluster("south")
    signal = {"metric": "http_requests_total", "matchLabels": {"app": "front"}}
    stage.put_event(workloads=[{"name": "front", "target": {"name": "front"}, "signal": signal}])
    await gathered(stage)
    assert {(ask.cluster, ask.workload) for ask in stage.signals.asked} == {("north", "front")}


async def test_the_revision_is_of_what_people_want_and_not_of_our_own_status(stage: EngineStage) -> None:
    stage.put_event()
    before = (await gathered(stage)).revision
    ours = stored(
        event(workloads=[{"name": "front", "target": {"name": "gala"}}]),
        version=50,
        uid="uid-gala",
        generation=stage.version,
        phase="Planned",
    )
    stage.desired.put("galaevents", ours)
    stage.version = 50
    unmoved = (await gathered(stage)).revision
    stage.put_event(paused=True)
    assert (unmoved == before, (await gathered(stage)).revision > before) == (True, True)


async def test_an_event_whose_ledger_a_later_version_wrote_is_in_doubt_and_never_deleted(
    stage: EngineStage,
) -> None:
    raw = as_object(a_ledger())
    raw["spec"]["schemaVersion"] = 2
    await stage.hub.api.request("POST", LEDGER_PATH, body=raw)
    stage.put_event()
    there = await gathered(stage)
    assert [one.doubt for one in there.snapshot.events] == [True]
    stage.desired.remove("galaevents", (SHOWS, "gala"))
    gone = [await gathered(stage, NOW + after) for after in (1.0, 40.0)]
    assert [found.snapshot.deleted for found in gone] == [frozenset(), frozenset()]
