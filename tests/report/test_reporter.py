"""The last step of a pass: what changed is written, and nothing here can fail the pass."""

from __future__ import annotations

import asyncio
import gc
import logging
import warnings
from dataclasses import replace
from typing import Any

import pytest

from gala.errors import Unreachable
from gala.planning.facts import EventKey
from gala.planning.outcome import Finding
from gala.report.event_judgements import Trouble
from gala.report.kube_events import MOST_PER_MINUTE, EventPoster, Notice, Subject, notices, render
from gala.report.reporter import Reporter
from gala.report.writer import ObjectId, StatusWriter, difference
from gala.settings import Settings
from report_night import EVENT, T0
from report_passes import (
    Cluster,
    Event,
    Hub,
    cluster,
    decision,
    event_plan,
    finding,
    passed,
    plan,
    raw_event,
    snapshot,
    traffic,
)

PATH = "/apis/gala.dev/v1alpha1/namespaces/show/galaevents/gala/status"
CLUSTER_PATH = "/apis/gala.dev/v1alpha1/namespaces/gala-system/galaclusters/east/status"
THIS = ObjectId("galaevents", "show", "gala", "u1")
SUBJECT = Subject(EVENT, "u1")


def reasons(hub: Hub) -> list[str]:
    return [body["reason"] for method, _, body in hub.requests if method == "POST"]


@pytest.mark.parametrize(
    ("before", "after", "want"),
    [
        pytest.param({"a": 1}, {"a": 1}, {}, id="nothing, where nothing changed"),
        pytest.param({"a": 1, "b": 2}, {"a": 1, "b": 3}, {"b": 3}, id="what changed"),
        pytest.param({"a": 1, "b": 2}, {"a": 1}, {"b": None}, id="what is gone as null"),
        pytest.param(
            {"a": {"x": 1, "y": 2}}, {"a": {"x": 1, "y": 3}}, {"a": {"y": 3}}, id="inside of an object"
        ),
        pytest.param({"a": [1, 2]}, {"a": [1]}, {"a": [1]}, id="a list as a whole"),
        pytest.param({}, {"a": {}}, {"a": {}}, id="an empty object where none was"),
    ],
)
def test_the_merge_patch(before: Any, after: Any, want: Any) -> None:
    assert difference(before, after) == want


async def test_a_status_is_written_on_change_only_and_not_too_often() -> None:
    hub = Hub()
    writer = StatusWriter(hub, Settings(status_interval=5.0))
    ready = [(0, "1/9"), (2, "2/9"), (4.9, "3/9"), (5, "3/9"), (30, "3/9")]
    done = [await writer.write(THIS, {"ready": text}, observed={}, now=T0 + at) for at, text in ready]
    assert done == [True, False, False, True, False]
    assert hub.statuses(PATH) == [{"ready": "1/9"}, {"ready": "3/9"}]


async def test_a_new_phase_does_not_wait() -> None:
    hub = Hub()
    writer = StatusWriter(hub, Settings(status_interval=5.0))
    for at, phase in enumerate(("Armed", "Live")):
        await writer.write(THIS, {"phase": phase}, observed={}, now=T0 + at)
    assert hub.statuses(PATH) == [{"phase": "Armed"}, {"phase": "Live"}]


async def test_what_the_server_has_already_is_not_written() -> None:
    hub = Hub()
    assert not await StatusWriter(hub, Settings()).write(THIS, {"a": 1}, observed={"a": 1}, now=T0)
    assert hub.requests == []


async def test_a_refused_status_is_counted_and_tried_again_after_the_interval() -> None:
    hub = Hub(error=Unreachable("no answer"))
    writer = StatusWriter(hub, Settings(status_interval=5.0))
    assert not await writer.write(THIS, {"phase": "Live"}, observed={}, now=T0)
    hub.error = None
    assert not await writer.write(THIS, {"phase": "Live"}, observed={}, now=T0 + 4.9)
    assert await writer.write(THIS, {"phase": "Live"}, observed={}, now=T0 + 5)
    assert (writer.failures, writer.writes) == (1, 1)


