"""7,000 scale writes to 70 endpoints: the fleet room beside the bare client that it is built on.

The endpoints are the least that HTTP allows, in two processes of their own, so that the client is what
is measured. Both clients hold the same connections, eight to each endpoint, and take turns in one run.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from kubernetes.aio.client.configuration import Configuration
from kubernetes.aio.client.rest import RESTClientObject
from measure import Figure, median

from gala.cli import loop
from gala.fleet.client import ApiServer
from gala.fleet.kubeconfig import Credentials
from gala.fleet.paths import Catalog
from gala.fleet.writes import Writer
from gala.planning.facts import EventKey, TargetKey
from gala.planning.outcome import Guard, Write
from gala.settings import MANAGER, Settings

ENDPOINTS, EACH, TURNS = 70, 100, 7
PROCESSES = 2
IN_FLIGHT = 8
RATIO = 0.85
NAMES = [f"app-{number:03}" for number in range(EACH)]

Round = Callable[[], Awaitable[None]]


def writes() -> list[Figure]:
    """How fast either is, and the ratio of their medians."""
    return loop.run(_writes())


async def _writes() -> list[Figure]:
    async with _endpoints() as urls, _fleet(urls) as fleet, _bare(urls) as bare:
        await bare()
        await fleet()
        taken: dict[str, list[tuple[float, float]]] = {"fleet": [], "bare": []}
        for turn in range(TURNS):
            pair = (("fleet", fleet), ("bare", bare))
            for name, work in pair if turn % 2 else reversed(pair):
                taken[name].append(await _timed(work))
    count = ENDPOINTS * EACH
    speed = {name: [count / wall for wall, _ in runs] for name, runs in taken.items()}
    cpu = {name: median([cpu for _, cpu in runs]) for name, runs in taken.items()}
    return [
        Figure(
            name=f"{count:,} scale writes, bare client",
            measured=median(speed["bare"]),
            unit="writes/s",
            runs=speed["bare"],
            note=f"{cpu['bare']:.2f} s of CPU for all",
        ),
        Figure(
            name=f"{count:,} scale writes, fleet room",
            measured=median(speed["fleet"]),
            unit="writes/s",
            runs=speed["fleet"],
            note=f"{cpu['fleet']:.2f} s of CPU for all",
        ),
        Figure(
            name="fleet room ÷ bare client, by writes per second",
            unit="",
            target=RATIO,
            at_least=True,
            measured=median(speed["fleet"]) / median(speed["bare"]),
        ),
        Figure(
            name="fleet room ÷ bare client, by writes per second of CPU",
            unit="",
            measured=cpu["bare"] / cpu["fleet"],
        ),
    ]


async def _timed(work: Round) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    await work()
    return time.perf_counter() - wall, time.process_time() - cpu


@asynccontextmanager
async def _fleet(urls: Sequence[str]) -> AsyncIterator[Round]:
    """The fleet room: guards, JSON patch, breaker, bucket, the judged answer."""
    servers = [ApiServer(f"c{n}", Credentials(server=url), Settings()) for n, url in enumerate(urls)]
    writers = [Writer(server, Catalog(server), qps=1e9, burst=1e9) for server in servers]
    batches = [_planned(server.name) for server in servers]

    async def work() -> None:
        results = await asyncio.gather(
            *(
                writer.apply(batch, seconds=60.0, done=lambda *_: None)
                for writer, batch in zip(writers, batches, strict=True)
            )
        )
        failed = [result.error for batch in results for result in batch if result.error is not None]
        assert not failed, failed[0]

    yield work
    for server in servers:
        await server.close()


@asynccontextmanager
async def _bare(urls: Sequence[str]) -> AsyncIterator[Round]:
    """``kubernetes.aio``'s rest client: the same patch, the answer read as JSON, nothing else."""
    clients = [
        RESTClientObject(
            Configuration(host=url, connection_pool_maxsize=0, client_session_kwargs={"trust_env": False})
        )
        for url in urls
    ]
    headers = {"Accept": "application/json", "Content-Type": "application/json-patch+json"}

    async def one(client: Any, url: str, gate: asyncio.Semaphore) -> None:
        async with gate:
            answer = await client.request("PATCH", url, headers=headers, body=_PATCH)
            json.loads(await answer.read())
            assert answer.status == 200, answer.status

    async def work() -> None:
        calls = []
        for client, server in zip(clients, urls, strict=True):
            gate = asyncio.Semaphore(IN_FLIGHT)
            place = f"{server}/apis/apps/v1/namespaces/show/deployments"
            calls += [one(client, f"{place}/{name}/scale?fieldManager={MANAGER}", gate) for name in NAMES]
        await asyncio.gather(*calls)

    yield work
    for client in clients:
        await client.close()


_PATCH = [
    {"op": "test", "path": "/metadata/uid", "value": "uid"},
    {"op": "test", "path": "/spec/replicas", "value": 3},
    {"op": "replace", "path": "/spec/replicas", "value": 9},
]


def _planned(cluster: str) -> list[Write]:
    return [
        Write(
            cluster=cluster,
            target=TargetKey("apps/v1", "Deployment", "show", name),
            uid="uid",
            resource_version="7",
            was=3,
            to=9,
            guard=Guard.VALUE,
            manager=MANAGER,
            event=EventKey("show", "team"),
            workload=name,
            reason="PreScale",
            rule="ratchet",
        )
        for name in NAMES
    ]


@asynccontextmanager
async def _endpoints() -> AsyncIterator[list[str]]:
    command = [sys.executable, str(Path(__file__).parent / "endpoints.py"), str(ENDPOINTS // PROCESSES)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: ASYNC220 (at once, before anything is timed)
        for _ in range(PROCESSES)
    ]
    try:
        yield [url for process in processes for url in json.loads(_line(process))]
    finally:
        for process in processes:
            process.communicate()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()
