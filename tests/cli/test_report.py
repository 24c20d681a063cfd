"""``gala report``: from a file or from the operator's shelf, for people and for machines."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gala.cli.root import root
from gala.errors import InvalidInput
from gala.report import archive
from gala.report.event_report import build
from gala.report.nightlog import Place
from report_night import night, steps


def called(*arguments: str, data: bytes | None = None) -> Result:
    return CliRunner().invoke(root, ["report", *arguments], input=data, standalone_mode=False)


@pytest.fixture
def recorded(tmp_path: Path) -> str:
    """A recorded night on disk."""
    path = tmp_path / "night.json.gz"
    path.write_bytes(archive.dump(night(time_zone="Asia/Shanghai")))
    return str(path)


@pytest.fixture
def reported(tmp_path: Path) -> str:
    """A report alone on disk."""
    path = tmp_path / "report.json"
    path.write_text(build(night()).to_json())
    return str(path)


def test_a_table_is_the_default(recorded: str) -> None:
    result = called("-f", recorded)
    assert result.return_value == 0
    assert "round-1 20:01:40" in result.stdout


def test_json_is_the_document_itself(reported: str) -> None:
    assert called("-f", reported, "-o", "json").stdout == build(night()).to_json()


@pytest.mark.parametrize(
    ("output", "want"),
    [pytest.param("html", "<!doctype html>", id="a page"), pytest.param("svg", "<svg", id="a picture")],
)
def test_a_recorded_night_can_be_drawn(recorded: str, output: str, want: str) -> None:
    assert called("-f", recorded, "-o", output).stdout.startswith(want)


def test_a_recorded_night_can_be_passed_on(recorded: str) -> None:
    data = called("-f", recorded, "-o", "night").stdout_bytes
    assert json.loads(called("-f", "-", "-o", "json", data=data).stdout)["event"] == "show/gala"


def test_a_bad_night_has_exit_status_1(tmp_path: Path) -> None:
    path = tmp_path / "bad.json"
    path.write_text(build(night(ready={Place("web", "east"): steps((0, 2))})).to_json())
    assert called("-f", str(path)).return_value == 1


@pytest.mark.parametrize(
    ("text", "output", "want"),
    [
        pytest.param("hello", "table", "is no event report", id="text is no report"),
        pytest.param(build(night()).to_json(), "html", "cannot be drawn as html", id="no curves"),
    ],
)
def test_what_cannot_be_used_is_refused_with_what_to_write(
    tmp_path: Path, text: str, output: str, want: str
) -> None:
    path = tmp_path / "file.json"
    path.write_text(text)
    found = called("-f", str(path), "-o", output).exception
    assert isinstance(found, InvalidInput)
    assert want in str(found)


def test_a_file_that_is_not_there_is_a_refusal() -> None:
    found = called("-f", "/nowhere.json").exception
    assert str(found) == (
        "/nowhere.json cannot be read: No such file or directory; "
        "name a file that gala demo --json or gala report wrote"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param((), id="neither event nor file"),
        pytest.param(("gala", "-f", "x"), id="both of them"),
    ],
)
def test_one_source_has_to_be_named(arguments: tuple[str, ...]) -> None:
    assert "Name an event, or a file with -f." in str(called(*arguments).exception)


def test_an_event_needs_a_cluster() -> None:
    found = called("gala", "--kubeconfig", "/nowhere").exception
    assert str(found) == "There is no kubeconfig at /nowhere; name one with --kubeconfig."
