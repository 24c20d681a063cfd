"""One segment's capacity over the clusters: shares, caps by joint fit, division.

Workloads are served in tier order, within a tier the largest pod first, then by name; each
takes its room before the next one is asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from gala.api.application import MAX_REPLICAS
from gala.api.event import Demand, Workload
from gala.planning import shares
from gala.planning.commitments import Commitments, decreasing
from gala.planning.demand import required
from gala.planning.division import Part, divide
from gala.planning.facts import EventFacts, TargetFacts
from gala.planning.fit import Room, Size
from gala.planning.ledger import Allocation, Basis, LastShares, Latched
from gala.planning.segments import Segment
from gala.planning.sites import Site, SiteKey
from gala.settings import Settings


class Cell(NamedTuple):
    """One workload in one cluster during one segment."""

    share: int
    cap: int
    division: int


class Short(NamedTuple):
    """Replicas that found no room, and which bound was met."""

    replicas: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A segment's division over the clusters."""

    segment: Segment
    required: Mapping[str, int] = field(default_factory=dict)
    cells: Mapping[SiteKey, Cell] = field(default_factory=dict)
    short: Mapping[str, Short] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    """Where each workload's shares came from."""

    def divisions(self, workload: str) -> dict[str, int]:
        """One workload's division by cluster."""
        return {c: cell.division for (w, c), cell in self.cells.items() if w == workload}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What placing one event's segments needs beside the segment."""

    event: EventFacts
    sites: Mapping[SiteKey, Site]
    last_shares: Mapping[str, LastShares]
    commitments: Commitments
    now: float
    settings: Settings

    @property
    def basis(self) -> Basis:
        """The spec that floors made now come from."""
        return Basis(self.event.uid, self.event.generation)

    def of(self, workload: str) -> list[Site]:
        """The sites of one workload, by cluster name."""
        return [site for (w, _), site in sorted(self.sites.items()) if w == workload]


def size_of(site: Site) -> Size:
    """What one pod requests there; nothing where it was never read."""
    facts = site.facts
    return Size(facts.cpu, facts.memory) if isinstance(facts, TargetFacts) else Size(0, 0)


def place(scene: Scene, segment: Segment, latched: Latched | None) -> Placed:
    """Divides every demand of a segment; a latched one keeps its shares, and its caps only rise."""
    workloads = {w.name: w for w in scene.event.spec.workloads}
    stored = {(a.workload, a.cluster): a for a in latched.allocations} if latched else {}
    rooms: dict[str, Room | None] = {}
    totals: dict[str, int] = {}
    cells: dict[SiteKey, Cell] = {}
    short: dict[str, Short] = {}
    sources: dict[str, str] = {}
    for demand in _in_order(scene, segment, workloads):
        workload = workloads[demand.workload]
        totals[workload.name] = total = required(demand, workload)
        kept = {c: a for (w, c), a in stored.items() if w == workload.name}
        parts, sources[workload.name] = _parts(scene, segment, workload, kept=kept, rooms=rooms)
        capacity = workload.capacity
        divided = divide(
            total,
            parts,
            qps=(demand.qps or 0) if capacity else 0,
            per_replica=capacity.qps_per_replica if capacity else 1,
        )
        for part in parts:
            count = divided.counts[part.cluster]
            cells[workload.name, part.cluster] = Cell(part.share, part.cap, count)
        if divided.short:
            bound = workload.per_cluster.max
            by_max = bound is not None and all(part.cap >= bound for part in parts) and bool(parts)
            short[workload.name] = Short(divided.short, "PerClusterMax" if by_max else "InsufficientRoom")
        _take_room(scene, segment, workload, divided.counts, rooms)
    return Placed(segment=segment, required=totals, cells=cells, short=short, sources=sources)


def _in_order(scene: Scene, segment: Segment, workloads: Mapping[str, Workload]) -> list[Demand]:
    def order(demand: Demand) -> tuple[int, tuple[int, int], str]:
        largest = min((decreasing(size_of(site)) for site in scene.of(demand.workload)), default=(0, 0))
        return (workloads[demand.workload].tier.rank, largest, demand.workload)

    return sorted((d for d in segment.demand if d.workload in workloads), key=order)


