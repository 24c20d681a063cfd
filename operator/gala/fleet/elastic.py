"""How much a node autoscaler can still add to a cluster."""

from __future__ import annotations

from typing import Final

from gala.api import cluster as api
from gala.fleet.amounts import Amount
from gala.planning.facts import Elastic

_UNBOUNDED: Final = 1 << 60
"""Bytes or pods: where there is no node yet, nobody knows what a new one has beside CPU."""


def elastic_room(spec: api.Elastic | None, there: Amount) -> Elastic | None:
    """What is missing to the bound; new nodes have as much memory and as many pods to a core as those there.

    What was added before is among the nodes already, so that nothing counts twice.
    """
    if spec is None:
        return None
    cpu = spec.max_cores * 1000 - there.cpu
    if cpu <= 0:
        return None
    if not there.cpu:
        return Elastic(cpu, _UNBOUNDED, _UNBOUNDED, spec.node_start)
    return Elastic(cpu, there.memory * cpu // there.cpu, there.pods * cpu // there.cpu, spec.node_start)
