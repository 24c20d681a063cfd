"""A long-running command uses the fast loop where it is installed."""

from __future__ import annotations

import asyncio
import importlib.util

from gala.cli import loop


async def _name() -> str:
    return type(asyncio.get_running_loop()).__module__


def test_uvloop_runs_a_command_where_it_is_installed() -> None:
    want = "uvloop" if importlib.util.find_spec("uvloop") else "asyncio"

    assert loop.run(_name()).startswith(want)