def _parts(
    scene: Scene,
    segment: Segment,
    workload: Workload,
    *,
    kept: Mapping[str, Allocation],
    rooms: dict[str, Room | None],
) -> tuple[list[Part], str]:
    """The division's input: from the latch where there is one, else from what is known now."""
    found = scene.of(workload.name)
    known = {site.cluster.name: site for site in found}
    if kept:
        parts = []
        for cluster, allocation in sorted(kept.items()):
            site = known.get(cluster)
            cap = allocation.cap
            parts.append(_part(workload, cluster, site, share=allocation.share, cap=cap))
        return parts, "Latched"
    chosen = shares.choose(
        scene.event.spec,
        scene.event.key,
        workload.name,
        [site.cluster for site in found],
        last=scene.last_shares.get(workload.name),
        now=scene.now,
        settings=scene.settings,
    )
    return [
        _part(
            workload,
            site.cluster.name,
            site,
            share=chosen.weights.get(site.cluster.name, 0),
            cap=_cap(scene, site, rooms, max(segment.ready_by, scene.now)),
        )
        for site in found
    ], chosen.source


def _part(workload: Workload, cluster: str, site: Site | None, *, share: int, cap: int) -> Part:
    return Part(
        cluster=cluster,
        share=share,
        cap=cap,
        minimum=workload.per_cluster.min,
        fill_order=site.cluster.fill_order if site else 0,
        weight=site.cluster.weight if site else 0,
        current=site.original if site else 0,
    )


def _cap(scene: Scene, site: Site, rooms: dict[str, Room | None], at: float) -> int:
    """The most this workload can have here: what it holds then and what fits beside everything else.

    Where the nodes are not known the room is taken to be there: the share stays, and pods
    that cannot start are made up for elsewhere.
    """
    bound = site.workload.per_cluster.max
    most = MAX_REPLICAS if bound is None else bound
    name = site.cluster.name
    if name not in rooms:
        rooms[name] = scene.commitments.room(site.cluster, at)
    room = rooms[name]
    if room is None:
        return most
    held = scene.commitments.at(name, site.key, at)
    return min(most, held + room.fits(size_of(site), MAX_REPLICAS))


def _take_room(
    scene: Scene,
    segment: Segment,
    workload: Workload,
    counts: Mapping[str, int],
    rooms: Mapping[str, Room | None],
) -> None:
    at = max(segment.ready_by, scene.now)
    for site in scene.of(workload.name):
        room = rooms.get(site.cluster.name)
        if room is None:
            continue
        held = scene.commitments.at(site.cluster.name, site.key, at)
        room.place(size_of(site), max(0, counts.get(site.cluster.name, 0) - held))


def raised_caps(scene: Scene, placed: Placed) -> dict[SiteKey, int]:
    """A latched segment's caps computed anew; never lower than they were."""
    rooms: dict[str, Room | None] = {}
    at = max(placed.segment.ready_by, scene.now)
    workloads = {w.name: w for w in scene.event.spec.workloads}
    caps: dict[SiteKey, int] = {}
    for demand in _in_order(scene, placed.segment, workloads):
        for site in scene.of(demand.workload):
            cell = placed.cells.get((demand.workload, site.cluster.name))
            if cell is not None:
                cap = max(cell.cap, _cap(scene, site, rooms, at))
                caps[demand.workload, site.cluster.name] = cap
    return caps


def weights(placed: Placed, floors: Mapping[SiteKey, int]) -> dict[SiteKey, int]:
    """Percent of a workload's traffic that each cluster can serve, where a cap cut a share.

    Capacity cannot be carried to another cluster's traffic, so whoever steers the traffic
    needs these figures. Empty for a workload that no cap cut.
    """
    found: dict[SiteKey, int] = {}
    for workload in placed.required:
        cells = {c: cell for (w, c), cell in placed.cells.items() if w == workload}
        if all(cell.division < cell.cap for cell in cells.values()):
            continue
        parts = [Part(c, share=floors.get((workload, c), 0), cap=100) for c in sorted(cells)]
        divided = divide(100, parts)
        if divided.short == 0:
            found.update({(workload, c): percent for c, percent in divided.counts.items()})
    return found


def basis_of(latched: Sequence[Latched], segment: str) -> Basis | None:
    """The basis a segment was latched on."""
    return next((item.basis for item in latched if item.segment == segment), None)
