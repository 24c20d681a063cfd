"""The way down: in steps, each once the pods of the one before are gone."""

from __future__ import annotations

from gala.planning.facts import TargetFacts
from gala.planning.ledger import Entry
from gala.settings import Settings


def next_step(value: int, *, original: int, goal: int, percent: int) -> int:
    """The value after one step from ``value`` towards ``goal``: a part of what is above the original."""
    return max(goal, value - max(1, -(-percent * (value - original) // 100)))


def may_step(entry: Entry, facts: TargetFacts, *, now: float, settings: Settings) -> bool:
    """Whether the step before is over: its pods are gone, or it has waited long enough."""
    return facts.pods <= facts.replicas or now - entry.since >= settings.step_wait
