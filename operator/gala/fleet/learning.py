"""How long pods take to be Ready in a cluster, from what the passes see.

A target's status tells numbers and not pods, so pods are taken to become Ready in the
order in which they were asked for. Pods that still wait count with their age. What is
learned only makes a cluster slower than its ``podStart`` says, never faster, and at most
by a factor: one rollout that fails, or a full cluster, must not move every lead for ever.
It lives in memory; a restart begins with what ``podStart`` says.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Container
from dataclasses import dataclass
from typing import Final

from gala.planning.facts import PodStart, TargetFacts, TargetKey

_WINDOW: Final = 86_400.0
"""Seconds for which a pod's start is remembered."""

_PODS: Final = 1_000
"""Pods that are remembered."""

_FACTOR: Final = 3.0
"""What is learned is at most this many times the stated p95."""

_QUANTILE: Final = 0.95


@dataclass(slots=True)
class _Batch:
    """Pods that were asked for together (``at`` is then), or became Ready together."""

    at: float
    seconds: float
    count: int


class StartLearner:
    """What one cluster's pods took."""

    def __init__(self) -> None:
        self._seen: dict[TargetKey, tuple[str, int]] = {}
        self._waiting: dict[TargetKey, deque[_Batch]] = {}
        self._started: deque[_Batch] = deque()
        self._took: Counter[float] = Counter()
        """Pods in ``_started``, by seconds."""

    def note(self, now: float, key: TargetKey, facts: TargetFacts) -> None:
        """Takes down what one target runs in this pass."""
        if not isinstance(facts.ready, int):
            return
        uid, before = self._seen.get(key, (facts.uid, facts.replicas))
        if uid == facts.uid and before == facts.replicas and not self._waiting.get(key):
            self._seen[key] = (uid, before)
            return
        waiting = self._waiting.setdefault(key, deque())
        self._seen[key] = (facts.uid, facts.replicas)
        if uid != facts.uid:
            waiting.clear()
        elif facts.replicas > before:
            waiting.append(_Batch(now, 0.0, facts.replicas - before))
        elif facts.replicas < before:
            _drop_newest(waiting, before - facts.replicas)
        arrived = sum(batch.count for batch in waiting) - max(0, facts.replicas - facts.ready)
        while arrived > 0:
            arrived -= self._start(now, waiting, arrived)

    def keep(self, wanted: Container[TargetKey]) -> None:
        """Forgets what waits in targets that nobody asks for any more."""
        for key in [key for key in self._seen if key not in wanted]:
            del self._seen[key]
            self._waiting.pop(key, None)

    def forget_waiting(self) -> None:
        """After a time without contact: when what happened meanwhile happened is not known."""
        self._waiting.clear()
        self._seen.clear()

    def estimate(self, now: float, stated: PodStart) -> PodStart:
        """``podStart`` as stated, or slower where that was seen; ``slowest`` is the largest time to Ready."""
        self._prune(now)
        took = self._took.copy()
        for group in self._waiting.values():
            for batch in group:
                took[now - batch.at] += batch.count
        if not took:
            return stated
        most = _FACTOR * stated.p95
        return PodStart(
            per_second=stated.per_second,
            p95=min(max(stated.p95, _quantile(took)), most),
            slowest=min(max(took), most),
        )

    def _start(self, now: float, waiting: deque[_Batch], arrived: int) -> int:
        """Moves pods of the oldest batch to those that started; how many."""
        oldest = waiting[0]
        count = min(arrived, oldest.count)
        self._started.append(_Batch(now, now - oldest.at, count))
        self._took[now - oldest.at] += count
        oldest.count -= count
        if not oldest.count:
            waiting.popleft()
        return count

    def _prune(self, now: float) -> None:
        surplus = self._took.total() - _PODS
        while self._started and (self._started[0].at < now - _WINDOW or surplus >= self._started[0].count):
            gone = self._started.popleft()
            surplus -= gone.count
            self._took[gone.seconds] -= gone.count
            if not self._took[gone.seconds]:
                del self._took[gone.seconds]


def _drop_newest(waiting: deque[_Batch], count: int) -> None:
    """A scale-down takes pods that are not Ready first, and the newest among them."""
    while waiting and count > 0:
        taken = min(count, waiting[-1].count)
        waiting[-1].count -= taken
        count -= taken
        if not waiting[-1].count:
            waiting.pop()


def _quantile(took: Counter[float]) -> float:
    rank = _QUANTILE * took.total()
    reached = 0
    for seconds in sorted(took):
        reached += took[seconds]
        if reached >= rank:
            return seconds
    return max(took)