async def test_a_status_that_is_refused_again_and_again_is_tried_twice_a_minute() -> None:
    hub = Hub(error=Unreachable("no answer"))
    writer = StatusWriter(hub, Settings())
    for second in range(0, 600, 2):
        await writer.write(THIS, {"a": 1}, observed={}, now=T0 + second)
    assert 20 <= writer.failures <= 26


@pytest.mark.parametrize("fails", [True, False])
async def test_a_clock_that_was_set_back_keeps_no_status_from_being_written(fails: bool) -> None:
    hub = Hub()
    writer = StatusWriter(hub, Settings())
    await writer.write(THIS, {"a": 1}, observed={}, now=T0)
    if fails:
        hub.error = Unreachable("no answer")
        await writer.write(THIS, {"a": 2}, observed={}, now=T0 + 10)
        hub.error = None
    assert await writer.write(THIS, {"a": 3}, observed={}, now=T0 - 3600)


async def test_what_is_gone_is_forgotten() -> None:
    writer = StatusWriter(Hub(), Settings())
    await writer.write(THIS, {"a": 1}, observed={}, now=T0)
    writer.keep(())
    assert writer.last(THIS) is None


async def test_an_object_made_anew_under_an_old_name_starts_from_what_it_has() -> None:
    hub = Hub()
    writer = StatusWriter(hub, Settings())
    await writer.write(THIS, {"a": 1}, observed={}, now=T0)
    await writer.write(THIS._replace(uid="u2"), {"a": 1}, observed={}, now=T0 + 1)
    assert len(hub.requests) == 2


@pytest.mark.parametrize(
    ("before", "after", "want"),
    [
        pytest.param(None, event_plan(), [], id="a first plan without a fault says nothing"),
        pytest.param(
            None, event_plan(findings=(finding(),)), ["NotAdmitted"], id="a first plan says what is wrong"
        ),
        pytest.param(event_plan(), event_plan("Preparing"), ["PhasePreparing"], id="a phase that changed"),
        pytest.param(
            event_plan(findings=(finding(),)),
            event_plan(findings=(finding(),)),
            [],
            id="what was wrong before is not new",
        ),
        pytest.param(
            event_plan(findings=(finding("LateStart", "round-1 begins 12 s too late"),)),
            event_plan(findings=(finding("LateStart", "round-1 begins 14 s too late"),)),
            [],
            id="a figure alone is not new",
        ),
        pytest.param(
            event_plan(findings=(finding("NoRoom", "round-1: 4 do not fit"),)),
            event_plan(
                findings=(
                    finding("NoRoom", "round-1: 4 do not fit"),
                    finding("NoRoom", "round-2: 4 do not fit"),
                )
            ),
            ["NoRoom"],
            id="another round is new",
        ),
    ],
)
def test_what_is_worth_an_event(before: Any, after: Any, want: list[str]) -> None:
    assert [one.reason for one in notices(before, after)] == want


def test_an_event_is_what_kubectl_describe_shows() -> None:
    body = render(SUBJECT, Notice("NoRoom", "x" * 5000, warning=True), T0)
    assert (body["type"], body["reason"], len(body["message"])) == ("Warning", "NoRoom", 1000)
    assert body["involvedObject"] == {
        "apiVersion": "gala.dev/v1alpha1", "kind": "GalaEvent",
        "namespace": "show", "name": "gala", "uid": "u1",
    }  # fmt: skip
    assert body["metadata"]["namespace"] == "show"
    assert body["firstTimestamp"] == body["lastTimestamp"] == "2027-02-05T12:00:00Z"


async def test_the_same_is_said_again_only_after_a_while() -> None:
    hub = Hub()
    poster = EventPoster(hub)
    for at, count in ((0, 3), (100, 4), (299, 5), (300, 6)):
        await poster.post(SUBJECT, [Notice("NoRoom", f"round-1: {count} do not fit", warning=True)], T0 + at)
    assert [body["message"] for _, _, body in hub.requests] == [
        "round-1: 3 do not fit",
        "round-1: 6 do not fit",
    ]


