"""One target's entry: opened, held, stepped down, given back or closed.

What runs is ours if it equals ``written`` or ``intended``, or if the replicas field is
managed by us. Before the first acknowledged write a foreign value is a new original;
inside a hold a foreign value below the floor is raised again and one above is left; on the
way back a foreign value ends the entry.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from gala.planning import reasons
from gala.planning.books import SiteKey
from gala.planning.facts import TARGET_GONE, EventKey, Missing, TargetFacts, TargetKey
from gala.planning.handback import may_step, next_step
from gala.planning.ledger import Entry, Floor, Policy, State
from gala.planning.standing import Goal
from gala.settings import MANAGER, Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything one entry is judged by."""

    workload: str
    target: TargetKey
    entry: Entry | None
    facts: TargetFacts | Missing | None
    reachable: bool
    goal: Goal | None
    floors: tuple[Floor, ...]
    reason: str
    """Why the floors changed in this pass, ``""`` if they did not."""
    rule: str
    joint: int = 0
    """The most that other events hold on this target."""
    other: Entry | None = None
    """Somebody else's open entry on this target that holds it."""
    claimed: bool = False
    """Somebody else holds this target, or is about to: their entry may not be stored yet."""
    first: Entry | None = None
    """Somebody else's open entry whose original all others copy; it may be on its way home."""
    may_lower: bool = True
    """False while the event is in doubt."""
    keep: bool = False
    """The event was deleted and wants its capacity kept."""
    policy: Policy
    now: float
    settings: Settings


class Settled(NamedTuple):
    """What becomes of an entry, and the write that it asks for."""

    entry: Entry | None
    closed: str = ""
    """Reason of the close, ``""`` while it stays open."""
    raise_to: int | None = None
    """Goal of a rise; waves may open it in parts."""
    lower_to: int | None = None
    home: bool = False
    """The write reaches the original, or leaves the target to its owner."""
    contested: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """One entry after settling, with what it was judged by."""

    event: EventKey
    site: SiteKey
    target: TargetKey
    rank: int
    """Of the workload's tier; S is 0."""
    before: Entry | None
    settled: Settled
    facts: TargetFacts | None
    goal: Goal | None


def settle(case: Case) -> Settled:
    """The next state of one entry; the same case always gives the same answer."""
    entry = case.entry
    if entry is None:
        return _open(case)
    if not case.reachable or not isinstance(case.facts, TargetFacts):
        if case.goal is None and case.reachable and _is_gone(case) and case.may_lower:
            return Settled(None, closed=reasons.CHANGED_BY_OTHER)
        return Settled(_hold_blind(case, entry))
    if case.facts.uid != entry.uid:
        return _recreated(case, entry, case.facts)
    if case.goal is not None:
        return _hold(case, entry, case.facts, case.goal)
    return _give_back(case, entry, case.facts)


def ours(entry: Entry, facts: TargetFacts) -> bool:
    """Whether what runs was set by us."""
    return facts.replicas in (entry.written, entry.intended) or facts.manager == MANAGER


def _is_gone(case: Case) -> bool:
    return isinstance(case.facts, Missing) and case.facts.reason == TARGET_GONE


def _open(case: Case) -> Settled:
    facts, goal = case.facts, case.goal
    if goal is None or not case.reachable or not isinstance(facts, TargetFacts):
        return Settled(None)
    original = _first_original(case, facts)
    floor = facts.replicas if original is None else original
    intended = max(goal.replicas, floor)
    entry = Entry(
        workload=case.workload,
        target=case.target,
        uid=facts.uid,
        original=original,
        intended=intended,
        floors=case.floors,
        since=case.now,
        reason=case.reason or goal.reason,
        rule=case.rule or "standing",
    )
    return _risen(case, entry, facts, intended)


def _first_original(case: Case, facts: TargetFacts) -> int | None:
    """What the first entry on this target remembers, else what runs, if that is not ours."""
    first = case.first
    if first is not None and first.uid == facts.uid:
        fixed = first.written is not None and case.other is not None
        return first.original if fixed or ours(first, facts) else facts.replicas
    return None if facts.manager == MANAGER else facts.replicas


def _risen(case: Case, entry: Entry, facts: TargetFacts, want: int, *, contested: bool = False) -> Settled:
    return Settled(entry, raise_to=want if facts.replicas < want else None, contested=contested)


def _hold_blind(case: Case, entry: Entry) -> Entry:
    """What cannot be read keeps its floors; they may rise, and nothing is lowered."""
    wanted = entry.intended if case.goal is None else max(entry.intended, case.goal.replicas)
    again = case.goal is not None and entry.state is State.RETURNING
    state = State.INTENDED if again or wanted != entry.intended else entry.state
    return _change(case, entry, intended=wanted, state=state)


def _change(
    case: Case,
    entry: Entry,
    *,
    intended: int,
    state: State | None = None,
    written: int | None = None,
    reason: str = "",
) -> Entry:
    """The entry with a new goal; ``since`` moves only when the goal or the state does."""
    state = entry.state if state is None else state
    moved = intended != entry.intended or state is not entry.state
    return replace(
        entry,
        intended=intended,
        state=state,
        written=entry.written if written is None else written,
        floors=case.floors,
        since=case.now if moved else entry.since,
        reason=reason or entry.reason,
        rule=(case.rule or entry.rule) if moved else entry.rule,
    )


def _recreated(case: Case, entry: Entry, facts: TargetFacts) -> Settled:
    """Another object of the same name: nothing to give back, and a floor to hold in it."""
    if case.goal is None:
        if not case.may_lower:
            return Settled(entry)
        return Settled(None, closed=reasons.CHANGED_BY_OTHER)
    return _open(replace(case, entry=None))


