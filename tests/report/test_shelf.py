"""The shelf: a night is put away after each round, found again, and never in the way."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import Any

import pytest

from gala.errors import InvalidInput, Rejected, Unreachable
from gala.planning.facts import EventKey
from gala.report import archive, shelf
from gala.report.event_report import EventReport, build
from gala.report.recorder import Recorder
from gala.report.shelf import NightShelf, fetch, name_of, render, thinned
from gala.settings import Settings
from report_night import EVENT, T0, night, seven_rounds
from report_passes import Hub, event_plan, plan, snapshot

PATH = "/api/v1/namespaces/gala-system/configmaps"


@dataclass
class Store:
    """An API server that keeps ConfigMaps."""

    kept: dict[str, Any] = field(default_factory=dict)
    methods: list[str] = field(default_factory=list)

    async def request(
        self, method: str, path: str, *, body: Any = None, content_type: str = "application/json"
    ) -> dict[str, Any]:
        self.methods.append(method)
        if method == "POST":
            self.kept[f"{path}/{body['metadata']['name']}"] = body
        elif path not in self.kept:
            raise Rejected("not found", status=404)
        elif method == "PATCH":
            self.kept[path] = body
        found: dict[str, Any] = self.kept.get(path, {})
        return found


async def keep(hub: Any, *passes: tuple[float, Any], recorder: Recorder | None = None) -> None:
    """Passes at seconds after T0, each with what is said of the event."""
    recorder = recorder or Recorder()
    one = NightShelf(hub, Settings(), recorder)
    for at, said in passes:
        recorder.observe(T0 + at, snapshot(), plan(said), ())
        await one.keep(plan(said), T0 + at)


async def test_a_night_is_put_away_after_a_round_and_when_all_is_handed_back() -> None:
    store = Store()
    held = event_plan(open_entries=1)
    await keep(
        store, (0, held), (160, held), (170, held), (172, held), (500, event_plan()), (600, event_plan())
    )
    assert store.methods == ["PATCH", "POST", "PATCH"]
    kept = await fetch(store, Settings(), EVENT)
    assert (kept.report.event, kept.report.handed_back) == ("show/gala", True)
    assert kept.report == build(kept.night)


async def test_a_refusal_is_tried_again_a_minute_later() -> None:
    hub = Hub(error=Unreachable("no answer"))
    await keep(hub, *((at, event_plan(open_entries=1)) for at in (170, 172, 200, 229, 230)))
    assert len(hub.requests) == 2


async def test_a_refusal_that_is_not_about_absence_makes_no_new_object() -> None:
    hub = Hub(error=Rejected("forbidden", status=403))
    await keep(hub, (170, event_plan()))
    assert [method for method, _, _ in hub.requests] == ["PATCH"]


async def test_an_event_without_a_report_says_when_there_will_be_one() -> None:
    with pytest.raises(InvalidInput, match="when its first round is over"):
        await fetch(Store(), Settings(), EVENT)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({}, id="nothing in it"),
        pytest.param({shelf.REPORT: "!!!", shelf.NIGHT: "!!!"}, id="no base64"),
        pytest.param({shelf.REPORT: base64.b64encode(b"x").decode(), shelf.NIGHT: ""}, id="no gzip"),
    ],
)
async def test_what_somebody_else_put_there_is_refused(data: dict[str, str]) -> None:
    store = Store({f"{PATH}/gala-night.show.gala": {"binaryData": data}})
    with pytest.raises(InvalidInput, match="no report that this gala can read"):
        await fetch(store, Settings(), EVENT)


def test_the_name_of_a_long_event_is_cut_and_still_its_own() -> None:
    one, other = (name_of(EventKey("show", "x" * 252 + letter)) for letter in "ab")
    assert one != other
    assert len(one) == 253


def test_a_long_night_fits_into_an_object_with_its_exact_report() -> None:
    data: Any = render(EVENT, seven_rounds())["binaryData"]
    assert sum(len(text) for text in data.values()) < 1 << 20


def test_a_thinned_night_keeps_its_shape() -> None:
    log = seven_rounds()
    thin = thinned(log, 60.0)
    place = next(iter(log.ready))
    assert len(thin.offered[place]) <= len(log.offered[place]) // 50
    at = log.segments[0].actual_start + 119
    assert thin.ready[place].value_at(at) == log.ready[place].value_at(at)
    assert night().decisions
    assert thin.decisions == ()


def test_of_a_night_too_large_the_pictures_lose_detail_and_the_figures_nothing() -> None:
    log = seven_rounds()
    data: Any = render(EVENT, log, largest=100_000)["binaryData"]
    packed = base64.b64decode(data[shelf.NIGHT])
    report = EventReport.model_validate_json(archive.unpack(base64.b64decode(data[shelf.REPORT])))
    assert 10_000 < len(packed) <= 100_000
    assert len(archive.load(packed).segments) == len(log.segments)
    assert report == build(log)
