"""The wall clock: it waits for a time of day, and tells when somebody set it."""

from __future__ import annotations

import asyncio

import pytest

from gala.engine.clock import WallClock
from hub_server import Time


async def test_a_time_that_has_come_is_not_waited_for_and_the_barrier_is_empty() -> None:
    clock = WallClock(Time(100.0), Time(5.0))
    assert await clock.until(100.0) == {}


@pytest.mark.looptime
async def test_it_waits_until_the_wall_clock_shows_the_time() -> None:
    loop = asyncio.get_running_loop()
    clock = WallClock(lambda: 1000.0 + loop.time(), loop.time)
    await clock.until(1007.5)
    assert clock.now() == pytest.approx(1007.5)


@pytest.mark.looptime
async def test_a_clock_that_is_set_forward_ends_the_wait_once_it_has_stayed_so_for_half_a_minute() -> None:
    loop = asyncio.get_running_loop()
    wrong = Time(0.0)
    clock = WallClock(lambda: 1000.0 + loop.time() + wrong.value, loop.time)
    waiting = asyncio.create_task(clock.until(1600.0))
    await asyncio.sleep(10.5)
    wrong.value = 3600.0
    await waiting
    assert 10.5 + 30.0 <= loop.time() <= 10.5 + 32.0
    assert clock.now() == pytest.approx(4600.0 + loop.time())


@pytest.mark.looptime
async def test_a_clock_that_is_set_back_makes_no_wait_longer() -> None:
    loop = asyncio.get_running_loop()
    wrong = Time(0.0)
    clock = WallClock(lambda: 1000.0 + loop.time() + wrong.value, loop.time)
    waiting = asyncio.create_task(clock.until(1015.0))
    await asyncio.sleep(1.5)
    wrong.value = -3600.0
    await waiting
    assert loop.time() == pytest.approx(15.0)


@pytest.mark.parametrize(
    ("wall", "steady", "want"),
    [
        pytest.param(15.0, 15.0, 0.0, id="clocks that agree"),
        pytest.param(15.007, 15.0, 0.0, id="a clock that is slewed by NTP"),
        pytest.param(3615.0, 15.0, 3600.0, id="a clock that is set one hour forward"),
        pytest.param(-75.0, 15.0, -90.0, id="a clock that is set ninety seconds back"),
        pytest.param(16.0, 15.0, 1.0, id="a clock that is set one second forward"),
    ],
)
def test_a_jump_is_told_once(wall: float, steady: float, want: float) -> None:
    times = Time(1000.0), Time(5.0)
    clock = WallClock(*times)
    times[0].value += wall
    times[1].value += steady
    assert [clock.jumped(), clock.jumped()] == [pytest.approx(want), 0.0]


@pytest.mark.parametrize(
    ("away", "want"),
    [
        pytest.param(29.0, 0.0, id="what is set right within half a minute has never counted"),
        pytest.param(30.0, 3600.0, id="what stays for half a minute counts"),
    ],
)
def test_a_clock_that_was_set_is_believed_once_it_has_stayed_so(away: float, want: float) -> None:
    wall, steady = Time(1000.0), Time(5.0)
    clock = WallClock(wall, steady)
    wall.value += 3600.0
    assert clock.now() == 1000.0
    wall.value, steady.value = wall.value + away, steady.value + away
    assert clock.now() == pytest.approx(1000.0 + away + want)


def test_a_clock_that_is_set_twice_is_tried_anew() -> None:
    wall, steady = Time(1000.0), Time(5.0)
    clock = WallClock(wall, steady)
    for moved in (3600.0, -1800.0):
        wall.value += moved
        clock.now()
        wall.value, steady.value = wall.value + 20.0, steady.value + 20.0
    assert clock.now() == pytest.approx(1040.0)


def test_slewing_is_followed_at_once() -> None:
    wall, steady = Time(1000.0), Time(5.0)
    clock = WallClock(wall, steady)
    for _ in range(100):
        wall.value, steady.value = wall.value + 1.1, steady.value + 1.0
        assert clock.now() == pytest.approx(wall.value)


async def test_a_wake_ends_the_wait() -> None:
    clock = WallClock(Time(100.0), Time(5.0))
    waiting = asyncio.create_task(clock.until(3600.0))
    await asyncio.sleep(0)
    clock.wake()
    assert await waiting == {}


async def test_a_wake_that_comes_between_two_waits_is_not_lost() -> None:
    clock = WallClock(Time(100.0), Time(5.0))
    clock.wake()
    assert await clock.until(3600.0) == {}
