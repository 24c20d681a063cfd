"""The reports that ``gala run`` leaves behind: one per event, once everything is back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gala.cli.nights import NightReports
from gala.engine.gathering import Gathered
from gala.engine.passes import Done
from gala.planning.facts import EventKey
from gala.planning.outcome import EventPlan, Plan
from gala.planning.snapshot import Snapshot
from report_night import night as a_night

GALA = EventKey("shows", "gala")


def a_pass(phase: str, *, opened: bool = True) -> Done:
    plan = Plan(events={GALA: EventPlan(key=GALA, phase=phase, ever_opened=opened)})
    gathered = Gathered(snapshot=Snapshot(), events=(), clusters=())
    return Done(now=1_800_000_000.0, gathered=gathered, plan=plan, results=(), problems=())


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_an_event_that_is_over_is_reported_as_json_and_as_a_page(tmp_path: Path) -> None:
    night = a_night()
    NightReports(tmp_path / "new", lambda _: night)(a_pass("HandedBack"))
    assert files(tmp_path) == ["shows.gala.html", "shows.gala.json"]
    report = json.loads((tmp_path / "new" / "shows.gala.json").read_text())
    assert report["event"] == night.event


@pytest.mark.parametrize(
    ("phase", "opened"),
    [
        pytest.param("Cooling", True, id="one that is not over yet"),
        pytest.param("HandedBack", False, id="one that was over before this process saw anything of it"),
    ],
)
def test_nothing_is_written_of(phase: str, opened: bool, tmp_path: Path) -> None:
    NightReports(tmp_path, lambda _: a_night())(a_pass(phase, opened=opened))
    assert files(tmp_path) == []


def test_it_is_written_once(tmp_path: Path) -> None:
    reports = NightReports(tmp_path, lambda _: a_night())
    reports(a_pass("HandedBack"))
    (tmp_path / "shows.gala.json").unlink()
    reports(a_pass("HandedBack"))
    assert files(tmp_path) == ["shows.gala.html"]


def test_a_directory_that_cannot_be_written_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    NightReports(tmp_path / "file", lambda _: a_night())(a_pass("HandedBack"))
    assert "the report of event shows/gala was not written" in caplog.text


def test_an_event_that_was_not_recorded_has_no_report(tmp_path: Path) -> None:
    NightReports(tmp_path, lambda _: None)(a_pass("HandedBack"))
    assert files(tmp_path) == []
