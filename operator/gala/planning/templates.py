"""What a pod template says beside the CPU and memory that it requests, as far as a plan can use it."""

from __future__ import annotations

from typing import NamedTuple


class Template(NamedTuple):
    """Amounts are millicores and bytes per pod."""

    limits_cpu: int = 0
    limits_memory: int = 0
    priority_class: str = ""
    deadline: bool = False
    """It ends by itself (``activeDeadlineSeconds``), which the pods of a target never do."""


PLAIN = Template()
