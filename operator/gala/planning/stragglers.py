"""Pods that are late shortly before the start are made up for, at least 1 and at most a tenth.

What is added is insurance on top of the floor, not part of the promise: it may itself not
be Ready in time.
"""

from __future__ import annotations


def made_up(*, floor: int, ready: int, percent: int) -> int:
    """Extra replicas for those of ``floor`` that are not Ready."""
    missing = floor - ready
    if missing <= 0:
        return 0
    return min(missing, max(1, floor * percent // 100))


def looks_from(*, ready_by: float, p95: float, warmup: float) -> float:
    """From when on a pod that is not Ready is late: a new one can just still make it."""
    return ready_by - p95 - warmup
