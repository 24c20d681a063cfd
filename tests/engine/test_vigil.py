"""The thread beside the loop: it answers while the loop cannot, and ends a process that is stuck."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection
from typing import Any

import pytest

from gala.engine.endpoint import Address, bind
from gala.engine.vigil import FAILED, Progress, Times, Vigil
from gala.errors import InvalidInput, Stalled
from gala.report.vitals import Vitals

ANYWHERE = Address("127.0.0.1", 0)
WELL = Vitals(leads=True, synced=True, passes=9, listed_age=4.0, watched_age=200.0)
PATIENCE = 30.0
"""Wall seconds; nothing here takes a tenth of it."""


QUICK = Times(beat=0.02)


@dataclass
class Patient:
    """Does nothing."""

    turns: int = 0


class Busy(Patient):
    """Has ended another turn whenever somebody looks."""

    def __getattribute__(self, name: str) -> Any:
        if name == "turns":
            self.turns = super().__getattribute__(name) + 1
        return super().__getattribute__(name)


@dataclass
class Ward:
    """A vigil, and what it did."""

    vigil: Vigil
    patient: Patient
    stalled: asyncio.Future[None]
    port: int
    left: threading.Event
    delays: list[float]
    statuses: list[int] = field(default_factory=list)

    def ask(self, path: str) -> tuple[int, str]:
        """In the caller's thread, so that its loop is blocked meanwhile."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read().decode()
        connection.close()
        return answer.status, body

    async def asked(self, path: str) -> tuple[int, str]:
        """While the loop goes on."""
        return await asyncio.to_thread(self.ask, path)

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE):
            while not true():  # noqa: ASYNC110 (another thread sets no event of ours)
                await asyncio.sleep(0.01)


@asynccontextmanager
async def a_ward(
    *,
    times: Times = QUICK,
    patient: Patient | None = None,
    vitals: Callable[[], Vitals] = lambda: WELL,
    text: Callable[[Vitals], bytes] = lambda _: b"gala_leader 1\n",
) -> AsyncIterator[Ward]:
    left = threading.Event()
    delays: list[float] = []
    statuses: list[int] = []
    patient = patient or Patient()

    def leave(status: int) -> None:
        statuses.append(status)
        left.set()

    vigil = Vigil(patient, vitals=vitals, text=text, delayed=delays.append, leave=leave, times=times)
    with _port() as free:
        port = free.getsockname()[1]
    stalled = await vigil.start(Address("127.0.0.1", port))
    try:
        yield Ward(vigil, patient, stalled, port, left, delays, statuses)
    finally:
        await vigil.stop()


def _text(_: Vitals) -> bytes:
    return b""


def _ignore(_: float) -> None:
    """Nobody counts."""


def _port() -> socket.socket:
    return socket.create_server(("127.0.0.1", 0))


@pytest.mark.parametrize(
    ("looks", "want"),
    [
        pytest.param([(1, 0.5), (1, 0.5), (1, 0.5)], 1.0, id="what does not change grows old"),
        pytest.param([(1, 0.5), (1, 0.5), (2, 0.5)], 0.0, id="what changes is young"),
        pytest.param([(1, 0.5), (1, 0.5), (2, 0.5), (2, 0.5)], 0.5, id="and grows old from there"),
        pytest.param([(1, 0.5), (1, 3600.0)], 2.0, id="an hour in which nobody looked counts for one look"),
    ],
)
def test_an_age_is_counted_by_who_looks(looks: list[tuple[int, float]], want: float) -> None:
    progress = Progress()
    for number, elapsed in looks:
        progress.look(number, elapsed)
    assert progress.age == want


async def test_it_answers_what_is_asked() -> None:
    async with a_ward() as ward:
        assert await ward.asked("/metrics") == (200, "gala_leader 1\n")
        assert await ward.asked("/healthz") == (200, "ok")
        assert await ward.asked("/readyz") == (200, "ok")
        assert (await ward.asked("/elsewhere"))[0] == 404


async def test_not_ready_says_why_and_is_alive() -> None:
    sick = replace(WELL, lease_problem="the Lease cannot be had: 403.")
    async with a_ward(vitals=lambda: sick) as ward:
        assert await ward.asked("/readyz") == (503, "the Lease cannot be had: 403.")
        assert await ward.asked("/healthz") == (200, "ok")


async def test_verbose_tells_every_check_with_its_age() -> None:
    async with a_ward() as ward:
        status, body = await ward.asked("/readyz?verbose")
        told: dict[str, Any] = json.loads(body)
        assert (status, told["ok"]) == (200, True)
        assert [check["name"] for check in told["checks"]] == [
            "loop", "turns", "intake", "synced", "list", "lease", "passes"
        ]  # fmt: skip
        assert told["checks"][4] == {
            "name": "list",
            "ok": True,
            "ageSeconds": 4.0,
            "message": "events and clusters were listed 4 s ago",
        }