async def test_a_flood_is_cut() -> None:
    hub = Hub()
    await EventPoster(hub).post(SUBJECT, [Notice(f"R{n}x", "text") for n in range(100)], T0)
    assert len(hub.requests) == MOST_PER_MINUTE


async def test_an_event_that_is_not_taken_is_counted() -> None:
    poster = EventPoster(Hub(error=Unreachable("no answer")))
    await poster.post(SUBJECT, [Notice("NoRoom", "text")], T0)
    assert poster.failures == 1


async def test_a_pass_brings_status_events_and_clusters_up_to_date() -> None:
    hub = Hub()
    reporter = Reporter(hub, Settings())
    await reporter.publish(passed(clusters=(Cluster(),)))
    await reporter.publish(passed(20, "Preparing", clusters=(Cluster(),)))
    assert [one["phase"] for one in hub.statuses(PATH)] == ["Planned", "Preparing"]
    assert reasons(hub) == ["PhasePreparing"]
    assert len(hub.statuses(CLUSTER_PATH)) == 1
    assert reporter.recorder.log(EVENT) is not None


async def test_a_cluster_outside_of_the_fleet_namespace_is_told_once_for_each_of_its_specs() -> None:
    hub = Hub()
    reporter = Reporter(hub, Settings())
    elsewhere = {"metadata": {"namespace": "show"}}
    for at, generation in ((-60, 1), (-45, 1), (-30, 2), (-29, 3), (-15, 2)):
        stray = Cluster(generation=generation, raw=elsewhere)
        await reporter.publish(passed(at, strays=(stray,)))
    told = hub.statuses(CLUSTER_PATH.replace("gala-system", "show"))
    assert [status["observedGeneration"] for status in told] == [1, 2]


async def test_nothing_changed_nothing_written() -> None:
    hub = Hub()
    reporter = Reporter(hub, Settings())
    for at in (-45, -30, -15, 0):
        await reporter.publish(passed(at, clusters=(Cluster(),)))
    assert len(hub.changes) == 2


async def test_a_hub_that_refuses_everything_fails_no_pass() -> None:
    reporter = Reporter(Hub(error=Unreachable("no answer")), Settings())
    await reporter.publish(passed(plan=plan(event_plan(findings=(finding(),))), clusters=(Cluster(),)))
    assert (reporter.writer.failures, reporter.poster.failures) == (2, 1)


async def test_a_process_that_ends_in_the_middle_leaves_nothing_half_begun() -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        publishing = asyncio.create_task(
            Reporter(Hub(), Settings()).publish(passed(clusters=(Cluster(),) * 20))
        )
        await asyncio.sleep(0)
        publishing.cancel()
        await asyncio.wait({publishing})
        gc.collect()
    assert publishing.cancelled()
    assert [str(one.message) for one in warned] == []


async def test_a_fault_in_one_event_leaves_the_others_alone(caplog: pytest.LogCaptureFixture) -> None:
    hub = Hub()
    other = EventKey("show", "other")
    broken = replace(event_plan("NoSuchPhase"), key=other)
    both = plan(events={EVENT: event_plan(), other: broken})
    with caplog.at_level(logging.ERROR):
        await Reporter(hub, Settings()).publish(
            passed(plan=both, events=(Event(key=other, uid="u2"), Event()))
        )
    assert len(hub.statuses(PATH)) == 1
    assert "a part of this pass was not reported" in caplog.text


async def test_an_event_that_was_never_good_is_told_what_to_change_once() -> None:
    hub = Hub()
    reporter = Reporter(hub, Settings())
    bad = Event(facts=None, problems=("spec.rounds: write at least one",))
    for at in (0, 15):
        await reporter.publish(passed(at, plan=plan(events={}), events=(bad,)))
    (status,) = hub.statuses(PATH)
    assert status["phase"] == "Invalid"
    assert reasons(hub) == ["InvalidSpec"]


