"""One pass: what is not stored is not written, and one event's or cluster's trouble stays its own."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from engine_stage import START, EngineStage, an_engine, first, front
from gala.engine.passes import Pass
from gala.errors import BarrierTimeout
from gala.planning.facts import EventKey
from gala.planning.outcome import Plan
from gala.planning.plan import plan
from gala.planning.snapshot import Snapshot
from gala.sandbox.apiserver.faults import Refuse
from hub_server import CRDS_PATH, without

SOON = START - 60.0
"""Inside the hold of the round."""


@pytest.fixture
async def stage() -> AsyncIterator[EngineStage]:
    async with an_engine() as made:
        made.put_cluster("north")
        made.put_cluster("south")
        made.put_event("gala")
        made.listed()
        yield made


def written(stage: EngineStage) -> list[str]:
    return [line for line in stage.journal if line.startswith("write")]


async def test_record_and_ledgers_are_stored_before_anything_is_written(stage: EngineStage) -> None:
    done = await stage.pass_at(SOON)

    assert [result.error for result in done.results] == [None, None]
    assert stage.journal[:3] == ["POST galaallocations"] * 3
    assert first(stage.journal, "write") == 3
    records, ledgers = await stage.store.load()
    assert ([str(key) for key in records], [name for _, name in ledgers]) == (
        ["shows/gala"],
        ["north", "south"],
    )


async def test_a_cluster_whose_ledger_is_not_stored_is_not_written_to(stage: EngineStage) -> None:
    work = stage.a_pass()
    await stage.pass_at(SOON, work)
    stage.put_event("gala", rounds=[_bigger()])
    stage.hub.server.faults.refusals = [Refuse(status=503, method="PUT", path=r"gala\.south$")]

    done = await stage.pass_at(SOON + 2.0, work)

    assert {result.write.cluster for result in done.results} == {"north"}
    assert [problem.partition(":")[0] for problem in done.problems] == [
        "the ledger of event shows/gala in cluster south was not stored"
    ]


async def test_an_event_whose_record_is_not_stored_is_not_written_for(stage: EngineStage) -> None:
    stage.put_event("other")
    stage.hub.server.faults.refusals = [Refuse(status=503, method="POST", times=1)]

    done = await stage.pass_at(SOON)

    wrote = {result.write.event.name for result in done.results}
    assert len(wrote) == 1
    (spared,) = {"gala", "other"} - wrote
    assert [problem.partition(" was ")[0] for problem in done.problems] == [
        f"the record of event shows/{spared}"
    ]
    assert not [line for line in written(stage) if f"write {spared} " in line]


async def test_what_was_not_stored_is_stored_and_written_by_the_next_pass(stage: EngineStage) -> None:
    stage.hub.server.faults.refusals = [Refuse(status=503, method="POST", times=1)]
    work = stage.a_pass()
    await stage.pass_at(SOON, work)
    assert written(stage) == []

    done = await stage.pass_at(SOON + 2.0, work)

    assert done.problems == ()
    assert len(written(stage)) == 2


async def test_a_ledger_that_somebody_else_changed_stops_its_writes_until_it_is_read_again(
    stage: EngineStage,
) -> None:
    work = stage.a_pass()
    await stage.pass_at(SOON, work)
    listed = await stage.hub.api.request(
        "GET", "/apis/gala.dev/v1alpha1/namespaces/gala-system/galaallocations"
    )
    for item in listed["items"]:
        path = f"/apis/gala.dev/v1alpha1/namespaces/gala-system/galaallocations/{item['metadata']['name']}"
        body = {"metadata": {"labels": {"touched": "yes"}}}
        await stage.hub.api.request("PATCH", path, body=body, content_type="application/merge-patch+json")
    stage.put_event("gala", rounds=[_bigger()])
    stage.journal.clear()

    blocked = await stage.pass_at(SOON + 2.0, work)
    after = await stage.pass_at(SOON + 4.0, work)

    assert (blocked.results, len(blocked.problems) > 0) == ((), True)
    assert (after.problems, len(after.results)) == ((), 2)


def _bigger() -> dict[str, object]:
    return {
        "name": "one",
        "start": "2027-02-05T20:00:00+08:00",
        "duration": "5m",
        "demand": [{"workload": "front", "replicas": 60}],
    }


async def test_who_does_not_lead_stores_and_writes_nothing(stage: EngineStage) -> None:
    stage.leading = False

    done = await stage.pass_at(SOON)

    assert (stage.journal, done.results) == ([], ())
    assert done.problems[0].endswith("this process does not lead any more")


async def test_a_lease_that_is_lost_while_the_ledger_is_stored_stops_the_writes(stage: EngineStage) -> None:
    async def lose(_: object) -> None:
        stage.leading = False

    stage.hub.server.faults.after = lose

    done = await stage.pass_at(SOON)

    assert (written(stage), done.results) == ([], ())


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(BarrierTimeout("late"), id="a cache that did not catch up decides nothing"),
        pytest.param(KeyError("x"), id="a fault of our own decides nothing"),
    ],
)
async def test_without_facts_nothing_is_stored(stage: EngineStage, fault: Exception) -> None:
    stage.fleet.fault = fault
    with pytest.raises(type(fault)):
        await stage.pass_at(SOON)
    assert stage.journal == []


async def test_a_write_that_failed_is_planned_again(stage: EngineStage) -> None:
    stage.fleet.refusing = {"south"}
    work = stage.a_pass()
    first_pass = await stage.pass_at(SOON, work)
    stage.fleet.refusing = set()

    second = await stage.pass_at(SOON + 2.0, work)

    assert [r.write.cluster for r in first_pass.results if r.error] == ["south"]
    assert "south" in {r.write.cluster for r in second.results if r.error is None}
    assert stage.fleet.replicas["south", front("gala")] == 15


async def test_in_doubt_nothing_is_lowered_and_afterwards_it_is(stage: EngineStage) -> None:
    work = stage.a_pass()
    await stage.pass_at(SOON, work)
    held = dict(stage.fleet.replicas)
    over = START + 3600.0

    doubtful = await stage.pass_at(over, work, doubt=True)
    assert (doubtful.results, stage.fleet.replicas) == ((), held)

    sure = await stage.pass_at(over + 40.0, work)
    sure = await stage.pass_at(over + 80.0, work)
    assert all(result.write.to < result.write.was for result in sure.results)
    assert stage.fleet.replicas != held


async def test_when_all_is_given_back_nothing_is_left_in_the_ledger(stage: EngineStage) -> None:
    work = stage.a_pass()
    await stage.pass_at(SOON, work)
    for step in range(20):
        await stage.pass_at(START + 3600.0 + 40.0 * step, work)
    assert set(stage.fleet.replicas.values()) == {4}
    assert stage.journal[-2:] == ["DELETE galaallocations"] * 2
    assert await stage.store.load() == ({}, {})


GALA, OTHER = EventKey("shows", "gala"), EventKey("shows", "other")


async def test_an_event_that_cannot_be_planned_costs_the_others_nothing_and_is_told(
    stage: EngineStage,
) -> None:
    def stumbles(snapshot: Snapshot, now: float) -> Plan:
        if any(event.key == OTHER for event in snapshot.events):
            raise ZeroDivisionError("by nought")
        return plan(snapshot, now, stage.hub.settings)

    stage.put_event("other")
    work = Pass(
        gatherer=stage.gatherer,
        store=stage.store,
        fleet=stage.fleet,
        leads=lambda: True,
        settings=stage.hub.settings,
        planner=stumbles,
    )
    done = await stage.pass_at(SOON, work)

    assert {result.write.event for result in done.results} == {GALA}
    (trouble,) = done.troubles[OTHER]
    assert (list(done.troubles), trouble.reason, trouble.stuck) == ([OTHER], "PlanningFailed", True)
    assert "ZeroDivisionError: by nought" in trouble.message


async def test_a_ledger_that_is_not_stored_is_a_trouble_of_its_event_alone(stage: EngineStage) -> None:
    stage.put_event("other")
    stage.hub.server.faults.refusals = [Refuse(status=403, method="POST", times=1)]

    done = await stage.pass_at(SOON)

    ((key, (trouble,)),) = done.troubles.items()
    assert (trouble.reason, trouble.stuck) == ("LedgerNotStored", False)
    assert f"the record of event {key} was not stored" in trouble.message
    assert "needs create on galaallocations" in trouble.message


async def install(stage: EngineStage, *missing: str) -> None:
    """Somebody installs a definition of the ledger that lacks these fields, or all of them again."""
    path = f"{CRDS_PATH}/galaallocations.gala.dev"
    now = await stage.hub.api.request("GET", path)
    body = {**without("galaallocations", *missing), "metadata": now["metadata"]}
    await stage.hub.api.request("PUT", path, body=body)


async def test_a_decrease_is_not_written_by_the_pass_that_finds_out_that_parts_of_its_ledger_are_dropped(
    stage: EngineStage,
) -> None:
    work = stage.a_pass()
    await stage.pass_at(SOON, work)
    await install(stage, "entries[].rule")
    over = await stage.pass_at(START + 3600.0, work)
    assert any(write.to < write.was for write in over.plan.writes)
    assert (over.results, [one.reason for one in over.troubles[GALA]]) == ((), ["LedgerInDoubt"])


async def test_where_the_definition_drops_figures_all_is_raised_and_nothing_lowered_until_it_is_new(
    stage: EngineStage,
) -> None:
    await install(stage, "entries[].floors[].stragglers")
    work = stage.a_pass()
    raised = await stage.pass_at(SOON, work)
    raised = await stage.pass_at(SOON + 2.0, work)
    assert min(stage.fleet.replicas.values()) >= 15
    assert [trouble.reason for trouble in raised.troubles[GALA]] == ["LedgerInDoubt"]

    for step in range(3):
        held = await stage.pass_at(START + 3600.0 + 40.0 * step, work)
        assert held.results == ()

    await install(stage)
    stage.steady.value += 30.0
    for step in range(20):
        await stage.pass_at(START + 3800.0 + 40.0 * step, work)
    assert set(stage.fleet.replicas.values()) == {4}


async def test_a_ledger_that_cannot_be_mended_yet_is_told_and_stops_nothing(
    stage: EngineStage, caplog: pytest.LogCaptureFixture
) -> None:
    await install(stage, "entries[].rule")
    work = stage.a_pass()
    await stage.pass_at(SOON, work)
    stage.steady.value += 30.0
    stage.hub.server.faults.refusals = [Refuse(status=503, method="PUT", path="gala", times=1)]
    await stage.pass_at(SOON + 2.0, work)
    assert "was not written again" in caplog.text
    assert len(written(stage)) >= 2
