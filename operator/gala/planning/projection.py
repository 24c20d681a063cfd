"""The whole night of every event, projected on one set of facts.

All events are placed together: what is latched first, then by the time that counts, then by
tier, so that a later segment finds the room that earlier ones leave, whoever they belong
to. What is only observed comes last, because it never takes its room.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import groupby
from math import inf
from typing import NamedTuple

from gala.planning.books import Books, SiteKey
from gala.planning.commitments import Commitments, Held
from gala.planning.facts import ClusterFacts, EventKey, TargetFacts
from gala.planning.night import Night, nights
from gala.planning.placement import Placed, Placing, Rooms, Scene, hold_all
from gala.planning.segments import Segment
from gala.planning.sites import pod_size
from gala.planning.snapshot import Snapshot
from gala.planning.timeline import Course, Latch, Target, Window, windows
from gala.settings import Settings


def project(
    snapshot: Snapshot, books: Books, now: float, settings: Settings, *, ahead: float = inf
) -> dict[EventKey, Night]:
    """Every event's night; the order of events in the snapshot changes nothing.

    What begins later than ``ahead`` seconds from now, and is not latched, is left out.
    """
    commitments = Commitments()
    found = nights(snapshot, books, commitments, now=now, settings=settings)
    found = {key: _within(night, now + ahead) for key, night in found.items()}
    _know(snapshot, books, found.values(), commitments)
    _commit_ledger(found.values(), commitments, now)
    placed = _place_all(found.values(), commitments, now)
    return {
        key: replace(night, placed=placed[key], windows=_windows(night, placed[key], snapshot, now, settings))
        for key, night in found.items()
    }


def _within(night: Night, horizon: float) -> Night:
    near = tuple(s for s in night.segments if s.ready_by <= horizon or s.name in night.latches)
    return replace(night, segments=near, later=len(near) < len(night.segments))


def _know(snapshot: Snapshot, books: Books, found: Iterable[Night], commitments: Commitments) -> None:
    for night in found:
        for (_, cluster), site in night.sites.items():
            commitments.know(
                cluster,
                site.key,
                rank=site.rank,
                size=site.size,
                original=site.original,
            )
        for (_, cluster), entry in night.entries.items():
            known = snapshot.clusters.get(cluster)
            facts = known.targets.get(entry.target) if known else None
            if known is not None and isinstance(facts, TargetFacts):
                commitments.know_last(
                    cluster,
                    entry.target,
                    size=pod_size(known, entry.target, facts),
                    original=books.original(cluster, entry.target, facts),
                )


def _commit_ledger(found: Iterable[Night], commitments: Commitments, now: float) -> None:
    """Every stored floor holds its room from the begin of its segment's hold there to its end."""
    for night in found:
        begins = {
            (name, stored.cluster): stored.prepare_at
            for name, item in night.latches.items()
            for stored in item.clusters
        }
        for (segment, workload, cluster), floor in night.floors.items():
            if segment in night.latches:
                item, target = night.latches[segment], night.entries[workload, cluster].target
                start = begins.get((segment, cluster), now)
                held = Held(start, item.ready_by, item.end, floor.replicas + floor.stragglers)
                commitments.hold(cluster, target, held)


class _Work(NamedTuple):
    night: Night
    scene: Scene
    segment: Segment


def _place_all(
    found: Iterable[Night], commitments: Commitments, now: float
) -> dict[EventKey, dict[str, Placed]]:
    """Every segment's division; segments that count at the same time share the room tier by tier."""
    placed: dict[EventKey, dict[str, Placed]] = {}
    work: list[_Work] = []
    for night in found:
        placed[night.key] = {}
        for segment in night.segments:
            if night.scene is None or segment.latest_end <= now or not segment.demand:
                placed[night.key][segment.name] = Placed(segment=segment)
            else:
                work.append(_Work(night, night.scene, segment))

    def turn(item: _Work) -> tuple[bool, bool, float]:
        night, _, segment = item
        return (night.observed, segment.name not in night.latches, max(segment.ready_by, now))

    memory: dict[object, list[Placed]] = {}
    for (_, fresh, at), items in groupby(sorted(work, key=turn), key=turn):
        group = list(items)
        rooms = Rooms(commitments, at)
        asked = (tuple((w.night.key, w.segment.demand) for w in group), commitments.state(at))
        if not fresh:
            done = _place_group(group, rooms)
        elif asked in memory:
            done = [_place_alike(*pair) for pair in zip(group, memory[asked], strict=True)]
        else:
            done = memory[asked] = _place_group(group, rooms)
        for item, made in zip(group, done, strict=True):
            placed[item.night.key][item.segment.name] = made
    return placed


