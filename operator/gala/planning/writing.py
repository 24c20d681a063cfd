"""The writes of one pass in one cluster: order, waves, and what must still be true for each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from gala.planning import reasons
from gala.planning.facts import ClusterFacts, EventKey, TargetFacts, TargetKey
from gala.planning.ledger import Entry
from gala.planning.outcome import Guard, Write
from gala.planning.settle import Outcome
from gala.planning.snapshot import Snapshot
from gala.planning.stage import Stage
from gala.planning.timeline import begun
from gala.planning.waves import Rise, allowance, open_wave
from gala.settings import HOME_MANAGER, MANAGER, Settings


class _Open(NamedTuple):
    """An entry that stays open on a target that was read: only such are written."""

    outcome: Outcome
    facts: TargetFacts
    entry: Entry


def writes(
    outcomes: Iterable[Outcome],
    snapshot: Snapshot,
    stages: Mapping[EventKey, Stage],
    *,
    cluster: str,
    now: float,
    settings: Settings,
) -> list[Write]:
    """One cluster's writes: what falls first, so that what rises finds its room; then by tier."""
    found = [
        _Open(outcome, outcome.facts, outcome.settled.entry)
        for outcome in outcomes
        if outcome.facts is not None and outcome.settled.entry is not None
    ]
    wanted: dict[TargetKey, Write] = {}
    for item in found:
        if item.outcome.settled.lower_to is not None:
            _offer(wanted, item, item.outcome.settled.lower_to)
    facts = snapshot.clusters.get(cluster, ClusterFacts(name=cluster, reachable=False))
    for item, to in _raised(found, facts, stages, now=now, settings=settings):
        settled, last = item.outcome.settled, snapshot.reasserted.get((cluster, item.outcome.target))
        if settled.contested and last is not None and now - last < settings.contested_backoff:
            continue
        if to > item.facts.replicas or settled.home:
            _offer(wanted, item, to)
    return list(wanted.values())


def _raised(
    found: list[_Open],
    cluster: ClusterFacts,
    stages: Mapping[EventKey, Stage],
    *,
    now: float,
    settings: Settings,
) -> Iterator[tuple[_Open, int]]:
    """How far each target of a cluster may rise in this wave; the write that lets go waits for none."""
    for event in sorted({item.outcome.event for item in found}):
        rising = [
            (item, item.outcome.settled.raise_to)
            for item in found
            if item.outcome.event == event and item.outcome.settled.raise_to is not None
        ]
        windows = stages[event].in_cluster(cluster.name).values()
        begins = max((w.prepare_at for w in windows if begun(w, now)), default=None)
        rises = [Rise(i.outcome.site[0], min(_from(i), top), top) for i, top in rising]
        if begins is None:
            budget = sum(rise.goal - rise.start for rise in rises)
        else:
            budget = allowance(begins, now, cluster.pod_start, settings)
        opened = open_wave(rises, budget)
        for item, top in rising:
            yield item, top if item.outcome.settled.home else opened[item.outcome.site[0]]


def _from(item: _Open) -> int:
    """What stood at the hold's edge: the last acknowledged goal, else the original."""
    if item.entry.written is not None:
        return item.entry.written
    return item.facts.replicas if item.entry.original is None else item.entry.original


def _offer(wanted: dict[TargetKey, Write], item: _Open, to: int) -> None:
    """Adds a write; of two events that want the same target the higher value counts."""
    outcome, facts, entry = item
    known = wanted.get(outcome.target)
    if known is not None and known.to >= to:
        return
    first = entry.written is None and facts.manager != MANAGER
    reason = reasons.CONTESTED if outcome.settled.contested else entry.reason
    wanted[outcome.target] = Write(
        cluster=outcome.site[1],
        target=outcome.target,
        uid=facts.uid,
        resource_version=facts.resource_version,
        was=facts.replicas,
        to=to,
        guard=Guard.RESOURCE_VERSION if first else Guard.VALUE,
        manager=HOME_MANAGER if outcome.settled.home else MANAGER,
        event=outcome.event,
        workload=outcome.site[0],
        reason=reason,
        rule=entry.rule,
    )
