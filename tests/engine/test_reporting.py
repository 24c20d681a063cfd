"""What is told after a pass: none of it can stop the next one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from engine_stage import START, EngineStage, an_engine
from gala.engine.passes import Done
from gala.engine.reporting import Telling
from gala.planning.facts import EventKey
from gala.report.metrics import Metrics, Tale
from gala.report.reporter import Passed, Reporter
from gala.sandbox.apiserver.faults import Refuse
from hub_server import LEDGER_PATH

NOW = START - 60.0


@pytest.fixture
async def stage() -> AsyncIterator[EngineStage]:
    async with an_engine() as made:
        made.put_cluster()
        made.put_event()
        made.listed()
        yield made


class Failing(Reporter):
    """Has a bug."""

    async def publish(self, passed: Passed) -> None:
        raise KeyError("a bug")


class Miscounting(Metrics):
    """Has a bug as well."""

    def tell(self, tale: Tale) -> None:
        raise KeyError("a bug")


def telling(
    stage: EngineStage, kind: type[Reporter] = Reporter, counting: type[Metrics] = Metrics
) -> Telling:
    reporter = kind(stage.hub.api, stage.hub.settings)
    metrics = counting(reporter, stage.hub.api.counters)
    return Telling(reporter=reporter, metrics=metrics, store=stage.store, health=dict)


async def status_of_the_ledger(stage: EngineStage) -> dict[str, Any]:
    found = await stage.hub.api.request("GET", f"{LEDGER_PATH}/shows.gala.north")
    status: dict[str, Any] = found.get("status", {})
    return status


async def test_a_ledger_shows_what_is_asked_for_and_what_is_ready(stage: EngineStage) -> None:
    work = stage.a_pass()
    await telling(stage).tell(await stage.pass_at(NOW, work))
    before = await status_of_the_ledger(stage)
    later = await stage.pass_at(NOW + 2.0, work)
    await telling(stage).tell(replace(later, now=NOW + 40.0))
    after = await status_of_the_ledger(stage)
    rows = [[(row["observed"], row["ready"]) for row in one["entries"]] for one in (before, after)]
    (runs,) = stage.fleet.replicas.values()
    assert rows == [[(4, 4)], [(runs, runs)]]
    assert after["outstanding"] == 1


async def test_a_fault_in_the_report_is_logged_and_raised_to_nobody(
    stage: EngineStage, caplog: pytest.LogCaptureFixture
) -> None:
    await telling(stage, Failing).tell(await stage.pass_at(NOW))
    assert "this pass was not reported" in caplog.text


async def test_a_fault_in_the_metrics_keeps_no_status_from_being_written(
    stage: EngineStage, caplog: pytest.LogCaptureFixture
) -> None:
    await telling(stage, counting=Miscounting).tell(await stage.pass_at(NOW))
    assert "this pass is not in the metrics" in caplog.text
    assert (await status_of_the_ledger(stage))["outstanding"] == 1


@pytest.mark.parametrize(
    "refusal",
    [
        pytest.param(Refuse(status=503), id="a hub that answers nothing"),
        pytest.param(Refuse(status=409), id="a hub that refuses every write"),
        pytest.param(Refuse(status=403), id="a hub that forbids everything"),
    ],
)
async def test_a_hub_that_refuses_keeps_nobody_from_the_next_pass(
    stage: EngineStage, refusal: Refuse
) -> None:
    done = await stage.pass_at(NOW)
    stage.store.invalidate()
    stage.hub.server.faults.refusals = [refusal]
    await telling(stage).tell(done)
    stage.hub.server.faults.refusals = []
    assert (await stage.pass_at(NOW + 2.0)).problems == ()


async def test_events_that_vanish_together_are_an_alarm_that_is_given_once(
    stage: EngineStage, caplog: pytest.LogCaptureFixture
) -> None:
    told = telling(stage)
    done = await stage.pass_at(NOW)
    gone = frozenset({EventKey("shows", "gala"), EventKey("shows", "other")})
    alarmed: Done = replace(done, gathered=replace(done.gathered, vanished=gone))
    for one in (alarmed, alarmed, done):
        await told.tell(one)
    alarms = [record.message for record in caplog.records if "EventsVanished" in record.message]
    assert len(alarms) == 1
    assert "2 GalaEvents (shows/gala, shows/other)" in alarms[0]
