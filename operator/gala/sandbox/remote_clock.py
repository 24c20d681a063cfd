"""The stepped clock over HTTP, for an operator in another process.

Each operator that says hello gets an incarnation number, and only the latest one may step:
what a dead process still had on the wire moves nothing.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import aiohttp
from aiohttp import web

from gala.errors import Unreachable
from gala.sandbox.clock import Barrier, LocalClock

KILL_COST = 10.0
"""Simulated seconds from the death of an operator to the first breath of the next."""


class ClockEndpoint:
    """The sandbox's side: hands the local clock to whoever spoke last."""

    def __init__(self, clock: LocalClock, state: Callable[[], dict[str, Any]]) -> None:
        """``state`` is what ``GET /state`` answers beside the time."""
        self._clock = clock
        self._state = state
        self._runner: web.AppRunner | None = None
        self._stepping: asyncio.Task[Any] | None = None
        self.incarnation = 0
        self.pid = 0
        self.killed = 0
        """Operators killed so far."""
        self._owed = 0.0

    async def start(self) -> str:
        """Listens on a free loopback port; returns the URL."""
        app = web.Application()
        app.router.add_post("/hello", self._hello)
        app.router.add_post("/until", self._until)
        app.router.add_get("/state", self._show)
        app.router.add_get("/finished", self._finished)
        self._runner = web.AppRunner(app, handle_signals=False, shutdown_timeout=0.5)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Closes the port."""
        if self._runner is not None:
            await self._runner.cleanup()

    def kill(self) -> None:
        """Kills the operator that said hello last, without a word; costs ``KILL_COST`` simulated seconds."""
        self.incarnation += 1
        self.killed += 1
        self._owed = KILL_COST
        if self.pid:
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)

    async def _hello(self, request: web.Request) -> web.Response:
        self.pid = int((await request.json())["pid"])
        self.incarnation += 1
        mine = self.incarnation
        await self._abandon()
        owed, self._owed = self._owed, 0.0
        wanted = min(self._clock.now() + owed, self._clock.end)
        while owed and self._clock.now() < wanted:
            await self._clock.until(wanted)
        return web.json_response({"incarnation": mine, "now": self._clock.now()})

    async def _abandon(self) -> None:
        """Ends the step that a dead operator asked for, if it still waits for something."""
        if self._stepping is not None and not self._stepping.done():
            self._stepping.cancel()
            await asyncio.wait({self._stepping})

    async def _until(self, request: web.Request) -> web.Response:
        asked = await request.json()
        if asked["incarnation"] != self.incarnation:
            return web.json_response({"error": "another operator has taken over"}, status=409)
        self._stepping = asyncio.create_task(self._step(float(asked["deadline"])))
        barrier = await asyncio.shield(self._stepping)
        listed = [[cluster, plural, version] for (cluster, plural), version in barrier.items()]
        return web.json_response({"now": self._clock.now(), "barrier": listed})

    async def _step(self, deadline: float) -> Barrier:
        return await self._clock.until(deadline)

    async def _finished(self, _request: web.Request) -> web.Response:
        return web.json_response({"finished": self._clock.finished.is_set()})

    async def _show(self, _request: web.Request) -> web.Response:
        fixed = {"now": self._clock.now(), "finished": self._clock.finished.is_set(), "killed": self.killed}
        return web.json_response({**self._state(), **fixed})


class RemoteClock:
    """The operator's side: implements ``engine.ports.Clock``. Use ``connect``."""

    def __init__(self, session: aiohttp.ClientSession, url: str, *, incarnation: int, now: float) -> None:
        self._session = session
        self._url = url
        self._incarnation = incarnation
        self._now = now

    @classmethod
    async def connect(cls, url: str, *, pid: int) -> RemoteClock:
        """Says hello; from now on every other operator's steps are refused."""
        session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=None))
        try:
            answer = await _post(session, f"{url}/hello", {"pid": pid})
        except BaseException:
            await session.close()
            raise
        return cls(session, url, incarnation=int(answer["incarnation"]), now=float(answer["now"]))

    async def close(self) -> None:
        """Closes the connection."""
        await self._session.close()

    def now(self) -> float:
        """Seconds since the epoch, as of the last step."""
        return self._now

    def wake(self) -> None:
        """Nothing: whoever changes something in the sandbox plans an edge for it."""

    async def until(self, deadline: float) -> Barrier:
        """Asks the sandbox to step.

        Raises:
            Unreachable: the sandbox is gone, or another operator has taken over.
        """
        question = {"incarnation": self._incarnation, "deadline": deadline}
        answer = await _post(self._session, f"{self._url}/until", question)
        self._now = float(answer["now"])
        return {(cluster, plural): version for cluster, plural, version in answer["barrier"]}


async def _post(session: aiohttp.ClientSession, url: str, body: dict[str, Any]) -> dict[str, Any]:
    try:
        async with session.post(url, json=body) as response:
            answer: dict[str, Any] = await response.json()
            if response.status != 200:
                raise Unreachable(
                    f"The sandbox's clock refused: {answer.get('error')}.", status=response.status
                )
            return answer
    except (aiohttp.ClientError, OSError) as error:
        raise Unreachable(f"The sandbox's clock cannot be reached: {error}") from error
