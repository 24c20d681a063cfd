"""`gala simulate` as a person or a machine calls it: what it prints, what it writes, and how it ends."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

import plan_files as build
from gala.cli import root

WAYS = ["gala", "hpa", "cron", "static", "oracle"]


@pytest.fixture
def call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Any:
    """Writes the documents into files, simulates, and answers status, stdout and stderr."""

    def _call(events: list[Any], clusters: list[Any], *arguments: str) -> tuple[int, str, str]:
        names = []
        for name, documents in (("event.yaml", events), ("clusters.yaml", clusters)):
            path = tmp_path / name
            path.write_text(build.text(name, *documents).text, encoding="utf-8")
            names.append(str(path))
        status = root.call(["simulate", "-f", names[0], "--clusters", names[1], *arguments])
        out, err = capsys.readouterr()
        return status, out, err

    return _call


def test_the_table_has_a_line_for_each_way_and_a_part_for_each_tier(call: Any) -> None:
    status, out, err = call([build.event()], build.fleet(), "--seed", "3", "--slip", "30s")
    assert (status, err) == (0, "")
    assert out.splitlines()[:3] == [
        "gala/show, 2027-02-05 11:26 to 12:35, 2 clusters, 1 workloads, seed 3",
        "traffic: 100 % of the forecast, parts up to 15 % off, every round 30 s late; each 1 s counts",
        "signals are 15 s old; gala looks each 15 s and at every edge, an HPA each 15 s",
    ]
    assert [line.split()[0] for line in out.splitlines()[5:] if line] == [*WAYS, "tier", *WAYS]


def test_as_json_every_figure_can_be_read_by_a_machine(call: Any) -> None:
    status, out, _ = call([build.event()], build.fleet(), "-o", "json", "--traffic", "90", "--skew", "0")
    found = json.loads(out)
    assert status == 0
    assert found["traffic"] == {
        "percentOfForecast": 90,
        "skewPercent": 0,
        "slipSeconds": 0.0,
        "signalAgeSeconds": 15.0,
        "stepSeconds": 1,
    }
    assert [one["name"] for one in found["strategies"]] == WAYS
    gala = found["strategies"][0]
    assert gala["tiers"]["B"]["servedRatio"] == 1.0
    want = {"roundsReady": 1, "rounds": 1, "serversAdded": 0, "handedBack": True, "podsWithoutRoom": 0}
    assert {key: gala[key] for key in want} == want


def test_the_page_draws_the_night_once_for_each_way_and_fetches_nothing(call: Any, tmp_path: Path) -> None:
    page = tmp_path / "out" / "night.html"
    status, _, _ = call([build.event()], build.fleet(), "--html", str(page))
    text = page.read_text(encoding="utf-8")
    assert status == 0
    drawings = re.findall(r"<svg viewBox.*?</svg></div>", text, re.DOTALL)
    assert len(drawings) == len(WAYS)
    for drawing in drawings:
        ET.fromstring(drawing.removesuffix("</div>"))
    assert "opening" in text
    assert not re.search(r"<script|https?://", text)


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_played(call: Any, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("", encoding="utf-8")
    status, out, err = call([build.event()], build.fleet(), "--html", str(tmp_path / "taken" / "night.html"))
    assert (status, out) == (1, "")
    assert err.startswith("gala: ")
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "want"),
    [
        pytest.param(["--slip", "soon"], "'soon' is not a duration", id="a slip that is no duration"),
        pytest.param(["--traffic", "0"], "--traffic", id="no traffic at all"),
        pytest.param(["-o", "kubectl"], "'kubectl' is not one of", id="an output of another command"),
    ],
)
def test_a_wrong_option_is_a_wrong_command_line(call: Any, arguments: list[str], want: str) -> None:
    status, out, err = call([build.event()], build.fleet(), *arguments)
    assert (status, out) == (2, "")
    assert want in err


def test_without_clusters_it_says_which_file_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert root.call(["simulate", "-f", "-"]) == 2
    assert "examples/clusters.yaml is one to begin with" in capsys.readouterr().err


def test_a_file_that_cannot_be_used_is_one_sentence(call: Any) -> None:
    status, out, err = call([build.event(rounds=[])], build.fleet())
    assert (status, out) == (1, "")
    assert err.startswith("gala: ")
    assert len(err.splitlines()) == 1


def test_an_event_that_nobody_carries_still_shows_what_is_lost(call: Any) -> None:
    status, out, _ = call([build.event()], build.fleet(east=20, north=10), "-o", "json")
    found = {one["name"]: one for one in json.loads(out)["strategies"]}
    assert status == 0
    assert found["gala"]["tiers"]["B"]["servedRatio"] < 0.8
    assert found["static"]["tiers"]["B"]["servedRatio"] == 1.0