def _hold(case: Case, entry: Entry, facts: TargetFacts, goal: Goal) -> Settled:
    mine = ours(entry, facts)
    if entry.written is None and not mine and entry.original is not None:
        entry = replace(entry, original=_first_original(case, facts))
    want = max(goal.replicas, entry.original or 0)
    if entry.original is None:
        want = max(want, facts.replicas)
    top = max(want, case.joint)
    if facts.replicas < want:
        return _raise(case, entry, facts, want, mine=mine)
    if not mine:
        state = State.INTENDED if entry.state is State.RETURNING else entry.state
        return Settled(_change(case, entry, intended=want, state=state, reason=case.reason))
    if facts.replicas > top:
        return _step_inside(case, entry, facts, top)
    return Settled(
        _change(case, entry, intended=want, state=State.WRITTEN, written=_mine(entry, facts, want))
    )


def _mine(entry: Entry, facts: TargetFacts, want: int) -> int | None:
    """The acknowledged goal; a target that already ran enough was never written."""
    if entry.written is None and facts.manager != MANAGER:
        return None
    return want


def _raise(case: Case, entry: Entry, facts: TargetFacts, want: int, *, mine: bool) -> Settled:
    contested = entry.written is not None and not mine
    written = facts.replicas if entry.written is not None and mine and want != entry.intended else None
    if want == entry.intended and entry.state is State.WRITTEN:
        changed = _change(case, entry, intended=want)
    else:
        reason = case.reason or (case.goal.reason if case.goal and want != entry.intended else "")
        changed = _change(case, entry, intended=want, state=State.INTENDED, written=written, reason=reason)
    return _risen(case, changed, facts, want, contested=contested)


def _step_inside(case: Case, entry: Entry, facts: TargetFacts, top: int) -> Settled:
    """Lower inside a hold: a segment ended, a move took, or an edit said so (then in one step)."""
    held = State.INTENDED if entry.state is State.RETURNING else entry.state
    intended = max(entry.intended, top)
    read = facts.replicas if entry.written is not None and intended != entry.intended else None
    standing = _change(case, entry, intended=intended, state=held, written=read)
    if not case.may_lower:
        return Settled(standing)
    reason = case.reason or (entry.reason if entry.intended < facts.replicas else reasons.SEGMENT_ENDED)
    if standing.intended < facts.replicas:
        return Settled(standing, lower_to=standing.intended)
    step = top
    if reason not in (reasons.EDITED, reasons.REBALANCE_TAKE):
        if not may_step(entry, facts, now=case.now, settings=case.settings):
            return Settled(standing)
        original, percent = entry.original or 0, case.policy.max_step_percent
        step = next_step(facts.replicas, original=original, goal=top, percent=percent)
    changed = _change(case, entry, intended=step, state=State.INTENDED, written=facts.replicas, reason=reason)
    return Settled(changed, lower_to=step)


def _give_back(case: Case, entry: Entry, facts: TargetFacts) -> Settled:
    value = facts.replicas
    if not case.may_lower:
        return Settled(replace(entry, floors=case.floors))
    if case.other is not None:
        return Settled(None, closed=reasons.HANDED_OVER)
    if case.claimed:
        return Settled(replace(entry, floors=case.floors))
    if value == entry.original and (facts.manager != MANAGER or _left(case, entry, value)):
        return Settled(None, closed=reasons.HANDED_BACK)
    if not ours(entry, facts):
        return Settled(None, closed=reasons.CHANGED_BY_OTHER)
    if entry.original is None:
        return _leave(case, entry, facts, reasons.ORIGINAL_LOST)
    if case.keep:
        return _leave(case, entry, facts, reasons.KEPT)
    if value == entry.original:
        return _leave(case, entry, facts, reasons.HANDED_BACK)
    return _step_home(case, entry, facts, entry.original)


def _left(case: Case, entry: Entry, value: int) -> bool:
    """Whether the last write has been tried for long enough: a server may ignore one of the same value."""
    waited = case.now - entry.since >= case.settings.step_wait
    return waited and entry.state is State.RETURNING and entry.written == value == entry.intended


def _leave(case: Case, entry: Entry, facts: TargetFacts, reason: str) -> Settled:
    """Writes the value once more as nobody's, then closes: else the next hold takes it for ours."""
    if facts.manager != MANAGER or _left(case, entry, facts.replicas):
        return Settled(None, closed=reason)
    changed = _change(
        case,
        entry,
        intended=facts.replicas,
        state=State.RETURNING,
        written=facts.replicas,
        reason=reason,
    )
    return Settled(changed, raise_to=facts.replicas, home=True)


def _step_home(case: Case, entry: Entry, facts: TargetFacts, original: int) -> Settled:
    value = facts.replicas
    returning = entry.state is State.RETURNING
    if value < original:
        changed = _change(
            case, entry, intended=original, state=State.RETURNING, written=value, reason=reasons.HAND_BACK
        )
        return Settled(changed, raise_to=original, home=True)
    if returning and entry.intended < value:
        return Settled(
            replace(entry, floors=case.floors), lower_to=entry.intended, home=entry.intended == original
        )
    if returning and not may_step(entry, facts, now=case.now, settings=case.settings):
        return Settled(replace(entry, floors=case.floors))
    step = next_step(value, original=original, goal=original, percent=case.policy.max_step_percent)
    changed = _change(
        case, entry, intended=step, state=State.RETURNING, written=value, reason=reasons.HAND_BACK
    )
    return Settled(replace(changed, rule="handback"), lower_to=step, home=step == original)