async def test_a_fault_of_the_metrics_is_an_answer_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    def broken(_: Vitals) -> bytes:
        raise ValueError("a bug")

    async with a_ward(text=broken) as ward:
        assert (await ward.asked("/metrics"))[0] == 500
        assert (await ward.asked("/healthz"))[0] == 200


async def test_while_the_loop_is_blocked_it_says_so_and_then_ends_the_process(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async with a_ward(patient=Busy(), times=replace(QUICK, stall_after=0.3)) as ward:
        await ward.until(lambda: bool(ward.delays))
        assert ward.ask("/metrics")[0] == 200
        assert ward.left.wait(PATIENCE), "the loop was blocked, and nobody ended the process"
    assert ward.statuses[0] == FAILED
    assert "the event loop has been blocked for 0 s; the process ends" in caplog.text
    assert "Replicas stay as they are." in caplog.text
    assert caplog.records[-1].levelno == logging.CRITICAL


async def test_healthz_is_not_well_while_the_loop_is_blocked() -> None:
    async with a_ward() as ward:
        await ward.until(lambda: ward.vigil._loop._seen == ward.vigil._beats > 0)
        # As if fifteen seconds of looks had passed: from here on the loop is blocked by this very test.
        ward.vigil._loop.age = 15.0
        answers: list[tuple[int, str]] = [(200, "")]
        while answers[-1][0] == 200 and len(answers) < 1000:
            answers.append(ward.ask("/healthz"))
            ward.left.wait(0.02)
    assert answers[-1][0] == 503
    assert answers[-1][1].startswith("the event loop last had time 1")


async def test_turns_that_do_not_end_are_told_to_a_loop_that_still_runs() -> None:
    async with a_ward(times=replace(QUICK, stall_after=0.3)) as ward:
        with pytest.raises(Stalled, match="no pass has come to its end for 0 s; the process ends"):
            await asyncio.wait_for(ward.stalled, PATIENCE)
        assert ward.statuses == []


async def test_a_loop_that_is_told_and_does_not_end_is_ended() -> None:
    async with a_ward(times=replace(QUICK, stall_after=0.1, grace=0.1)) as ward:
        await ward.until(ward.stalled.done)
        await ward.until(ward.left.is_set)
        assert ward.stalled.exception() is not None
    assert ward.statuses[0] == FAILED


def test_who_goes_on_is_left_alone_for_hours() -> None:
    statuses: list[int] = []
    vigil = Vigil(Busy(), vitals=lambda: WELL, text=_text, delayed=_ignore, leave=statuses.append)
    for _ in range(1000):
        vigil._beats += 1
        vigil._look(10.0)
        vigil._judge(0.0)
    assert statuses == []
    assert vigil.vitals().loop_age == vigil.vitals().turn_age == 0.0


async def test_the_lead_taken_over_begins_with_a_young_pass() -> None:
    known = [replace(WELL, leads=False)]
    async with a_ward(vitals=lambda: known[0]) as ward:
        ward.vigil._pass.age = 100.0
        assert ward.vigil.vitals().pass_age == 0.0
        known[0] = WELL
        await ward.until(lambda: ward.vigil._pass.age < 100.0)
        assert ward.vigil.vitals().pass_age < 60.0


async def test_an_address_that_is_taken_is_told_in_one_sentence() -> None:
    with _port() as taken:
        port = taken.getsockname()[1]
        vigil = Vigil(Patient(), vitals=lambda: WELL, text=_text, delayed=_ignore)
        with pytest.raises(
            InvalidInput, match=rf"cannot listen on 127\.0\.0\.1:{port} \(Address already in use\)"
        ):
            await vigil.start(Address("127.0.0.1", port))


async def test_without_an_address_it_watches_all_the_same() -> None:
    vigil = Vigil(
        Patient(),
        vitals=lambda: WELL,
        text=lambda _: b"",
        delayed=lambda _: None,
        times=replace(QUICK, stall_after=0.1),
    )
    stalled = await vigil.start(None)
    with pytest.raises(Stalled):
        await asyncio.wait_for(stalled, PATIENCE)
    await vigil.stop()


@pytest.mark.parametrize(
    ("address", "want"),
    [
        pytest.param(Address("", 8080), ":8080", id="every address"),
        pytest.param(Address("::1", 8080), "[::1]:8080", id="IPv6"),
        pytest.param(Address("127.0.0.1", 1), "127.0.0.1:1", id="IPv4"),
    ],
)
def test_an_address_is_written_as_one_writes_it(address: Address, want: str) -> None:
    assert str(address) == want


def test_every_address_means_ipv4_as_well() -> None:
    with bind(Address("", 0)) as listener, _client(listener.getsockname()[1]) as client:
        assert client.getpeername()[0] == "127.0.0.1"


def _client(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
