"""Programs that a run starts are never left behind, and one that fails shows its log."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from clusters.processes import Guardian, Program, TooLate, until

SLEEPER = (sys.executable, "-c", "import time; print('at work', flush=True); time.sleep(600)")
STARTS_ONE_AND_IS_KILLED = """
import os, signal, sys
from pathlib import Path
from clusters.processes import Guardian, Program
program = Program("sleeper", sys.argv[2:], Path(sys.argv[1]), Guardian())
program.start()
program.freeze()
print(program.group, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def guardian() -> Iterator[Guardian]:
    guardian = Guardian()
    yield guardian
    guardian.close()


def gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def test_what_a_killed_run_started_is_ended_even_if_it_is_frozen(tmp_path: Path) -> None:
    path = Path(__file__).parent
    words = [sys.executable, "-c", STARTS_ONE_AND_IS_KILLED, str(tmp_path / "log"), *SLEEPER]
    run = subprocess.run(words, stdout=subprocess.PIPE, text=True, check=False, env={"PYTHONPATH": str(path)})

    assert run.returncode == -signal.SIGKILL
    until(lambda: gone(int(run.stdout)), 20, "the guardian ended it")


def test_a_program_that_ends_while_it_starts_shows_the_end_of_its_log(
    tmp_path: Path, guardian: Guardian
) -> None:
    words = (sys.executable, "-c", "print('no such flag'); raise SystemExit(1)")
    program = Program("failing", words, tmp_path / "log", guardian)

    with pytest.raises(TooLate, match=r"(?s)failing ended while it started.*no such flag"):
        program.start(lambda: False)


def test_a_program_that_is_late_shows_the_end_of_its_log(tmp_path: Path, guardian: Guardian) -> None:
    program = Program("late", SLEEPER, tmp_path / "log", guardian)

    with pytest.raises(TooLate, match=r"(?s)Not within 5 s: late is ready.*at work"):
        program.start(lambda: False, seconds=5)

    program.stop()
    assert not program.runs()


def test_a_frozen_program_can_be_stopped(tmp_path: Path, guardian: Guardian) -> None:
    program = Program("frozen", SLEEPER, tmp_path / "log", guardian)
    program.start()
    group = program.group
    program.freeze()

    program.stop()

    assert gone(group)