async def test_an_event_that_cannot_be_planned_says_so_in_its_status_and_once_as_a_kubernetes_event() -> None:
    hub = Hub()
    reporter = Reporter(hub, Settings())
    trouble = {EVENT: (Trouble("PlanningFailed", "a fault of the operator"),)}
    for at in (0, 15):
        await reporter.publish(passed(at, plan=plan(events={}), troubles=trouble))
    (status,) = hub.statuses(PATH)
    (ready,) = [one for one in status["conditions"] if one["type"] == "Ready"]
    assert (ready["status"], ready["reason"]) == ("False", "PlanningFailed")
    assert reasons(hub) == ["PlanningFailed"]


async def test_an_event_of_which_nothing_is_known_yet_is_left_alone() -> None:
    hub = Hub()
    await Reporter(hub, Settings()).publish(passed(plan=plan(events={})))
    assert hub.statuses(PATH) == []


async def test_an_event_that_is_gone_is_left_alone() -> None:
    hub = Hub()
    await Reporter(hub, Settings()).publish(passed(events=(Event(missing=True),)))
    assert hub.changes == []


async def test_between_two_writes_no_status_is_computed_unless_it_is_urgent() -> None:
    hub = Hub()
    reporter = Reporter(hub, Settings(status_interval=5.0))
    for at, phase in ((20, "Preparing"), (22, "Preparing"), (24, "Armed")):
        one = event_plan(phase, ready={("web", "east"): int(at)})
        await reporter.publish(passed(at, plan=plan(one)))
    assert [status["phase"] for status in hub.statuses(PATH)] == ["Preparing", "Armed"]


async def test_a_status_that_cannot_be_read_is_written_anew() -> None:
    hub = Hub()
    raw = {**raw_event(), "status": {"phase": "Nonsense", "rounds": "none"}}
    await Reporter(hub, Settings()).publish(passed(events=(Event(raw=raw),)))
    assert hub.statuses(PATH)[0]["phase"] == "Planned"


async def test_every_decision_is_one_line_of_the_log(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="gala.decisions"):
        decided = plan(decisions=(decision(T0, 2, 10), decision(T0, 10, 2, "HandBack")))
        await Reporter(Hub(), Settings()).publish(passed(plan=decided))
    assert [record.getMessage() for record in caplog.records] == ["PreScale", "HandBack"]


def test_a_finding_is_what_kubernetes_events_are_made_of() -> None:
    one = event_plan(findings=(Finding("NoRoom", "4 do not fit", "", "web"),))
    assert notices(None, one) == (Notice("NoRoom", "4 do not fit", warning=True),)


async def test_a_night_is_put_away_with_the_pass_that_ends_its_round() -> None:
    hub = Hub()
    reporter = Reporter(hub, Settings())
    for at in (0, 170):
        await reporter.publish(passed(at))
    assert [path for _, path, _ in hub.requests if "configmaps" in path] == [
        "/api/v1/namespaces/gala-system/configmaps/gala-night.show.gala"
    ]


async def test_a_rate_alone_is_written_once_a_minute() -> None:
    hub = Hub()
    reporter = Reporter(hub, Settings())
    for at, qps in ((-90, 100.0), (-75, 110.0), (-60, 120.0), (-30, 130.0), (-15, 140.0)):
        seen = snapshot(clusters={"east": cluster(traffic=traffic(qps))})
        await reporter.publish(passed(at, snapshot=seen))
    assert [status["clusters"][0]["qps"] for status in hub.statuses(PATH)] == [100, 130]


async def test_an_event_that_is_gone_and_closed_is_forgotten() -> None:
    reporter = Reporter(Hub(), Settings())
    await reporter.publish(passed())
    await reporter.publish(passed(15, events=()))
    assert reporter.recorder.log(EVENT) is not None
    await reporter.publish(passed(30, events=(), plan=plan(events={})))
    assert reporter.recorder.log(EVENT) is None
