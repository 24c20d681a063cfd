"""Bad command lines, one after the other: which exit status, and one sentence that says what to do."""

from __future__ import annotations

import errno
import subprocess
import sys
from pathlib import Path

import pytest

from gala.cli import root
from gala.cli.refusals import TRY_IT, told, told_of_the_machine
from gala.errors import GalaError, InvalidInput, Rejected, Throttled, Unreachable

EVENT = """\
apiVersion: gala.dev/v1alpha1
kind: GalaEvent
metadata: {name: show}
spec:
  workloads: [{name: web, target: {name: web}}]
  rounds: [{name: one, start: 2027-02-05T20:00:00Z, duration: 5m, demand: [{workload: web, replicas: 3}]}]
"""

FILES = {
    "event.yaml": EVENT,
    "typo.yaml": EVENT.replace("duration:", "durration:"),
    "twice.yaml": EVENT + "---\n" + EVENT,
    "broken.yaml": "spec: [1\n",
    "empty.yaml": "",
    "list.yaml": "- 1\n",
    "config": "7\n",
    "kube": (
        "apiVersion: v1\nkind: Config\ncurrent-context: a\nusers: [{name: a, user: {}}]\n"
        "contexts: [{name: a, context: {cluster: a, user: a}}]\n"
        "clusters: [{name: a, cluster: {server: 'http://127.0.0.1:1'}}]\n"
    ),
    "config2": "current-context: a\n",
    "cluster.yaml": "apiVersion: gala.dev/v1alpha1\nkind: GalaCluster\nmetadata: {name: east}\nspec: {}\n",
}

NAMES = "write lower-case letters, digits, hyphens and dots."
TIME = "write it as 2027-02-05T20:00:00+08:00 or 2027-02-05T12:00:00Z"
PLAN = "plan -f event.yaml --clusters cluster.yaml"


