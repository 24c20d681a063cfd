"""One segment's capacity over the clusters: shares, caps by joint fit, division.

Workloads are served in tier order, within a tier the largest pod first, then by name; each
takes its room before the next one is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from gala.api.application import MAX_REPLICAS
from gala.api.event import Demand, Workload
from gala.planning import shares
from gala.planning.books import SiteKey
from gala.planning.commitments import Commitments, Packed, Span, decreasing
from gala.planning.demand import required
from gala.planning.division import Part, divide, webster
from gala.planning.facts import ClusterFacts, EventFacts, TargetKey
from gala.planning.fit import Size
from gala.planning.ledger import Allocation, Basis, LastShares, Latched
from gala.planning.pools import Pools
from gala.planning.segments import Segment
from gala.planning.shortfall import BOUND, Cause, Short, short_of
from gala.planning.sites import Site
from gala.settings import Settings

_LAST = 1 << 31
"""Fill order of a latched cluster that cannot be used any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A segment's division over the clusters."""

    segment: Segment
    required: Mapping[str, int] = field(default_factory=dict)
    parts: Mapping[str, Sequence[Part]] = field(default_factory=dict)
    """By workload: what was divided by, in the order of the clusters' names."""
    divisions: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    """By workload, then cluster: the replicas that came of it."""
    short: Mapping[str, Short] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)
    """Where each workload's shares came from."""
    stretched: frozenset[str] = frozenset()
    """Clusters in which nodes have to be added first, for this or for what is placed beside it."""


