"""A real Prometheus on loopback that scrapes pages of ours, and what it says of them."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import create_server
from typing import Any
from urllib.parse import urlencode

import yaml

MISSING = "{} is not installed: apt-get install --no-install-recommends prometheus (Debian's package)"

PATIENCE = 30.0
"""Wall seconds for whatever has to happen; nothing takes half of it."""

Answer = Callable[[str], bytes | None]
"""What a path answers; None is a 503."""


def tool(name: str) -> str:
    """The path of ``prometheus`` or ``promtool``; fails in one sentence where it is missing."""
    found = shutil.which(name)
    assert found is not None, MISSING.format(name)
    return found


@contextmanager
def pages(answer: Answer) -> Iterator[int]:
    """A server on loopback; gives its port. Asks ``answer`` one question at a time."""
    guard = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with guard:
                body = answer(self.path)
            self.send_response(503 if body is None else 200)
            self.send_header("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    serving = threading.Thread(target=server.serve_forever, daemon=True)
    serving.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


class Prometheus:
    """Its HTTP API."""

    def __init__(self, port: int) -> None:
        self._port = port

    def ask(self, path: str, **params: str) -> Any:
        """The ``data`` of an answer; fails on any that is not a success."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        try:
            connection.request("GET", f"{path}?{urlencode(params)}")
            answer = connection.getresponse()
            told = json.loads(answer.read())
        finally:
            connection.close()
        assert told["status"] == "success", told
        return told["data"]

    def alerts(self) -> list[dict[str, Any]]:
        """Those that are pending or fire now."""
        found: list[dict[str, Any]] = self.ask("/api/v1/alerts")["alerts"]
        return found

    def query(self, expression: str) -> list[Any]:
        """The result of an instant query; empty where nothing matches."""
        found: list[Any] = self.ask("/api/v1/query", query=expression)["result"]
        return found

    def ready(self) -> bool:
        """Whether it answers questions yet."""
        try:
            return self.query("vector(1)") != []
        except (OSError, HTTPException, ValueError, AssertionError):
            return False


@contextmanager
def prometheus(folder: Path, config: Mapping[str, Any]) -> Iterator[Prometheus]:
    """Runs one with its data in ``folder`` and ends it."""
    (folder / "prometheus.yml").write_text(yaml.safe_dump(dict(config)))
    with create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [
        tool("prometheus"),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
    ]
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            one = Prometheus(port)
            until(lambda: process.poll() is not None or one.ready())
            assert process.poll() is None, (folder / "log").read_text()
            yield one
        finally:
            process.terminate()
            process.wait(PATIENCE)


def until(true: Callable[[], bool], patience: float = PATIENCE) -> bool:
    """Looks a few times a second; whether it came true in time."""
    give_up = time.monotonic() + patience
    while not true():
        if time.monotonic() > give_up:
            return False
        time.sleep(0.25)
    return True
