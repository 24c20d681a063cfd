"""Every command of README, CONTRIBUTING and docs is run, page by page, as a reader would run it."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import pytest

from doc_commands import Command, Elsewhere, File, Play, Step, commands, prints, steps, ways
from doc_pages import PAGES, ROOT, blocks
from doc_shell import Shell
from doc_stage import LOCAL, Stage, leave_files, moment, staged

BARE = {"getting-started.md"}
"""Pages on which the reader installs everything himself."""

WITH_STEPS = [page for page in PAGES if commands(page)]
KUBECTL = shutil.which("kubectl")


@pytest.mark.docs
@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in WITH_STEPS])
async def test_a_page_does_what_it_says(page: Path, tmp_path: Path) -> None:
    async with staged(bare=page.name in BARE) as stage:
        shell = Shell(tmp_path, stage.kubeconfig(LOCAL), stage.now)
        leave_files(stage, shell.folder)
        for step in steps(page):
            await take(step, stage, shell)


async def take(step: Step, stage: Stage, shell: Shell) -> None:
    match step:
        case File(name, text):
            (shell.folder / name).write_text(text, encoding="utf-8")
        case Play(until, operator):
            await stage.play(moment(until), operator=operator)
        case Command() if KUBECTL or "kubectl" not in step.line:
            await shell.follow(step)


@pytest.mark.parametrize(
    "command",
    [pytest.param(one, id=f"{page.name}:{one.at}") for page in WITH_STEPS for one in commands(page)],
)
def test_there_is_exactly_one_way_to_run_a_command(command: Command) -> None:
    assert len(ways(command.line)) == 1, f"{command.line}: say in doc_commands.py how it is run"


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES])
def test_what_is_run_elsewhere_is_run_by_a_test_of_that_page(page: Path) -> None:
    named = {one.by for one in steps(page) if isinstance(one, Elsewhere)}
    assert {by for by in named if page.name not in (ROOT / by).read_text(encoding="utf-8")} == set()


def test_every_script_says_which_test_runs_it() -> None:
    said = Counter(one.line for page in PAGES for one in steps(page) if isinstance(one, Elsewhere))
    assert [block.name for block in blocks("bash") if block.text not in said] == []


@pytest.mark.parametrize("line", ["rm -rf .", "terraform apply", "kubectlx get pods", "make"])
def test_nothing_that_is_unknown_is_run(line: str) -> None:
    assert ways(line) == []


@pytest.mark.parametrize(
    ("shown", "printed", "want"),
    [
        pytest.param("a b\n", "a    b\n", True, id="columns may be wider"),
        pytest.param("a b", "a c\n", False, id="another word is another output"),
        pytest.param("at … done", "at 20:00 done\n", True, id="an ellipsis stands for a part of a line"),
        pytest.param("a … c", "a\nc\n", False, id="an ellipsis within a line does not span lines"),
        pytest.param("a\n…\nd", "a\nb\nc\nd\n", True, id="a line of one stands for any lines"),
        pytest.param("a\n…\nd", "a\nd\n", True, id="which may be none"),
        pytest.param("a", "a\nb\n", False, id="a line too many is another output"),
        pytest.param("a.c", "abc\n", False, id="nothing else is a pattern"),
    ],
)
def test_what_a_page_shows_is_compared(shown: str, printed: str, want: bool) -> None:
    assert prints(shown, printed) is want


def test_a_page_is_read_in_order(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "<!-- file: a.yaml -->\n```yaml\nb: 1\n```\n\n<!-- play until 19:55 without the operator -->\n\n"
        "```console\n$ gala plan \\\n    -f a.yaml\nfits\n\n$ kubectl get x\n```\n"
        "<!-- run by tests/a.py -->\n```console\n$ gala status\n```\n"
    )
    want = [
        File("a.yaml", "b: 1\n"),
        Play("19:55", operator=False),
        Command("gala plan \\\n    -f a.yaml", "fits\n", 9),
        Command("kubectl get x", "", 13),
        Elsewhere("gala status", "tests/a.py"),
    ]
    assert steps(page) == want
