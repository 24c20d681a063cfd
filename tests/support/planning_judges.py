"""What must be true of every pass, judged from outside: from the spec, the ledger and the world alone.

Nothing of the planner's own reckoning is used; times of segments are worked out anew here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gala.api.event import GalaEventSpec, Mode
from gala.planning.facts import ClusterFacts, EventKey, Sample, TargetFacts, TargetKey
from gala.planning.ledger import Entry, Floor, State
from gala.settings import MANAGER
from planning_nights import START, Script, Trouble
from planning_play import Pass

COVERS = {Trouble.OUTAGE, Trouble.NODES, Trouble.SCOPE, Trouble.RECREATE}
"""Troubles that make other clusters carry more than their division."""


def spans(spec: GalaEventSpec) -> dict[str, tuple[float, float, frozenset[str]]]:
    """By segment: readyBy, latest end, workloads. A scene ends with its round's follower's readyBy."""
    scenes = {scene.name: scene.demand for scene in spec.scenes}
    found = {}
    ordered = sorted(spec.rounds, key=lambda r: (r.start, r.name))
    for index, item in enumerate(ordered):
        names = {d.workload for d in (*scenes.get(item.scene or "", ()), *item.demand)}
        early, late = item.start - item.window.early, item.start + item.window.late
        found[item.name] = (early, late + item.duration, frozenset(names))
        if item.after_scene is not None:
            names = {d.workload for d in scenes[item.after_scene]}
            found[f"{item.name}/after"] = (early + item.duration, early + item.duration, frozenset(names))
        del index
    return found


def floors(
    ledgers: Mapping[tuple[EventKey, str], object],
) -> dict[tuple[EventKey, str, str, str], Floor]:
    """By event, cluster, workload and segment."""
    return {
        (key, cluster, entry.workload, floor.segment): floor
        for (key, cluster), ledger in ledgers.items()
        for entry in ledger.entries  # type: ignore[attr-defined]
        for floor in entry.floors
    }


def entries(
    ledgers: Mapping[tuple[EventKey, str], object],
) -> Iterator[tuple[EventKey, str, Entry]]:
    for (key, cluster), ledger in ledgers.items():
        for entry in ledger.entries:  # type: ignore[attr-defined]
            yield key, cluster, entry


def live(seen: Pass, key: EventKey, segment: str, workload: str) -> bool:
    """Whether a round's segment runs now by the spec, and asks for this workload."""
    spec = seen.spec(key)
    if spec is None or spec.paused or spec.mode is not Mode.ENFORCE:
        return False
    span = spans(spec).get(segment)
    return span is not None and span[0] <= seen.now < span[1] and workload in span[2]


def nothing_is_lost(seen: Pass) -> None:
    for key, event in seen.plan.events.items():
        spec = seen.spec(key)
        for segment in event.segments:
            for need in segment.needs:
                workload = next(w for w in spec.workloads if w.name == need.workload) if spec else None
                got = sum(p.division for p in segment.placements if p.workload == need.workload)
                assert got + need.short >= need.required, (segment.name, need, got)
                assert 0 <= need.short <= need.required, need
                covered = seen.night.troubles & COVERS
                covered = covered or any(f.reason == "Uncovered" for f in event.findings)
                if workload and not workload.per_cluster.min and not need.qps and not covered:
                    assert got + need.short == need.required, (segment.name, need, got)


def a_floor_only_rises(seen: Pass) -> None:
    """But for a newer basis, by no more than the divisions fell, and for the last step of a move."""
    old, new = floors(seen.before.ledgers), floors(seen.world.ledgers)
    fell: dict[tuple[EventKey, str, str], int] = {}
    budget: dict[tuple[EventKey, str, str], int] = {}
    for place, floor in new.items():
        before = old.get(place)
        if before is None or floor.replicas + floor.stragglers >= before.replicas + before.stragglers:
            continue
        drop = before.replicas - floor.replicas
        if floor.taken > before.taken:
            assert floor.taken - before.taken >= drop, (place, before, floor)
            continue
        assert floor.basis.newer_than(before.basis), ("no newer basis", place, before, floor)
        assert drop <= max(0, before.division - floor.division), (place, before, floor)
        key, _, workload, segment = place
        fell[key, workload, segment] = fell.get((key, workload, segment), 0) + drop
        budget[key, workload, segment] = max(
            budget.get((key, workload, segment), 0), before.required - floor.required
        )
    for group, drop in fell.items():
        assert drop <= budget[group], (group, drop, budget[group])


def a_live_floor_stays_in_the_ledger(seen: Pass) -> None:
    new = floors(seen.world.ledgers)
    for place, floor in floors(seen.before.ledgers).items():
        key, cluster, workload, segment = place
        if place in new or not live(seen, key, segment, workload):
            continue
        facts = seen.before.clusters.get(cluster)
        gone = (
            facts is not None
            and facts.targets
            and not any(k.name.startswith(workload) for k in facts.targets)
        )
        assert gone, ("a floor vanished", place, floor)