@pytest.mark.parametrize(
    ("line", "status", "want"),
    [
        pytest.param(
            "dance", 2, "No such command 'dance'; see which there are with: gala -h", id="no command"
        ),
        pytest.param("stauts", 2, "No such command 'stauts'; did you mean status?", id="status mistyped"),
        pytest.param("dif -f x", 2, "No such command 'dif'; did you mean diff?", id="diff cut off"),
        pytest.param(
            "complete", 2, "No such command 'complete'; did you mean completion?", id="another word"
        ),
        pytest.param("--verison", 2, "Did you mean '--version'?", id="an option of gala mistyped"),
        pytest.param("status --outptu json", 2, "Did you mean '--output'?", id="an option mistyped"),
        pytest.param("status -o yaml", 2, "'yaml' is not one of 'tree', 'json'.", id="another format"),
        pytest.param("status a/b", 2, "'a/b' is no name; write b -n a.", id="namespace and name in one"),
        pytest.param("status Gala", 2, f"'Gala' is no name; {NAMES}", id="a name in capitals"),
        pytest.param("status ../x", 2, f"'../x' is no name; {NAMES}", id="a name that is a path"),
        pytest.param("status -n ''", 2, f"'' is no name; {NAMES}", id="an empty namespace"),
        pytest.param("status -n A_B", 2, f"'A_B' is no name; {NAMES}", id="a namespace that is none"),
        pytest.param(
            "status --fleet-namespace x/y", 2, f"'x/y' is no name; {NAMES}", id="a fleet that is none"
        ),
        pytest.param(
            "status -A gala",
            2,
            "name events or a namespace, or ask for all.",
            id="one event of all namespaces",
        ),
        pytest.param("status --at noon", 2, f"'noon' is not a time with an offset; {TIME}", id="no time"),
        pytest.param(
            "plan -f event.yaml",
            2,
            "examples/clusters.yaml is one to begin with.",
            id="a plan without clusters",
        ),
        pytest.param("plan", 2, "Try 'gala plan --help' for help.", id="a plan of nothing"),
        pytest.param("plan -f nope.yaml", 2, "File 'nope.yaml' does not exist.", id="no such file"),
        pytest.param(f"{PLAN} --at 2027-02-05", 2, TIME, id="a day is no time"),
        pytest.param(
            "plan -f typo.yaml --clusters cluster.yaml",
            1,
            "typo.yaml: spec.rounds[0].durration: there is no such field; write duration",
            id="a field mistyped",
        ),
        pytest.param(
            "plan -f twice.yaml --clusters cluster.yaml",
            1,
            "GalaEvent default/show stands in the files twice; write it once",
            id="an event twice",
        ),
        pytest.param(
            "plan -f broken.yaml --clusters cluster.yaml",
            1,
            "broken.yaml: this is not YAML: line 2, column 1: ",
            id="no YAML",
        ),
        pytest.param(
            "plan -f empty.yaml --clusters cluster.yaml",
            1,
            "empty.yaml: no GalaEvent in it; write one, as examples/minimal.yaml is",
            id="nothing in it",
        ),
        pytest.param(
            "plan -f list.yaml --clusters cluster.yaml",
            1,
            "list.yaml: document 1 is not an object; write apiVersion, kind, metadata and spec",
            id="a list",
        ),
        pytest.param(
            PLAN,
            1,
            "cluster.yaml: no GalaFacts in it; add one that says what runs and how much room is free in each "
            "cluster, as examples/clusters.yaml does",
            id="clusters without facts",
        ),
        pytest.param(
            "plan -f cluster.yaml --clusters cluster.yaml",
            1,
            "cluster.yaml: GalaCluster is not read here; write GalaEvent of gala.dev/v1alpha1",
            id="a cluster in the place of an event",
        ),
        pytest.param("diff", 2, "Try 'gala diff --help' for help.", id="a diff of nothing"),
        pytest.param("diff -f typo.yaml --kubeconfig kube", 2, "write duration", id="diff refuses with 2"),
        pytest.param(
            "diff -f event.yaml --kubeconfig config",
            2,
            "The kubeconfig config cannot be used: it is no kubeconfig; see what it has with: "
            "kubectl config get-contexts, and name another with --kubeconfig or --context.",
            id="a kubeconfig that is a number",
        ),
        pytest.param(
            "status --kubeconfig config",
            1,
            "it is no kubeconfig; see what it has with:",
            id="the same for status",
        ),
        pytest.param(
            "status --kubeconfig config2",
            1,
            "The kubeconfig config2 cannot be used: ",
            id="half a kubeconfig",
        ),
        pytest.param(
            "status --kubeconfig /nowhere",
            1,
            "There is no kubeconfig at /nowhere; name one with --kubeconfig.",
            id="no kubeconfig",
        ),
        pytest.param("report", 2, "Name an event, or a file with -f.", id="a report of nothing"),
        pytest.param(
            "report -f /nowhere.json",
            1,
            "/nowhere.json cannot be read: No such file or directory; name a file that gala demo --json or "
            "gala report wrote",
            id="a report that is not there",
        ),
        pytest.param(
            "report -f event.yaml",
            1,
            "event.yaml is no event report; name a file that gala demo --json or gala report -o json wrote",
            id="no report",
        ),
        pytest.param(
            "report gala --kubeconfig /nowhere", 1, "name one with --kubeconfig.", id="a report without a hub"
        ),
        pytest.param(
            "crds --directory event.yaml/x",
            1,
            "event.yaml/x: Not a directory; name another place, or see that it is there and may be read and "
            "written.",
            id="a place that is none",
        ),
        pytest.param("completion tcsh", 2, "'tcsh' is not one of 'bash', 'zsh', 'fish'.", id="another shell"),
        pytest.param("demo --rounds 9", 2, "9 is not in the range 1<=x<=7.", id="more rounds than there are"),
        pytest.param("run --listen x", 2, "write :8080, 127.0.0.1:8080 or [::1]:8080.", id="no address"),
        pytest.param(
            "run --kubeconfig /nowhere", 1, "name one with --kubeconfig.", id="an operator without hub"
        ),
        pytest.param(
            "run --allow-prometheus-address x",
            2,
            "write a network as 127.0.0.0/8, or one address.",
            id="no network",
        ),
    ],
)
def test_a_bad_command_line_says_what_to_do(
    line: str,
    status: int,
    want: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KUBECONFIG", raising=False)
    found = root.call([word.strip("'") for word in line.split(" ")])
    shown = capsys.readouterr()
    assert (found, shown.out) == (status, "")
    assert want in shown.err
    assert "Traceback" not in shown.err


def test_gala_alone_shows_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert root.call([]) == 2
    shown = capsys.readouterr().err
    assert [name for name in root.COMMANDS if f"\n  {name} " not in shown] == []


@pytest.mark.parametrize(
    ("failed", "want"),
    [
        pytest.param(InvalidInput("no; write yes"), "no; write yes", id="what says itself what to do"),
        pytest.param(Unreachable("no answer."), f"no answer; {TRY_IT}", id="a server that does not answer"),
        pytest.param(
            Rejected("401", status=401),
            "401; log in anew, or name another context with --context.",
            id="a login that has expired",
        ),
        pytest.param(
            Rejected("403", status=403),
            "403; ask for that right; what you may: kubectl auth can-i --list",
            id="a right that is missing",
        ),
        pytest.param(
            Throttled("429", retry_after=2.5),
            "429; it has too much to do; try again in 3 s.",
            id="a server that has too much to do",
        ),
    ],
)
def test_what_a_server_answers_gets_its_advice(failed: GalaError, want: str) -> None:
    assert told(failed) == want


@pytest.mark.parametrize(
    ("failed", "want"),
    [
        pytest.param(
            OSError(errno.EADDRINUSE, "address already in use"),
            "address already in use; name another port with --listen, or end what listens there.",
            id="a port that is taken",
        ),
        pytest.param(
            OSError(errno.ENOSPC, "No space left on device", "night.html"),
            "night.html: No space left on device; name another place, or see that it is there and may be "
            "read and written.",
            id="a disk that is full",
        ),
    ],
)
def test_what_the_machine_refuses_gets_its_advice(failed: OSError, want: str) -> None:
    assert told_of_the_machine(failed) == want


def test_a_terminal_that_cannot_show_our_letters_is_told_how_to() -> None:
    files = Path(__file__).parent.parent.parent / "examples"
    line = ["plan", "-f", str(files / "minimal.yaml"), "--clusters", str(files / "clusters.yaml")]
    code = f"import sys; from gala.cli import root; sys.exit(root.call({line!r}))"
    found = subprocess.run(
        [sys.executable, "-c", code], check=False, capture_output=True, env={"PYTHONIOENCODING": "latin-1"}
    )
    assert found.returncode == 1
    assert found.stderr.decode("latin-1").endswith("try it with PYTHONIOENCODING=utf-8, or with -o json.\n")