def _place_alike(item: _Work, before: Placed) -> Placed:
    """What asks for the same, at a time at which the same is held everywhere, gets the same."""
    made = replace(before, segment=item.segment)
    hold_all(item.scene, made)
    return made


def _place_group(group: Iterable[_Work], rooms: Rooms) -> list[Placed]:
    placings = [
        (item, Placing(item.scene, item.segment, item.night.latches.get(item.segment.name), rooms=rooms))
        for item in group
    ]
    queue = [
        (placing.precedence(demand), item.night.order, item.segment.name, demand, placing)
        for item, placing in placings
        for demand in placing.demands
    ]
    for *_, demand, placing in sorted(queue, key=lambda entry: entry[:3]):
        placing.serve(demand)
    return [placing.done() for _, placing in placings]


def _windows(
    night: Night, placed: Mapping[str, Placed], snapshot: Snapshot, now: float, settings: Settings
) -> dict[str, dict[str, Window]]:
    latches = _latches(night)
    wants = _wants(night, placed, latches)
    found: dict[str, dict[str, Window]] = {}
    for cluster in sorted(wants):
        here = latches.get(cluster, {})
        course = Course(
            cluster=snapshot.clusters.get(cluster, ClusterFacts(name=cluster, reachable=False)),
            segments=night.segments,
            floors=wants[cluster],
            targets=_targets(night, cluster, wants[cluster], settings),
            latches={name: here[name] for name in wants[cluster] if name in here},
            cooldown=night.policy.cooldown,
            step_percent=night.policy.max_step_percent,
            stretched={name for name, place in placed.items() if cluster in place.stretched},
            now=now,
            settings=settings,
        )
        for name, window in windows(course).items():
            found.setdefault(name, {})[cluster] = window
    return found


def _wants(
    night: Night, placed: Mapping[str, Placed], latches: Mapping[str, Mapping[str, Latch]]
) -> dict[str, dict[str, dict[str, int]]]:
    """What each segment wants of each workload, by cluster: what is planned, or more if more is stored."""
    wants: defaultdict[str, defaultdict[str, dict[str, int]]] = defaultdict(lambda: defaultdict(dict))
    for name, place in placed.items():
        for workload, counts in place.divisions.items():
            for cluster, replicas in counts.items():
                wants[cluster][name][workload] = replicas
    for (name, workload, cluster), floor in night.floors.items():
        if name in placed and (night.event is not None or name in latches.get(cluster, {})):
            known = wants[cluster][name]
            known[workload] = max(floor.replicas, known.get(workload, 0))
    return {cluster: dict(here) for cluster, here in wants.items()}


def _targets(
    night: Night, cluster: str, wants: Mapping[str, Mapping[str, int]], settings: Settings
) -> dict[str, Target]:
    found: dict[str, Target] = {}
    for workload in {w for floors in wants.values() for w in floors}:
        place: SiteKey = (workload, cluster)
        site, entry = night.sites.get(place), night.entries.get(place)
        if site is None:
            found[workload] = Target(entry.original or 0 if entry else 0, False, settings.warmup_default)
            continue
        warmup = settings.warmup_default if site.warmup is None else site.warmup
        ordered = isinstance(site.facts, TargetFacts) and site.facts.ordered
        found[workload] = Target(site.original, ordered, warmup)
    return found


def _latches(night: Night) -> dict[str, dict[str, Latch]]:
    """What the record says of each segment, by cluster."""
    planned = {segment.name for segment in night.segments if segment.demand}
    found: dict[str, dict[str, Latch]] = {}
    for name, item in night.latches.items():
        edited = name in planned and night.scene is not None and night.scene.basis != item.basis
        for stored in item.clusters:
            found.setdefault(stored.cluster, {}).setdefault(name, Latch(stored, edited))
    return found
