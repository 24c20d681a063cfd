"""The command line as a whole: what it prints where, and with which exit status."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from gala.cli import root

EXAMPLES = Path(__file__).parents[2] / "examples"
KINDS = ["GalaAllocation", "GalaCluster", "GalaCue", "GalaEvent"]


@pytest.mark.parametrize("flag", [pytest.param("-h", id="short"), pytest.param("--help", id="long")])
def test_help_lists_every_command(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    status = root.call([flag])
    shown = capsys.readouterr().out
    assert status == 0
    assert [name for name in root.COMMANDS if f"\n  {name} " not in shown] == []


def test_listing_the_commands_imports_none_of_them() -> None:
    code = "import sys; from gala.cli import root; root.call(['-h']); sys.exit('kopf' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, capture_output=True).returncode == 0


@pytest.mark.parametrize("name", [pytest.param(name, id=name) for name in root.COMMANDS])
def test_every_command_explains_itself_as_it_is_listed(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert root.call([name, "-h"]) == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert shown.startswith(f"Usage: gala {name}")
    assert root.COMMANDS[name].summary in shown


def test_a_command_that_is_not_there_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert root.call(["dance"]) == 2
    assert "No such command 'dance'" in capsys.readouterr().err


def test_an_option_that_is_not_there_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert root.call(["crds", "--loud"]) == 2
    assert "--loud" in capsys.readouterr().err


def test_a_refusal_is_one_sentence_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    status = root.call(["run", "--kubeconfig", "/nowhere"])
    shown = capsys.readouterr()
    want = "gala: There is no kubeconfig at /nowhere; name one with --kubeconfig.\n"
    assert (status, shown.out, shown.err) == (1, "", want)


def test_a_place_that_cannot_be_written_is_one_sentence_on_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    status = root.call(["crds", "--directory", str(tmp_path / "file" / "crds")])
    shown = capsys.readouterr()
    assert (status, shown.out, shown.err.count("\n")) == (1, "", 1)
    assert shown.err.startswith(f"gala: {tmp_path}/file")


CTRL_C_WHILE_IT_IMPORTS = """
import sys
class CtrlC:
    def find_spec(self, name, path=None, target=None):
        if name == "gala.cli.root":
            raise KeyboardInterrupt
sys.meta_path.insert(0, CtrlC())
from gala.main import main
main()
"""


def test_ctrl_c_before_anything_is_imported_is_one_line() -> None:
    command = [sys.executable, "-c", CTRL_C_WHILE_IT_IMPORTS]
    found = subprocess.run(command, check=False, capture_output=True, text=True)
    assert (found.returncode, found.stdout, found.stderr) == (130, "", "\ngala: interrupted\n")


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("demo --rounds 1 --clusters 1", id="a command that opens sockets"),
        pytest.param("crds", id="a command that prints"),
    ],
)
def test_a_stream_that_is_closed_swallows_what_is_said_of_(words: str, tmp_path: Path) -> None:
    command = f"exec {sys.executable} -m gala.main {words} <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", command], check=False, cwd=tmp_path).returncode == 0


def test_a_closed_stdin_has_nothing_in_it() -> None:
    command = f"exec {sys.executable} -m gala.main plan -f - --clusters {EXAMPLES}/clusters.yaml <&-"
    found = subprocess.run(["sh", "-c", command], check=False, capture_output=True, text=True)
    want = "gala: stdin: no GalaEvent in it; write one, as examples/minimal.yaml is\n"
    assert (found.returncode, found.stdout, found.stderr) == (1, "", want)


def test_who_stops_reading_hears_nothing_more() -> None:
    command = [sys.executable, "-m", "gala.main", "crds"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
    assert (process.returncode, err) == (141, b"")


def test_a_full_disk_is_told_without_its_number() -> None:
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "gala.main", "crds"]
        found = subprocess.run(command, check=False, stdout=full, stderr=subprocess.PIPE, text=True)
    assert found.returncode == 1
    assert found.stderr.startswith("gala: No space left on device; name another place")


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert root.call(["--version"]) == 0
    assert capsys.readouterr().out.startswith("gala, version ")


def test_crds_are_printed_as_yaml_that_kubectl_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert root.call(["crds"]) == 0
    documents = list(yaml.safe_load_all(capsys.readouterr().out))
    assert sorted(document["spec"]["names"]["kind"] for document in documents) == KINDS


def test_crds_are_printed_as_a_json_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert root.call(["crds", "-o", "json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert listed["kind"] == "List"
    assert sorted(item["spec"]["names"]["kind"] for item in listed["items"]) == KINDS
