"""Where one segment stands now: its places, its windows, and what its clusters can be asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from gala.planning.books import SiteKey
from gala.planning.commitments import Held
from gala.planning.facts import TARGET_GONE, Missing, TargetFacts
from gala.planning.ledger import Entry, Floor
from gala.planning.placement import Placed, Rooms, Scene
from gala.planning.sites import Site
from gala.planning.timeline import Window, begun


class Raised(NamedTuple):
    """A floor and why it is what it is."""

    floor: Floor
    reason: str
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stand:
    """One segment as it stands before the rules of the hour."""

    scene: Scene
    placed: Placed
    windows: Mapping[str, Window]
    stored: Mapping[str, Mapping[str, Floor]]
    """This segment's floors in the ledger, by workload, then cluster."""
    entries: Mapping[SiteKey, Entry]

    @property
    def at(self) -> float:
        """The time for which room is asked."""
        return max(self.placed.segment.ready_by, self.scene.now)

    def site(self, workload: str, cluster: str) -> Site | None:
        """The site of a workload in a cluster, None where it cannot be used."""
        return self.scene.sites.get((workload, cluster))

    def usable(self, workload: str, cluster: str) -> bool:
        """Whether more may be put there: its target is known and the cluster answers."""
        site = self.site(workload, cluster)
        return site is not None and site.cluster.reachable and isinstance(site.facts, TargetFacts)

    def begun(self, cluster: str) -> bool:
        """Whether the hold runs in a cluster."""
        window = self.windows.get(cluster)
        return window is not None and begun(window, self.scene.now)

    def stored_of(self, workload: str) -> Mapping[str, Floor]:
        """One workload's stored floors by cluster."""
        return self.stored.get(workload, {})

    def in_fill_order(self, workload: str) -> list[str]:
        """Every cluster that has a part or a floor of a workload; those that cannot be used come last."""
        names = {*self.placed.divisions.get(workload, ()), *self.stored_of(workload)}

        def order(cluster: str) -> tuple[bool, int, int, str]:
            site = self.site(workload, cluster)
            if site is None:
                return (True, 0, 0, cluster)
            return (False, site.cluster.fill_order, -site.cluster.weight, cluster)

        return sorted(names, key=order)

    def spare(self, workload: str, cluster: str, floor: Floor) -> int:
        """Pods on top of this segment's floor that the cluster admits and has room for.

        What other segments hold on the same target already stands there and costs nothing more.
        """
        site = self.scene.sites[workload, cluster]
        if not site.admitted:
            return 0
        standing = floor.replicas + floor.stragglers
        return max(0, Rooms(self.scene.commitments, self.at).cap(site) - standing)

    def lift(self, workload: str, found: dict[str, Raised], cluster: str, raised: Raised) -> None:
        """Puts a higher floor in place and takes its room, so that the next rule finds it taken."""
        found[cluster] = raised
        segment, now = self.placed.segment, self.scene.now
        standing = raised.floor.replicas + raised.floor.stragglers
        held = Held(now, segment.ready_by, segment.latest_end, standing)
        self.scene.commitments.hold(cluster, self.scene.sites[workload, cluster].key, held)

    def lost(self, workload: str, cluster: str) -> bool:
        """Whether a cluster counts as lost: it takes no part any more, or it is silent for too long."""
        site = self.site(workload, cluster)
        if site is None:
            return True
        if site.cluster.reachable:
            return self._gone(site)
        contact = site.cluster.last_contact
        return contact is None or self.scene.now - contact >= self.scene.settings.unreachable_after

    @staticmethod
    def _gone(site: Site) -> bool:
        return isinstance(site.facts, Missing) and site.facts.reason == TARGET_GONE

    def acknowledged(self, workload: str, cluster: str) -> int:
        """The most of what a cluster confirmed and of what was last seen there."""
        site, entry = self.site(workload, cluster), self.entries.get((workload, cluster))
        if site is not None and site.cluster.reachable and self._gone(site):
            return 0
        facts = site.facts if site is not None else None
        seen = facts.replicas if isinstance(facts, TargetFacts) else 0
        return max(seen, (entry.written or 0) if entry is not None else 0)
