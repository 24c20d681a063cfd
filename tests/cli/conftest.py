"""What commands print must not depend on the terminal that the tests are started from."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_width_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
