"""What alive and ready mean: that something comes to its end, not that a port answers.

A probe that fails makes the kubelet kill the process. So *live* judges only what a fresh
process would mend: an event loop that is blocked, turns that do not end, an intake that has
fallen silent. A hub or a member that is away is none of these: the operator holds what it
holds, and a new one would know less. *Ready* asks besides whether it can do its work now:
a rollout waits for it, and nothing is killed over it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from gala.report.vitals import Vitals

LOOP_LATE: Final = 15.0
"""Seconds without a beat of the event loop; the longest wait for certificates or JSON takes a tenth."""

TURN_LATE: Final = 45.0
"""Seconds without the end of a turn; several requests that time out after five each fit in."""

LIST_SILENT: Final = 120.0
"""Seconds without a list and without a reason why; they are 20 s apart, and each failure leaves a reason."""

WATCH_SILENT: Final = 660.0
"""Seconds since a watch was opened, without a reason why; the API server ends each after 300."""

LIST_OLD: Final = 60.0
"""Seconds without a list, whatever the reason: what people wrote since then is not seen."""

PASS_OLD: Final = 60.0
"""Seconds in which the leader decided nothing; the longest tick is 15."""


class Check(NamedTuple):
    """One line of an answer."""

    name: str
    ok: bool
    age: float | None
    """Seconds; None where there is no age to tell."""
    message: str


def live(vitals: Vitals) -> tuple[Check, ...]:
    """Whether a fresh process could do no better."""
    return (
        _young("loop", vitals.loop_age, LOOP_LATE, "the event loop last had time"),
        _young("turns", vitals.turn_age, TURN_LATE, "a turn of the operator came to its end"),
        _intake(vitals),
    )


def ready(vitals: Vitals) -> tuple[Check, ...]:
    """Whether it can do its work now; a standby that could take over can."""
    return (*live(vitals), *_work(vitals))


def _work(vitals: Vitals) -> Iterator[Check]:
    yield Check("synced", vitals.synced, None, _SYNCED if vitals.synced else _unsynced(vitals))
    if vitals.synced:
        age = vitals.listed_age or 0.0
        known = f"events and clusters were listed {age:.0f} s ago"
        yield Check("list", age <= LIST_OLD, age, _with(known, vitals.intake_problem))
    can = "this process leads" if vitals.leads else "another process may lead; this one stands by"
    yield Check("lease", not vitals.lease_problem, None, vitals.lease_problem or can)
    if vitals.leads:
        yield _young("passes", vitals.pass_age, PASS_OLD, "a pass came to its end")


_SYNCED: Final = "events and clusters have been listed"


def _unsynced(vitals: Vitals) -> str:
    return _with("events and clusters have not been listed yet; nothing is decided", vitals.intake_problem)


def _intake(vitals: Vitals) -> Check:
    """A reason why is a sign of life: somebody tries, and the hub is what has to be mended."""
    listed, watched = vitals.listed_age, vitals.watched_age
    if vitals.intake_problem:
        return Check("intake", True, listed, f"it tries: {vitals.intake_problem}")
    if listed is not None and listed > LIST_SILENT:
        return Check("intake", False, listed, f"no list of events for {listed:.0f} s, and no reason why")
    if watched is not None and watched > WATCH_SILENT:
        return Check("intake", False, watched, f"no new watch for {watched:.0f} s, and no reason why")
    return Check("intake", True, listed, "events and clusters are listed and watched")


def _young(name: str, age: float, limit: float, what: str) -> Check:
    return Check(name, age <= limit, age, f"{what} {age:.0f} s ago; {limit:g} s are too long")


def _with(sentence: str, problem: str) -> str:
    return f"{sentence}: {problem}" if problem else sentence
