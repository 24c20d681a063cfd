"""When the next pass must run: exactly at the timeline's next edge."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from gala.planning.ledger import Entry
from gala.planning.settle import Outcome
from gala.planning.snapshot import Snapshot
from gala.planning.stage import Stage
from gala.planning.stragglers import looks_from
from gala.planning.timeline import begun, in_gap
from gala.planning.waves import next_wave
from gala.settings import Settings


def wake_at(
    stages: Iterable[Stage],
    outcomes: Iterable[Outcome],
    snapshot: Snapshot,
    *,
    now: float,
    settings: Settings,
) -> float:
    """The first edge after ``now``; infinity where nothing is planned."""
    edges = list(_segment_edges(stages, snapshot, now, settings))
    edges += [
        entry.since + settings.step_wait
        for entry in _open(outcomes)
        if entry.since + settings.step_wait > now
    ]
    return min((edge for edge in edges if edge > now), default=float("inf"))


def _open(outcomes: Iterable[Outcome]) -> Iterator[Entry]:
    for outcome in outcomes:
        if outcome.settled.entry is not None:
            yield outcome.settled.entry


def _segment_edges(
    stages: Iterable[Stage], snapshot: Snapshot, now: float, settings: Settings
) -> Iterator[float]:
    for staged in stages:
        if staged.night.frozen:
            continue
        for segment in staged.night.segments:
            yield from (
                segment.ready_by - settings.own_need_early,
                segment.ready_by,
                segment.start,
                segment.earliest_end,
                segment.latest_end,
            )
        warmups = {
            settings.warmup_default if s.warmup is None else s.warmup for s in staged.night.sites.values()
        }
        for p95 in {cluster.pod_start.p95 for cluster in snapshot.clusters.values()}:
            for warmup in warmups:
                for segment in staged.night.segments:
                    yield looks_from(ready_by=segment.ready_by, p95=p95, warmup=warmup)
        for by_cluster in staged.windows.values():
            for window in by_cluster.values():
                yield from (window.gap_from, window.prepare_at, window.end)
                yield window.end + staged.night.policy.cooldown
                if begun(window, now):
                    yield next_wave(window.prepare_at, now, settings)


def busy(stages: Iterable[Stage], outcomes: Iterable[Outcome], now: float) -> bool:
    """Whether the short tick applies: a hold runs, a gap is held, or an entry is open."""
    if any(True for _ in _open(outcomes)):
        return True
    return any(
        begun(window, now) or in_gap(window, now)
        for staged in stages
        if not staged.night.frozen
        for by_cluster in staged.windows.values()
        for window in by_cluster.values()
    )
