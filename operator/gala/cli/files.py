"""Files that a command writes."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile

from gala.errors import InvalidInput


def take_place(path: Path, option: str) -> None:
    """Fails where a file cannot be written, before time was spent on what would stand in it.

    Args:
        path: The file.
        option: The one that names it on the command line.

    Raises:
        InvalidInput: it cannot be made there.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=path.parent):
            pass
    except OSError as failed:
        raise InvalidInput(f"{path}: {failed.strerror}; name another place with {option}.") from failed
