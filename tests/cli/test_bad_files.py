"""Files that are no events: exit status 1, one sentence with the file's name, and never a traceback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from gala.cli import root

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
GOOD = (EXAMPLES / "spring-festival-gala.yaml").read_text(encoding="utf-8")
CLUSTERS = (EXAMPLES / "clusters.yaml").read_text(encoding="utf-8")
HEAD = "apiVersion: gala.dev/v1alpha1\nkind: GalaEvent\n"
LAUGHS = HEAD + "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
LAUGHS += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))


def changed(old: str, new: str) -> str:
    """The example with its first such text replaced."""
    assert old in GOOD
    return GOOD.replace(old, new, 1)


BAD_EVENTS = [
    pytest.param("", "no GalaEvent in it; write one", id="an empty file"),
    pytest.param(" \n\n", "no GalaEvent in it; write one", id="blanks"),
    pytest.param("# soon\n", "no GalaEvent in it; write one", id="a comment alone"),
    pytest.param(
        bytes(range(256)), "this is not text in UTF-8; save it as that", id="bytes that are no text"
    ),
    pytest.param(GOOD.encode("utf-16"), "this is not text in UTF-8; save it as that", id="another encoding"),
    pytest.param("a: \0", "save it as plain text", id="a byte of zero"),
    pytest.param(
        "<!DOCTYPE html><html></html>", "document 1 is not an object; write", id="a page of a proxy"
    ),
    pytest.param("a:\n\tb: 1\n", "line 2, column 1: .*indent with spaces", id="a tab that indents"),
    pytest.param(
        changed("\nspec:\n", "\nspec:\n  paused: true\n  paused: true\n"),
        "'paused' stands there twice; write it once",
        id="a field that stands twice",
    ),
    pytest.param("- a\n- b\n", "document 1 is not an object; write apiVersion", id="a list at the top"),
    pytest.param("42\n", "document 1 is not an object; write apiVersion", id="a number at the top"),
    pytest.param(LAUGHS, "with its aliases this is too large; write fewer", id="a billion laughs"),
    pytest.param(
        f"{HEAD}spec: &a {{b: *a}}\n", "contains itself by an alias", id="an object that holds itself"
    ),
    pytest.param(f"{HEAD}spec: {'[' * 50_000}", "nested more than 64 levels", id="brackets without end"),
    pytest.param("# x\n" * (13 << 20), "larger than 16 MiB; write it into several", id="a file of 50 MB"),
    pytest.param(
        f"{HEAD}spec: !!python/object:os.system x\n", "tags .* are not read", id="a tag that runs code"
    ),
    pytest.param(f"{HEAD}x: {'9' * 9_000}\n", "no number has that many digits", id="a number without end"),
    pytest.param(
        changed("apiVersion: gala.dev/v1alpha1\n", ""),
        "an object without apiVersion; write apiVersion: gala.dev/v1alpha1",
        id="no apiVersion",
    ),
    pytest.param(
        changed("gala.dev/v1alpha1", "gala.dev/v2"),
        "apiVersion: 'gala.dev/v2' is not what belongs here; write 'gala.dev/v1alpha1'",
        id="a version that is not there",
    ),
    pytest.param(
        changed("gala.dev/v1alpha1", "gala.example/v1alpha1"),
        "apiVersion: 'gala.example/v1alpha1' is not what belongs here; write 'gala.dev/v1alpha1'",
        id="a group that is misspelt",
    ),
    pytest.param(
        changed("kind: GalaEvent\n", ""),
        "an object without kind is not read here; write GalaEvent of gala.dev/v1alpha1",
        id="no kind",
    ),
    pytest.param(
        changed("kind: GalaEvent", "kind: GalaShow"),
        "GalaShow is not read here; write GalaEvent of gala.dev/v1alpha1",
        id="a kind that is not there",
    ),
    pytest.param(CLUSTERS, "GalaCluster is not read here; write GalaEvent", id="clusters in the wrong place"),
    pytest.param(
        "apiVersion: v1\nkind: Pod\n", "no GalaEvent in it; write one", id="objects of others alone"
    ),
    pytest.param("apiVersion: v1\nkind: List\nitems: 5\n", "items of document 1 is not a list", id="no list"),
    pytest.param(f"{HEAD}spec: {{}}\n", "metadata: this is required and missing; write it", id="no metadata"),
    pytest.param(
        f"{HEAD}metadata: [a]\n",
        "metadata: a list of 1 is not an object; write",
        id="metadata that is a list",
    ),
    pytest.param(f"{HEAD}metadata: {{name: x}}\n", "spec: this is required and missing; write", id="no spec"),
    pytest.param(
        f"{HEAD}metadata: {{name: x}}\nspec: null\n", "spec: this is required and missing", id="an empty spec"
    ),
    pytest.param(
        f"{GOOD}\n---\n{GOOD}", "stands in the files twice; write it once", id="one event two times"
    ),
    pytest.param(
        changed("qpsPerReplica: ", "qpsPerReplica: .nan # "),
        r"qpsPerReplica: nan is not a whole number; write one without quotes or fraction",
        id="a capacity that is no number",
    ),
    pytest.param(
        changed("qpsPerReplica: ", "qpsPerReplica: .inf # "),
        r"qpsPerReplica: inf is not a whole number; write one without quotes or fraction",
        id="a capacity without bounds",
    ),
    pytest.param(
        changed("duration: ", "duration: 1:30 # "),
        r"duration: '1:30' is not a duration; write it with units",
        id="minutes and seconds as a clock shows them",
    ),
]

BAD_CLUSTERS = [
    pytest.param("", "no GalaFacts in it; add one", id="an empty file"),
    pytest.param(GOOD, "GalaEvent is not read here; write GalaCluster or GalaFacts", id="an event"),
    pytest.param(LAUGHS, "with its aliases this is too large", id="a billion laughs"),
    pytest.param(f"{CLUSTERS}\n---\n{CLUSTERS}", "stands in the files twice; write it once", id="all twice"),
]


def planned(tmp_path: Path, event: str | bytes, clusters: str | bytes) -> int:
    for name, content in (("event.yaml", event), ("clusters.yaml", clusters)):
        (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return root.call(["plan", "-f", f"{tmp_path}/event.yaml", "--clusters", f"{tmp_path}/clusters.yaml"])


def is_one_sentence(said: str, want: str) -> None:
    assert re.search(want, said), said
    assert said.startswith("gala: ")
    assert len(said.splitlines()) == 1
    assert "Traceback" not in said


@pytest.mark.parametrize(("event", "want"), BAD_EVENTS)
def test_a_file_that_is_no_event_ends_with_status_1_and_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], event: str | bytes, want: str
) -> None:
    assert planned(tmp_path, event, CLUSTERS) == 1
    out, err = capsys.readouterr()
    assert out == ""
    is_one_sentence(err, want)


@pytest.mark.parametrize(("clusters", "want"), BAD_CLUSTERS)
def test_a_file_that_is_no_fleet_ends_with_status_1_and_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], clusters: str, want: str
) -> None:
    assert planned(tmp_path, GOOD, clusters) == 1
    is_one_sentence(capsys.readouterr().err, want)


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(b"\xef\xbb\xbf" + GOOD.encode(), id="a mark of the byte order"),
        pytest.param(GOOD.replace("\n", "\r\n"), id="line ends of Windows"),
        pytest.param(f"---\n{GOOD}\n...\n---\n# no more\n", id="empty documents"),
        pytest.param(f"{GOOD}---\napiVersion: v1\nkind: Pod\n", id="objects of others"),
    ],
)
def test_what_editors_and_pipelines_add_is_no_fault(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], event: str | bytes
) -> None:
    assert planned(tmp_path, event, CLUSTERS) == 0
    assert capsys.readouterr().err == ""


def test_a_directory_is_a_wrong_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert root.call(["plan", "-f", str(tmp_path), "--clusters", str(tmp_path)]) == 2
    assert "is a directory" in capsys.readouterr().err
