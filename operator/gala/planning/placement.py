"""One segment's capacity over the clusters: shares, caps by joint fit, division.

Workloads are served in tier order, within a tier the largest pod first, then by name; each
takes its room before the next one is asked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from gala.api.application import MAX_REPLICAS
from gala.api.event import Demand, Workload
from gala.planning import shares
from gala.planning.books import SiteKey
from gala.planning.commitments import Commitments, Packed, Span, decreasing
from gala.planning.demand import required
from gala.planning.division import Part, divide, webster
from gala.planning.facts import ClusterFacts, EventFacts
from gala.planning.ledger import Allocation, Basis, LastShares, Latched
from gala.planning.segments import Segment
from gala.planning.sites import Site
from gala.settings import Settings

_LAST = 1 << 31
"""Fill order of a latched cluster that cannot be used any more."""


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
    by_workload: Mapping[str, Mapping[str, Cell]] = field(init=False)
    """The same cells by workload, then cluster."""

    def __post_init__(self) -> None:
        found: dict[str, dict[str, Cell]] = {}
        for (workload, cluster), cell in self.cells.items():
            found.setdefault(workload, {})[cluster] = cell
        object.__setattr__(self, "by_workload", found)

    def divisions(self, workload: str) -> dict[str, int]:
        """One workload's division by cluster."""
        return {c: cell.division for c, cell in self.by_workload.get(workload, {}).items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What placing one event's segments needs beside the segment."""

    event: EventFacts
    sites: Mapping[SiteKey, Site]
    last_shares: Mapping[str, LastShares]
    commitments: Commitments
    now: float
    settings: Settings

    by_workload: Mapping[str, tuple[Site, ...]] = field(init=False)
    """The sites of each workload that may take more, by cluster name."""
    _shares: dict[str, shares.Shares] = field(init=False, default_factory=dict)
    """As chosen; they are the same for every segment of this pass."""

    def __post_init__(self) -> None:
        found: dict[str, list[Site]] = {}
        for _, site in sorted(self.sites.items()):
            if site.admitted:
                found.setdefault(site.workload.name, []).append(site)
        object.__setattr__(self, "by_workload", {name: tuple(each) for name, each in found.items()})

    def shares(self, workload: str) -> shares.Shares:
        """Whose traffic is how much as of now, over the clusters that take part."""
        chosen = self._shares.get(workload)
        if chosen is None:
            chosen = self._shares[workload] = shares.choose(
                self.event.spec,
                self.event.key,
                workload,
                [site.cluster for site in self.by_workload.get(workload, ())],
                last=self.last_shares.get(workload),
                now=self.now,
                settings=self.settings,
            )
        return chosen

    @property
    def basis(self) -> Basis:
        """The spec that floors made now come from."""
        return Basis(self.event.uid, self.event.generation)


class Rooms:
    """The room that is left in each cluster at one time while demands are served one by one."""

    def __init__(self, commitments: Commitments, at: float, until: float = 0.0) -> None:
        """``until``: what others have been promised by then is taken already."""
        self._at = at
        self._until = until
        self._commitments = commitments
        self._packed: dict[str, Packed | None] = {}

    def cap(self, site: Site) -> int:
        """The most this workload can have here: what it holds then and what fits beside everything else."""
        return self.caps((site,))[0]

    def caps(self, sites: Sequence[Site]) -> list[int]:
        """The same for several places of one workload.

        Where the nodes are not known the room is taken to be there: the share stays, and pods
        that cannot start are made up for elsewhere.
        """
        bound = sites[0].workload.per_cluster.max if sites else None
        most = MAX_REPLICAS if bound is None else bound
        found = []
        for site in sites:
            space = self._of(site.cluster)
            if space is None:
                found.append(most)
                continue
            fitting = space.lodged.get(site.key, 0) + space.room.fits(site.size)
            found.append(min(most, fitting))
        return found

    def take(self, sites: Iterable[Site], counts: Mapping[str, int]) -> None:
        """Takes the room of so many pods in each cluster, less what the target holds there already."""
        for site in sites:
            space = self._packed.get(site.cluster.name)
            if space is None:
                continue
            count, lodged = counts.get(site.cluster.name, 0), space.lodged.get(site.key, 0)
            if count > lodged:
                space.lodged[site.key] = lodged + space.room.place(site.size, count - lodged)

    def _of(self, cluster: ClusterFacts) -> Packed | None:
        name = cluster.name
        if name not in self._packed:
            self._packed[name] = self._commitments.packed(cluster, self._at, self._until)
        return self._packed[name]


class Placing:
    """One segment while its demands are served; every cell that is made holds its room at once."""

    def __init__(
        self, scene: Scene, segment: Segment, latched: Latched | None, *, rooms: Rooms, anew: bool = False
    ) -> None:
        """``anew``: latched caps rise to what fits now, and what is placed holds its room from now on."""
        self.segment = segment
        self._scene = scene
        self._rooms = rooms
        self._anew = anew
        self._start = min(segment.ready_by, scene.now) if anew else segment.ready_by
        self._workloads = {w.name: w for w in scene.event.spec.workloads}
        self._stored: dict[str, list[Allocation]] = {}
        for item in latched.allocations if latched else ():
            self._stored.setdefault(item.workload, []).append(item)
        self._totals: dict[str, int] = {}
        self._cells: dict[SiteKey, Cell] = {}
        self._short: dict[str, Short] = {}
        self._sources: dict[str, str] = {}

    @property
    def demands(self) -> list[Demand]:
        """Those of workloads that the spec knows."""
        return [demand for demand in self.segment.demand if demand.workload in self._workloads]

    def precedence(self, demand: Demand) -> tuple[int, tuple[int, int], str]:
        """Tier, then the largest pod, then the name: what sorts first is served first."""
        sites = self._scene.by_workload.get(demand.workload, ())
        largest = min((decreasing(site.size) for site in sites), default=(0, 0))
        return (self._workloads[demand.workload].tier.rank, largest, demand.workload)

    def serve(self, demand: Demand) -> None:
        """Divides one demand and takes its room."""
        workload = self._workloads[demand.workload]
        name, capacity = workload.name, workload.capacity
        total = required(demand, workload)
        parts = self._parts(workload)
        divided = divide(
            total,
            parts,
            qps=(demand.qps or 0) if capacity else 0,
            per_replica=capacity.qps_per_replica if capacity else 1,
        )
        self._totals[name] = total
        for part in parts:
            self._cells[name, part.cluster] = Cell(part.share, part.cap, divided.counts[part.cluster])
        if divided.short:
            bound = workload.per_cluster.max
            by_max = bound is not None and all(part.cap >= bound for part in parts) and bool(parts)
            self._short[name] = Short(divided.short, "PerClusterMax" if by_max else "InsufficientRoom")
        self._hold(name, divided.counts)

    def done(self) -> Placed:
        """The whole segment, once every demand is served."""
        return Placed(
            segment=self.segment,
            required=self._totals,
            cells=self._cells,
            short=self._short,
            sources=self._sources,
        )

    def _parts(self, workload: Workload) -> list[Part]:
        """The division's input: from the latch where there is one, else from what is known now."""
        found = self._scene.by_workload.get(workload.name, ())
        kept = self._stored.get(workload.name)
        if kept is not None:
            self._sources[workload.name] = "Latched"
            known = {site.cluster.name: site for site in found}
            return [
                _part(workload, a.cluster, known.get(a.cluster), share=a.share, cap=self._cap(a, known))
                for a in kept
            ]
        chosen = self._scene.shares(workload.name)
        self._sources[workload.name] = chosen.source
        weights, least = chosen.weights, workload.per_cluster.min
        return [
            Part(c.name, weights.get(c.name, 0), cap, least, c.fill_order, c.weight, site.original)
            for site, cap in zip(found, self._rooms.caps(found), strict=True)
            for c in (site.cluster,)
        ]

    def _cap(self, latched: Allocation, known: Mapping[str, Site]) -> int:
        site = known.get(latched.cluster)
        if site is None or not self._anew:
            return latched.cap
        return max(latched.cap, self._rooms.cap(site))

    def _hold(self, workload: str, counts: Mapping[str, int]) -> None:
        sites = self._scene.by_workload.get(workload, ())
        self._rooms.take(sites, counts)
        if sites:
            span = Span(self._start, self.segment.ready_by, self.segment.latest_end)
            here = {site.cluster.name: counts.get(site.cluster.name, 0) for site in sites}
            self._scene.commitments.hold_each(sites[0].key, span, here)


def hold_all(scene: Scene, placed: Placed) -> None:
    """Holds the room of a whole segment that is not latched, from its ``ready_by`` on."""
    segment = placed.segment
    span = Span(segment.ready_by, segment.ready_by, segment.latest_end)
    for workload in placed.by_workload:
        key = scene.by_workload[workload][0].key
        scene.commitments.hold_each(key, span, placed.divisions(workload))


def place(scene: Scene, segment: Segment, latched: Latched | None) -> Placed:
    """Divides every demand of a segment anew; a latched one keeps its shares, and its caps only rise.

    They rise into what nobody else has been promised before this segment ends.
    """
    rooms = Rooms(scene.commitments, max(segment.ready_by, scene.now), segment.latest_end)
    placing = Placing(scene, segment, latched, rooms=rooms, anew=True)
    for demand in sorted(placing.demands, key=placing.precedence):
        placing.serve(demand)
    return placing.done()


def _part(workload: Workload, cluster: str, site: Site | None, *, share: int, cap: int) -> Part:
    return Part(
        cluster=cluster,
        share=share,
        cap=cap,
        minimum=workload.per_cluster.min,
        fill_order=site.cluster.fill_order if site else _LAST,
        weight=site.cluster.weight if site else 0,
        current=site.original if site else 0,
    )


def weights(placed: Placed, floors: Mapping[SiteKey, int]) -> dict[SiteKey, int]:
    """Percent of a workload's traffic that each cluster can serve, where a cap cut a share.

    Capacity cannot be carried to another cluster's traffic, so whoever steers the traffic
    needs these figures. Empty for a workload that no cap cut.
    """
    found: dict[SiteKey, int] = {}
    for workload in placed.required:
        cells = placed.by_workload.get(workload, {})
        if all(cell.division < cell.cap for cell in cells.values()):
            continue
        parts = [Part(c, share=floors.get((workload, c), 0), cap=100) for c in sorted(cells)]
        if any(part.share for part in parts):
            percents = webster(100, parts)
            found.update({(workload, p.cluster): n for p, n in zip(parts, percents, strict=True)})
    return found
