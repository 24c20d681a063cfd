"""What a reader follows or copies works: links, documents, command lines."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import click
import pytest

from doc_commands import File, steps
from doc_pages import PAGES, ROOT, Block, anchors, blocks, links
from gala.api.documents import read_documents
from gala.api.facts_file import parse_facts
from gala.api.validation import parse_cluster, parse_event
from gala.cli import root

PARSERS: dict[str, Any] = {"GalaEvent": parse_event, "GalaCluster": parse_cluster, "GalaFacts": parse_facts}
RUN = ("plan", "crds")
"""Commands that need nothing: they are run and not only parsed."""


def reader(folder: Path) -> Path:
    """A folder with what the pages have their reader save, and the examples."""
    (folder / "examples").symlink_to(ROOT / "examples")
    for page in PAGES:
        for step in steps(page):
            if isinstance(step, File):
                (folder / step.name).write_text(step.text, encoding="utf-8")
    return folder


def commands() -> list[Any]:
    """Every `gala …` in a console block, up to its pipe or redirection."""
    found = []
    for block in blocks("console"):
        for line in block.text.splitlines():
            if line.startswith(("$ gala ", "$ kubectl gala ")):
                typed = line.removeprefix("$ ").removeprefix("kubectl ")
                words = shlex.split(re.split(r" [|>] ", typed)[0])
                found.append(pytest.param(words[1:], id=f"{block.name}: {' '.join(words)}"))
    return found


@pytest.mark.parametrize("page", [pytest.param(page, id=str(page.relative_to(ROOT))) for page in PAGES])
def test_every_link_leads_somewhere(page: Path) -> None:
    broken = []
    for target in links(page):
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert broken == []


def test_every_page_can_be_found_from_the_index() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / target.partition("#")[0]).resolve() for target in links(index)}
    assert {page.name for page in (ROOT / "docs").glob("*.md") if page not in linked | {index}} == set()


@pytest.mark.parametrize("block", [pytest.param(block, id=block.name) for block in blocks("yaml")])
def test_every_document_of_ours_is_one_that_the_operator_takes(block: Block) -> None:
    for document in read_documents(block.text):
        if document.get("kind") in PARSERS:
            PARSERS[document["kind"]](document)


def test_the_pages_show_events_and_clusters() -> None:
    kinds = {document.get("kind") for block in blocks("yaml") for document in read_documents(block.text)}
    assert {"GalaEvent", "GalaCluster"} <= kinds


@pytest.mark.parametrize("words", commands())
def test_every_command_line_is_one_that_gala_takes(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(reader(tmp_path))
    with click.Context(root.root, help_option_names=["-h", "--help"]) as context:
        command = root.root.get_command(context, words[0])
        assert command is not None
        command.make_context(words[0], words[1:], parent=context).close()


@pytest.mark.parametrize("words", [param for param in commands() if param.values[0][0] in RUN])
def test_commands_that_need_nothing_do_what_the_page_says(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    assert root.call(words) == 0
    assert capsys.readouterr().out
