"""Every way out that is tried, by what it aims at; ``docs/security.md`` has a line for each group."""

from __future__ import annotations

from collections.abc import Mapping

from tenancy_ways import Turn, Way
from ways_in_a_hold import IN_A_HOLD
from ways_of_clusters import CLUSTERS, SECRETS
from ways_of_namespaces import NAMESPACES, PERMISSIONS
from ways_of_signals import ADDRESSES, SIGNALS
from ways_of_targets import TARGETS

__all__ = ["GROUPS", "IN_A_HOLD", "tried"]

GROUPS: Mapping[str, Mapping[str, Way]] = {
    "Another namespace": NAMESPACES,
    "A permission or a tier": PERMISSIONS,
    "Another cluster": CLUSTERS,
    "Another Secret": SECRETS,
    "Another object": TARGETS,
    "Another's series": SIGNALS,
    "Another server": ADDRESSES,
}


def tried() -> Mapping[str, int]:
    """How many ways out are tried, by what they aim at."""
    groups: Mapping[str, Mapping[str, Way | Turn]] = {**GROUPS, "More in the middle of a hold": IN_A_HOLD}
    return {aim: len(ways) for aim, ways in groups.items()}
