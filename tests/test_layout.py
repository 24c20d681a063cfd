"""What the shape of the repository promises: packages, file sizes, rooms, the two commands, the pins."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "operator").rglob("*.py"))
PYTHON_FILES = SOURCES + sorted((ROOT / "tests").rglob("*.py"))
MOST_LINES = 400

FORBIDDEN_IN_PLANNING = {
    "aiohttp",
    "asyncio",
    "kopf",
    "kubernetes",
    "os",
    "random",
    "requests",
    "socket",
    "time",
}


def imports_of(path: Path) -> set[str]:
    """The dotted names of all modules that a file imports."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
    return names


def test_the_source_root_is_no_package_because_it_would_shadow_the_standard_operator_module() -> None:
    assert not (ROOT / "operator" / "__init__.py").exists()


def test_no_file_is_longer_than_one_can_read_in_one_go() -> None:
    lengths = {str(path.relative_to(ROOT)): len(path.read_text().splitlines()) for path in PYTHON_FILES}
    assert {path: lines for path, lines in lengths.items() if lines > MOST_LINES} == {}


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=path.stem) for path in SOURCES if path.parent.name == "planning"],
)
def test_planning_imports_nothing_that_does_io_or_knows_the_time(path: Path) -> None:
    roots = {name.split(".")[0] for name in imports_of(path)}
    assert roots & FORBIDDEN_IN_PLANNING == set()


def test_kopf_is_known_to_the_intake_alone() -> None:
    users = {path.parent.name for path in SOURCES if "kopf" in {n.split(".")[0] for n in imports_of(path)}}
    assert users == {"intake"}


def test_the_readme_shows_the_two_commands_that_try_it_out() -> None:
    text = (ROOT / "README.md").read_text()
    assert {command for command in ("make demo", "make test") if command not in text} == set()


def test_every_pin_is_a_name_and_a_version_and_nothing_else() -> None:
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.+!]+", line)] == []
    assert lines, "an empty list pins nothing"


def test_every_direct_dependency_is_pinned() -> None:
    pinned = {line.split("==")[0].lower() for line in (ROOT / "constraints.txt").read_text().splitlines()}
    text = (ROOT / "pyproject.toml").read_text()
    wanted = {name.lower() for name in re.findall(r'^  "([A-Za-z0-9._-]+)>=', text, flags=re.MULTILINE)}
    assert wanted - pinned == set()


def test_every_make_target_explains_itself() -> None:
    text = (ROOT / "Makefile").read_text()
    named = set(re.findall(r"^([a-z]+):", text, flags=re.MULTILINE))
    explained = set(re.findall(r"^([a-z]+):.* ## .", text, flags=re.MULTILINE))
    assert named - explained == set()
