"""What a HorizontalPodAutoscaler (v2) would ask for: the rules of Kubernetes' own controller.

A metric of pods with a target of ``AverageValue``: the ratio with its tolerance, pods that are
not Ready, the stabilization windows, and the policies of ``behavior``, in the order in which
``pkg/controller/podautoscaler`` applies them. Pure, but for what a controller remembers of its target.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from math import ceil, floor
from typing import NamedTuple

SYNC = 15.0
"""``--horizontal-pod-autoscaler-sync-period``: seconds between two looks."""

TOLERANCE = 0.1
"""``--horizontal-pod-autoscaler-tolerance``: a ratio this close to one changes nothing."""


class Kind(StrEnum):
    """What a policy counts."""

    PODS = "Pods"
    PERCENT = "Percent"


class Select(StrEnum):
    """Which of several policies counts."""

    MAX = "Max"
    MIN = "Min"
    DISABLED = "Disabled"


class Policy(NamedTuple):
    """At most ``value`` pods, or percent, in each ``period`` (seconds)."""

    kind: Kind
    value: int
    period: float


class Rules(NamedTuple):
    """One direction of ``behavior``; ``window`` is its stabilization window in seconds."""

    window: float
    policies: tuple[Policy, ...]
    select: Select = Select.MAX


UP = Rules(0.0, (Policy(Kind.PERCENT, 100, 15.0), Policy(Kind.PODS, 4, 15.0)))
"""The default: doubled, or four pods more, each 15 s, whichever is more; at once."""

DOWN = Rules(300.0, (Policy(Kind.PERCENT, 100, 15.0),))
"""The default: all at once, but never below what was wanted in the last five minutes."""


class Pods(NamedTuple):
    """The pods of a target; those that are stopping are none of them."""

    ready: int
    """They have a metric."""
    unready: int
    """Pending, or started and not yet Ready."""
    missing: int = 0
    """Ready, but without a metric."""

    @property
    def all(self) -> int:
        """How many there are."""
        return self.ready + self.unready + self.missing


class Bounds(NamedTuple):
    """``minReplicas`` and ``maxReplicas``."""

    least: int
    most: int


@dataclass(frozen=True, slots=True)
class Behavior:
    """How a target follows its metric."""

    up: Rules = UP
    down: Rules = DOWN
    tolerance: float = TOLERANCE


def wanted(current: int, pods: Pods, usage: float, target: float, *, tolerance: float = TOLERANCE) -> int:
    """Replicas by the metric alone; ``usage`` is its sum over the Ready pods, ``target`` that of one.

    Pods without a metric count with the whole target on the way down and with nothing on the way up,
    pods that are not Ready with nothing on the way up and not at all on the way down. Where that turns
    the direction round, or leaves the tolerance, nothing changes.
    """
    if not pods.ready:
        return current
    ratio = usage / pods.ready / target
    up_with_unready = pods.unready > 0 and ratio > 1.0
    if not up_with_unready and not pods.missing:
        return current if _near(ratio, tolerance) else _up(ratio * pods.ready)
    counted, whole = pods.ready + pods.missing, usage
    if ratio < 1.0:
        whole += target * pods.missing
    if up_with_unready:
        counted += pods.unready
    again = whole / counted / target
    if _near(again, tolerance) or (ratio < 1.0 < again) or (again < 1.0 < ratio):
        return current
    replicas = _up(again * counted)
    turned = replicas > current if again < 1.0 else replicas < current
    return current if turned else replicas


def _near(ratio: float, tolerance: float) -> bool:
    return 1.0 - tolerance <= ratio <= 1.0 + tolerance


def _up(value: float) -> int:
    """Rounded up; a hair above a whole number is that number."""
    return ceil(round(value, 9))


class _Seen(NamedTuple):
    at: float
    value: int


@dataclass(slots=True)
class Autoscaler:
    """One HPA: what it asked for lately, and what it changed."""

    bounds: Bounds
    behavior: Behavior = field(default_factory=Behavior)
    _asked: deque[_Seen] = field(default_factory=deque)
    """By the metric, before any window."""
    _added: list[_Seen] = field(default_factory=list)
    _removed: list[_Seen] = field(default_factory=list)

    def sync(self, now: float, current: int, pods: Pods, usage: float, target: float) -> int:
        """Replicas to set now; ``current`` is what is set."""
        least, most = self.bounds
        if current == 0:
            return 0
        if current > most:
            return self._change(now, current, most)
        if current < least:
            return self._change(now, current, least)
        asked = wanted(current, pods, usage, target, tolerance=self.behavior.tolerance)
        calm = self._stabilized(now, current, asked)
        return self._change(now, current, self._limited(now, current, calm))

    def _stabilized(self, now: float, current: int, asked: int) -> int:
        """Not above the least, nor below the most, that was asked for within the windows."""
        up, down, known = self.behavior.up.window, self.behavior.down.window, self._asked
        while known and now - known[0].at >= max(up, down):
            known.popleft()
        rise = min((value for at, value in known if now - at < up), default=asked) if up else asked
        fall = max((value for at, value in known if now - at < down), default=asked)
        known.append(_Seen(now, asked))
        return min(max(current, min(rise, asked)), max(fall, asked))

    def _limited(self, now: float, current: int, asked: int) -> int:
        least, most = self.bounds
        if asked > current:
            return min(asked, most, max(current, self._ceiling(now, current)))
        if asked < current:
            return max(asked, least, min(current, self._floor(now, current)))
        return current

    def _ceiling(self, now: float, current: int) -> int:
        rules = self.behavior.up
        if rules.select is Select.DISABLED:
            return current
        found = []
        for policy in rules.policies:
            start = self._before(now, policy.period, current)
            by_percent = ceil(start * (100 + policy.value) / 100)
            found.append(start + policy.value if policy.kind is Kind.PODS else by_percent)
        return min(found) if rules.select is Select.MIN else max(found)

    def _floor(self, now: float, current: int) -> int:
        rules = self.behavior.down
        if rules.select is Select.DISABLED:
            return current
        found = []
        for policy in rules.policies:
            start = self._before(now, policy.period, current)
            by_percent = floor(start * (100 - policy.value) / 100)
            found.append(start - policy.value if policy.kind is Kind.PODS else by_percent)
        return max(found) if rules.select is Select.MIN else min(found)

    def _before(self, now: float, period: float, current: int) -> int:
        """What was set a period ago, as far as this HPA changed it."""
        return current - _since(self._added, now - period) + _since(self._removed, now - period)

    def _change(self, now: float, current: int, to: int) -> int:
        kept = now - max(p.period for r in (self.behavior.up, self.behavior.down) for p in r.policies)
        if to > current:
            self._added = [*(e for e in self._added if e.at > kept), _Seen(now, to - current)]
        elif to < current:
            self._removed = [*(e for e in self._removed if e.at > kept), _Seen(now, current - to)]
        return to


def _since(events: Iterable[_Seen], cutoff: float) -> int:
    return sum(event.value for event in events if event.at > cutoff)
