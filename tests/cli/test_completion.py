"""Completion as shells ask for it, each through its own protocol; bash itself, and others where they are."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from gala.cli import root
from gala.cli.completion import SHELLS, for_kubectl

BIN = Path(sys.executable).parent
SEPARATOR = {"bash": ",", "zsh": "\n", "fish": ","}


def environment(**more: str) -> dict[str, str]:
    """With our commands on the PATH and no kubeconfig of this machine."""
    return {"PATH": f"{BIN}:/usr/local/bin:/usr/bin:/bin", "HOME": "/nowhere", "TERM": "dumb", **more}


def run(*command: str, **more: str) -> str:
    """What a program prints; it has to succeed."""
    return subprocess.run(
        command, check=True, capture_output=True, text=True, env=environment(**more), timeout=60
    ).stdout


def asked(shell: str, line: str) -> list[str]:
    """What `gala` answers when the shell's script asks what may stand at the end of a line."""
    words = line.split(" ")
    place = words[-1] if shell == "fish" else str(len(words) - 1)
    told = run(str(BIN / "gala"), COMP_WORDS=line, COMP_CWORD=place, _GALA_COMPLETE=f"{shell}_complete")
    lines = told.splitlines()
    if shell == "zsh":
        return lines[1::3]
    return [one.partition(",")[2].partition("\t")[0] for one in lines]


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("line", "want"),
    [
        pytest.param("gala st", ["status"], id="a command"),
        pytest.param("gala ", list(root.COMMANDS), id="every command"),
        pytest.param("gala status --all", ["--all-namespaces"], id="an option of a command"),
        pytest.param("gala plan -o ", ["table", "json", "kubectl"], id="what an option takes"),
        pytest.param("gala completion ", list(SHELLS), id="what an argument takes"),
        pytest.param("gala dance --", ["--version", "--help"], id="after a command that is not there"),
    ],
)
def test_what_may_come_next_is_told_to_every_shell(shell: str, line: str, want: list[str]) -> None:
    assert asked(shell, line) == want


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_of_each_shell_asks_gala_itself(shell: str) -> None:
    script = run(str(BIN / "gala"), "completion", shell)
    assert f"_GALA_COMPLETE={shell}_complete" in script
    assert "_gala_completion" in script


def test_bash_completes_by_the_script_that_is_printed() -> None:
    code = """
        source <(gala completion bash)
        COMP_WORDS=(gala status --out); COMP_CWORD=2
        _gala_completion gala
        complete -p gala
        printf '%s\\n' "${COMPREPLY[@]}"
    """
    told = run("bash", "--norc", "-c", code).splitlines()
    assert told[0].startswith("complete ")
    assert told[1:] == ["--output"]


@pytest.mark.parametrize("shell", [shell for shell in SHELLS if shutil.which(shell)])
def test_the_script_is_one_that_the_shell_can_read(shell: str, tmp_path: Path) -> None:
    path = tmp_path / "script"
    path.write_text(run(str(BIN / "gala"), "completion", shell))
    assert run(shell, "-n", str(path)) == ""


@pytest.mark.parametrize(
    ("words", "want"),
    [
        pytest.param(["st"], [f"status\t{root.COMMANDS['status'].summary}", ":4"], id="a command"),
        pytest.param([], [*(f"{n}\t{k.summary}" for n, k in root.COMMANDS.items()), ":4"], id="all"),
        pytest.param(["crds", "-o", ""], ["yaml", "json", ":4"], id="what an option takes"),
        pytest.param(["plan", "-f", "ev"], [":0"], id="a file is left to the shell"),
    ],
)
def test_kubectl_is_answered_in_the_words_of_cobra(words: list[str], want: list[str]) -> None:
    assert for_kubectl(root.root, words) == want


def test_contexts_are_completed_from_the_kubeconfig_on_disk(tmp_path: Path) -> None:
    good, bad = tmp_path / "config", tmp_path / "broken"
    good.write_text(yaml.safe_dump({"contexts": [{"name": "hub"}, {"name": "home"}, {"name": "east"}]}))
    bad.write_text("contexts: 7")
    paths = f"{bad}:{good}:{tmp_path}/nowhere"
    assert for_kubectl(root.root, ["status", "--kubeconfig", paths, "--context", "h"]) == [
        "home",
        "hub",
        ":4",
    ]


def test_a_key_press_imports_no_command() -> None:
    code = "import sys; from gala.cli import root, completion; completion.for_kubectl(root.root, ['']); "
    code += "sys.exit('pydantic' in sys.modules or 'kopf' in sys.modules)"
    assert run(sys.executable, "-c", code) == ""
