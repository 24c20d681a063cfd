"""Programs in process groups of their own: started, stopped, frozen, and never left behind.

Every wait has a deadline, and when it passes the message holds the tail of the program's log.
"""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

START = 120.0
"""Seconds for a program to come up; none takes a tenth of it on an idle machine."""

STOP = 20.0
"""Seconds that a program gets to end by itself."""

_LOOK = 0.05
_TAIL = 2_000
_given: set[int] = set()


class TooLate(AssertionError):
    """Something did not come true before its deadline."""


def until(true: Callable[[], bool], seconds: float, what: str | Callable[[], str], look: float = 0.2) -> None:
    """Looks every ``look`` seconds until it is true.

    Raises:
        TooLate: After ``seconds``, with ``what`` was waited for.
    """
    give_up = time.monotonic() + seconds
    while not true():
        if time.monotonic() > give_up:
            raise TooLate(f"Not within {seconds:.0f} s: {what if isinstance(what, str) else what()}")
        time.sleep(look)


def free_port() -> int:
    """A port on loopback that nobody holds and that no outgoing connection is given."""
    while True:
        port = random.randrange(20_000, 32_000)
        if port not in _given and _free(port):
            _given.add(port)
            return port


def _free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


class Guardian:
    """A small process that outlives this one by a moment and ends the groups it was told of.

    pytest ends its programs itself; the guardian is there for the day when pytest is killed.
    """

    _SCRIPT = """
import os, signal, sys
groups = set()
for line in sys.stdin:
    sign, group = line[0], int(line[1:])
    groups.add(group) if sign == "+" else groups.discard(group)
for group in groups:
    try:
        os.killpg(group, signal.SIGCONT)
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        pass
"""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", self._SCRIPT], stdin=subprocess.PIPE, text=True, start_new_session=True
        )

    def watch(self, group: int) -> None:
        """Ends this group too, should this process be gone."""
        self._tell(f"+{group}\n")

    def forget(self, group: int) -> None:
        """This group is gone; its number may be given to others."""
        self._tell(f"-{group}\n")

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line)
        self._process.stdin.flush()

    def close(self) -> None:
        """Ends it, and with it whatever it still watches."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(STOP)


@dataclass(slots=True)
class Program:
    """One program of a control plane."""

    name: str
    command: Sequence[str]
    log: Path
    guardian: Guardian
    ports: Sequence[int] = ()
    """What it listens on; a port still held makes the next start fail quietly, so it waits for them."""
    environment: Mapping[str, str] = field(default_factory=dict)
    _process: subprocess.Popen[bytes] | None = None

    def start(self, ready: Callable[[], bool] = lambda: True, seconds: float = START) -> None:
        """Starts it and waits until it is ``ready``.

        Raises:
            TooLate: It ended, or was not ready in time; with the tail of its log.
        """
        assert self._process is None, f"{self.name} runs already"
        until(lambda: all(map(_free, self.ports)), STOP, f"the ports {self.ports} of {self.name} are free")
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                list(self.command),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},  # noqa: TID251
                start_new_session=True,
            )
        self.guardian.watch(self._process.pid)
        until(lambda: not self.runs() or ready(), seconds, lambda: f"{self.name} is ready\n{self.tail()}")
        if not self.runs():
            raise TooLate(f"{self.name} ended while it started\n{self.tail()}")

    def runs(self) -> bool:
        """Whether the process is there, frozen or not."""
        return self._process is not None and self._process.poll() is None

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Ends the whole group and waits until it is gone; its data stays."""
        if self._process is None:
            return
        process, self._process = self._process, None
        self._signal(process.pid, how)
        self._signal(process.pid, signal.SIGCONT)
        try:
            process.wait(STOP)
        except subprocess.TimeoutExpired:
            self._signal(process.pid, signal.SIGKILL)
            process.wait(STOP)
        self.guardian.forget(process.pid)

    @property
    def group(self) -> int:
        """The number of its process group."""
        assert self._process is not None, f"{self.name} does not run"
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL, at once and without a wait; `stop` or a look at `runs` comes later."""
        assert self._process is not None, f"{self.name} does not run"
        self._signal(self._process.pid, signal.SIGKILL)

    def freeze(self) -> None:
        """SIGSTOP: connections stay open and nothing answers."""
        self._signal(self.group, signal.SIGSTOP)

    def thaw(self) -> None:
        """SIGCONT."""
        self._signal(self.group, signal.SIGCONT)

    def tail(self) -> str:
        """The end of its log."""
        text = self.log.read_text(errors="replace") if self.log.exists() else ""
        return f"--- {self.log}\n{text[-_TAIL:]}"

    @staticmethod
    def _signal(group: int, which: signal.Signals) -> None:
        try:
            os.killpg(group, which)
        except ProcessLookupError:
            return
