"""An operator whose process is started again whenever it died, as a kubelet does, under the same name."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from clusters.processes import TooLate, until
from operating import PATIENCE, Operator, Stage


class Kept:
    """`until` something is true it looks after the process."""

    def __init__(self, stage: Stage, kubeconfig: Path) -> None:
        """``kubeconfig`` is the hub as the operator sees it."""
        self.stage = stage
        self.lives = 0
        self._kubeconfig = kubeconfig
        self._operator: Operator | None = None
        self._born = 0.0

    def kill(self) -> None:
        """SIGKILL, now."""
        self.stage.operators[-1].program.kill()

    def age(self) -> float:
        """Seconds since the process was started last."""
        return time.monotonic() - self._born

    def until(self, true: Callable[[], bool], what: Callable[[], str], seconds: float = PATIENCE) -> None:
        """Waits until it is true, and has the operator run meanwhile."""

        def looked() -> bool:
            if self._operator is None or not self._operator.program.runs():
                self._start()
                return False
            return true()

        until(looked, seconds, lambda: f"{what()}\n{self.stage.tell()}", look=0.3)

    def _start(self) -> None:
        if self._operator is not None:
            self._operator.program.stop()
        self._born = time.monotonic()
        self.lives += 1
        try:
            self._operator = self.stage.operator("--identity=the-pod", kubeconfig=self._kubeconfig)
        except TooLate:
            # Killed while it started: the next look starts it again.
            self._operator = self.stage.operators[-1]
