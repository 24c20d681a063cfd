"""Every way out that is tried, by what it aims at; ``docs/security.md`` has a line for each group."""

from __future__ import annotations

from collections.abc import Mapping

from tenancy_ways import Way
from ways_of_clusters import CLUSTERS, SECRETS
from ways_of_namespaces import NAMESPACES, PERMISSIONS
from ways_of_signals import ADDRESSES, SIGNALS
from ways_of_targets import TARGETS

GROUPS: Mapping[str, Mapping[str, Way]] = {
    "Another namespace": NAMESPACES,
    "A permission or a tier": PERMISSIONS,
    "Another cluster": CLUSTERS,
    "Another Secret": SECRETS,
    "Another object": TARGETS,
    "Another's series": SIGNALS,
    "Another server": ADDRESSES,
}
