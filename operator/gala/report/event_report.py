"""The event report: one document, the same from a demo, a test and a real night.

``decisions`` holds planned times only, no wall-clock figure and no resourceVersion, so that
the same seed gives the same bytes.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from gala.api.scalars import Instant
from gala.planning.outcome import Decision
from gala.report import measures
from gala.report.nightlog import NightLog, SegmentLog

TIERS = ("S", "A", "B", "C")


class _Document(BaseModel):
    """Read and written in camelCase."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


class RoundReport(_Document):
    """One round; replicas are sums over its workloads and all clusters, QPS over all workloads."""

    name: str
    scheduled_start: Instant
    actual_start: Instant
    ready_by: Instant
    ready_at: Instant | None
    """Since when everything had been Ready at the start; null if it never was."""
    required: int
    ready_at_start: int
    short_replica_seconds: int
    estimated: bool = False
    """Ready was not known all the time; the last known figure was counted."""
    peak_qps: int
    offered: int
    served: int

    @property
    def held(self) -> bool:
        """Ready at its start, and nothing missing while it ran."""
        return self.ready_at_start >= self.required and self.short_replica_seconds == 0


class TierReport(_Document):
    """Served part of what was offered over the whole night; null where nothing was offered."""

    served_ratio: float | None


class WritesReport(_Document):
    """Writes to targets; ``p99_seconds`` is wall-clock time."""

    total: int
    failed: int
    p99_seconds: float


class LoansReport(_Document):
    """Loans between workloads."""

    opened: int
    outstanding: int


class DecisionReport(_Document):
    """One line of the audit trail."""

    at: Instant
    cluster: str
    workload: str
    start: int = Field(alias="from")
    to: int
    reason: str
    rule: str


class EventReport(_Document):
    """The whole night."""

    event: str
    mode: str
    started_at: Instant
    ended_at: Instant
    rounds: tuple[RoundReport, ...]
    tiers: dict[str, TierReport]
    scene_moves: int
    rebalance_moves: int
    writes: WritesReport
    servers_added: int
    loans: LoansReport
    wrong_decreases: int
    contested: int
    handed_back: bool
    decisions: tuple[DecisionReport, ...]

    @property
    def faults(self) -> tuple[str, ...]:
        """Why the night did not pass, worst first; of one that did, nothing."""
        late = [one.name for one in self.rounds if not one.held]
        found = (
            (bool(late), f"not Ready throughout: {', '.join(late[:3])}{' …' if len(late) > 3 else ''}"),
            (self.wrong_decreases > 0, f"capacity was lowered under a floor {self.wrong_decreases} times"),
            (self.writes.failed > 0, f"{self.writes.failed} writes failed"),
            (not self.handed_back, "not everything was given back"),
            (self.loans.outstanding > 0, f"{self.loans.outstanding} loans are open"),
            (not self.rounds, "no round was played"),
        )
        return tuple(text for is_so, text in found if is_so)

    @property
    def passed(self) -> bool:
        """Every round Ready throughout, nothing failed, nothing lowered wrongly, all given back."""
        return not self.faults

    @property
    def verdict(self) -> str:
        """One line for a person: that it passed, or the worst fault."""
        return next(iter(self.faults), "every round was Ready, everything was given back")

    def to_json(self) -> str:
        """The document as indented JSON with a newline at its end."""
        return self.model_dump_json(by_alias=True, indent=2) + "\n"


def build(log: NightLog) -> EventReport:
    """Computes the report of one night from what was seen of it."""
    tiers = sorted({workload.tier for workload in log.workloads}, key=_tier_order)
    failed = sum(1 for write in log.writes if write.error)
    return EventReport(
        event=log.event,
        mode=log.mode,
        started_at=log.started_at,
        ended_at=log.ended_at,
        rounds=tuple(_round(log, segment) for segment in log.rounds),
        tiers={tier: _tier(log, tier) for tier in tiers},
        scene_moves=measures.scene_moves(log),
        rebalance_moves=len(log.moves),
        writes=WritesReport(
            total=len(log.writes),
            failed=failed,
            p99_seconds=round(measures.quantile([write.seconds for write in log.writes], 0.99), 4),
        ),
        servers_added=log.servers_added,
        loans=LoansReport(opened=log.loans_opened, outstanding=log.loans_outstanding),
        wrong_decreases=log.wrong_decreases,
        contested=log.contested,
        handed_back=log.handed_back,
        decisions=tuple(_decision(decision) for decision in log.decisions),
    )


def _round(log: NightLog, segment: SegmentLog) -> RoundReport:
    short = measures.short_replica_seconds(log, segment)
    traffic = measures.traffic(log, segment.actual_start, segment.actual_end)
    return RoundReport(
        name=segment.round,
        scheduled_start=segment.scheduled_start,
        actual_start=segment.actual_start,
        ready_by=segment.ready_by,
        ready_at=measures.ready_at(log, segment),
        required=sum(segment.required.values()),
        ready_at_start=measures.ready_at_start(log, segment),
        short_replica_seconds=short.replica_seconds,
        estimated=short.estimated,
        peak_qps=measures.peak_qps(log, segment),
        offered=traffic.offered,
        served=traffic.served,
    )


def _tier(log: NightLog, tier: str) -> TierReport:
    return TierReport(served_ratio=measures.traffic(log, log.started_at, log.ended_at, tier=tier).ratio)


def _decision(decision: Decision) -> DecisionReport:
    return DecisionReport(
        at=decision.at,
        cluster=decision.cluster,
        workload=decision.workload,
        start=decision.start,
        to=decision.to,
        reason=decision.reason,
        rule=decision.rule,
    )


def _tier_order(tier: str) -> tuple[int, str]:
    return (TIERS.index(tier) if tier in TIERS else len(TIERS), tier)