def no_intention_is_below_a_live_floor(seen: Pass) -> None:
    by_target: dict[tuple[str, TargetKey], int] = {}
    for key, cluster, entry in entries(seen.world.ledgers):
        for floor in entry.floors:
            if live(seen, key, floor.segment, entry.workload) and _stored(seen, key):
                top = by_target.get((cluster, entry.target), 0)
                by_target[cluster, entry.target] = max(top, floor.replicas)
                assert entry.intended >= floor.replicas, (cluster, entry)
                assert entry.state is not State.RETURNING, (cluster, entry)


def _stored(seen: Pass, key: EventKey) -> bool:
    return seen.whole and key in {event.key for event in seen.before.events}


class SpecStandsAtItsFloor:
    """From readyBy on what is set is never below a floor that has stood for as long as its waves take."""

    def __init__(self) -> None:
        self._since: dict[tuple[EventKey, str, str, str], tuple[int, float]] = {}
        self._quiet: dict[str, float] = {}

    def __call__(self, seen: Pass) -> None:
        for name, cluster in seen.world.clusters.items():
            disturbed = not seen.whole or not cluster.reachable or name not in seen.before.clusters
            if disturbed or name not in self._quiet:
                self._quiet[name] = seen.now
        for place, floor in floors(seen.world.ledgers).items():
            key, name, workload, segment = place
            known = self._since.get(place)
            if known is None or known[0] != floor.replicas:
                self._since[place] = known = (floor.replicas, seen.now)
            entry = next(e for e in seen.world.ledgers[key, name].entries if e.workload == workload)
            touched = (name, entry.target) in seen.night.touched
            if touched or not live(seen, key, segment, workload):
                continue
            cluster = seen.world.clusters[name]
            pods = sum(e.intended for k, c, e in entries(seen.world.ledgers) if c == name)
            ticks = 2 * seen.world.settings.tick_idle
            settled = max(known[1], self._quiet[name]) + pods / cluster.per_second + ticks
            absent = any(a <= seen.now + ticks and b >= known[1] - ticks for a, b in seen.night.absent)
            if seen.now >= settled and not absent:
                now = cluster.targets[entry.target].replicas
                assert now >= floor.replicas, ("below its floor", place, now, floor, entry)


def a_lowering_is_justified(seen: Pass) -> None:
    """Of something ours, that no live segment of any event needs, never below the original."""
    known = {event.key for event in seen.before.events}
    for write in seen.plan.writes:
        if write.to >= write.was:
            continue
        assert write.event in known | seen.before.deleted, ("lowered in doubt", write)
        for key, cluster, entry in entries(seen.world.ledgers):
            if (cluster, entry.target) != (write.cluster, write.target) or not seen.whole:
                continue
            assert write.to >= (entry.original or 0), ("below the original", write, entry)
            for floor in entry.floors:
                if live(seen, key, floor.segment, entry.workload):
                    assert write.to >= floor.replicas, ("below a live floor", write, floor)
        old = [
            entry
            for _, cluster, entry in entries(seen.before.ledgers)
            if (cluster, entry.target) == (write.cluster, write.target)
        ]
        facts = seen.before.clusters[write.cluster].targets[write.target]
        assert isinstance(facts, TargetFacts)
        ours = facts.manager == MANAGER or any(write.was in (e.written, e.intended) for e in old)
        assert ours, ("not ours", write, facts)
        assert any(e.original is not None for e in old), ("an original that is lost", write)


def the_ledger_goes_first(seen: Pass) -> None:
    """Every write has a stored entry whose intention it serves, with the original from before it."""
    if not seen.whole:
        return
    for write in seen.plan.writes:
        ledger = seen.world.ledgers.get((write.event, write.cluster))
        assert ledger is not None, write
        entry = next(e for e in ledger.entries if e.target == write.target)
        assert entry.uid == write.uid, (write, entry)
        tops = [
            e.intended
            for _, c, e in entries(seen.world.ledgers)
            if (c, e.target) == (write.cluster, write.target)
        ]
        assert write.to <= max(tops), (write, entry)
        if write.guard == "ResourceVersion" and write.was != entry.original:
            others = [e for k, c, e in entries(seen.before.ledgers) if e.target == write.target]
            assert others, ("the original is what ran", write, entry)


def an_original_is_fixed_once_it_was_written(seen: Pass) -> None:
    new = {(k, c, e.workload): e for k, c, e in entries(seen.world.ledgers)}
    for key, cluster, entry in entries(seen.before.ledgers):
        after = new.get((key, cluster, entry.workload))
        if after is not None and entry.written is not None and after.uid == entry.uid:
            assert after.original == entry.original, (entry, after)


