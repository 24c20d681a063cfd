"""`gala diff` from files alone: what it says, and its exit status."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from gala.cli.root import call, root
from plan_files import Document, event, facts, fleet, round_, running, text


class Files:
    """Three files in a folder, and `gala diff` called with them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, name: str, *documents: Document) -> str:
        path = self.folder / name
        path.write_text(text(name, *documents).text)
        return str(path)

    def diff(
        self, wanted: Document, stored: Document, *more: str, clusters: list[Document] | None = None
    ) -> Result:
        arguments = ["diff", "-f", self.write("new.yaml", wanted), "--stored", self.write("old.yaml", stored)]
        arguments += ["--clusters", self.write("clusters.yaml", *(clusters or fleet())), *more]
        return CliRunner().invoke(root, arguments, standalone_mode=False)

    def document(self, wanted: Document, stored: Document, *more: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.diff(wanted, stored, "-o", "json", *more).stdout)
        return found


@pytest.fixture
def files(tmp_path: Path) -> Files:
    return Files(tmp_path)


def more_traffic() -> Document:
    """The show with half as much traffic again: 180 replicas and no more 120."""
    return event(rounds=[round_(demand=[{"workload": "web", "qps": "15k"}])])


def test_a_file_that_is_as_stored_changes_nothing(files: Files) -> None:
    result = files.diff(event(), event())
    want = """\
gala/show does not change; times in UTC, planned as of 2027-02-04 12:00:00

  CLUSTER  WORKLOAD  RUNS  ORIGINAL  DUE NOW  BY THE FILE  AT opening  TO ADD
  east     web       20    20        0        0            80          60
  north    web       10    10        0        0            40          30

As stored: opening
"""
    assert (result.return_value, result.stdout) == (0, want)


def test_more_traffic_changes_the_floors_of_its_round(files: Files) -> None:
    result = files.diff(more_traffic(), event())
    lines = result.stdout.splitlines()
    assert result.return_value == 1
    assert lines[:2] == [
        "gala/show changes; times in UTC, planned as of 2027-02-04 12:00:00",
        "~ spec.rounds[opening].demand[web].qps: 10000 → 15000",
    ]
    assert lines[-3:] == [
        "  CLUSTER  WORKLOAD  RUNS  STORED  BY THE FILE  DIFFERENCE",
        "  east     web       20    80      120          +40",
        "  north    web       10    40      60           +20",
    ]


def test_the_document_has_both_plans(files: Files) -> None:
    found = files.document(more_traffic(), event())
    show = found["events"][0]
    assert (found["kind"], found["changes"], found["below"], found["notes"]) == ("GalaDiff", True, False, [])
    assert show["fields"] == [
        {"path": "spec.rounds[opening].demand[web].qps", "stored": 10000, "wanted": 15000}
    ]
    assert show["targets"][0] == {
        "cluster": "east",
        "workload": "web",
        "runs": 20,
        "original": 20,
        "dueNow": {"stored": 0, "wanted": 0},
        "dueNext": 120,
        "toAdd": 100,
        "below": False,
    }
    segment = show["segments"][0]
    assert (segment["name"], segment["differs"]) == ("opening", True)
    assert segment["stored"]["readyBy"] == segment["wanted"]["readyBy"] == "2027-02-05T11:59:00Z"
    assert segment["floors"][1] == {
        "cluster": "north",
        "workload": "web",
        "runs": 10,
        "stored": 40,
        "wanted": 60,
    }


def test_the_same_files_give_the_same_bytes(files: Files) -> None:
    one, other = (files.diff(more_traffic(), event(), "-o", "json").stdout_bytes for _ in range(2))
    assert one == other


