"""Conditions: what is judged, and how a judgement becomes a Kubernetes condition.

``lastTransitionTime`` moves only when the status does, and every condition carries the
generation that it is about, so that ``kubectl wait`` and Flux can trust it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from gala.api.meta import Condition

LONGEST_MESSAGE = 1024
"""Characters; beyond it nobody reads, and etcd keeps a copy of every change."""


class Judgement(NamedTuple):
    """One condition without its history; ``reason`` is a PascalCase constant, ``message`` a sentence."""

    type: str
    status: str
    reason: str
    message: str = ""


def yes(kind: str, reason: str, message: str = "") -> Judgement:
    """The condition is true."""
    return Judgement(kind, "True", reason, message)


def no(kind: str, reason: str, message: str) -> Judgement:
    """The condition is false; the message says why."""
    return Judgement(kind, "False", reason, message)


def unknown(kind: str, reason: str, message: str) -> Judgement:
    """Nobody can tell; the message says why."""
    return Judgement(kind, "Unknown", reason, message)


def merge(
    judgements: Iterable[Judgement], before: Sequence[Condition], *, generation: int, now: float
) -> tuple[Condition, ...]:
    """The conditions to write: in the order of the judgements, those nobody judged any more are gone."""
    known = {condition.type: condition for condition in before}
    return tuple(_condition(one, known.get(one.type), generation, now) for one in judgements)


def _condition(one: Judgement, before: Condition | None, generation: int, now: float) -> Condition:
    unmoved = before is not None and before.status == one.status
    return Condition(
        type=one.type,
        status=one.status,
        reason=one.reason,
        message=one.message[:LONGEST_MESSAGE],
        last_transition_time=before.last_transition_time
        if before is not None and unmoved
        else float(int(now)),
        observed_generation=generation,
    )


def counted(count: int, one: str, more: str) -> str:
    """A number with the words that belong to it: ``one`` for 1, else ``more``."""
    return f"{count} {one if count == 1 else more}"


def several(messages: Sequence[str], *, most: int = 3) -> str:
    """A few sentences, and how many more there are."""
    more = len(messages) - most
    return "; ".join(message.rstrip(".") for message in messages[:most]) + (
        f"; and {more} more" if more > 0 else ""
    )
