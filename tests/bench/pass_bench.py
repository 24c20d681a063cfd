"""Whole turns of the operator: facts from its caches, the plan, the ledger, the writes, and the telling.

Caches are filled over HTTP from servers in another process; traffic is made up in this one, other
figures in each pass, so that shares change. Passes in which nodes and pods are read, as they are each
three minutes, have a figure of their own.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness import SETTINGS, StepClock, Turn, an_operator, servers
from measure import Figure, median
from night import APART, Size

from gala.api.scalars import parse_instant
from gala.cli import loop

START = parse_instant("2027-02-05T20:00:00+08:00")
FAR = START - 19 * 86_400.0
"""Nineteen days before the first round."""

PASS, IDLE = 1.2, 0.25
"""CPU seconds."""

RUNS = 7


def passes(size: Size, *, live: bool = True) -> list[Figure]:
    """A pass over the whole night, an idle one, and those in the middle of a round."""
    with servers(size, START) as ports:
        return loop.run(_passes(ports["hub"], size, live=live))


async def _passes(hub_url: str, size: Size, *, live: bool) -> list[Figure]:
    async with an_operator(hub_url, size, FAR) as (clock, _, _):
        await clock.first()
        now = FAR
        for _ in range(8):
            now += 15.0
            await clock.turn(now)
        reading, whole, idle = [], [], []
        for _ in range(RUNS):
            now += SETTINGS.room_interval + 1.0
            reading.append(await clock.turn(now))
            now += SETTINGS.look_far + 1.0
            whole.append(await clock.turn(now))
            now += SETTINGS.tick_idle
            idle.append(await clock.turn(now))
        found = [
            _figure(f"one pass {size}, nothing held, all planned with changed shares", whole, PASS),
            _figure(f"one idle pass {size}", idle, IDLE),
            _figure(f"one pass {size} that also reads all nodes and pods, each 3 minutes", reading),
        ]
        return found + (await _live(clock, size) if live else [])


async def _live(clock: StepClock, size: Size) -> list[Figure]:
    """Prepares the round in the middle of the night, and looks at passes one minute into it."""
    ready_by = START + size.rounds // 2 * APART
    now = ready_by - 240.0
    turns = [await clock.turn(now)]
    while now < ready_by + 60.0:
        now += 10.0
        turns.append(await clock.turn(now))
    made = [turn for turn in turns if turn.done]  # beside slow servers one may outlast the Lease
    opening = max(made, key=lambda turn: len(_done(turn).plan.ledgers))
    near, whole = [], []
    for _ in range(RUNS):
        near.append(await clock.turn(now + 2.0))
        whole.append(await clock.turn(now + 61.0))
        now += 64.0
        await clock.turn(now)
    entries = sum(len(ledger.entries) for ledger in _done(near[-1]).gathered.snapshot.ledgers.values())
    return [
        _figure(f"a pass {size} in a live round, next half hour planned", near),
        _figure(f"a pass {size} in a live round, whole night planned", whole, note=f"{entries} entries"),
        Figure(
            name=f"the pass {size} that opens every hold: {len(_done(opening).plan.ledgers)} ledgers stored, "
            f"{len(_done(opening).plan.writes)} writes planned",
            measured=opening.cpu,
            unit="s CPU",
            note=f"{opening.wall:.1f} s of wall time beside its servers",
        ),
    ]


def _done(turn: Turn):  # type: ignore[no-untyped-def]
    assert turn.done is not None, "this turn made no pass"
    return turn.done


def _figure(name: str, turns: Sequence[Turn], target: float | None = None, note: str = "") -> Figure:
    cpu = [turn.cpu for turn in turns]
    assert all(turn.done for turn in turns), "a turn made no pass"
    wall = median([turn.wall for turn in turns])
    writes = [len(_done(turn).plan.writes) for turn in turns]
    text = f"{wall:.2f} s of wall time; writes planned: {writes}" + (f"; {note}" if note else "")
    return Figure(name=name, measured=median(cpu), unit="s CPU", target=target, runs=cpu, note=text)
