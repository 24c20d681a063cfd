"""A night that somebody interrupts ends quietly: the operator first, then what it stands on."""

from __future__ import annotations

import asyncio
import logging

import pytest

from gala.engine.passes import Done
from gala.sandbox.demo import play_night
from scenes import night


async def test_a_night_that_is_interrupted_says_nothing_of_faults(caplog: pytest.LogCaptureFixture) -> None:
    passes: list[float] = []

    def interrupt(done: Done) -> None:
        passes.append(done.now)
        if len(passes) == 30:
            playing.cancel()

    playing = asyncio.create_task(play_night(night(), observer=interrupt))
    with pytest.raises(asyncio.CancelledError):
        await playing

    assert [one.getMessage() for one in caplog.records if one.levelno >= logging.ERROR] == []
    assert len(passes) == 30
    assert [task.get_name() for task in asyncio.all_tasks() if task.get_name() == "operator"] == []
