"""What the Dockerfile promises, as far as that can be seen without building it."""

from __future__ import annotations

import re

import pytest

from chart_files import CHART, ROOT

TEXT = (ROOT / "Dockerfile").read_text()
LINES = re.sub(r"\\\n", " ", TEXT).splitlines()
CONTEXT = {
    line.removeprefix("!")
    for line in (ROOT / ".dockerignore").read_text().splitlines()
    if line.startswith("!")
}


def arguments(instruction: str) -> list[str]:
    return [line.split(maxsplit=1)[1] for line in LINES if line.startswith(f"{instruction} ")]


def test_it_runs_as_the_user_that_the_chart_names() -> None:
    (user,) = arguments("USER")
    helpers = (CHART / "templates" / "_helpers.tpl").read_text()
    named = [re.search(rf"{field}: (\d+)", helpers) for field in ("runAsUser", "runAsGroup")]
    assert user == ":".join(match[1] for match in named if match)
    assert user != "0:0"


def test_everything_that_is_installed_is_pinned() -> None:
    installs = [part for line in arguments("RUN") for part in line.split("&&") if "pip install" in part]
    assert len(installs) == 2
    assert [part for part in installs if "--constraint constraints.txt" not in part] == []


def test_what_builds_is_not_what_runs() -> None:
    stages = arguments("FROM")
    assert len(stages) == 2
    assert [line for line in arguments("COPY") if "--from=build" in line] == [
        "--from=build /opt/gala /opt/gala"
    ]


@pytest.mark.parametrize("name", ["constraints.txt", "pyproject.toml", "README.md", "LICENSE", "operator"])
def test_what_is_copied_is_in_the_context(name: str) -> None:
    copied = {word for line in arguments("COPY") for word in line.split() if not word.startswith("--")}
    assert name in copied & CONTEXT
    assert (ROOT / name).exists()


def test_nothing_else_goes_to_whoever_builds_it() -> None:
    assert (ROOT / ".dockerignore").read_text().startswith("*\n")
