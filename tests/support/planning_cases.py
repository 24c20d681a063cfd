"""Cases for the tables of ``settle``, and what they ask for in a shape that a table can show."""

from __future__ import annotations

from typing import Any

from gala.planning import reasons
from gala.planning.facts import Missing
from gala.planning.ledger import Entry, Policy, State
from gala.planning.settle import Case, Settled
from gala.planning.standing import Goal
from gala.settings import MANAGER
from planning_values import NOW, SETTINGS, a_floor, an_entry, running, target

GONE = Missing("NotFound", "There is no such target.")
BLIND = Missing("Forbidden", "not allowed")
INTENDED, WRITTEN, RETURNING = State.INTENDED, State.WRITTEN, State.RETURNING


def goal(replicas: int = 30, reason: str = reasons.PRE_SCALE) -> Goal:
    return Goal(replicas, "r", reason, replicas)


def case(entry: Entry | None = None, facts: Any = None, due: Goal | None = None, **more: Any) -> Case:
    known: dict[str, Any] = {
        "reachable": True,
        "floors": (a_floor(),),
        "reason": "",
        "rule": "",
        "policy": Policy(),
        "now": NOW,
        "settings": SETTINGS,
    }
    return Case(workload="web", target=target(), entry=entry, facts=facts, goal=due, **(known | more))


def ours_at(replicas: int, **more: Any) -> Any:
    """What runs, set by us."""
    return running(replicas, **({"manager": MANAGER} | more))


def told(settled: Settled) -> dict[str, Any]:
    """Everything that a case asks for, without what no case is about."""
    entry = settled.entry
    found: dict[str, Any] = {
        "closed": settled.closed,
        "raise": settled.raise_to,
        "lower": settled.lower_to,
        "home": settled.home,
        "contested": settled.contested,
    }
    found = {name: value for name, value in found.items() if value not in (None, False, "")}
    if entry is not None:
        found["entry"] = (entry.original, entry.intended, entry.written, entry.state)
    return found


FRESH = an_entry(written=None, state=INTENDED)
HELD = an_entry()
