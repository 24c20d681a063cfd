"""How many pods of a target are warm: Ready for a warm-up already.

``status`` says how many pods are Ready and not since when, so each pass notes the number
it sees. Warm is the least that was seen Ready during the warm-up, which is never more
than is Ready now, and never more than was Ready a warm-up ago; a dip counts. What was
Ready before the first pass is not known: until a warm-up has passed since then the answer
is Missing (0 if none is Ready, which needs no history). After a restart nothing is
therefore called warm too early, at the price of one warm-up without rebalancing.
Numbers are noted in the passes and not when they arrive, so the same night always gives
the same answer.
"""

from __future__ import annotations

from collections import deque
from math import inf
from typing import NamedTuple

from gala.planning.facts import Missing


class _Seen(NamedTuple):
    at: float
    ready: int


class ReadyHistory:
    """The numbers of one target, of which as much is kept as its warm-up needs."""

    def __init__(self) -> None:
        self._seen: deque[_Seen] = deque()

    def forget(self) -> None:
        """After a time without contact: what happened meanwhile is not known."""
        self._seen.clear()

    def note(self, now: float, ready: int) -> None:
        """Takes down what is Ready at ``now``."""
        if not self._seen or self._seen[-1].ready != ready:
            self._seen.append(_Seen(now, ready))

    def stands_from(self, warmup: float) -> float:
        """When what was noted last is warm: from then on the answer stays, until another number is noted."""
        return self._seen[-1].at + warmup if self._seen else inf

    def warm(self, now: float, warmup: float) -> int | Missing:
        """What has been Ready from ``now - warmup`` on; call ``note`` at ``now`` first."""
        since = now - warmup
        while len(self._seen) > 1 and self._seen[1].at <= since:
            self._seen.popleft()
        if len(self._seen) == 1 and self._seen[0].at <= since:
            return self._seen[0].ready
        least = min((seen.ready for seen in self._seen), default=None)
        if least is None or (least and self._seen[0].at > since):
            return Missing("WarmUnknown", f"It was first seen less than its warm-up of {warmup:g} s ago.")
        return least
