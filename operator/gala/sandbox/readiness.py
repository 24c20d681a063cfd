"""How long a pod takes from its start to Ready: lognormal, drawn from its name, so every run agrees."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from math import exp, log
from statistics import NormalDist

_NORMAL = NormalDist()
_P95 = _NORMAL.inv_cdf(0.95)
_SCALE = 2.0**64


@dataclass(frozen=True, slots=True, kw_only=True)
class Readiness:
    """Seconds; the defaults are the issue's: p50 20 s, p95 60 s, and nobody later than 75 s."""

    p50: float = 20.0
    p95: float = 60.0
    longest: float | None = 75.0
    """Cuts the tail; None lets it run: the last of 2,000 pods then takes minutes."""

    def seconds(self, *, seed: int, cluster: str, workload: str, ordinal: int) -> float:
        """The time to Ready of one pod; the same arguments always give the same answer."""
        text = f"{seed}/{cluster}/{workload}/{ordinal}".encode()
        number = int.from_bytes(hashlib.blake2b(text, digest_size=8).digest(), "big")
        sigma = log(self.p95 / self.p50) / _P95
        drawn = self.p50 * exp(sigma * _NORMAL.inv_cdf((number + 0.5) / _SCALE))
        return drawn if self.longest is None else min(drawn, self.longest)
