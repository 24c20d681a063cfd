"""`kubectl gala`: the executables that kubectl looks for, and kubectl itself where it is there."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from cli_stage import write_kubeconfig
from gala import main
from gala.api.scalars import format_instant
from hub_server import SHOWS, a_hub

BIN = Path(sys.executable).parent
PLUGIN = [str(BIN / "kubectl-gala")]
KUBECTL = shutil.which("kubectl")
WAYS = [
    pytest.param(PLUGIN, id="the plugin's executable"),
    *([pytest.param([KUBECTL, "gala"], id="kubectl itself")] if KUBECTL else []),
]
COMPLETERS = [
    pytest.param([str(BIN / "kubectl_complete-gala")], id="the completer's executable"),
    *(
        [pytest.param(["kubectl", "__complete", "gala"], id="kubectl itself")]
        if shutil.which("kubectl")
        else []
    ),
]


def run(*command: str, home: Path) -> subprocess.CompletedProcess[str]:
    env = {"PATH": f"{BIN}:/usr/bin:/bin", "HOME": str(home), "NO_PROXY": "127.0.0.1"}
    return subprocess.run(command, check=False, capture_output=True, text=True, env=env, timeout=60)


@pytest.mark.parametrize(
    ("executable", "want"),
    [
        pytest.param("/usr/local/bin/kubectl-gala", "kubectl gala", id="the plugin"),
        pytest.param("kubectl-gala.exe", "kubectl gala", id="the plugin on Windows"),
        pytest.param("/usr/local/bin/gala", "gala", id="the command"),
        pytest.param("/opt/gala/main.py", "gala", id="the module"),
    ],
)
def test_usage_texts_say_what_was_typed(executable: str, want: str) -> None:
    assert main.program(executable) == want


@pytest.mark.parametrize("way", WAYS)
def test_help_is_that_of_kubectl_gala(way: list[str], tmp_path: Path) -> None:
    found = run(*way, "status", "-h", home=tmp_path)
    assert found.returncode == 0
    assert found.stdout.startswith("Usage: kubectl gala status [OPTIONS] [EVENT]...")


@pytest.mark.parametrize("way", WAYS)
def test_a_mistyped_command_is_answered_with_the_right_one(way: list[str], tmp_path: Path) -> None:
    found = run(*way, "stauts", home=tmp_path)
    assert (found.returncode, found.stdout) == (2, "")
    assert "Usage: kubectl gala" in found.stderr
    assert "did you mean status?" in found.stderr


@pytest.mark.parametrize("way", WAYS)
async def test_options_are_named_as_with_kubectl(way: list[str], tmp_path: Path) -> None:
    async with a_hub() as hub:
        await hub.create_event()
        kubeconfig = write_kubeconfig(tmp_path, "http://127.0.0.1:1", other=hub.server.url)
        options = ["-n", SHOWS, "--context", "other", "--kubeconfig", kubeconfig]
        at = ["--at", format_instant(hub.time.value)]
        found = await asyncio.to_thread(run, *way, "status", *options, *at, home=tmp_path)
    assert (found.returncode, found.stderr) == (1, "")
    assert "shows/gala" in found.stdout


@pytest.mark.parametrize("way", COMPLETERS)
def test_kubectl_completes_what_stands_behind_it(way: list[str], tmp_path: Path) -> None:
    assert run(*way, "st", home=tmp_path).stdout.splitlines()[:2] == [
        "status\tShow how events stand: rounds, clusters, workloads; what is wrong first.",
        ":4",
    ]
