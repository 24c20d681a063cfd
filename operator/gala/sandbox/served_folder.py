"""The files that a served fleet puts down for people, and takes away at its end.

One folder belongs to one fleet at a time: it is locked, and no crash leaves a lock behind. What
somebody else wrote is never overwritten.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gala.errors import InvalidInput

MARK = "# Written by gala demo --serve, which removes it at its end.\n"
"""The first line of a kubeconfig of ours: one without it is somebody's own."""

_ONLY_MINE = 0o600


class ServedFolder:
    """Use ``hold``; the files are there between ``write_kubeconfig`` and the end of the hold."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.kubeconfig = path / "kubeconfig"
        self.show = path / "next-show.yaml"
        self._written: str | None = None
        """The show as we wrote it last; None before."""

    @property
    def show_is_yours(self) -> bool:
        """Somebody edited the show of an earlier fleet, and so it is left as it is."""
        return self._written is None and self.show.exists()

    def write_kubeconfig(self, text: str) -> None:
        """Puts it down for its owner alone."""
        _put(self.kubeconfig, MARK + text)

    def write_show(self, text: str) -> None:
        """Puts the show down, unless it has been edited, or removed since.

        What a fleet left that was killed differs in the start of its round, and is overwritten.
        """
        present = _read(self.show)
        if self._written is None:
            edited = present is not None and not _differs_in_one_line(present, text)
        else:
            edited = present != self._written
        if edited:
            return
        _put(self.show, text)
        self._written = text

    @contextmanager
    def hold(self) -> Iterator[ServedFolder]:
        """Makes the folder ours; at the end it is as before.

        Raises:
            InvalidInput: another fleet has it, or it holds a kubeconfig that we did not write.
            OSError: it cannot be written.
        """
        made = _make(self.path)
        descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            self._take(descriptor)
            try:
                yield self
            finally:
                self._clear(made)
        finally:
            os.close(descriptor)

    def _take(self, descriptor: int) -> None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InvalidInput(
                f"Another gala demo --serve is using {self.path}; give this one a folder of its own: "
                f"--directory {self.path}-2"
            ) from None
        present = _read(self.kubeconfig)
        if present is not None and not present.startswith(MARK):
            raise InvalidInput(
                f"{self.kubeconfig} is a kubeconfig of your own and is not overwritten; "
                "name another folder with --directory."
            )

    def _clear(self, made: list[Path]) -> None:
        self.kubeconfig.unlink(missing_ok=True)
        if self._written is not None and _read(self.show) == self._written:
            self.show.unlink()
        for path in made:
            if any(path.iterdir()):
                return
            path.rmdir()


def _make(path: Path) -> list[Path]:
    """Makes a folder with its parents; returns those that were not there, the innermost first."""
    missing = [folder for folder in (path, *path.parents) if not folder.exists()]
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as failed:
        raise InvalidInput(f"{path}: {failed.strerror}; name another folder with --directory.") from failed
    return missing


def _differs_in_one_line(one: str, other: str) -> bool:
    lines = one.splitlines(), other.splitlines()
    return len(lines[0]) == len(lines[1]) and sum(a != b for a, b in zip(*lines, strict=True)) <= 1


def _put(path: Path, text: str) -> None:
    """In one rename, so that nobody reads half of it."""
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, _ONLY_MINE)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    part.replace(path)


def _read(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return None