class Row(NamedTuple):
    """The sites of one workload that may take more, by cluster name: as a division goes through them."""

    key: TargetKey
    clusters: tuple[ClusterFacts, ...]
    names: tuple[str, ...]
    sizes: tuple[Size, ...]
    parts: tuple[tuple[str, int, int, int], ...]
    """Of each cluster: its name, its fill order, its own weight, and what runs there without us."""
    largest: tuple[int, int]
    """The sort key of its largest pod."""

    @classmethod
    def of(cls, sites: Sequence[Site]) -> Row:
        """At least one site, all of one workload and in the order of their clusters' names."""
        sizes = tuple(site.size for site in sites)
        return cls(
            sites[0].key,
            tuple(site.cluster for site in sites),
            tuple(site.cluster.name for site in sites),
            sizes,
            tuple((s.cluster.name, s.cluster.fill_order, s.cluster.weight, s.original) for s in sites),
            min(map(decreasing, set(sizes))),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What placing one event's segments needs beside the segment."""

    event: EventFacts
    sites: Mapping[SiteKey, Site]
    last_shares: Mapping[str, LastShares]
    commitments: Commitments
    now: float
    settings: Settings

    _rows: dict[str, Row] = field(init=False, default_factory=dict)
    _shares: dict[str, shares.Shares] = field(init=False, default_factory=dict)
    """As chosen; they are the same for every segment of this pass."""

    @property
    def rows(self) -> Mapping[str, Row]:
        """By workload; one that may take more nowhere has none. Laid out when a division first asks."""
        if not self._rows:
            found: dict[str, list[Site]] = {}
            for _, site in sorted(self.sites.items()):
                if site.admitted:
                    found.setdefault(site.workload.name, []).append(site)
            self._rows.update((name, Row.of(each)) for name, each in found.items())
        return self._rows

    def shares(self, workload: str) -> shares.Shares:
        """Whose traffic is how much as of now, over the clusters that take part."""
        chosen = self._shares.get(workload)
        if chosen is None:
            row = self.rows.get(workload)
            chosen = self._shares[workload] = shares.choose(
                self.event.spec,
                self.event.key,
                workload,
                row.clusters if row else (),
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
        self._rows: dict[tuple[str, ...], list[Packed | None]] = {}

    def cap(self, site: Site) -> int:
        """The most this workload can have here: what it holds then and what fits beside everything else."""
        return _fitting(self._of(site.cluster), site.key, site.size, _most(site.workload))

    def caps(self, workload: Workload, row: Row) -> list[int]:
        """The same for all places of one workload.

        Where the nodes are not known the room is taken to be there: the share stays, and pods
        that cannot start are made up for elsewhere.
        """
        key, most = row.key, _most(workload)
        spaces = self._along(row)
        return [_fitting(space, key, size, most) for space, size in zip(spaces, row.sizes, strict=True)]

    def take(self, row: Row, counts: Mapping[str, int]) -> None:
        """Takes the room of so many pods in each cluster, less what the target holds there already."""
        key = row.key
        for name, space, size in zip(row.names, self._along(row), row.sizes, strict=True):
            if space is None:
                continue
            count, lodged = counts.get(name, 0), space.lodged.get(key, 0)
            if count > lodged:
                space.lodged[key] = lodged + space.room.place(size, count - lodged)

    def causes(self, workload: Workload, row: Row, counts: Mapping[str, int], short: int) -> Iterator[Cause]:
        """Why each cluster takes no more, once the room of ``counts`` is taken and so many are short."""
        most = _most(workload)
        for name, space, size in zip(row.names, self._along(row), row.sizes, strict=True):
            if counts.get(name, 0) >= most:
                yield Cause(name, BOUND)
            elif space is not None:
                yield Cause(name, space.room.lack(size, short))

    def stretched(self) -> frozenset[str]:
        """Clusters in which pods were placed where nodes have to be added first."""
        return frozenset(
            name
            for name, space in self._packed.items()
            if space is not None and isinstance(space.room, Pools) and space.room.stretched
        )

    def _along(self, row: Row) -> list[Packed | None]:
        """The room in each cluster of a row; most workloads of an event run in the same clusters."""
        known = self._rows.get(row.names)
        if known is None:
            known = self._rows[row.names] = [self._of(cluster) for cluster in row.clusters]
        return known

    def _of(self, cluster: ClusterFacts) -> Packed | None:
        name = cluster.name
        if name not in self._packed:
            self._packed[name] = self._commitments.packed(cluster, self._at, self._until)
        return self._packed[name]


def _most(workload: Workload) -> int:
    bound = workload.per_cluster.max
    return MAX_REPLICAS if bound is None else bound


def _fitting(space: Packed | None, key: TargetKey, size: Size, most: int) -> int:
    if space is None:
        return most
    return min(most, space.lodged.get(key, 0) + space.room.fits(size))


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
        for item in sorted(latched.allocations) if latched else ():
            self._stored.setdefault(item.workload, []).append(item)
        self._totals: dict[str, int] = {}
        self._divided: dict[str, list[Part]] = {}
        self._counts: dict[str, Mapping[str, int]] = {}
        self._short: dict[str, Short] = {}
        self._sources: dict[str, str] = {}

    @property
    def demands(self) -> list[Demand]:
        """Those of workloads that the spec knows."""
        return [demand for demand in self.segment.demand if demand.workload in self._workloads]

    def precedence(self, demand: Demand) -> tuple[int, tuple[int, int], str]:
        """Tier, then the largest pod, then the name: what sorts first is served first."""
        row = self._scene.rows.get(demand.workload)
        return (
            self._workloads[demand.workload].tier.rank,
            row.largest if row else (0, 0),
            demand.workload,
        )

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
        self._divided[name], self._counts[name] = parts, divided.counts
        self._hold(name, divided.counts)
        if divided.short:
            row = self._scene.rows.get(name)
            causes = self._rooms.causes(workload, row, divided.counts, divided.short) if row else ()
            self._short[name] = short_of(divided.short, causes)

    def done(self) -> Placed:
        """The whole segment, once every demand is served."""
        return Placed(
            segment=self.segment,
            required=self._totals,
            parts=self._divided,
            divisions=self._counts,
            short=self._short,
            sources=self._sources,
            stretched=self._rooms.stretched(),
        )

    def _parts(self, workload: Workload) -> list[Part]:
        """The division's input: from the latch where there is one, else from what is known now."""
        kept = self._stored.get(workload.name)
        if kept is not None:
            self._sources[workload.name] = "Latched"
            return [self._latched(workload, item) for item in kept]
        chosen = self._scene.shares(workload.name)
        self._sources[workload.name] = chosen.source
        row = self._scene.rows.get(workload.name)
        if row is None:
            return []
        weights, least = chosen.weights, workload.per_cluster.min
        return [
            Part(name, weights.get(name, 0), cap, least, order, weight, original)
            for (name, order, weight, original), cap in zip(
                row.parts, self._rooms.caps(workload, row), strict=True
            )
        ]

    def _latched(self, workload: Workload, item: Allocation) -> Part:
        """What was latched; anew its cap rises to what fits now."""
        site = self._scene.sites.get((workload.name, item.cluster))
        if site is None or not site.admitted:
            return Part(item.cluster, item.share, item.cap, workload.per_cluster.min, _LAST)
        return Part(
            cluster=item.cluster,
            share=item.share,
            cap=max(item.cap, self._rooms.cap(site)) if self._anew else item.cap,
            minimum=workload.per_cluster.min,
            fill_order=site.cluster.fill_order,
            weight=site.cluster.weight,
            current=site.original,
        )

    def _hold(self, workload: str, counts: Mapping[str, int]) -> None:
        row = self._scene.rows.get(workload)
        if row is None:
            return
        self._rooms.take(row, counts)
        if workload in self._stored:
            # What is latched in a cluster that takes no part any more holds no room there.
            counts = {name: counts[name] for name in row.names if name in counts}
        span = Span(self._start, self.segment.ready_by, self.segment.latest_end)
        self._scene.commitments.hold_each(row.key, span, counts)


def hold_all(scene: Scene, placed: Placed) -> None:
    """Holds the room of a whole segment that is not latched, from its ``ready_by`` on."""
    segment = placed.segment
    span = Span(segment.ready_by, segment.ready_by, segment.latest_end)
    for workload in sorted(scene.rows.keys() & placed.divisions.keys()):
        scene.commitments.hold_each(scene.rows[workload].key, span, placed.divisions[workload])


def place(scene: Scene, segment: Segment, latched: Latched | None) -> Placed:
    """Divides every demand of a segment anew; a latched one keeps its shares, and its caps only rise.

    They rise into what nobody else has been promised before this segment ends.
    """
    rooms = Rooms(scene.commitments, max(segment.ready_by, scene.now), segment.latest_end)
    placing = Placing(scene, segment, latched, rooms=rooms, anew=True)
    for demand in sorted(placing.demands, key=placing.precedence):
        placing.serve(demand)
    return placing.done()


def weights(placed: Placed, floors: Mapping[str, Mapping[str, int]]) -> dict[SiteKey, int]:
    """Percent of a workload's traffic that each cluster can serve, where a cap cut a share.

    Capacity cannot be carried to another cluster's traffic, so whoever steers the traffic
    needs these figures. Empty for a workload that no cap cut. ``floors`` are by workload, then cluster.
    """
    found: dict[SiteKey, int] = {}
    for workload in placed.required:
        divided, counts = placed.parts.get(workload, ()), placed.divisions.get(workload, {})
        if all(counts[part.cluster] < part.cap for part in divided):
            continue
        parts = [Part(part.cluster, share=floors[workload].get(part.cluster, 0), cap=100) for part in divided]
        if any(part.share for part in parts):
            percents = webster(100, parts)
            found.update({(workload, p.cluster): n for p, n in zip(parts, percents, strict=True)})
    return found
