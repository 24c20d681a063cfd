"""Files that a command writes."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile


def take_place(path: Path) -> None:
    """Fails where a file cannot be written, before time was spent on what would stand in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with TemporaryFile(dir=path.parent):
            pass
    except OSError as failed:
        raise OSError(failed.errno, failed.strerror, str(path)) from failed
