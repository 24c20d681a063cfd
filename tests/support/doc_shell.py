"""A reader's terminal: one working folder, one environment that `export` and `cd` change for what follows."""

from __future__ import annotations

import asyncio
import os
import re
import shutil
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Final

from doc_commands import INTERRUPT, Command, Way, prints, ways
from doc_pages import ROOT

_LEFT_OUT: Final = shutil.ignore_patterns(".*", "operator", "tests", "out", "build", "dist", "*.egg-info")
_DEADLINE: Final = 60.0
"""Wall seconds after which a command hangs."""

_ANSWERS: Final = re.compile(r".*(?:^|gala |kubectl )(?:diff|report|status)\b")
"""Commands whose status 1 is an answer: it differs, a round was short of pods, an event is not Ready yet."""

_FAULT: Final = re.compile(r"^(?:gala|error): ", re.MULTILINE)

_AS = """
set -o pipefail
[ -e "$STATE" ] && . "$STATE"
{line}
status=$?
{{ export -p; printf 'cd %q\\n' "$PWD"; }} > "$STATE"
exit $status
"""
"""A command between what the ones before left and what it leaves."""


class Shell:
    """bash in a copy of the repository without its sources; `gala` and `kubectl` are on the PATH."""

    def __init__(self, folder: Path, kubeconfig: str, now: Callable[[], str]) -> None:
        """``now`` is the time on the stage, which commands that count down have to be told."""
        self._now = now
        self.folder = folder / "gala-operator"
        shutil.copytree(ROOT, self.folder, ignore=_LEFT_OUT)
        home = folder / "home"
        (home / ".kube").mkdir(parents=True)
        (home / ".kube" / "config").write_text(kubeconfig, encoding="utf-8")
        self._environment = {
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), "/usr/local/bin", "/usr/bin", "/bin"]),
            "HOME": str(home),
            "STATE": str(folder / "state"),
            "LC_ALL": "C.UTF-8",
            "COLUMNS": "120",
            "NO_PROXY": "127.0.0.1,localhost",
        }

    async def follow(self, command: Command) -> None:
        """Runs a command in its way and compares; a failure says what was printed.

        Raises:
            AssertionError: It is not known, fails, hangs, or prints something else than the page shows.
        """
        (way,) = ways(command.line)
        if way is Way.UNTIL_SEEN:
            await self._until_seen(command)
        else:
            await self._to_its_end(command, way)

    async def _to_its_end(self, command: Command, way: Way) -> None:
        process = await self._start(_at(_typed(command.line, way), self._now()))
        async with asyncio.timeout(_DEADLINE):
            output, _ = await process.communicate()
        printed = output.decode()
        no = process.returncode == 1 and _ANSWERS.match(command.line) and not _FAULT.search(printed)
        assert process.returncode == 0 or no, _told(command, printed, f"status {process.returncode}")
        if command.shown and way is not Way.SHORT:
            assert prints(command.shown, printed), _told(command, printed, "another output")

    async def _until_seen(self, command: Command) -> None:
        """What is shown before ``^C`` (or anything) has to come; then the reader ends it."""
        before = command.shown.partition(INTERRUPT)[0] or "…\n"
        process = await self._start(_elsewhere(command.line))
        assert process.stdout is not None
        printed = ""
        try:
            async with asyncio.timeout(_DEADLINE):
                while not (printed and prints(before, printed, so_far=True)):
                    line = await process.stdout.readline()
                    assert line, _told(command, printed, "an early end")
                    printed += line.decode()
        except TimeoutError:
            raise AssertionError(_told(command, printed, "nothing more")) from None
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGINT)
        async with asyncio.timeout(_DEADLINE):
            rest, _ = await process.communicate()
        printed += rest.decode()
        if INTERRUPT in command.shown:
            assert prints(command.shown, printed), _told(command, printed, "another end")

    async def _start(self, line: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            "bash",
            "-c",
            _AS.format(line=line),
            cwd=self.folder,
            env=self._environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )


def _typed(line: str, way: Way) -> str:
    if way is Way.SHORT:
        small = line.partition("#")[0].replace("make demo", "make -n demo && gala demo")
        return f"{small.rstrip()} --rounds 1 --clusters 1"
    if way is Way.TARGET:
        return line.replace("make ", "make -n ", 1)
    if way is Way.CREATE:
        return f"{line} --dry-run=client -o yaml | kubectl apply -f -"
    return line


def _at(line: str, now: str) -> str:
    asks = re.match(r"(?:kubectl )?gala status\b(?!.*--at)", line)
    return f"{asks[0]} --at {now}{line[asks.end() :]}" if asks else line


def _elsewhere(line: str) -> str:
    """An operator of which others run on this machine must not want their port, and has to say something."""
    run = re.match(r"gala run\b(?!.*--listen)", line)
    if run:
        return f"{run[0]} --listen 127.0.0.1:0{line[run.end() :]}"
    return line.replace(" --quiet", "")


def _told(command: Command, printed: str, what: str) -> str:
    return f"line {command.at}: {what}\n$ {command.line}\n{printed}\n--- the page shows\n{command.shown}"
