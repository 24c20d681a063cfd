"""A sandbox and an operator, each in its own process; the operator is started again when it dies."""

from __future__ import annotations

import asyncio
import json
import logging
import multiprocessing
import time
import urllib.request
from collections.abc import Mapping
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from gala.sandbox import worker
from gala.sandbox.__main__ import run
from gala.sandbox.killpoints import KillPoint

PATIENCE = 120.0
"""Wall seconds for one night; it takes a few."""

_FORK = multiprocessing.get_context("forkserver")
_FORK.set_forkserver_preload(["gala.sandbox.worker", "gala.sandbox.__main__"])


def play(config: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """Plays one night to its end; the sandbox's own word on how it went."""
    config_file, port_file = folder / "config.json", folder / "ports.json"
    config_file.write_text(json.dumps(config))
    sandbox = _start(_sandbox, config_file, port_file)
    operator: BaseProcess | None = None
    until = time.monotonic() + PATIENCE
    try:
        while not port_file.exists():
            _check(sandbox, until)
            time.sleep(0.01)
        ports = json.loads(port_file.read_text())
        lives = 0
        while True:
            if operator is None or not operator.is_alive():
                operator, lives = _start(_operator, ports), lives + 1
                assert lives < 5, "the operator dies again and again"
            if _ask(ports, "finished")["finished"]:
                return {**_ask(ports, "state"), "lives": lives}
            _check(sandbox, until)
            time.sleep(0.1)
    finally:
        for process in (operator, sandbox):
            if process is not None:
                process.kill()
                process.join()


def points(calls: list[list[Any]], most_each: int) -> list[KillPoint]:
    """Before and after requests of each kind, spread over the night; more of those that change something."""
    found = []
    for cluster, verb, resource, count in calls:
        if not resource:  # probes: which of them is the nth depends on when the operator starts
            continue
        many = most_each if verb in ("POST", "PUT", "PATCH", "DELETE") else 1
        numbers = sorted({1 + index * (count - 1) // max(1, many - 1) for index in range(many)})
        for nth in numbers:
            sides = (True,) if verb == "WATCH" else (True, False)
            found.extend(KillPoint(cluster, verb, resource, nth, before) for before in sides)
    return found


def _ask(ports: Mapping[str, Any], what: str) -> dict[str, Any]:
    with urllib.request.urlopen(f"{ports['clock']}/{what}", timeout=60) as answer:
        told: dict[str, Any] = json.loads(answer.read())
        return told


def _start(target: Any, *arguments: Any) -> BaseProcess:
    process = _FORK.Process(target=target, args=arguments, daemon=True)
    process.start()
    return process


def _check(sandbox: BaseProcess, until: float) -> None:
    assert sandbox.is_alive(), "the sandbox died"
    assert time.monotonic() < until, f"the night did not end within {PATIENCE:g} s"


def _sandbox(config_file: Path, port_file: Path) -> None:
    logging.basicConfig(level=logging.ERROR)
    asyncio.run(run(json.loads(config_file.read_text()), port_file))


def _operator(ports: Mapping[str, Any]) -> None:
    logging.basicConfig(level=logging.ERROR)
    worker.main(ports)
