"""The plan alone: one pure call on values, other traffic and new facts in each run."""

from __future__ import annotations

import gc

from measure import Figure, median, times
from night import Size
from snapshots import NOW, SETTINGS, again, live, snapshot

from gala.cli.loop import COLLECT_AFTER
from gala.planning.plan import plan

FAR = NOW - 19 * 86_400.0
LIMIT = 1.0
RUNS = 5


def plans(size: Size, *, target: bool = True, runs: int = RUNS) -> Figure:
    """The whole night, nineteen days ahead: every cell is placed and divided."""
    gc.set_threshold(*COLLECT_AFTER)
    known = snapshot(size, FAR)
    cpu = times(runs, lambda seed: _work(again(known, FAR, seed=seed), FAR))
    return Figure(
        name=f"plan {size}, whole night ahead",
        measured=median(cpu),
        unit="s CPU",
        target=LIMIT if target else None,
        runs=cpu,
    )


def variants(size: Size) -> list[Figure]:
    """What the headline leaves out: scenes between the rounds, and the middle of a night."""
    gc.set_threshold(*COLLECT_AFTER)
    scenes = snapshot(size, FAR, after=True)
    found = [_figure(f"plan {size}, a scene after each round", scenes, FAR)]
    known, now = live(size)
    entries = sum(len(ledger.entries) for ledger in known.ledgers.values())
    for name, ahead in (("whole night", None), ("next half hour", SETTINGS.look_ahead)):
        cpu = times(3, lambda _, ahead=ahead: _work(again(known, now, seed=2), now, ahead))
        text = f"plan {size} in a live round, {entries:,} entries, {name}"
        found.append(Figure(name=text, measured=median(cpu), unit="s CPU", runs=cpu))
    return found


def _figure(name, known, now):  # type: ignore[no-untyped-def]
    cpu = times(3, lambda seed: _work(again(known, now, seed=seed), now))
    return Figure(name=name, measured=median(cpu), unit="s CPU", runs=cpu)


def _work(known, now, ahead=None):  # type: ignore[no-untyped-def]
    return lambda: plan(known, now, SETTINGS, **({} if ahead is None else {"ahead": ahead}))
