"""The plan: one pure pass from a snapshot to ledgers, writes and what to tell people.

1. project every night; 2. latch, and raise floors by the rules of the hour; 3. what each
target must hold, over all events; 4. settle every entry; 5. open the waves; 6. say why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from math import inf

from gala.api.event import OnDelete
from gala.planning.books import Books, SiteKey
from gala.planning.claims import Claim, Claims
from gala.planning.edges import busy, wake_at
from gala.planning.facts import ClusterFacts, EventKey, TargetFacts, TargetKey
from gala.planning.floors import Raised
from gala.planning.ledger import ClusterLedger, Entry, State
from gala.planning.outcome import Decision, Plan, Write
from gala.planning.projection import project
from gala.planning.settle import Case, Outcome, Settled, settle
from gala.planning.snapshot import Snapshot
from gala.planning.stage import Stage, stage
from gala.planning.standing import Goal, goal, hold_until, hour
from gala.planning.view import event_plan
from gala.planning.writing import writes
from gala.settings import Settings


@dataclass(slots=True)
class _Result:
    writes: list[Write] = field(default_factory=list)
    decisions: list[Decision] = field(default_factory=list)

    def add(self, writes: Iterable[Write], now: float) -> None:
        """Writes to make, each with its line of the audit trail."""
        for write in writes:
            self.writes.append(write)
            self.decisions.append(
                Decision(
                    now,
                    write.event,
                    write.cluster,
                    write.workload,
                    write.was,
                    write.to,
                    write.reason,
                    write.rule,
                )
            )


def plan(snapshot: Snapshot, now: float, settings: Settings, *, ahead: float = inf) -> Plan:
    """Everything that has to happen now; the same snapshot and time always give the same plan.

    ``ahead`` (seconds) leaves out segments that begin later and are not latched: while a
    round is live, the one in three hours need not be planned anew every two seconds.
    """
    books = Books(snapshot)
    nights = project(snapshot, books, now, settings, ahead=ahead)
    stages = {key: stage(night, snapshot, now) for key, night in sorted(nights.items())}
    goals = {key: _goals(staged, now) for key, staged in stages.items()}
    claims = Claims(_claims(stages, goals))
    outcomes = [
        outcome
        for key, staged in stages.items()
        for outcome in _Settling(staged, goals[key], claims, books, snapshot, now, settings).all()
    ]
    result = _Result()
    by_cluster: dict[str, list[Outcome]] = {}
    by_event: dict[EventKey, list[Outcome]] = {key: [] for key in stages}
    for outcome in outcomes:
        by_cluster.setdefault(outcome.site[1], []).append(outcome)
        by_event[outcome.event].append(outcome)
    for cluster, here in sorted(by_cluster.items()):
        result.add(writes(here, snapshot, stages, cluster=cluster, now=now, settings=settings), now)
    _close(outcomes, result, now)
    ledgers = _ledgers(stages, outcomes, snapshot, now)
    views = {
        key: event_plan(staged, goals[key], by_event[key], snapshot, now) for key, staged in stages.items()
    }
    return Plan(
        records={
            key: staged.record
            for key, staged in stages.items()
            if not staged.night.frozen and staged.record != snapshot.records.get(key)
        },
        ledgers=ledgers,
        writes=tuple(result.writes),
        decisions=tuple(result.decisions),
        events=views,
        wake_at=wake_at(stages.values(), outcomes, snapshot, now=now, settings=settings),
        busy=busy(stages.values(), outcomes, now),
    )


def _goals(staged: Stage, now: float) -> dict[SiteKey, Goal | None]:
    """What each target of an event holds now; a frozen event holds what it intends."""
    night = staged.night
    found: dict[SiteKey, Goal | None] = {}
    places = sorted({*staged.by_site, *night.entries})
    hours = {
        cluster: hour(staged.in_cluster(cluster), cooldown=night.policy.cooldown, now=now)
        for cluster in {cluster for _, cluster in places}
    }
    for site in places:
        entry = night.entries.get(site)
        if night.frozen:
            held = entry is not None and entry.state is not State.RETURNING
            found[site] = Goal(entry.intended, "", entry.reason, entry.intended) if entry and held else None
            continue
        floors = {name: raised.floor for name, raised in staged.of(site).items()}
        found[site] = goal(floors, hours[site[1]])
    return found


def _claims(
    stages: Mapping[EventKey, Stage], goals: Mapping[EventKey, Mapping[SiteKey, Goal | None]]
) -> list[Claim]:
    """Who holds which target; an entry that is being handed back claims nothing."""
    return [
        Claim(key, site[0], site[1], target, due.replicas, staged.night.entries.get(site))
        for key, staged in stages.items()
        for site, due in goals[key].items()
        if due is not None and (target := staged.night.target(site)) is not None
    ]


@dataclass(frozen=True, slots=True)
class _Settling:
    """One event's entries, each settled by what it holds and what others hold on its target."""

    staged: Stage
    goals: Mapping[SiteKey, Goal | None]
    claims: Claims
    books: Books
    snapshot: Snapshot
    now: float
    settings: Settings

    def all(self) -> list[Outcome]:
        """What becomes of every entry, by cluster, tier and name."""
        night = self.staged.night
        found: list[Outcome] = []
        for site in sorted(self.goals):
            target, known = night.target(site), night.sites.get(site)
            if target is None:
                continue
            case = self._case(site, target)
            found.append(
                Outcome(
                    event=night.key,
                    site=site,
                    target=target,
                    rank=known.rank if known else 0,
                    before=case.entry,
                    settled=Settled(case.entry) if night.frozen else settle(case),
                    facts=case.facts if isinstance(case.facts, TargetFacts) else None,
                    goal=case.goal,
                )
            )
        return sorted(found, key=lambda o: (o.site[1], o.rank, o.site[0]))

    def _case(self, site: SiteKey, target: TargetKey) -> Case:
        night, (workload, name) = self.staged.night, site
        entry = night.entries.get(site)
        cluster = self.snapshot.clusters.get(name) or ClusterFacts(name=name, reachable=False)
        raised = self.staged.of(site)
        reason, rule = _latest(raised.values())
        others = self.claims.others(night.key, workload, name, target)
        return Case(
            workload=workload,
            target=target,
            entry=entry,
            facts=cluster.targets.get(target),
            reachable=cluster.reachable,
            goal=self.goals[site],
            floors=tuple(raised[segment].floor for segment in sorted(raised)),
            reason=reason,
            rule=rule,
            joint=max((claim.replicas for claim in others), default=0),
            other=next((claim.entry for claim in others if claim.entry is not None), None),
            claimed=bool(others),
            first=self.books.first(name, target, but=entry),
            may_lower=night.deleted or (night.event is not None and not night.event.doubt),
            keep=night.deleted and night.policy.on_delete == OnDelete.KEEP,
            policy=night.policy,
            now=self.now,
            settings=self.settings,
        )


