"""When each segment's hold begins and ends in each cluster, and what the gaps do.

Leads are counted from the baseline (the originals, the segment before, or a held gap) and
never from what runs now: a lead that shrinks as pods arrive would switch its own hold off.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from gala.planning.facts import ClusterFacts
from gala.planning.lead import Growth, lead, shrink_time
from gala.planning.ledger import GapRule, LatchedCluster
from gala.planning.segments import Segment, covers
from gala.settings import Settings


class Window(NamedTuple):
    """One segment's hold in one cluster: half-open [prepare_at, end)."""

    prepare_at: float
    end: float
    gap: GapRule | None
    late: float
    """Seconds by which the hold begins too late for its lead."""
    gap_from: float
    """End of the hold before a held gap; ``prepare_at`` where no gap is held."""
    released: bool = False
    """A hold once begun that an edit moved far enough away to be given up."""


class Latch(NamedTuple):
    """What the record says of a segment in this cluster."""

    stored: LatchedCluster
    outdated: bool
    """The spec has been edited since."""


class Target(NamedTuple):
    """One workload's target in this cluster."""

    original: int
    ordered: bool
    warmup: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """One event in one cluster: its segments in order, and what each wants there."""

    cluster: ClusterFacts
    segments: Sequence[Segment]
    floors: Mapping[str, Mapping[str, int]]
    """By segment, then workload; a segment without an entry has no part here."""
    targets: Mapping[str, Target]
    latches: Mapping[str, Latch]
    cooldown: float
    step_percent: int
    stretched: Collection[str] = ()
    """Segments for which nodes have to be added here first."""
    now: float
    settings: Settings


@dataclass(slots=True)
class _Placed:
    segment: Segment
    floors: Mapping[str, int]
    end: float


def windows(course: Course) -> dict[str, Window]:
    """The windows of all segments that have a part in this cluster."""
    earlier: list[_Placed] = []
    found: dict[str, Window] = {}
    for segment in course.segments:
        floors = course.floors.get(segment.name)
        if not floors:
            continue
        window = _window(course, segment, floors, earlier)
        found[segment.name] = window
        if segment.is_round and not window.released:
            for item in earlier:
                if not item.segment.is_round and item.end > window.prepare_at:
                    item.end = window.prepare_at
        earlier.append(_Placed(segment, floors, segment.latest_end))
    for item in earlier:
        found[item.segment.name] = found[item.segment.name]._replace(end=item.end)
    return found


def _window(
    course: Course, segment: Segment, floors: Mapping[str, int], earlier: Sequence[_Placed]
) -> Window:
    latch = course.latches.get(segment.name)
    cold = _lead(course, segment, floors, {})
    baseline, gap, gap_from = _baseline(course, segment, floors, earlier, cold)
    needed = _lead(course, segment, floors, baseline) if baseline else cold
    estimate = segment.ready_by - needed
    released = False
    if latch is None:
        prepare_at = estimate
    elif latch.stored.prepare_at > course.now:
        prepare_at = estimate if latch.outdated else min(latch.stored.prepare_at, estimate)
    else:
        prepare_at = latch.stored.prepare_at
        released = latch.outdated and _far(course, segment, floors)
    if released:
        prepare_at = estimate
    late = max(0.0, (prepare_at if latch else max(estimate, course.now)) - estimate)
    if prepare_at > segment.latest_end:
        # It was taken out of the spec before it began; the gap before it is held for a cooldown more.
        prepare_at = min(prepare_at, segment.latest_end + course.cooldown)
    held = gap is GapRule.HOLD and gap_from < prepare_at
    return Window(
        prepare_at, segment.latest_end, gap, late, gap_from if held else prepare_at, released=released
    )


def _baseline(
    course: Course, segment: Segment, floors: Mapping[str, int], earlier: Sequence[_Placed], cold: float
) -> tuple[Mapping[str, int], GapRule | None, float]:
    """What already stands at ``ready_by``, what the gap before does, and since when.

    ``cold`` is the lead from the originals.
    """
    yields = segment.is_round
    covering = [e for e in earlier if e.end >= segment.ready_by and (e.segment.is_round or not yields)]
    if covering:
        return _most(covering), None, segment.ready_by
    if not earlier:
        return {}, None, segment.ready_by
    gap_from = max(min(item.end, segment.ready_by) for item in earlier)
    before = _most([item for item in earlier if min(item.end, segment.ready_by) == gap_from])
    latch = course.latches.get(segment.name)
    back = course.cooldown + _shrink(course, before) + cold
    stands = latch is not None and latch.stored.gap is GapRule.HOLD
    if stands and latch is not None and latch.outdated:
        stands = not _far(course, segment, floors)
    if stands or segment.ready_by - gap_from < back:
        held = {w: min(before[w], floor) for w, floor in floors.items() if w in before}
        return held, GapRule.HOLD, gap_from
    return {}, GapRule.RELEASE, gap_from


def _far(course: Course, segment: Segment, floors: Mapping[str, int]) -> bool:
    """Whether an edit has moved a segment so far away that what is held for it may be given up."""
    back = _shrink(course, floors) + _lead(course, segment, floors, {})
    return segment.ready_by - course.now >= 2 * back


def _most(items: Sequence[_Placed]) -> dict[str, int]:
    most = dict(items[0].floors)
    for item in items[1:]:
        for workload, floor in item.floors.items():
            most[workload] = max(floor, most.get(workload, 0))
    return most


def _lead(course: Course, segment: Segment, floors: Mapping[str, int], baseline: Mapping[str, int]) -> float:
    pods = ordered = 0
    warmup = 0.0
    targets = course.targets
    for workload, floor in floors.items():
        original, one_by_one, warm = targets[workload]
        stands = baseline.get(workload, 0) if baseline else 0
        grows = floor - max(stands, original)
        if grows > 0:
            pods += grows
            if one_by_one and grows > ordered:
                ordered = grows
            warmup = max(warmup, warm)
    elastic = course.cluster.elastic
    node_start = elastic.node_start if elastic is not None and segment.name in course.stretched else 0.0
    return lead(Growth(pods, ordered, warmup, node_start), course.cluster.pod_start, course.settings)


def _shrink(course: Course, floors: Mapping[str, int]) -> float:
    most = max((floor - course.targets[w].original for w, floor in floors.items()), default=0)
    return shrink_time(most, step_percent=course.step_percent, settings=course.settings)


def begun(window: Window, now: float) -> bool:
    """Whether the hold runs at ``now``."""
    return covers(window.prepare_at, window.end, now)


def in_gap(window: Window, now: float) -> bool:
    """Whether the held gap before this segment runs at ``now``."""
    return window.gap is GapRule.HOLD and covers(window.gap_from, window.prepare_at, now)
