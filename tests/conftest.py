"""What every test relies on."""

from __future__ import annotations

import asyncio


def pytest_configure() -> None:
    # Else Python 3.11 makes a loop for whoever asks outside of one (pytest-asyncio does), nobody
    # closes it, and the complaint about that fails the whole session.
    asyncio.set_event_loop(None)
