"""How much there is in sum on the nodes of a cluster."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """CPU in millicores, memory in bytes, pods."""

    cpu: int = 0
    memory: int = 0
    pods: int = 0
