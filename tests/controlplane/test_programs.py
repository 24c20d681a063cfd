"""Where the programs of a control plane come from, without building them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import programs


def a_cache_with_everything(folder: Path) -> Path:
    """Where `programs.folder` says, with a file for each program."""
    place = programs.folder()
    place.mkdir(parents=True)
    for name in programs.PROGRAMS:
        (place / name).touch()
    assert place.is_relative_to(folder)
    return place


def test_what_is_built_already_is_not_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("PATH", "")
    place = a_cache_with_everything(tmp_path)

    assert programs.built() == place


@pytest.mark.parametrize(
    ("version", "want"),
    [
        pytest.param(None, "there is no `go` on the PATH", id="no Go at all"),
        pytest.param("go1.25.9", "`go` here is go1.25.9", id="a Go that is too old"),
        pytest.param("", "`go` here is", id="a Go that says nothing"),
    ],
)
def test_without_a_fit_go_it_says_in_one_line_what_to_do(
    tmp_path: Path, version: str | None, want: str
) -> None:
    if version is not None:
        (tmp_path / "go").write_text(f"#!/bin/sh\necho '{version}'\n")
        (tmp_path / "go").chmod(0o700)
    environment = {"PATH": str(tmp_path), "HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}

    done = subprocess.run(
        [sys.executable, programs.__file__], env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert want in line
    assert "install it from https://go.dev/dl" in line


def test_a_build_that_fails_shows_what_go_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = tmp_path / "go"
    go.write_text(
        '#!/bin/sh\n[ "$1" = env ] && echo go1.26.1 && exit\necho "main.go:7: no such package" >&2\nexit 1\n'
    )
    go.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    with pytest.raises(programs.NotBuilt, match=r"could not be built: main\.go:7: no such"):
        programs.built()


def test_a_changed_module_has_another_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    before = programs.folder()
    changed = tmp_path / "module"
    changed.mkdir()
    for name in ("main.go", "go.mod", "go.sum"):
        (changed / name).write_bytes((programs.MODULE / name).read_bytes())
    same = programs.folder(changed)
    (changed / "main.go").write_text("package main\n")

    assert same == before
    assert programs.folder(changed) != before
