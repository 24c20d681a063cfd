"""A served fleet in a thread of its own, and kubectl pointed at it."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from gala.engine.passes import Done
from gala.sandbox.served_folder import ServedFolder
from gala.sandbox.serving import Served, ServeParams, serve

KUBECTL = shutil.which("kubectl")
PATIENCE = 110.0
"""Wall seconds for what has to happen sooner or later."""

CALM = 1.0
"""Wall seconds from the first pass to the earliest end: kopf, stopped while it begins, leaves warnings."""

WITHOUT_KUBECTL = "kubectl is not on PATH"


@dataclass(slots=True)
class Up:
    """A fleet that is up."""

    served: Served
    passes: list[Done] = field(default_factory=list)


@contextmanager
def a_served_fleet(folder: Path, **params: Any) -> Iterator[Up]:
    """Up until the end of the block; what ended it before is raised there."""
    told = threading.Event()
    ups: list[Up] = []
    ends: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []
    faults: list[BaseException] = []

    async def work() -> None:
        stop = asyncio.Event()
        ends.append((asyncio.get_running_loop(), stop))
        passes: list[Done] = []

        def observe(done: Done) -> None:
            passes.append(done)
            told.set()

        with ServedFolder(folder).hold() as held:
            await serve(
                held,
                ServeParams(**params),
                stop,
                ready=lambda served: ups.append(Up(served, passes)),
                observer=observe,
            )

    def run() -> None:
        try:
            asyncio.run(work())
        except BaseException as fault:  # noqa: BLE001 (it is raised where the block ends)
            faults.append(fault)
        finally:
            told.set()

    thread = threading.Thread(target=run, name="served fleet")
    thread.start()
    try:
        told.wait(60)
        if ups:
            time.sleep(CALM)
            yield ups[0]
    finally:
        loop, stop = ends[0]
        if thread.is_alive():
            loop.call_soon_threadsafe(stop.set)
        thread.join(30)
        assert not thread.is_alive()
        if faults:
            raise faults[0]


def wait_until(true: Callable[[], bool]) -> None:
    """Returns once it is so."""
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        time.sleep(0.1)


class Kubectl:
    """The real kubectl with a home of its own; answers (exit status, output of both streams)."""

    def __init__(self, home: Path, kubeconfig: Path) -> None:
        self._home = home
        self._kubeconfig = kubeconfig

    def __call__(self, *args: str, editor: str = "true", given: str | None = None) -> tuple[int, str]:
        """``given`` goes to its stdin."""
        done = subprocess.run(
            [str(KUBECTL), *args],
            check=False,
            input=given,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            env={
                "KUBECONFIG": str(self._kubeconfig),
                "HOME": str(self._home),
                "EDITOR": editor,
                "PATH": "/usr/bin:/bin",
                "TMPDIR": str(self._home),
                "NO_PROXY": "127.0.0.1",
            },
        )
        return done.returncode, done.stdout

    def fine(self, *args: str, editor: str = "true", given: str | None = None) -> str:
        """The output of what has to work."""
        status, output = self(*args, editor=editor, given=given)
        assert status == 0, output
        return output

    def refused(self, *args: str, editor: str = "true", given: str | None = None) -> str:
        """The output of what has to be refused."""
        status, output = self(*args, editor=editor, given=given)
        assert status != 0, output
        return output

    def until(self, want: str, *args: str) -> str:
        """The output as soon as it holds ``want``."""
        end = time.monotonic() + PATIENCE
        while want not in (output := self.fine(*args)):
            assert time.monotonic() < end, output
            time.sleep(0.2)
        return output

    def read(self, *args: str) -> Any:
        """One object, or a list of them."""
        return json.loads(self.fine("get", *args, "-o", "json"))