@pytest.mark.parametrize(
    ("wanted", "want"),
    [
        pytest.param(
            event(rounds=[round_(), round_("late", "2027-02-05T14:00:00Z")]),
            ["+ spec.rounds[late]: {'name': 'late'", "+ late: grows from"],
            id="a round that is put in",
        ),
        pytest.param(
            event(rounds=[round_(start="2027-02-05T12:05:00Z")]),
            [
                "~ spec.rounds[opening].start: 2027-02-05T12:00:00Z → 2027-02-05T12:05:00Z",
                "~ opening: grows from 2027-02-05 11:56",
                "  → grows from 2027-02-05 12:01",
                "  as stored elsewhere (2)",
            ],
            id="a round that slips",
        ),
        pytest.param(
            event(handback={"cooldown": "10m"}),
            ["~ spec.handback.cooldown: 5m → 10m", "As stored: opening"],
            id="a field that moves no floor",
        ),
        pytest.param(
            event(clusterSelector={"matchLabels": {"site": "none"}}),
            ["+ spec.clusterSelector: {'matchLabels'", "  east     web       20    80      -            -80"],
            id="a round that leaves its clusters",
        ),
    ],
)
def test_a_change_is_shown_where_it_stands(files: Files, wanted: Document, want: list[str]) -> None:
    result = files.diff(wanted, event())
    lines = result.stdout.splitlines()
    assert result.return_value == 1
    assert [start for start in want if not any(line.startswith(start) for line in lines)] == []


def test_a_round_that_is_taken_out_is_shown_with_what_it_had(files: Files) -> None:
    stored = event(rounds=[round_(), round_("late", "2027-02-05T14:00:00Z")])
    lines = files.diff(event(), stored).stdout.splitlines()
    assert [line[:14] for line in lines if line.startswith("- ")] == ["- spec.rounds[", "- late: grows "]


def test_an_event_that_is_not_stored_is_new(files: Files) -> None:
    result = files.diff(event("other"), event())
    assert result.return_value == 1
    assert result.stdout.startswith("gala/other is not stored yet;")
    assert "+ opening: grows from" in result.stdout


def test_what_runs_below_what_is_due_now_is_a_difference(files: Files) -> None:
    result = files.diff(event(), event(), "--at", "2027-02-05T11:59:30Z")
    assert result.return_value == 1
    assert "BELOW: web in east: 20 run, 80 are due now" in result.stdout.splitlines()


def test_nobody_knows_is_no_zero(files: Files) -> None:
    silent = [*fleet()[:2], facts(east={"targets": []}, north={"targets": [running(10)]})]
    result = files.diff(event(), event(), clusters=silent)
    assert "NOTE: nobody says what runs in east, so nothing is placed there; ask" in result.stdout
    assert "Insufficient" not in result.stdout
    assert "  north    web       10    10        0        0            120         110" in result.stdout


def test_what_does_not_fit_is_told(files: Files) -> None:
    result = files.diff(event(), event(), clusters=fleet(east=30, north=30))
    assert "InsufficientCPU: opening: " in result.stdout


@pytest.mark.parametrize(
    ("arguments", "want"),
    [
        pytest.param(
            ("--stored", "new.yaml"),
            "--stored asks no server: name --clusters with it, and leave out --live.",
            id="an old version without clusters",
        ),
        pytest.param(
            ("--stored", "new.yaml", "--clusters", "new.yaml", "--live"),
            "--stored asks no server: name --clusters with it, and leave out --live.",
            id="an old version and live clusters",
        ),
        pytest.param(
            ("--stored", "new.yaml", "--clusters", "new.yaml"),
            "new.yaml: GalaEvent is not read here; write GalaCluster or GalaFacts of gala.dev/v1alpha1",
            id="a file with something else in it",
        ),
        pytest.param(
            ("--stored", "new.yaml", "--clusters", "facts.yaml"),
            "GalaFacts tells of cluster 'east', of which there is no GalaCluster; "
            "add it to the files of --clusters",
            id="facts of a cluster that is not there",
        ),
        pytest.param(
            ("--kubeconfig", "/nowhere"),
            "There is no kubeconfig at /nowhere; name one with --kubeconfig.",
            id="no kubeconfig",
        ),
        pytest.param(
            ("--kubeconfig", "new.yaml"),
            "The kubeconfig new.yaml cannot be used: ",
            id="no YAML",
        ),
        pytest.param(("--at", "noon"), "'noon' is not a time with an offset", id="no time"),
    ],
)
def test_failures_have_exit_status_2_as_with_kubectl_diff(
    files: Files,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    want: str,
) -> None:
    monkeypatch.chdir(files.folder)
    files.write("new.yaml", event())
    files.write("facts.yaml", facts(east={"targets": [running(20)]}))
    status = call(["diff", "-f", "new.yaml", *arguments])
    shown = capsys.readouterr()
    assert (status, shown.out) == (2, "")
    assert want in shown.err
