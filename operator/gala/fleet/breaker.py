"""When to stop asking a cluster that fails, as values: every method takes ``now``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

_TRIPS_AT: Final = 3
_FIRST_PAUSE: Final = 2.0
_LONGEST_PAUSE: Final = 30.0


@dataclass(frozen=True, slots=True)
class Breaker:
    """Closed until three failures in a row; then open for 2, 4, 8 … 30 s, with one attempt after each."""

    failures: int = 0
    open_until: float = float("-inf")
    """In the time that ``now`` is given in."""

    def allows(self, now: float) -> bool:
        """Whether a request may be sent."""
        return now >= self.open_until

    @property
    def tripped(self) -> bool:
        """Whether it is open, or waits for the one attempt that may close it."""
        return self.failures >= _TRIPS_AT

    def failed(self, now: float) -> Breaker:
        """After a request without a usable answer; one that was sent before it opened changes nothing."""
        if not self.allows(now):
            return self
        failures = self.failures + 1
        if failures < _TRIPS_AT:
            return Breaker(failures)
        pause: float = min(_FIRST_PAUSE * 2.0 ** (failures - _TRIPS_AT), _LONGEST_PAUSE)
        return Breaker(failures, now + pause)

    def succeeded(self) -> Breaker:
        """After any usable answer."""
        return self if not self.failures else Breaker()


@dataclass(frozen=True, slots=True)
class Backoff:
    """When to try again something that ended: at once, then after 1, 2, 4 … 30 s."""

    attempts: int = 0
    due: float = float("-inf")
    since: float = float("inf")
    """When the first of these failures was seen."""

    def failed(self, now: float, *, least: float = 0.0) -> Backoff:
        """After an attempt that did not succeed; the pause is no shorter than ``least`` seconds."""
        pause = 0.0 if not self.attempts else min(2.0 ** (self.attempts - 1), _LONGEST_PAUSE)
        return Backoff(self.attempts + 1, now + max(pause, least), min(self.since, now))


class Bucket(NamedTuple):
    """A token bucket; ``qps`` tokens a second, ``burst`` at most."""

    qps: float
    burst: float
    tokens: float
    at: float

    @staticmethod
    def full(qps: float, burst: float, now: float) -> Bucket:
        """A bucket that has not been used yet."""
        return Bucket(qps, burst, burst, now)

    def take(self, now: float) -> tuple[Bucket, float]:
        """The bucket after one token is spoken for, and the seconds to wait until that token is there."""
        tokens = min(self.burst, self.tokens + max(0.0, now - self.at) * self.qps) - 1.0
        wait = 0.0 if tokens >= 0.0 else -tokens / self.qps
        return Bucket(self.qps, self.burst, tokens, max(now, self.at)), wait