def _latest(raised: Iterable[Raised]) -> tuple[str, str]:
    """The reason of the strongest change of a target's floors in this pass."""
    changed = [item for item in raised if item.reason]
    if not changed:
        return "", ""
    best = max(changed, key=lambda item: item.floor.replicas + item.floor.stragglers)
    return best.reason, best.rule


def _close(outcomes: list[Outcome], result: _Result, now: float) -> None:
    for outcome in outcomes:
        if not outcome.settled.closed:
            continue
        value = outcome.facts.replicas if outcome.facts else 0
        result.decisions.append(
            Decision(
                now,
                outcome.event,
                outcome.site[1],
                outcome.site[0],
                value,
                value,
                outcome.settled.closed,
                "settle",
            )
        )


def _ledgers(
    stages: Mapping[EventKey, Stage], outcomes: list[Outcome], snapshot: Snapshot, now: float
) -> dict[tuple[EventKey, str], ClusterLedger | None]:
    """The ledgers that changed, by event and cluster."""
    entries: dict[tuple[EventKey, str], list[Entry]] = {}
    for outcome in outcomes:
        known = entries.setdefault((outcome.event, outcome.site[1]), [])
        if outcome.settled.entry is not None:
            known.append(outcome.settled.entry)
    found: dict[tuple[EventKey, str], ClusterLedger | None] = {}
    for (key, cluster), kept in entries.items():
        staged, old = stages[key], snapshot.ledgers.get((key, cluster))
        if staged.night.frozen:
            continue
        new = _ledger(staged, cluster, kept, old, now) if kept else None
        if new != old:
            found[key, cluster] = new
    return found


def _ledger(
    staged: Stage, cluster: str, kept: list[Entry], old: ClusterLedger | None, now: float
) -> ClusterLedger:
    night = staged.night
    until = hold_until(staged.in_cluster(cluster), cooldown=night.policy.cooldown, now=now)
    if old is not None and not until:
        until = old.hold_until
    uid = night.event.uid if night.event else old.uid if old else ""
    return ClusterLedger(
        event=night.key,
        uid=uid,
        cluster=cluster,
        policy=night.policy,
        hold_until=until,
        entries=tuple(sorted(kept, key=lambda e: e.workload)),
    )