class MovesAreMadeBeforeTheyBreak:
    """What a move takes is warm elsewhere, and its source keeps its own need on a fresh figure."""

    def __init__(self) -> None:
        self.takes = 0

    def __call__(self, seen: Pass) -> None:
        old = floors(seen.before.ledgers)
        for place, floor in floors(seen.world.ledgers).items():
            before = old.get(place)
            if before is None or floor.taken <= before.taken:
                continue
            self.takes += 1
            key, cluster, workload, segment = place
            record = seen.world.records[key]
            move = next(m for m in record.moves if m.workload == workload)
            assert (move.segment, move.source) == (segment, cluster), (place, move)
            to, source = seen.before.clusters[move.to], seen.before.clusters[cluster]
            warm = _of(to, workload).warm
            assert isinstance(warm, int)
            assert warm >= move.to_floor, ("took before it was warm", move, warm)
            sample = source.traffic[key, workload].latest
            spec = seen.spec(key)
            assert isinstance(sample, Sample)
            assert spec is not None
            assert seen.now - sample.at <= spec.rebalance.stale_after
            own = next(w for w in spec.workloads if w.name == workload)
            assert own.capacity is not None
            assert floor.replicas * own.capacity.qps_per_replica >= sample.qps, (move, sample, floor)
            assert floor.replicas >= own.per_cluster.min, (move, floor)


def _of(cluster: ClusterFacts, workload: str) -> TargetFacts:
    facts = next(f for key, f in cluster.targets.items() if key.name == workload)
    assert isinstance(facts, TargetFacts)
    return facts


def what_moves_took_stands_elsewhere(seen: Pass) -> None:
    """A live segment's floors, all clusters together, are never less than its divisions."""
    floor_sum: dict[tuple[EventKey, str, str], int] = {}
    division_sum: dict[tuple[EventKey, str, str], int] = {}
    for (key, _, workload, segment), floor in floors(seen.world.ledgers).items():
        group = (key, workload, segment)
        if live(seen, key, segment, workload):
            floor_sum[group] = floor_sum.get(group, 0) + floor.replicas
            division_sum[group] = division_sum.get(group, 0) + floor.division
    if seen.whole:
        for group, total in floor_sum.items():
            assert total >= division_sum[group], ("a move lost something", group, total, division_sum[group])


def frozen_events_write_nothing(seen: Pass) -> None:
    for write in seen.plan.writes:
        spec = seen.spec(write.event)
        assert spec is None or not spec.paused, write


class ReadyInTime:
    """In a quiet night every round's required capacity is warm at its readyBy, or the plan says why not."""

    def __init__(self) -> None:
        self.checked = 0
        self._seen: set[tuple[EventKey, str]] = set()
        self._late: set[EventKey] = set()

    def __call__(self, seen: Pass) -> None:
        for key, event in seen.plan.events.items():
            for segment in event.segments:
                if (key, segment.name) in self._seen or seen.now < segment.ready_by or not segment.is_round:
                    continue
                self._seen.add((key, segment.name))
                if any(w.late for w in segment.windows):
                    self._late.add(key)
                if key in self._late:
                    continue
                for need in segment.needs:
                    warm = sum(_warm(seen, need.workload, c) for c in seen.before.clusters)
                    self.checked += 1
                    assert warm >= need.required - need.short, (segment.name, need, warm, segment)


def _warm(seen: Pass, workload: str, cluster: str) -> int:
    facts = next((f for k, f in seen.before.clusters[cluster].targets.items() if k.name == workload), None)
    return facts.warm if isinstance(facts, TargetFacts) and isinstance(facts.warm, int) else 0


def everything_is_home(night: Script) -> None:
    """At the end no entry is open, and each target runs what it ran, or what somebody else made of it."""
    world = night.world
    assert world.ledgers == {}, world.ledgers
    assert all(not record.latched for record in world.records.values()), world.records
    for name, cluster in world.clusters.items():
        for key, scalable in cluster.targets.items():
            fine = night.values[name, key]
            assert scalable.manager != MANAGER, (name, key, scalable.replicas)
            if not kept(night):
                assert scalable.replicas in fine, (name, key, scalable.replicas, fine)


def kept(night: Script) -> bool:
    return any(raw["handback"].get("onDelete") == "Keep" for raw in night.raw.values())


def judges() -> list[object]:
    return [
        nothing_is_lost,
        a_floor_only_rises,
        a_live_floor_stays_in_the_ledger,
        no_intention_is_below_a_live_floor,
        SpecStandsAtItsFloor(),
        a_lowering_is_justified,
        the_ledger_goes_first,
        an_original_is_fixed_once_it_was_written,
        MovesAreMadeBeforeTheyBreak(),
        what_moves_took_stands_elsewhere,
        frozen_events_write_nothing,
    ]


__all__ = ["START", "everything_is_home", "judges", "spans"]
