"""The sandbox as a process of its own, and operators in others that it kills."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

OPERATOR = """
import asyncio, os, sys
import aiohttp
from gala.sandbox.remote_clock import RemoteClock

async def main(clock_url, hub):
    clock = await RemoteClock.connect(clock_url, pid=os.getpid())
    path = hub + "/apis/coordination.k8s.io/v1/namespaces/gala-system/leases"
    print(clock.now(), flush=True)
    async with aiohttp.ClientSession() as session:
        for number in range(int(sys.argv[3])):
            await clock.until(clock.now() + 2)
            name = f"beat-{os.getpid()}-{number}"
            async with session.post(path, json={"metadata": {"name": name}}) as response:
                assert response.status == 201
    await clock.close()

asyncio.run(main(sys.argv[1], sys.argv[2]))
"""


@asynccontextmanager
async def sandbox(folder: Path, **config: Any) -> AsyncIterator[dict[str, Any]]:
    night = {"rounds": 1, "clusters": 1, "scale": 0.05}
    (folder / "config.json").write_text(json.dumps({"night": night, **config}))
    port_file = folder / "ports.json"
    arguments = ["--config", str(folder / "config.json"), "--port-file", str(port_file)]
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "gala.sandbox", *arguments)
    try:
        async with asyncio.timeout(30):
            while not port_file.exists():
                assert process.returncode is None
                await asyncio.sleep(0.02)
        yield json.loads(port_file.read_text())
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(10):
            await process.wait()


async def operate(ports: dict[str, Any], beats: int) -> tuple[int, float]:
    """Runs an operator to its end; answers its exit status and the time it began at."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        OPERATOR,
        ports["clock"],
        ports["hub"],
        str(beats),
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(30):
        output, _ = await process.communicate()
    return process.returncode or 0, float(output.split()[0])


async def state(ports: dict[str, Any]) -> dict[str, Any]:
    async with aiohttp.ClientSession() as session, session.get(f"{ports['clock']}/state") as response:
        body: dict[str, Any] = await response.json()
        return body


@pytest.mark.parametrize(
    ("before", "want"),
    [pytest.param(True, 2, id="before the request"), pytest.param(False, 3, id="after the request")],
)
async def test_an_operator_is_killed_at_its_third_request(tmp_path: Path, before: bool, want: int):
    point = {"cluster": "hub", "verb": "POST", "resource": "leases", "nth": 3, "before": before}
    async with sandbox(tmp_path, killPoints=[point]) as ports:
        status, first = await operate(ports, 9)
        assert status == -signal.SIGKILL
        url = f"{ports['hub']}/apis/coordination.k8s.io/v1/leases"
        async with aiohttp.ClientSession() as session, session.get(url) as response:
            assert len((await response.json())["items"]) == want
        status, second = await operate(ports, 1)
        assert (status, second - first) == (0, 6 + 10)
        told = await state(ports)
    assert (told["struck"], told["killed"]) == ([point], 1)
    assert ["hub", "POST", "leases", 4] in told["calls"]
    assert told["verdict"]["wrongDecreases"] == 0


async def test_without_kill_points_requests_are_counted_and_time_runs_to_the_end(tmp_path: Path):
    async with sandbox(tmp_path) as ports:
        status, _ = await operate(ports, 3)
        told = await state(ports)
    assert (status, told["killed"], told["finished"]) == (0, 0, False)
    assert ["hub", "POST", "leases", 3] in told["calls"]
